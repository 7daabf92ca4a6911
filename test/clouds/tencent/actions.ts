/**
 * The actions that we use, with every parameter they take here: its path in the JSON body (`#` for the
 * number in a list) and type; `!` marks what is required. Source: the request interfaces in
 * tencentcloud-sdk-nodejs 4.1.313 (services/{cvm,cbs,vpc}/v20170312, sts/v20180813). Parameters we never
 * send are left out, so sending one fails a test until somebody looks it up.
 */

export type ParameterType =
  | "text"
  | "integer"
  | "boolean"
  | "base64"
  | `${"ins" | "disk" | "snap" | "img" | "sg" | "eip" | "subnet" | "vpc" | "skey"}-id`;

export interface ActionTable {
  readonly [path: string]: ParameterType | `${ParameterType}!`;
}

export interface Service {
  /** `X-TC-Version`. */
  readonly version: string;
  readonly actions: Readonly<Record<string, ActionTable>>;
}

const filters: ActionTable = { "Filters.#.Name": "text!", "Filters.#.Values.#": "text" };
const paging: ActionTable = { Offset: "integer", Limit: "integer" };
const tags: ActionTable = { "Tags.#.Key": "text!", "Tags.#.Value": "text!" };
const tagSpecification: ActionTable = {
  "TagSpecification.#.ResourceType": "text!",
  "TagSpecification.#.Tags.#.Key": "text!",
  "TagSpecification.#.Tags.#.Value": "text!",
};
const policies: ActionTable = Object.fromEntries(
  ["Ingress", "Egress"].flatMap((direction) =>
    ["Protocol", "Port", "CidrBlock", "Ipv6CidrBlock", "Action", "PolicyDescription"].map(
      (field) => [`SecurityGroupPolicySet.${direction}.#.${field}`, "text" as const],
    ),
  ),
);

const cvm: Service = {
  version: "2017-03-12",
  actions: {
    CreateImage: {
      ImageName: "text!",
      ImageDescription: "text",
      "SnapshotIds.#": "snap-id",
      DryRun: "boolean",
      ...tagSpecification,
    },
    DeleteImages: { "ImageIds.#": "img-id!", DeleteBindedSnap: "boolean" },
    DescribeImages: { "ImageIds.#": "img-id", ...filters, ...paging },
    DescribeInstances: { "InstanceIds.#": "ins-id", ...filters, ...paging },
    DescribeRegions: {},
    DescribeZoneInstanceConfigInfos: { ...filters },
    InquiryPriceRunInstances: {
      InstanceChargeType: "text",
      "Placement.Zone": "text!",
      InstanceType: "text",
      ImageId: "img-id!",
      "SystemDisk.DiskType": "text",
      "SystemDisk.DiskSize": "integer",
      InstanceCount: "integer",
    },
    RebootInstances: { "InstanceIds.#": "ins-id!", StopType: "text" },
    RunInstances: {
      InstanceChargeType: "text",
      "Placement.Zone": "text!",
      InstanceType: "text",
      ImageId: "img-id",
      "SystemDisk.DiskType": "text",
      "SystemDisk.DiskSize": "integer",
      "VirtualPrivateCloud.VpcId": "vpc-id!",
      "VirtualPrivateCloud.SubnetId": "subnet-id!",
      "VirtualPrivateCloud.PrivateIpAddresses.#": "text",
      "InternetAccessible.InternetChargeType": "text",
      "InternetAccessible.InternetMaxBandwidthOut": "integer",
      "InternetAccessible.PublicIpAssigned": "boolean",
      InstanceCount: "integer",
      InstanceName: "text",
      "LoginSettings.Password": "text",
      "LoginSettings.KeyIds.#": "skey-id",
      "LoginSettings.KeepImageLogin": "text",
      "SecurityGroupIds.#": "sg-id",
      ClientToken: "text",
      UserData: "base64",
      DryRun: "boolean",
      ...tagSpecification,
    },
    StartInstances: { "InstanceIds.#": "ins-id!" },
    StopInstances: { "InstanceIds.#": "ins-id!", StopType: "text", StoppedMode: "text" },
    TerminateInstances: { "InstanceIds.#": "ins-id!" },
  },
};

const cbs: Service = {
  version: "2017-03-12",
  actions: {
    AttachDisks: {
      InstanceId: "ins-id!",
      "DiskIds.#": "disk-id!",
      DeleteWithInstance: "boolean",
    },
    CreateDisks: {
      "Placement.Zone": "text!",
      DiskChargeType: "text!",
      DiskType: "text!",
      DiskName: "text",
      DiskSize: "integer",
      SnapshotId: "snap-id",
      ClientToken: "text",
      Encrypt: "text",
      KmsKeyId: "text",
      ...tags,
    },
    CreateSnapshot: { DiskId: "disk-id", SnapshotName: "text", DiskUsage: "text", ...tags },
    DeleteSnapshots: { "SnapshotIds.#": "snap-id!", DeleteBindImages: "boolean" },
    InquiryPriceCreateDisks: {
      DiskChargeType: "text!",
      DiskType: "text!",
      DiskSize: "integer!",
      DiskCount: "integer",
    },
    DescribeDiskConfigQuota: {
      InquiryType: "text!",
      DiskChargeType: "text",
      "DiskTypes.#": "text",
      "Zones.#": "text",
    },
    DescribeDisks: { "DiskIds.#": "disk-id", ...filters, ...paging },
    DescribeSnapshots: { "SnapshotIds.#": "snap-id", ...filters, ...paging },
    DetachDisks: { "DiskIds.#": "disk-id!", InstanceId: "ins-id" },
    ModifyDiskAttributes: { "DiskIds.#": "disk-id!", DeleteWithInstance: "boolean" },
    TerminateDisks: { "DiskIds.#": "disk-id!", DeleteSnapshot: "integer" },
  },
};

const vpc: Service = {
  version: "2017-03-12",
  actions: {
    AllocateAddresses: {
      AddressCount: "integer",
      InternetChargeType: "text",
      InternetMaxBandwidthOut: "integer",
      AddressName: "text",
      ClientToken: "text",
      ...tags,
    },
    AssociateAddress: { AddressId: "eip-id!", InstanceId: "ins-id" },
    CreateSecurityGroup: { GroupName: "text!", GroupDescription: "text!", ...tags },
    DeleteSecurityGroup: { SecurityGroupId: "sg-id!" },
    DescribeAddresses: { "AddressIds.#": "eip-id", ...filters, ...paging },
    // Offset and Limit are texts here.
    DescribeSecurityGroups: {
      "SecurityGroupIds.#": "sg-id",
      ...filters,
      Offset: "text",
      Limit: "text",
    },
    // Here too.
    DescribeSubnets: { "SubnetIds.#": "subnet-id", ...filters, Offset: "text", Limit: "text" },
    DisassociateAddress: { AddressId: "eip-id!", ReallocateNormalPublicIp: "boolean" },
    ModifySecurityGroupPolicies: { SecurityGroupId: "sg-id!", ...policies },
    ReleaseAddresses: { "AddressIds.#": "eip-id!" },
  },
};

const sts: Service = { version: "2018-08-13", actions: { GetCallerIdentity: {} } };

export const services: Readonly<Record<string, Service>> = { cvm, cbs, vpc, sts };
