/**
 * Every call we make and where it goes, by the names of ZStack's own API. Source: zstack 5.2.1, `@RestRequest` of
 * the class API<name>Msg; those that are not in the open source (access keys, resizing): its Java SDK,
 * sdk/…/<name>Action.java.
 */

/** Answered at once, with all that fits. */
export const queries = {
  QueryZone: "/zones",
  QueryCluster: "/clusters",
  QueryHost: "/hosts",
  QueryPrimaryStorage: "/primary-storage",
  QueryBackupStorage: "/backup-storage",
  QueryL3Network: "/l3-networks",
  QueryInstanceOffering: "/instance-offerings",
  QueryImage: "/images",
  QueryVmInstance: "/vm-instances",
  QueryVolume: "/volumes",
  QueryVolumeSnapshot: "/volume-snapshots",
  QuerySecurityGroup: "/security-groups",
  QueryVmNicInSecurityGroup: "/security-groups/vm-instances/nics",
  QueryVip: "/vips",
  QueryEip: "/eips",
  QueryAccount: "/accounts",
  QueryAccessKey: "/accesskeys",
} as const;
export type QueryName = keyof typeof queries;

interface Order {
  readonly method: "POST" | "PUT" | "DELETE";
  /** Names in braces are given with the call. */
  readonly path: string;
}

const post = (path: string): Order => ({ method: "POST", path });
/** The body has the order's own name. */
const act = (path: string): Order => ({ method: "PUT", path: `${path}/actions` });
const remove = (path: string): Order => ({ method: "DELETE", path });

/** Taken as jobs. */
export const orders = {
  CreateDataVolume: post("/volumes/data"),
  CreateDataVolumeFromVolumeSnapshot: post("/volumes/data/from/volume-snapshots/{snapshot}"),
  UpdateVolume: act("/volumes/{volume}"),
  ResizeDataVolume: act("/volumes/data/resize/{volume}"),
  AttachDataVolumeToVm: post("/volumes/{volume}/vm-instances/{vm}"),
  DetachDataVolumeFromVm: remove("/volumes/{volume}/vm-instances"),
  DeleteDataVolume: remove("/volumes/{volume}"),
  ExpungeDataVolume: act("/volumes/{volume}"),

  CreateVolumeSnapshot: post("/volumes/{volume}/volume-snapshots"),
  UpdateVolumeSnapshot: act("/volume-snapshots/{snapshot}"),
  DeleteVolumeSnapshot: remove("/volume-snapshots/{snapshot}"),

  CreateRootVolumeTemplateFromVolumeSnapshot: post(
    "/images/root-volume-templates/from/volume-snapshots/{snapshot}",
  ),
  DeleteImage: remove("/images/{image}"),
  ExpungeImage: act("/images/{image}"),

  CreateVmInstance: post("/vm-instances"),
  CreateVmInstanceFromVolume: post("/vm-instances/from/volume"),
  StartVmInstance: act("/vm-instances/{vm}"),
  StopVmInstance: act("/vm-instances/{vm}"),
  DestroyVmInstance: remove("/vm-instances/{vm}"),
  ExpungeVmInstance: act("/vm-instances/{vm}"),

  CreateSecurityGroup: post("/security-groups"),
  AttachSecurityGroupToL3Network: post("/security-groups/{group}/l3-networks/{network}"),
  AddSecurityGroupRule: post("/security-groups/{group}/rules"),
  AddVmNicToSecurityGroup: post("/security-groups/{group}/vm-instances/nics"),
  DeleteSecurityGroup: remove("/security-groups/{group}"),

  CreateVip: post("/vips"),
  DeleteVip: remove("/vips/{vip}"),
  CreateEip: post("/eips"),
  DeleteEip: remove("/eips/{eip}"),
} as const satisfies Record<string, Order>;
export type OrderName = keyof typeof orders;
