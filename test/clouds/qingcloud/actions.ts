/**
 * The actions that we use, with every parameter they take here: name on the wire (`#` for the number in a
 * list) and type; `!` marks what is required. Sources: yunify/qingcloud-api-specs, 2013-08-30/swagger (names,
 * types, `required`); QingCloud API, the pages of CaptureImageFromSnapshot, TerminateInstances
 * (`direct_cease`) and ModifyVolumeAttributes, which the definition lacks. Parameters we never send are left
 * out, so sending one fails a test until somebody looks it up.
 */

export type ParameterType =
  | "text"
  | "name"
  | "integer"
  | "flag"
  | "base64"
  | "volume"
  | "instance"
  | "snapshot"
  | "image"
  | "group"
  | "rule"
  | "eip"
  | "vxnet"
  | "job";

export interface ActionTable {
  readonly [parameter: string]: ParameterType | `${ParameterType}!`;
}

/** Of the whole cloud: they need not name a zone. Source: 2013-08-30/swagger/zone.json. */
export const zoneless: ReadonlySet<string> = new Set(["DescribeZones"]);

const pages: ActionTable = { offset: "integer", limit: "integer" };
const searched: ActionTable = { ...pages, search_word: "text" };

export const actions: Readonly<Record<string, ActionTable>> = {
  AddSecurityGroupRules: {
    security_group: "group!",
    "rules.#.protocol": "text!",
    "rules.#.priority": "integer!",
    "rules.#.action": "text",
    "rules.#.direction": "integer",
    "rules.#.security_group_rule_name": "name",
    "rules.#.val1": "integer",
    "rules.#.val2": "integer",
    "rules.#.val3": "text",
  },
  AllocateEips: {
    bandwidth: "integer!",
    billing_mode: "text",
    eip_name: "name",
    count: "integer",
    need_icp: "flag",
  },
  ApplySecurityGroup: { security_group: "group!", "instances.#": "instance" },
  AssociateEip: { eip: "eip!", instance: "instance!" },
  AttachVolumes: { "volumes.#": "volume!", instance: "instance!" },
  CaptureImageFromSnapshot: {
    snapshot: "snapshot!",
    image_name: "name",
    description: "text",
    base_image: "image",
  },
  CreateSecurityGroup: { security_group_name: "name" },
  CreateSnapshots: { "resources.#": "text!", snapshot_name: "name", is_full: "flag" },
  CreateVolumeFromSnapshot: { snapshot: "snapshot!", volume_name: "name" },
  CreateVolumes: {
    size: "integer!",
    volume_name: "name",
    volume_type: "integer",
    count: "integer",
  },
  DeleteImages: { "images.#": "image!" },
  DeleteSecurityGroupRules: { "security_group_rules.#": "rule!" },
  DeleteSecurityGroups: { "security_groups.#": "group!" },
  DeleteSnapshots: { "snapshots.#": "snapshot!" },
  DeleteVolumes: { "volumes.#": "volume!" },
  DescribeEips: { "eips.#": "eip", ...searched },
  DescribeImages: {
    "images.#": "image",
    processor_type: "text",
    provider: "text",
    "status.#": "text",
    ...searched,
  },
  DescribeInstanceTypes: { "instance_types.#": "text" },
  DescribeInstances: { "instances.#": "instance", verbose: "flag", ...searched },
  DescribeJobs: { "jobs.#": "job", "status.#": "text", ...pages },
  DescribeSecurityGroupRules: { security_group: "group", direction: "flag", ...pages },
  DescribeSecurityGroups: { "security_groups.#": "group", verbose: "integer", ...searched },
  DescribeSnapshots: { "snapshots.#": "snapshot", ...searched },
  DescribeVolumes: { "volumes.#": "volume", ...searched },
  DescribeVxnets: { "vxnets.#": "vxnet", ...searched },
  DescribeZones: { "zones.#": "text" },
  DetachVolumes: { "volumes.#": "volume!", instance: "instance!" },
  DissociateEips: { "eips.#": "eip!" },
  ModifyVolumeAttributes: { volume: "volume!", volume_name: "name", description: "text" },
  ReleaseEips: { "eips.#": "eip!" },
  ResizeVolumes: { "volumes.#": "volume!", size: "integer!" },
  RunInstances: {
    image_id: "image!",
    instance_type: "text",
    instance_class: "integer",
    os_disk_size: "integer",
    count: "integer",
    instance_name: "name",
    login_mode: "text!",
    login_keypair: "text",
    login_passwd: "text",
    "vxnets.#": "text",
    security_group: "group",
    "volumes.#": "volume",
    need_userdata: "flag",
    userdata_type: "text",
    userdata_value: "base64",
    userdata_file: "text",
  },
  StartInstances: { "instances.#": "instance!" },
  StopInstances: { "instances.#": "instance!", force: "flag" },
  TerminateInstances: { "instances.#": "instance!", direct_cease: "flag" },
};
