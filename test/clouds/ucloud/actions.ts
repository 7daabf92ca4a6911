/**
 * The actions that we use, with every parameter they take here: name on the wire (`#` for the number in a
 * list, from 0) and type; `!` marks what is required. Source: github.com/UCloudDoc-Team/api of August 2026
 * ("请求参数": names, types, 必填) and ucloud-sdk-go 0.22.98. Parameters we never send are left out, so
 * sending one fails a test until somebody looks it up.
 */

export type ParameterType =
  | "text"
  /** Of resources and business groups: 1 to 63 Chinese and English letters, digits and `-_.`. Source: UHost API, "specification". */
  | "name"
  | "integer"
  | "boolean"
  | "yesNo"
  | "base64"
  | "disk"
  | "snapshot"
  | "host"
  | "image"
  | "firewall"
  | "eip"
  | "vpc"
  | "subnet";

export interface ActionTable {
  readonly [parameter: string]: ParameterType | `${ParameterType}!`;
}

const pages: ActionTable = { Offset: "integer", Limit: "integer" };
const named: ActionTable = { Name: "name!", Tag: "name" };
const oneHost: ActionTable = { Zone: "text", UHostId: "host!" };
const hanging: ActionTable = { Zone: "text", UDiskId: "disk!", HostId: "host" };

export const actions: Readonly<Record<string, ActionTable>> = {
  AllocateEIP: {
    ...{ OperatorName: "text!", Bandwidth: "integer!", Tag: "name", Name: "name" },
    ...{ ChargeType: "text", PayMode: "text" },
  },
  AttachUDisk: { ...hanging, MultiAttach: "yesNo" },
  BindEIP: { EIPId: "eip!", ResourceType: "text!", ResourceId: "text!" },
  CloneUDiskSnapshot: {
    ...named,
    ...{ Zone: "text!", SourceId: "snapshot!", Size: "integer" },
    ...{ ChargeType: "text", SnapshotService: "yesNo" },
  },
  CreateFirewall: { ...named, "Rule.#": "text!", Remark: "text" },
  CreateUDisk: {
    ...named,
    ...{ Zone: "text!", Size: "integer!", ChargeType: "text" },
    ...{ DiskType: "text", SnapshotService: "yesNo" },
  },
  CreateUDiskSnapshot: { Zone: "text!", UDiskId: "disk!", Name: "name!", Comment: "text" },
  CreateUHostInstance: {
    ...{ Zone: "text!", ImageId: "image!", Name: "name", Tag: "name" },
    ...{ "Disks.#.IsBoot": "text!", "Disks.#.Type": "text!", "Disks.#.Size": "integer!" },
    ...{ "Disks.#.BackupType": "text" },
    ...{ LoginMode: "text!", Password: "base64", KeyPairId: "text" },
    ...{ CPU: "integer", Memory: "integer", MachineType: "text", MinimalCpuPlatform: "text" },
    ...{ NetCapability: "text", VPCId: "vpc", SubnetId: "subnet", "PrivateIp.#": "text" },
    ...{ SecurityMode: "text", SecurityGroupId: "firewall" },
    ...{ UserData: "base64", AutoDataDiskInit: "text", ChargeType: "text" },
    ...{ MaxCount: "integer", DeletionProtection: "boolean" },
  },
  DeleteFirewall: { FWId: "firewall!" },
  DeleteUDisk: { Zone: "text!", UDiskId: "disk!" },
  DeleteUDiskSnapshot: { Zone: "text!", SnapshotId: "snapshot" },
  DescribeAvailableInstanceTypes: { Zone: "text", "MachineTypes.#": "text" },
  DescribeEIP: { ...pages, "EIPIds.#": "eip" },
  DescribeFirewall: { ...pages, FWId: "firewall" },
  DescribeImage: {
    ...pages,
    ...{ Zone: "text", ImageType: "text", OsType: "text", ImageId: "image" },
  },
  DescribeSubnet: { ...pages, "SubnetIds.#": "subnet", ShowAvailableIPs: "boolean" },
  DescribeUDisk: {
    ...pages,
    ...{ Zone: "text", UDiskId: "disk", ProtocolVersion: "integer", HostId: "host", Tag: "name" },
    ...{ IgnoreUBillInfo: "yesNo", IgnoreBackupMode: "yesNo" },
  },
  DescribeUDiskPrice: {
    ...{ Zone: "text!", Size: "integer!", ChargeType: "text" },
    ...{ DiskType: "text", SnapshotService: "yesNo" },
  },
  DescribeUDiskSnapshot: { ...pages, Zone: "text", UDiskId: "disk", SnapshotId: "snapshot" },
  DescribeUHostInstance: { ...pages, Zone: "text", "UHostIds.#": "host", Tag: "name" },
  DetachUDisk: hanging,
  GetEIPPrice: {
    ...{ OperatorName: "text!", Bandwidth: "integer!", ChargeType: "text", PayMode: "text" },
  },
  GetProjectList: {},
  GetRegion: {},
  GetUHostInstancePrice: {
    ...{ Zone: "text", ImageId: "image", CPU: "integer!", Memory: "integer!", Count: "integer!" },
    ...{ "Disks.#.IsBoot": "text!", "Disks.#.Type": "text!", "Disks.#.Size": "integer!" },
    ...{ "Disks.#.BackupType": "text", MachineType: "text", CpuPlatform: "text" },
    ...{ NetCapability: "text", ChargeType: "text" },
  },
  PoweroffUHostInstance: oneHost,
  RebootUHostInstance: oneHost,
  ReleaseEIP: { EIPId: "eip!" },
  RenameUDisk: { Zone: "text!", UDiskId: "disk!", UDiskName: "name!" },
  StopUHostInstance: oneHost,
  TerminateUHostInstance: { ...oneHost, ReleaseUDisk: "boolean", ReleaseEIP: "boolean" },
  UnBindEIP: { EIPId: "eip!", ResourceType: "text!", ResourceId: "text!" },
  UpdateFirewall: { FWId: "firewall!", "Rule.#": "text!" },
};
