/**
 * The calls of ECS, EVS, IMS, VPC, EIP, IAM and BSS that we make, with every query parameter and every field of the
 * body they take here; `!` marks what is required. Source: huaweicloud-sdk-go-v3 v0.1.188, services/<service>/model
 * (the request models) and <service>_meta.go. Fields we never send are left out, so sending one fails a test until
 * somebody looks it up.
 */

export type Type = "text" | "integer" | "number" | "boolean" | "uuid" | "base64" | "texts by name";
export type Field = Type | `${Type}!`;
export interface Fields {
  readonly [name: string]: Field | Fields | readonly [Fields];
}

export interface Call {
  readonly service: "iam" | "ecs" | "evs" | "ims" | "vpc" | "bss" | "bssintl";
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, Field>>;
  /** Names of objects and lists may end in `!` too. */
  readonly body?: Fields;
  readonly clientToken?: true;
}

const server = "/v1/{project_id}/cloudservers";
const volume = "/v2/{project_id}/cloudvolumes";
const snapshot = "/v2/{project_id}/cloudsnapshots";
const group = "/v3/{project_id}/vpc/security-groups";
const address = "/v1/{project_id}/publicips";
const job = "/v1/{project_id}/jobs/{job_id}";

const keyValue = [{ key: "text!", value: "text!" }] as const satisfies readonly [Fields];
const tagFilter = [{ key: "text!", "values!": "text" }] as const satisfies readonly [Fields];
const servers = [{ id: "uuid!" }] as const satisfies readonly [Fields];

const ratings = {
  method: "POST",
  path: "/v2/bills/ratings/on-demand-resources",
  body: {
    project_id: "text!",
    inquiry_precision: "integer",
    "product_infos!": [
      {
        id: "text!",
        cloud_service_type: "text!",
        resource_type: "text!",
        resource_spec: "text!",
        region: "text!",
        available_zone: "text",
        resource_size: "integer",
        size_measure_id: "integer",
        usage_factor: "text!",
        usage_value: "number!",
        usage_measure_id: "integer!",
        subscription_num: "integer!",
      },
    ],
  },
} as const;

