/**
 * The calls we make, with every query parameter and every field of the body they may have here; `!` marks what is
 * required. Sources: nova/api/openstack/compute/schemas/{servers,volumes}.py; cinder/api/schemas/{volumes,
 * snapshots,volume_actions,volume_image_metadata}.py; neutron-lib, api/definitions/{network,subnet,port,
 * security_group,l3}.py; Image API v2. Fields we never send are left out, so sending one fails a test until somebody
 * looks it up.
 */

export type Type =
  | "text"
  | "integer"
  | "boolean"
  | "uuid"
  | "base64"
  | "null"
  | "uuids"
  | "texts by name";
export type Field = Type | `${Type}!`;
export interface Fields {
  readonly [name: string]: Field | Fields | readonly [Fields];
}

export type Service = "compute" | "volume" | "image" | "network";

export interface Call {
  readonly service: Service;
  readonly method: string;
  /** Behind the service's version. */
  readonly path: string;
  /** Of an answer that is no refusal. */
  readonly status: number;
  readonly query?: Readonly<Record<string, Field>>;
  /** Names of objects and lists may end in `!` too. */
  readonly body?: Fields;
}

const pages = { limit: "integer", marker: "text" } as const;

const of =
  (service: Service) =>
  (
    method: string,
    path: string,
    status: number,
    more: Pick<Call, "query" | "body"> = {},
  ): Call => ({
    service,
    method,
    path,
    status,
    ...more,
  });
const [compute, volume, image, network] = [of("compute"), of("volume"), of("image"), of("network")];

const server = "/servers/{id}";
const attachments = `${server}/os-volume_attachments`;

