/**
 * The calls we make, with every field they take here; `!` marks what is required. Source: zstack 5.2.1, `@RestRequest`
 * and `@APIParam` of the class API<name>Msg; ResizeDataVolume and QueryAccessKey: its Java SDK. Fields we never send
 * are left out, so sending one fails a test until somebody looks it up; ZStack itself ignores unknown ones.
 */

export type Type =
  | "text"
  | "uuid"
  | "uuids"
  | "number"
  | "flag"
  | "rules"
  | readonly [string, ...string[]];

export interface Call {
  readonly method: "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly params: Readonly<Record<string, Type>>;
  /** Takes system tags, and a uuid of the caller's choice. */
  readonly creates?: true;
}

const post = (path: string, params: Call["params"] = {}): Call => ({
  method: "POST",
  path,
  params,
});
const create = (path: string, params: Call["params"] = {}): Call => ({
  ...post(path, { "name!": "text", description: "text", resourceUuid: "uuid", ...params }),
  creates: true,
});
const act = (path: string, params: Call["params"] = {}): Call => ({
  method: "PUT",
  path: `${path}/actions`,
  params,
});
const remove = (path: string, params: Call["params"] = {}): Call => ({
  method: "DELETE",
  path,
  params: { deleteMode: ["Permissive", "Enforcing"], ...params },
});

const platforms = ["Linux", "Windows", "Other", "Paravirtualization", "WindowsVirtio"] as const;

const vm = {
  instanceOfferingUuid: "uuid",
  "l3NetworkUuids!": "uuids",
  defaultL3NetworkUuid: "uuid",
  zoneUuid: "uuid",
  clusterUuid: "uuid",
  hostUuid: "uuid",
} as const satisfies Call["params"];

export const calls: Readonly<Record<string, Call>> = {
  CreateDataVolume: create("/volumes/data", { "diskSize!": "number", primaryStorageUuid: "uuid" }),
  CreateDataVolumeFromVolumeSnapshot: create("/volumes/data/from/volume-snapshots/{snapshot}", {
    primaryStorageUuid: "uuid",
  }),
  UpdateVolume: act("/volumes/{volume}", { name: "text", description: "text" }),
  ResizeDataVolume: act("/volumes/data/resize/{volume}", { "size!": "number" }),
  AttachDataVolumeToVm: post("/volumes/{volume}/vm-instances/{vm}"),
  DetachDataVolumeFromVm: {
    method: "DELETE",
    path: "/volumes/{volume}/vm-instances",
    params: { vmUuid: "uuid" },
  },
  DeleteDataVolume: remove("/volumes/{volume}"),
  ExpungeDataVolume: act("/volumes/{volume}"),

  CreateVolumeSnapshot: create("/volumes/{volume}/volume-snapshots"),
  UpdateVolumeSnapshot: act("/volume-snapshots/{snapshot}", { name: "text", description: "text" }),
  DeleteVolumeSnapshot: remove("/volume-snapshots/{snapshot}"),

  CreateRootVolumeTemplateFromVolumeSnapshot: create(
    "/images/root-volume-templates/from/volume-snapshots/{snapshot}",
    {
      "backupStorageUuids!": "uuids",
      platform: platforms,
      guestOsType: "text",
      architecture: "text",
      virtio: "flag",
    },
  ),
  DeleteImage: remove("/images/{image}", { backupStorageUuids: "uuids" }),
  ExpungeImage: act("/images/{image}", { backupStorageUuids: "uuids" }),

  CreateVmInstance: create("/vm-instances", {
    ...vm,
    imageUuid: "uuid",
    rootDiskSize: "number",
    primaryStorageUuidForRootVolume: "uuid",
    strategy: ["InstantStart", "JustCreate", "CreateStopped"],
  }),
  CreateVmInstanceFromVolume: create("/vm-instances/from/volume", {
    ...vm,
    "volumeUuid!": "uuid",
    platform: platforms,
    primaryStorageUuid: "uuid",
    strategy: ["InstantStart", "CreateStopped"],
  }),
  StartVmInstance: act("/vm-instances/{vm}", { clusterUuid: "uuid", hostUuid: "uuid" }),
  StopVmInstance: act("/vm-instances/{vm}", { type: ["grace", "cold"] }),
  DestroyVmInstance: remove("/vm-instances/{vm}"),
  ExpungeVmInstance: act("/vm-instances/{vm}"),

  CreateSecurityGroup: create("/security-groups"),
  AttachSecurityGroupToL3Network: post("/security-groups/{group}/l3-networks/{network}"),
  AddSecurityGroupRule: post("/security-groups/{group}/rules", { "rules!": "rules" }),
  AddVmNicToSecurityGroup: post("/security-groups/{group}/vm-instances/nics", {
    "vmNicUuids!": "uuids",
  }),
  DeleteSecurityGroup: remove("/security-groups/{group}"),

  CreateVip: create("/vips", { "l3NetworkUuid!": "uuid", requiredIp: "text" }),
  DeleteVip: remove("/vips/{vip}"),
  CreateEip: create("/eips", { "vipUuid!": "uuid", vmNicUuid: "uuid" }),
  DeleteEip: remove("/eips/{eip}"),
};

