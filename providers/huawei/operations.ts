/**
 * Every call we make: where it goes and what the caller must be allowed for it. Sources: paths of
 * huaweicloud-sdk-go-v3 v0.1.188, services/<service>/<service>_meta.go (the names are the SDK's); actions of the
 * services' API references, "Permissions and Supported Actions", and of Huawei's own list of what a migration
 * needs (Server Migration Service, user guide, "Example Custom Policies").
 */

/** The last two are what accounts of the Chinese and of the international site are billed by. */
export type Service = "iam" | "ecs" | "evs" | "ims" | "vpc" | "bss" | "bssintl";

export interface Operation {
  readonly service: Service;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** `{project}` is the target's; other names are given with the call. */
  readonly path: string;
  /** Beside the right to look, which is granted for a service as a whole. */
  readonly actions: readonly string[];
}

const look: readonly string[] = [];
const servers = "/v1/{project}/cloudservers";
const volumes = "/v2/{project}/cloudvolumes";
const snapshots = "/v2/{project}/cloudsnapshots";
const groups = "/v3/{project}/vpc/security-groups";
const addresses = "/v1/{project}/publicips";
const ratings = "/v2/bills/ratings/on-demand-resources";
/** Without it prices are told before discounts. Source: Customer Operation Capabilities, "Actions Supported". */
const rating = ["bss:discount:view"] as const;

const of =
  (service: Service) =>
  (method: Operation["method"], path: string, actions: readonly string[] = look): Operation => ({
    service,
    method,
    path,
    actions,
  });
const [iam, ecs, evs, ims, vpc] = [of("iam"), of("ecs"), of("evs"), of("ims"), of("vpc")];
const [bss, bssintl] = [of("bss"), of("bssintl")];

export const operations = {
  // Project-level policies don't reach IAM; every user may list the regions, its account, and the projects it is in.
  KeystoneListAuthProjects: iam("GET", "/v3/auth/projects"),
  KeystoneListAuthDomains: iam("GET", "/v3/auth/domains"),
  KeystoneListRegions: iam("GET", "/v3/regions"),

  NovaListAvailabilityZones: ecs("GET", "/v2.1/{project}/os-availability-zone"),
  ListFlavors: ecs("GET", `${servers}/flavors`),
  CreatePostPaidServers: ecs("POST", servers, [
    "ecs:cloudServers:create",
    "ecs:securityGroups:use",
    "ecs:serverInterfaces:use",
    "ecs:serverVolumes:use",
    "ecs:diskConfigs:use",
  ]),
  ShowServer: ecs("GET", `${servers}/{server_id}`),
  ListServersDetails: ecs("GET", `${servers}/detail`),
  DeleteServers: ecs("POST", `${servers}/delete`, ["ecs:cloudServers:delete"]),
  BatchStartServers: ecs("POST", `${servers}/action`, ["ecs:cloudServers:start"]),
  BatchStopServers: ecs("POST", `${servers}/action`, ["ecs:cloudServers:stop"]),
  AttachServerVolume: ecs("POST", `${servers}/{server_id}/attachvolume`, [
    "ecs:cloudServers:attach",
    "evs:volumes:attach",
    "evs:volumes:use",
  ]),
  DetachServerVolume: ecs("DELETE", `${servers}/{server_id}/detachvolume/{volume_id}`, [
    "ecs:cloudServers:detachVolume",
    "evs:volumes:detach",
  ]),
  UpdateServerBlockDevice: ecs("PUT", `${servers}/{server_id}/block_device/{volume_id}`, [
    "ecs:cloudServers:updateServerBlockDevice",
  ]),
  EcsShowJob: ecs("GET", "/v1/{project}/jobs/{job_id}"),

  CreateVolume: evs("POST", "/v2.1/{project}/cloudvolumes", ["evs:volumes:create"]),
  ShowVolume: evs("GET", `${volumes}/{volume_id}`),
  ListVolumesByTags: evs("POST", `${volumes}/resource_instances/action`),
  DeleteVolume: evs("DELETE", `${volumes}/{volume_id}`, ["evs:volumes:delete"]),
  BatchCreateVolumeTags: evs("POST", `${volumes}/{volume_id}/tags/action`, ["evs:volumes:update"]),
  CreateSnapshot: evs("POST", snapshots, ["evs:snapshots:create"]),
  ShowSnapshot: evs("GET", `${snapshots}/{snapshot_id}`),
  ListSnapshots: evs("GET", `${snapshots}/detail`),
  DeleteSnapshot: evs("DELETE", `${snapshots}/{snapshot_id}`, ["evs:snapshots:delete"]),
  EvsShowJob: evs("GET", "/v1/{project}/jobs/{job_id}"),

  ListImages: ims("GET", "/v2/cloudimages"),
  CreateImage: ims("POST", "/v2/cloudimages/action", [
    "ims:images:create",
    "evs:volumes:uploadImage",
  ]),
  ListImageByTags: ims("POST", "/v2/{project}/images/resource_instances/action"),
  GlanceDeleteImage: ims("DELETE", "/v2/images/{image_id}", ["ims:images:delete"]),
  ImsShowJob: ims("GET", "/v1/{project}/jobs/{job_id}"),

  ListSubnets: vpc("GET", "/v1/{project}/subnets"),
  ShowSubnet: vpc("GET", "/v1/{project}/subnets/{subnet_id}"),
  ListSecurityGroups: vpc("GET", groups),
  CreateSecurityGroup: vpc("POST", groups, ["vpc:securityGroups:create"]),
  DeleteSecurityGroup: vpc("DELETE", `${groups}/{security_group_id}`, [
    "vpc:securityGroups:delete",
  ]),
  BatchCreateSecurityGroupRules: vpc(
    "POST",
    `${groups}/{security_group_id}/security-group-rules/batch-create`,
    ["vpc:securityGroupRules:create"],
  ),
  CreatePublicip: vpc("POST", addresses, ["vpc:publicIps:create", "vpc:bandwidths:create"]),
  ListPublicips: vpc("GET", addresses),
  ShowPublicip: vpc("GET", `${addresses}/{publicip_id}`),
  UpdatePublicip: vpc("PUT", `${addresses}/{publicip_id}`, ["vpc:publicIps:update"]),
  DeletePublicip: vpc("DELETE", `${addresses}/{publicip_id}`, ["vpc:publicIps:delete"]),

  BssListOnDemandResourceRatings: bss("POST", ratings, rating),
  BssintlListOnDemandResourceRatings: bssintl("POST", ratings, rating),
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;
