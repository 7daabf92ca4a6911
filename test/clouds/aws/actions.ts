/**
 * The actions of EC2 and STS that we use, with every parameter they take here: name on the wire (`#` for
 * the number in a list) and type; `!` marks what is required. Source: the service model in
 * @aws-sdk/client-ec2 3.1169.0 (schemas, ec2QueryName), EC2 API reference of each action. Parameters we
 * never send are left out, so sending one fails a test until somebody looks it up.
 */

export type ParameterType =
  | "text"
  | "integer"
  | "boolean"
  | "base64"
  | `${"i" | "vol" | "snap" | "ami" | "sg" | "subnet" | "vpc" | "eipalloc" | "eipassoc" | "replacevol"}-id`;

export interface ActionTable {
  readonly [parameter: string]: ParameterType | `${ParameterType}!`;
}

const filters: ActionTable = { "Filter.#.Name": "text", "Filter.#.Value.#": "text" };
const paging: ActionTable = { MaxResults: "integer", NextToken: "text" };
const tags: ActionTable = {
  "TagSpecification.#.ResourceType": "text",
  "TagSpecification.#.Tag.#.Key": "text",
  "TagSpecification.#.Tag.#.Value": "text",
};
const mappings: ActionTable = {
  "BlockDeviceMapping.#.DeviceName": "text",
  "BlockDeviceMapping.#.Ebs.DeleteOnTermination": "boolean",
  "BlockDeviceMapping.#.Ebs.Encrypted": "boolean",
  "BlockDeviceMapping.#.Ebs.KmsKeyId": "text",
  "BlockDeviceMapping.#.Ebs.SnapshotId": "snap-id",
  "BlockDeviceMapping.#.Ebs.VolumeSize": "integer",
  "BlockDeviceMapping.#.Ebs.VolumeType": "text",
};

export const ec2Actions: Readonly<Record<string, ActionTable>> = {
  AllocateAddress: { Domain: "text", ...tags },
  AssociateAddress: { AllocationId: "eipalloc-id!", InstanceId: "i-id!" },
  AttachVolume: { Device: "text!", InstanceId: "i-id!", VolumeId: "vol-id!" },
  AuthorizeSecurityGroupIngress: {
    GroupId: "sg-id!",
    "IpPermissions.#.IpProtocol": "text",
    "IpPermissions.#.FromPort": "integer",
    "IpPermissions.#.ToPort": "integer",
    "IpPermissions.#.IpRanges.#.CidrIp": "text",
    "IpPermissions.#.IpRanges.#.Description": "text",
  },
  CreateReplaceRootVolumeTask: {
    InstanceId: "i-id!",
    VolumeId: "vol-id",
    SnapshotId: "snap-id",
    DeleteReplacedRootVolume: "boolean",
    ClientToken: "text",
    ...tags,
  },
  CreateSecurityGroup: { GroupName: "text!", GroupDescription: "text!", VpcId: "vpc-id", ...tags },
  CreateSnapshot: { VolumeId: "vol-id!", Description: "text", ...tags },
  CreateTags: { "ResourceId.#": "text!", "Tag.#.Key": "text", "Tag.#.Value": "text" },
  CreateVolume: {
    AvailabilityZone: "text!",
    Size: "integer",
    SnapshotId: "snap-id",
    VolumeType: "text",
    Iops: "integer",
    Throughput: "integer",
    Encrypted: "boolean",
    KmsKeyId: "text",
    ClientToken: "text",
    ...tags,
  },
  DeleteSecurityGroup: { GroupId: "sg-id!" },
  DeleteSnapshot: { SnapshotId: "snap-id!" },
  DeleteVolume: { VolumeId: "vol-id!" },
  DeregisterImage: { ImageId: "ami-id!" },
  DescribeAddresses: { "AllocationId.#": "eipalloc-id", ...filters },
  DescribeAvailabilityZones: { ...filters },
  DescribeImages: { "ImageId.#": "ami-id", "Owner.#": "text", ...filters, ...paging },
  DescribeInstanceTypeOfferings: { LocationType: "text", ...filters, ...paging },
  DescribeInstanceTypes: { "InstanceType.#": "text", ...filters, ...paging },
  DescribeInstances: { "InstanceId.#": "i-id", ...filters, ...paging },
  DescribeKeyPairs: { ...filters },
  DescribeRegions: { AllRegions: "boolean", ...filters },
  DescribeReplaceRootVolumeTasks: {
    "ReplaceRootVolumeTaskId.#": "replacevol-id",
    ...filters,
    ...paging,
  },
  DescribeSecurityGroups: { "GroupId.#": "sg-id", ...filters, ...paging },
  DescribeSnapshots: { "SnapshotId.#": "snap-id", "Owner.#": "text", ...filters, ...paging },
  DescribeSubnets: { "SubnetId.#": "subnet-id", ...filters, ...paging },
  DescribeVolumes: { "VolumeId.#": "vol-id", ...filters, ...paging },
  DescribeVpcs: { "VpcId.#": "vpc-id", ...filters, ...paging },
  DetachVolume: { VolumeId: "vol-id!", Force: "boolean" },
  DisassociateAddress: { AssociationId: "eipassoc-id!" },
  GetConsoleOutput: { InstanceId: "i-id!", Latest: "boolean" },
  ModifyInstanceAttribute: {
    InstanceId: "i-id!",
    "BlockDeviceMapping.#.DeviceName": "text",
    "BlockDeviceMapping.#.Ebs.DeleteOnTermination": "boolean",
  },
  RegisterImage: {
    Name: "text!",
    Description: "text",
    Architecture: "text",
    VirtualizationType: "text",
    EnaSupport: "boolean",
    BootMode: "text",
    RootDeviceName: "text",
    ...mappings,
    ...tags,
  },
  ReleaseAddress: { AllocationId: "eipalloc-id!" },
  RunInstances: {
    MinCount: "integer!",
    MaxCount: "integer!",
    ImageId: "ami-id!",
    InstanceType: "text",
    KeyName: "text",
    ClientToken: "text",
    UserData: "base64",
    "NetworkInterface.#.DeviceIndex": "integer",
    "NetworkInterface.#.SubnetId": "subnet-id",
    "NetworkInterface.#.PrivateIpAddress": "text",
    "NetworkInterface.#.SecurityGroupId.#": "sg-id",
    "NetworkInterface.#.DeleteOnTermination": "boolean",
    "MetadataOptions.HttpEndpoint": "text",
    "MetadataOptions.HttpTokens": "text",
    ...mappings,
    ...tags,
  },
  StartInstances: { "InstanceId.#": "i-id!" },
  StopInstances: { "InstanceId.#": "i-id!" },
  TerminateInstances: { "InstanceId.#": "i-id!" },
};

export const stsActions: Readonly<Record<string, ActionTable>> = {
  GetCallerIdentity: {},
  AssumeRole: {
    RoleArn: "text!",
    RoleSessionName: "text!",
    DurationSeconds: "integer",
    ExternalId: "text",
  },
};