export const calls: Readonly<Record<string, Call>> = {
  KeystoneListAuthProjects: { service: "iam", method: "GET", path: "/v3/auth/projects" },
  KeystoneListAuthDomains: { service: "iam", method: "GET", path: "/v3/auth/domains" },
  KeystoneListRegions: { service: "iam", method: "GET", path: "/v3/regions" },

  NovaListAvailabilityZones: {
    service: "ecs",
    method: "GET",
    path: "/v2.1/{project_id}/os-availability-zone",
  },
  ListFlavors: {
    service: "ecs",
    method: "GET",
    path: `${server}/flavors`,
    query: { availability_zone: "text", flavor_id: "text", limit: "integer", marker: "text" },
  },
  CreatePostPaidServers: {
    service: "ecs",
    method: "POST",
    path: server,
    clientToken: true,
    body: {
      dry_run: "boolean",
      "server!": {
        name: "text!",
        flavorRef: "text!",
        imageRef: "uuid!",
        vpcid: "uuid!",
        availability_zone: "text",
        count: "integer",
        "nics!": [{ subnet_id: "uuid", ip_address: "text" }],
        security_groups: [{ id: "uuid" }],
        "root_volume!": { volumetype: "text!", size: "integer" },
        extendparam: { chargingMode: "integer" },
        server_tags: keyValue,
        key_name: "text",
        user_data: "base64",
      },
    },
  },
  ListServersDetails: {
    service: "ecs",
    method: "GET",
    path: `${server}/detail`,
    query: { tags: "text", "not-tags": "text", limit: "integer", offset: "integer" },
  },
  ShowServer: { service: "ecs", method: "GET", path: `${server}/{server_id}` },
  DeleteServers: {
    service: "ecs",
    method: "POST",
    path: `${server}/delete`,
    body: { "servers!": servers, delete_publicip: "boolean", delete_volume: "boolean" },
  },
  ServersAction: {
    service: "ecs",
    method: "POST",
    path: `${server}/action`,
    body: {
      "os-start": { "servers!": servers },
      "os-stop": { "servers!": servers, type: "text" },
    },
  },
  AttachServerVolume: {
    service: "ecs",
    method: "POST",
    path: `${server}/{server_id}/attachvolume`,
    body: { "volumeAttachment!": { volumeId: "uuid!", device: "text" }, dry_run: "boolean" },
  },
  DetachServerVolume: {
    service: "ecs",
    method: "DELETE",
    path: `${server}/{server_id}/detachvolume/{volume_id}`,
    query: { delete_flag: "text" },
  },
  UpdateServerBlockDevice: {
    service: "ecs",
    method: "PUT",
    path: `${server}/{server_id}/block_device/{volume_id}`,
    body: { "block_device!": { delete_on_termination: "boolean!" } },
  },
  EcsShowJob: { service: "ecs", method: "GET", path: job },

  CreateVolume: {
    service: "evs",
    method: "POST",
    path: "/v2.1/{project_id}/cloudvolumes",
    clientToken: true,
    body: {
      "volume!": {
        availability_zone: "text!",
        volume_type: "text!",
        size: "integer!",
        name: "text",
        description: "text",
        imageRef: "uuid",
        snapshot_id: "uuid",
        metadata: "texts by name",
        tags: "texts by name",
      },
      server_id: "uuid",
    },
  },
  ListVolumesByTags: {
    service: "evs",
    method: "POST",
    path: `${volume}/resource_instances/action`,
    body: { action: "text!", limit: "integer", offset: "integer", "tags!": tagFilter },
  },
  ShowVolume: { service: "evs", method: "GET", path: `${volume}/{volume_id}` },
  DeleteVolume: { service: "evs", method: "DELETE", path: `${volume}/{volume_id}` },
  BatchCreateVolumeTags: {
    service: "evs",
    method: "POST",
    path: `${volume}/{volume_id}/tags/action`,
    body: { action: "text!", "tags!": keyValue },
  },
  CreateSnapshot: {
    service: "evs",
    method: "POST",
    path: snapshot,
    body: {
      "snapshot!": {
        volume_id: "uuid!",
        force: "boolean",
        name: "text",
        description: "text",
        metadata: "texts by name",
      },
    },
  },
  ListSnapshots: {
    service: "evs",
    method: "GET",
    path: `${snapshot}/detail`,
    query: { limit: "integer", offset: "integer", name: "text", volume_id: "uuid", id: "uuid" },
  },
  ShowSnapshot: { service: "evs", method: "GET", path: `${snapshot}/{snapshot_id}` },
  DeleteSnapshot: { service: "evs", method: "DELETE", path: `${snapshot}/{snapshot_id}` },
  EvsShowJob: { service: "evs", method: "GET", path: job },

  ListImages: {
    service: "ims",
    method: "GET",
    path: "/v2/cloudimages",
    query: {
      __imagetype: "text",
      __os_type: "text",
      architecture: "text",
      virtual_env_type: "text",
      status: "text",
      name: "text",
      id: "uuid",
      limit: "integer",
      marker: "uuid",
    },
  },
  CreateImage: {
    service: "ims",
    method: "POST",
    path: "/v2/cloudimages/action",
    body: {
      name: "text!",
      description: "text",
      volume_id: "uuid",
      os_version: "text",
      type: "text",
      architecture: "text",
      hw_firmware_type: "text",
      image_tags: keyValue,
    },
  },
  ListImageByTags: {
    service: "ims",
    method: "POST",
    path: "/v2/{project_id}/images/resource_instances/action",
    body: { action: "text!", tags: tagFilter, limit: "text", offset: "text" },
  },
  GlanceDeleteImage: { service: "ims", method: "DELETE", path: "/v2/images/{image_id}" },
  ImsShowJob: { service: "ims", method: "GET", path: job },

  ListSubnets: {
    service: "vpc",
    method: "GET",
    path: "/v1/{project_id}/subnets",
    query: { limit: "integer", marker: "uuid", vpc_id: "uuid" },
  },
  ShowSubnet: { service: "vpc", method: "GET", path: "/v1/{project_id}/subnets/{subnet_id}" },
  ListSecurityGroups: {
    service: "vpc",
    method: "GET",
    path: group,
    query: { limit: "integer", marker: "uuid", name: "text", id: "uuid" },
  },
  CreateSecurityGroup: {
    service: "vpc",
    method: "POST",
    path: group,
    body: { "security_group!": { name: "text!", description: "text", tags: keyValue } },
  },
  DeleteSecurityGroup: { service: "vpc", method: "DELETE", path: `${group}/{security_group_id}` },
  BatchCreateSecurityGroupRules: {
    service: "vpc",
    method: "POST",
    path: `${group}/{security_group_id}/security-group-rules/batch-create`,
    body: {
      "security_group_rules!": [
        {
          direction: "text!",
          ethertype: "text",
          protocol: "text",
          multiport: "text",
          remote_ip_prefix: "text",
          action: "text",
          description: "text",
        },
      ],
      ignore_duplicate: "boolean",
    },
  },
  CreatePublicip: {
    service: "vpc",
    method: "POST",
    path: address,
    body: {
      "publicip!": { type: "text!", alias: "text" },
      "bandwidth!": { name: "text", size: "integer", share_type: "text!", charge_mode: "text" },
    },
  },
  ListPublicips: {
    service: "vpc",
    method: "GET",
    path: address,
    query: { limit: "integer", marker: "uuid" },
  },
  ShowPublicip: { service: "vpc", method: "GET", path: `${address}/{publicip_id}` },
  UpdatePublicip: {
    service: "vpc",
    method: "PUT",
    path: `${address}/{publicip_id}`,
    body: { "publicip!": { port_id: "text" } },
  },
  DeletePublicip: { service: "vpc", method: "DELETE", path: `${address}/{publicip_id}` },

  BssListOnDemandResourceRatings: { service: "bss", ...ratings },
  BssintlListOnDemandResourceRatings: { service: "bssintl", ...ratings },
};