export const calls: Readonly<Record<string, Call>> = {
  ShowLimits: compute("GET", "/limits", 200),
  ListComputeZones: compute("GET", "/os-availability-zone", 200),
  ListFlavors: compute("GET", "/flavors/detail", 200, { query: pages }),
  CreateServer: compute("POST", "/servers", 202, {
    body: {
      "server!": {
        name: "text!",
        flavorRef: "text!",
        imageRef: "uuid",
        "networks!": [{ port: "uuid!" }],
        block_device_mapping_v2: [
          {
            boot_index: "integer!",
            uuid: "uuid!",
            source_type: "text!",
            destination_type: "text!",
            // Optional there; here whoever leaves it out has forgotten it.
            delete_on_termination: "boolean!",
            volume_size: "integer",
            volume_type: "text",
          },
        ],
        metadata: "texts by name",
        user_data: "base64",
        config_drive: "boolean",
        availability_zone: "text",
        key_name: "text",
      },
    },
  }),
  // A member's other filters are not heeded (seen on Zed).
  ListServers: compute("GET", "/servers/detail", 200, { query: pages }),
  ShowServer: compute("GET", server, 200),
  DeleteServer: compute("DELETE", server, 204),
  StopServer: compute("POST", `${server}/action`, 202, { body: { "os-stop": "null!" } }),
  ForceDeleteServer: compute("POST", `${server}/action`, 202, { body: { forceDelete: "null!" } }),
  ShowConsoleOutput: compute("POST", `${server}/action`, 200, {
    body: { "os-getConsoleOutput!": { length: "integer" } },
  }),
  ListVolumeAttachments: compute("GET", attachments, 200, { query: pages }),
  AttachVolume: compute("POST", attachments, 200, {
    body: { "volumeAttachment!": { volumeId: "uuid!", delete_on_termination: "boolean" } },
  }),
  DetachVolume: compute("DELETE", `${attachments}/{volume}`, 202),

  ListVolumeZones: volume("GET", "/os-availability-zone", 200),
  ListVolumeTypes: volume("GET", "/types", 200),
  ShowVolumeQuotas: volume("GET", "/os-quota-sets/{project}", 200),
  CreateVolume: volume("POST", "/volumes", 202, {
    body: {
      "volume!": {
        name: "text",
        size: "integer",
        availability_zone: "text",
        volume_type: "text",
        snapshot_id: "uuid",
        metadata: "texts by name",
      },
    },
  }),
  ListVolumes: volume("GET", "/volumes/detail", 200, { query: { ...pages, metadata: "text" } }),
  ShowVolume: volume("GET", "/volumes/{id}", 200),
  DeleteVolume: volume("DELETE", "/volumes/{id}", 202),
  AddVolumeMetadata: volume("POST", "/volumes/{id}/metadata", 200, {
    body: { metadata: "texts by name!" },
  }),
  SetBootable: volume("POST", "/volumes/{id}/action", 200, {
    body: { "os-set_bootable!": { bootable: "text!" } },
  }),
  SetImageMetadata: volume("POST", "/volumes/{id}/action", 200, {
    body: { "os-set_image_metadata!": { metadata: "texts by name!" } },
  }),
  UploadVolumeToImage: volume("POST", "/volumes/{id}/action", 202, {
    body: {
      "os-volume_upload_image!": {
        image_name: "text!",
        disk_format: "text",
        container_format: "text",
        force: "boolean",
      },
    },
  }),
  CreateSnapshot: volume("POST", "/snapshots", 202, {
    body: {
      "snapshot!": {
        volume_id: "uuid!",
        name: "text",
        force: "boolean",
        metadata: "texts by name",
      },
    },
  }),
  ListSnapshots: volume("GET", "/snapshots/detail", 200, {
    query: { ...pages, metadata: "text", volume_id: "uuid" },
  }),
  ShowSnapshot: volume("GET", "/snapshots/{id}", 200),
  DeleteSnapshot: volume("DELETE", "/snapshots/{id}", 202),

  ListImages: image("GET", "/images", 200, {
    query: { ...pages, status: "text", owner: "text", name: "text", hypermotion_console: "text" },
  }),
  ShowImage: image("GET", "/images/{id}", 200),
  DeleteImage: image("DELETE", "/images/{id}", 204),

  ListNetworks: network("GET", "/networks", 200, {
    query: { ...pages, "router:external": "text" },
  }),
  ShowNetwork: network("GET", "/networks/{id}", 200),
  ListSubnets: network("GET", "/subnets", 200, { query: { ...pages, network_id: "uuid" } }),
  ShowSubnet: network("GET", "/subnets/{id}", 200),
  ListSecurityGroups: network("GET", "/security-groups", 200, {
    query: { ...pages, name: "text", project_id: "text" },
  }),
  CreateSecurityGroup: network("POST", "/security-groups", 201, {
    body: { "security_group!": { name: "text!", description: "text" } },
  }),
  DeleteSecurityGroup: network("DELETE", "/security-groups/{id}", 204),
  CreateSecurityGroupRule: network("POST", "/security-group-rules", 201, {
    body: {
      "security_group_rule!": {
        security_group_id: "uuid!",
        direction: "text!",
        ethertype: "text",
        protocol: "text",
        port_range_min: "integer",
        port_range_max: "integer",
        remote_ip_prefix: "text",
      },
    },
  }),
  ListPorts: network("GET", "/ports", 200, {
    query: { ...pages, name: "text", project_id: "text", device_id: "uuid" },
  }),
  CreatePort: network("POST", "/ports", 201, {
    body: {
      "port!": {
        network_id: "uuid!",
        name: "text",
        description: "text",
        fixed_ips: [{ subnet_id: "uuid", ip_address: "text" }],
        security_groups: "uuids",
      },
    },
  }),
  DeletePort: network("DELETE", "/ports/{id}", 204),
  ListFloatingIps: network("GET", "/floatingips", 200, {
    query: { ...pages, project_id: "text" },
  }),
  ShowFloatingIp: network("GET", "/floatingips/{id}", 200),
  CreateFloatingIp: network("POST", "/floatingips", 201, {
    body: { "floatingip!": { floating_network_id: "uuid!", description: "text", port_id: "uuid" } },
  }),
  UpdateFloatingIp: network("PUT", "/floatingips/{id}", 200, {
    body: { "floatingip!": { port_id: "uuid!" } },
  }),
  DeleteFloatingIp: network("DELETE", "/floatingips/{id}", 204),
};
