/**
 * Every call we make: of which service, and where. Paths stand behind the address that the service catalogue gives.
 * Source: "OpenStack API Documentation" (Compute, Block Storage v3, Image v2, Networking v2.0), as of Zed.
 */

export type Service = "compute" | "volume" | "image" | "network";

export interface Operation {
  readonly service: Service;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Names in braces are given with the call. */
  readonly path: string;
}

const of =
  (service: Service) =>
  (method: Operation["method"], path: string): Operation => ({ service, method, path });
const [compute, volume, image, network] = [of("compute"), of("volume"), of("image"), of("network")];

export const operations = {
  ShowLimits: compute("GET", "/limits"),
  ListComputeZones: compute("GET", "/os-availability-zone"),
  ListFlavors: compute("GET", "/flavors/detail"),
  CreateServer: compute("POST", "/servers"),
  ListServers: compute("GET", "/servers/detail"),
  ShowServer: compute("GET", "/servers/{id}"),
  DeleteServer: compute("DELETE", "/servers/{id}"),
  StopServer: compute("POST", "/servers/{id}/action"),
  ForceDeleteServer: compute("POST", "/servers/{id}/action"),
  ShowConsoleOutput: compute("POST", "/servers/{id}/action"),
  ListVolumeAttachments: compute("GET", "/servers/{id}/os-volume_attachments"),
  AttachVolume: compute("POST", "/servers/{id}/os-volume_attachments"),
  DetachVolume: compute("DELETE", "/servers/{id}/os-volume_attachments/{volume}"),

  ListVolumeZones: volume("GET", "/os-availability-zone"),
  ListVolumeTypes: volume("GET", "/types"),
  ShowVolumeQuotas: volume("GET", "/os-quota-sets/{project}"),
  CreateVolume: volume("POST", "/volumes"),
  ListVolumes: volume("GET", "/volumes/detail"),
  ShowVolume: volume("GET", "/volumes/{id}"),
  DeleteVolume: volume("DELETE", "/volumes/{id}"),
  AddVolumeMetadata: volume("POST", "/volumes/{id}/metadata"),
  SetBootable: volume("POST", "/volumes/{id}/action"),
  SetImageMetadata: volume("POST", "/volumes/{id}/action"),
  UploadVolumeToImage: volume("POST", "/volumes/{id}/action"),
  CreateSnapshot: volume("POST", "/snapshots"),
  ListSnapshots: volume("GET", "/snapshots/detail"),
  ShowSnapshot: volume("GET", "/snapshots/{id}"),
  DeleteSnapshot: volume("DELETE", "/snapshots/{id}"),

  ListImages: image("GET", "/images"),
  ShowImage: image("GET", "/images/{id}"),
  DeleteImage: image("DELETE", "/images/{id}"),

  ListNetworks: network("GET", "/networks"),
  ShowNetwork: network("GET", "/networks/{id}"),
  ListSubnets: network("GET", "/subnets"),
  ShowSubnet: network("GET", "/subnets/{id}"),
  ListSecurityGroups: network("GET", "/security-groups"),
  CreateSecurityGroup: network("POST", "/security-groups"),
  DeleteSecurityGroup: network("DELETE", "/security-groups/{id}"),
  CreateSecurityGroupRule: network("POST", "/security-group-rules"),
  ListPorts: network("GET", "/ports"),
  CreatePort: network("POST", "/ports"),
  DeletePort: network("DELETE", "/ports/{id}"),
  ListFloatingIps: network("GET", "/floatingips"),
  ShowFloatingIp: network("GET", "/floatingips/{id}"),
  CreateFloatingIp: network("POST", "/floatingips"),
  UpdateFloatingIp: network("PUT", "/floatingips/{id}"),
  DeleteFloatingIp: network("DELETE", "/floatingips/{id}"),
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;
