/**
 * The actions that we use, with every parameter they take here: name on the wire (`#` for the number in
 * a list) and type; `!` marks what is required. Source: the models of @alicloud/ecs20140526 7.11.6 and
 * @alicloud/vpc20160428 7.3.2 (names, types, "This parameter is required"). Parameters we never send are
 * left out, so sending one fails a test until somebody looks it up.
 */

export type ParameterType =
  | "text"
  | "name"
  | "integer"
  | "boolean"
  | "base64"
  | "token"
  /** A list of ids, as JSON. */
  | "ids"
  | "disk"
  | "instance"
  | "snapshot"
  | "image"
  | "group"
  | "eip"
  | "vpc"
  | "vSwitch";

export interface ActionTable {
  readonly [parameter: string]: ParameterType | `${ParameterType}!`;
}

const tags: ActionTable = { "Tag.#.Key": "text", "Tag.#.Value": "text" };
const byTokenPages: ActionTable = { MaxResults: "integer", NextToken: "text" };
const byNumberPages: ActionTable = { PageNumber: "integer", PageSize: "integer" };

const newInstance: ActionTable = {
  ImageId: "image",
  InstanceType: "text!",
  InstanceName: "name",
  HostName: "text",
  InstanceChargeType: "text",
  Period: "integer",
  PeriodUnit: "text",
  IoOptimized: "text",
  VSwitchId: "vSwitch",
  PrivateIpAddress: "text",
  SecurityGroupId: "group",
  InternetMaxBandwidthOut: "integer",
  "SystemDisk.Category": "text",
  "SystemDisk.PerformanceLevel": "text",
  "SystemDisk.Size": "integer",
  KeyPairName: "text",
  Password: "text",
  PasswordInherit: "boolean",
  UserData: "base64",
  DeletionProtection: "boolean",
  DryRun: "boolean",
  ClientToken: "token",
  ...tags,
};

export const actions: Readonly<Record<string, Readonly<Record<string, ActionTable>>>> = {
  ecs: {
    AttachDisk: { DiskId: "disk!", InstanceId: "instance!", DeleteWithInstance: "boolean" },
    AuthorizeSecurityGroup: {
      SecurityGroupId: "group!",
      "Permissions.#.IpProtocol": "text",
      "Permissions.#.PortRange": "text",
      "Permissions.#.SourceCidrIp": "text",
      "Permissions.#.Policy": "text",
      "Permissions.#.Priority": "integer",
    },
    CreateDisk: {
      ZoneId: "text",
      DiskName: "name",
      Size: "integer",
      DiskCategory: "text",
      PerformanceLevel: "text",
      SnapshotId: "snapshot",
      ClientToken: "token",
      ...tags,
    },
    CreateImage: {
      ImageName: "name",
      Description: "text",
      Architecture: "text",
      Platform: "text",
      BootMode: "text",
      SnapshotId: "snapshot",
      "DiskDeviceMapping.#.SnapshotId": "snapshot",
      "DiskDeviceMapping.#.DiskType": "text",
      "DiskDeviceMapping.#.Device": "text",
      ClientToken: "token",
      ...tags,
    },
    CreateInstance: newInstance,
    CreateSecurityGroup: {
      VpcId: "vpc",
      SecurityGroupName: "name",
      Description: "text",
      SecurityGroupType: "text",
      ClientToken: "token",
      ...tags,
    },
    CreateSnapshot: { DiskId: "disk!", SnapshotName: "name", ClientToken: "token", ...tags },
    DeleteDisk: { DiskId: "disk!" },
    DeleteImage: { ImageId: "image!", Force: "boolean" },
    DeleteInstance: { InstanceId: "instance!", Force: "boolean" },
    DeleteSecurityGroup: { SecurityGroupId: "group!" },
    DeleteSnapshot: { SnapshotId: "snapshot!", Force: "boolean" },
    DescribeAvailableResource: {
      ZoneId: "text",
      ResourceType: "text",
      DestinationResource: "text!",
      InstanceType: "text",
      InstanceChargeType: "text",
      IoOptimized: "text",
    },
    DescribeDisks: {
      DiskIds: "ids",
      DiskType: "text",
      InstanceId: "instance",
      ...tags,
      ...byTokenPages,
    },
    DescribeImages: {
      ImageId: "image",
      ImageOwnerAlias: "text",
      Status: "text",
      OSType: "text",
      Architecture: "text",
      IsSupportCloudinit: "boolean",
      ...tags,
      ...byNumberPages,
    },
    DescribeInstanceTypes: byTokenPages,
    DescribeInstances: { InstanceIds: "ids", ...tags, ...byTokenPages },
    DescribePrice: {
      ResourceType: "text",
      InstanceType: "text",
      ImageId: "image",
      IoOptimized: "text",
      "SystemDisk.Category": "text",
      "SystemDisk.PerformanceLevel": "text",
      "SystemDisk.Size": "integer",
      "DataDisk.#.Category": "text",
      "DataDisk.#.PerformanceLevel": "text",
      "DataDisk.#.Size": "integer",
      PriceUnit: "text",
      Period: "integer",
    },
    DescribeSecurityGroups: {
      SecurityGroupId: "group",
      VpcId: "vpc",
      NetworkType: "text",
      ...tags,
      ...byTokenPages,
    },
    DescribeRegions: { AcceptLanguage: "text" },
    DescribeSnapshots: { SnapshotIds: "ids", ...tags, ...byTokenPages },
    DescribeZones: { AcceptLanguage: "text", Verbose: "boolean" },
    DetachDisk: { DiskId: "disk!", InstanceId: "instance!", DeleteWithInstance: "boolean" },
    GetInstanceConsoleOutput: { InstanceId: "instance!" },
    ModifyDiskAttribute: { DiskId: "disk", DeleteWithInstance: "boolean" },
    ModifyInstanceAttribute: { InstanceId: "instance!", "SecurityGroupIds.#": "group" },
    RunInstances: { Amount: "integer", ...newInstance },
    StartInstance: { InstanceId: "instance!" },
    StopInstance: { InstanceId: "instance!", ForceStop: "boolean", StoppedMode: "text" },
    TagResources: {
      ResourceType: "text!",
      "ResourceId.#": "text!",
      "Tag.#.Key": "text!",
      "Tag.#.Value": "text!",
    },
  },
  vpc: {
    AllocateEipAddress: {
      Name: "name",
      Bandwidth: "integer",
      InstanceChargeType: "text",
      InternetChargeType: "text",
      ClientToken: "token",
      ...tags,
    },
    AssociateEipAddress: { AllocationId: "eip!", InstanceId: "instance!", InstanceType: "text" },
    DescribeEipAddresses: { AllocationId: "eip", ...tags, ...byNumberPages },
    DescribeVSwitches: {
      VSwitchId: "vSwitch",
      VpcId: "vpc",
      ZoneId: "text",
      ...byNumberPages,
    },
    ReleaseEipAddress: { AllocationId: "eip!" },
    UnassociateEipAddress: { AllocationId: "eip!", InstanceId: "instance", InstanceType: "text" },
  },
  sts: { GetCallerIdentity: {} },
};
