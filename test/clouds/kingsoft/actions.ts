/**
 * The actions that we use, with every parameter they take here: name on the wire (`#` for the number in a list)
 * and type; `!` marks what is required. Source: the models of github.com/kingsoftcloud/sdk-go 831e7c6
 * (kec, ebs, vpc, eip, each 2016-03-04), which name and type them; what is required is from the action's page on
 * docs.ksyun.com where there is one (RunInstances 1528, StopInstances 1530, TerminateInstances 1534,
 * DescribeInstances 816, DescribeVolumes 5456), else what the action can't do without. Parameters we never send
 * are left out, so sending one fails a test until somebody looks it up.
 */

export type ParameterType = "text" | "name" | "integer" | "boolean" | "base64" | "uuid";

export interface ActionTable {
  readonly [parameter: string]: ParameterType | `${ParameterType}!`;
}

const tags: ActionTable = { "Tag.#.Key": "text", "Tag.#.Value": "text" };
const filters: ActionTable = { "Filter.#.Name": "text", "Filter.#.Value.#": "text" };
const byMarker: ActionTable = { MaxResults: "integer", Marker: "integer" };
const byToken: ActionTable = { MaxResults: "integer", NextToken: "text" };

export const actions: Readonly<Record<string, Readonly<Record<string, ActionTable>>>> = {
  kec: {
    DescribeRegions: {},
    DescribeInstanceTypeConfigs: { ...filters },
    DescribePrice: {
      InstanceType: "text",
      ImageId: "uuid",
      "SystemDisk.DiskType": "text",
      "SystemDisk.DiskSize": "integer",
      ChargeType: "text!",
      MaxCount: "integer",
    },
    DescribeImages: { ImageId: "uuid", ImageType: "text" },
    DescribeInstances: {
      "InstanceId.#": "uuid",
      "ProjectId.#": "integer",
      ...filters,
      ...byMarker,
    },
    RunInstances: {
      ImageId: "uuid!",
      InstanceType: "text",
      InstanceName: "name",
      MinCount: "integer!",
      MaxCount: "integer!",
      ChargeType: "text!",
      SubnetId: "uuid!",
      PrivateIpAddress: "text",
      "SecurityGroupId.#": "uuid!",
      "SystemDisk.DiskType": "text",
      "SystemDisk.DiskSize": "integer",
      UserData: "base64",
      "KeyId.#": "uuid",
      InstancePassword: "text",
      KeepImageLogin: "boolean",
      LineId: "uuid",
      AddressBandWidth: "integer",
      AddressChargeType: "text",
      AddressProjectId: "integer",
      AutoCreateEbs: "boolean",
      FailureAutoDelete: "boolean",
      IsProtect: "boolean",
      SyncTag: "boolean",
      ProjectId: "integer",
      ...tags,
    },
    StopInstances: { "InstanceId.#": "uuid!", ForceStop: "boolean", StoppedMode: "text" },
    TerminateInstances: { "InstanceId.#": "uuid!", ForceDelete: "boolean" },
    ModifyNetworkInterfaceAttribute: {
      InstanceId: "uuid!",
      NetworkInterfaceId: "uuid!",
      "SecurityGroupId.#": "uuid",
    },
  },
  ebs: {
    CreateVolume: {
      VolumeName: "name",
      VolumeDesc: "text",
      VolumeType: "text",
      Size: "integer",
      AvailabilityZone: "text!",
      ChargeType: "text!",
      ProjectId: "integer",
      SnapshotId: "uuid",
      ...tags,
    },
    DescribeCreateVolumePrice: {
      VolumeType: "text!",
      Size: "integer!",
      AvailabilityZone: "text!",
      ChargeType: "text!",
    },
    DescribeVolumes: { "VolumeId.#": "uuid", VolumeCategory: "text", ...byMarker },
    DescribeInstanceVolumes: { InstanceId: "uuid!" },
    ModifyVolume: { VolumeId: "uuid!", VolumeDesc: "text", DeleteWithInstance: "boolean" },
    AttachVolume: { VolumeId: "uuid!", InstanceId: "uuid!", DeleteWithInstance: "boolean" },
    DetachVolume: { VolumeId: "uuid!", InstanceId: "uuid!" },
    DeleteVolume: { VolumeId: "uuid!", ForceDelete: "boolean" },
    CreateSnapshot: {
      VolumeId: "uuid!",
      SnapshotName: "name",
      SnapshotDesc: "text",
      SnapshotType: "text",
    },
    DescribeSnapshots: {
      SnapshotId: "uuid",
      VolumeId: "uuid",
      PageNumber: "integer",
      PageSize: "integer",
    },
    // The model has no parameter at all; the vendor's Terraform provider and CSI plugin send this one.
    DeleteSnapshot: { SnapshotId: "uuid!" },
  },
  vpc: {
    DescribeAvailabilityZones: {},
    DescribeSubnets: { "SubnetId.#": "uuid", ...filters, ...byToken },
    CreateSecurityGroup: { VpcId: "uuid!", SecurityGroupName: "name", Description: "text" },
    DescribeSecurityGroups: { "SecurityGroupId.#": "uuid", ...filters, ...byToken },
    AuthorizeSecurityGroupEntry: {
      SecurityGroupId: "uuid!",
      Description: "text",
      CidrBlock: "text!",
      Direction: "text!",
      Protocol: "text!",
      PortRangeFrom: "integer",
      PortRangeTo: "integer",
    },
    RevokeSecurityGroupEntry: { SecurityGroupId: "uuid!", SecurityGroupEntryId: "uuid!" },
    DeleteSecurityGroup: { SecurityGroupId: "uuid!" },
  },
  eip: {
    GetLines: {},
    DescribeAddresses: { "AllocationId.#": "uuid", "ProjectId.#": "integer", ...byToken },
    DisassociateAddress: { AllocationId: "uuid!" },
    ReleaseAddress: { AllocationId: "uuid!" },
  },
};