/** Source: SecurityGroupRuleAO in APIAddSecurityGroupRuleMsg.java; both forms of a rule are taken. */
export const ruleFields: Call["params"] = {
  "type!": ["Ingress", "Egress"],
  "protocol!": ["TCP", "UDP", "ICMP", "ALL"],
  ipVersion: "number",
  startPort: "number",
  endPort: "number",
  allowedCidr: "text",
  srcIpRange: "text",
  dstPortRange: "text",
};

const thing = ["uuid", "name", "description", "state", "createDate", "lastOpDate"];

/** What may stand in a condition: the fields of <name>Inventory.java. */
export const queries: Readonly<
  Record<string, { readonly path: string; readonly fields: readonly string[] }>
> = {
  QueryZone: { path: "/zones", fields: [...thing, "type"] },
  QueryCluster: { path: "/clusters", fields: [...thing, "zoneUuid", "hypervisorType", "type"] },
  QueryHost: {
    path: "/hosts",
    fields: [...thing, "zoneUuid", "clusterUuid", "managementIp", "hypervisorType", "status"],
  },
  QueryPrimaryStorage: {
    path: "/primary-storage",
    fields: [...thing, "zoneUuid", "type", "status", "attachedClusterUuids"],
  },
  QueryBackupStorage: {
    path: "/backup-storage",
    fields: [...thing, "type", "status", "attachedZoneUuids"],
  },
  QueryL3Network: {
    path: "/l3-networks",
    fields: [
      ...[...thing, "type", "zoneUuid", "l2NetworkUuid", "category", "system"],
      // Source: @ExpandedQuery of L3NetworkInventory.java and L2NetworkInventory.java.
      "l2Network.cluster.uuid",
    ],
  },
  QueryInstanceOffering: {
    path: "/instance-offerings",
    fields: [...thing, "cpuNum", "memorySize", "type"],
  },
  QueryImage: {
    path: "/images",
    fields: [...thing, "status", "mediaType", "platform", "architecture", "format", "system"],
  },
  QueryVmInstance: {
    path: "/vm-instances",
    fields: [...thing, "zoneUuid", "clusterUuid", "imageUuid", "rootVolumeUuid"],
  },
  QueryVolume: {
    path: "/volumes",
    fields: [...thing, "status", "type", "vmInstanceUuid", "primaryStorageUuid"],
  },
  QueryVolumeSnapshot: {
    path: "/volume-snapshots",
    fields: [...thing, "status", "volumeUuid", "treeUuid", "parentUuid"],
  },
  QuerySecurityGroup: { path: "/security-groups", fields: thing },
  QueryVmNicInSecurityGroup: {
    path: "/security-groups/vm-instances/nics",
    fields: ["uuid", "vmNicUuid", "vmInstanceUuid", "securityGroupUuid"],
  },
  QueryVip: { path: "/vips", fields: [...thing, "ip", "l3NetworkUuid"] },
  QueryEip: { path: "/eips", fields: [...thing, "vipUuid", "vmNicUuid", "vipIp"] },
  QueryAccount: { path: "/accounts", fields: [...thing, "type"] },
  QueryAccessKey: { path: "/accesskeys", fields: ["uuid", "accountUuid", "AccessKeyID"] },
};
