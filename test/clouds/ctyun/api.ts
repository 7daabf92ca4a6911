/**
 * The calls of ECS, EBS, VPC and images that we make, with every parameter they take here; `!` marks what is
 * required. Sources: the request models of the vendor's own Terraform provider (github.com/ctyun-it/
 * terraform-provider-ctyun at 80651fdd), internal/core/{ctecs,ctebs,ctvpc}/*_api.go with their comments, and
 * internal/core/ctyun-sdk-endpoint/{ctecs,ctimage}/*.go. Fields we never send are left out, so sending one fails a
 * test until somebody looks it up.
 */

/** How values look, by the comments of the models. */
export const types = {
  text: (value: unknown) => typeof value === "string" && value !== "",
  integer: (value: unknown) => Number.isInteger(value),
  boolean: (value: unknown) => typeof value === "boolean",
  /** "客户端存根 … 长度 1 - 64" */
  token: (value: unknown) => fits(value, /^.{1,64}$/),
  /** "仅允许英文字母、数字及_或者-，长度为2-63字符，不能以特殊字符开头" */
  diskName: (value: unknown) => fits(value, /^[A-Za-z0-9][A-Za-z0-9_-]{1,62}$/),
  /** "只能以英文字母开头，且长度为2-63字符" */
  snapshotName: (value: unknown) => fits(value, /^[A-Za-z][A-Za-z0-9_-]{1,62}$/),
  /** "支持拉丁字母、中文、数字，下划线，连字符，中文 / 英文字母开头 … 长度 2 - 32" */
  networkName: (value: unknown) =>
    fits(value, /^[\p{Script=Han}A-Za-z][\p{Script=Han}\w-]{1,31}$/u),
  /** "长度为2-64字符，允许使用点（.）分隔字符成多段，每段允许使用大小写字母、数字或连字符（-）" */
  hostName: (value: unknown) =>
    fits(value, /^(?=.{2,64}$)(?!\d+$)(?!.*(--|\.\.))[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9]$/),
  /** "长度为2-63字符" */
  displayName: (value: unknown) => fits(value, /^.{2,63}$/),
  /** "Base64编码后的长度限制为1-16384字符" */
  userData: (value: unknown) => fits(value, /^[A-Za-z0-9+/]{1,16384}={0,2}$/),
  password: (value: unknown) => fits(value, /^[^/].{7,29}$/),
  texts: (value: unknown) => Array.isArray(value) && value.every((one) => typeof one === "string"),
} as const;

function fits(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}

export type Type = keyof typeof types;
export interface Fields {
  readonly [name: string]: Type | readonly [Fields];
}

export interface Call {
  readonly product: "ecs" | "ebs" | "vpc" | "image";
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Query of a GET, body of a POST; names end in `!` where they are required. */
  readonly fields: Fields;
}

const region = { "regionID!": "text" } as const;
const page = { pageNo: "integer", pageSize: "integer" } as const;
const order = { ...region, "clientToken!": "token" } as const;
const newDisk = {
  ...order,
  "diskName!": "diskName",
  "diskMode!": "text",
  "diskSize!": "integer",
  onDemand: "boolean",
  projectID: "text",
} as const;

export const calls: Readonly<Record<string, Call>> = {
  ListRegions: {
    product: "ecs",
    method: "GET",
    path: "/v4/region/list-regions",
    fields: { regionName: "text" },
  },
  QueryZonesInRegion: {
    product: "ecs",
    method: "GET",
    path: "/v4/region/get-zones",
    fields: { ...region },
  },
  QueryOrderUuid: {
    product: "ecs",
    method: "GET",
    path: "/v4/ecs/order/query-uuid",
    fields: { "masterOrderID!": "text" },
  },
  QueryNewOrderPrice: {
    product: "ecs",
    method: "POST",
    path: "/v4/order/new-query-price",
    fields: {
      ...region,
      "resourceType!": "text",
      "count!": "integer",
      "onDemand!": "boolean",
      flavorName: "text",
      imageUUID: "text",
      sysDiskType: "text",
      sysDiskSize: "integer",
      diskType: "text",
      diskSize: "integer",
      diskMode: "text",
    },
  },
  ListFlavor: {
    product: "ecs",
    method: "POST",
    path: "/v4/ecs/flavor/list",
    fields: { ...region, azName: "text", flavorArch: "text", flavorName: "text" },
  },
  CreateInstance: {
    product: "ecs",
    method: "POST",
    path: "/v4/ecs/create-instance",
    fields: {
      ...order,
      "azName!": "text",
      "instanceName!": "hostName",
      "displayName!": "displayName",
      "flavorID!": "text",
      "imageType!": "integer",
      "imageID!": "text",
      "bootDiskType!": "text",
      "bootDiskSize!": "integer",
      "vpcID!": "text",
      "onDemand!": "boolean",
      "networkCardList!": [{ fixedIP: "text", "isMaster!": "boolean", "subnetID!": "text" }],
      "extIP!": "text",
      projectID: "text",
      secGroupList: "texts",
      keyPairID: "text",
      userPassword: "password",
      userData: "userData",
    },
  },
  DetailsInstance: {
    product: "ecs",
    method: "GET",
    path: "/v4/ecs/instance-details",
    fields: { ...region, "instanceID!": "text" },
  },
  ListInstance: {
    product: "ecs",
    method: "POST",
    path: "/v4/ecs/list-instances",
    fields: { ...region, ...page, azName: "text", keyword: "text", instanceName: "text" },
  },
  StopInstance: {
    product: "ecs",
    method: "POST",
    path: "/v4/ecs/stop-instance",
    fields: { ...region, "instanceID!": "text", force: "boolean" },
  },
  RebootInstance: {
    product: "ecs",
    method: "POST",
    path: "/v4/ecs/reboot-instance",
    fields: { ...region, "instanceID!": "text", force: "boolean" },
  },
  UnsubscribeInstance: {
    product: "ecs",
    method: "POST",
    path: "/v4/ecs/unsubscribe-instance",
    fields: { ...order, "instanceID!": "text" },
  },

  NewEbs: {
    product: "ebs",
    method: "POST",
    path: "/v4/ebs/new-ebs",
    fields: { ...newDisk, "diskType!": "text", azName: "text", deleteSnapWithEbs: "boolean" },
  },
  NewFromSnapshot: {
    product: "ebs",
    method: "POST",
    path: "/v4/ebs/new-from-snapshot-ebs-snap",
    fields: { ...newDisk, "snapshotID!": "text" },
  },
  QueryEbsByID: {
    product: "ebs",
    method: "GET",
    path: "/v4/ebs/info-ebs",
    fields: { regionID: "text", "diskID!": "text" },
  },
  QueryEbsList: {
    product: "ebs",
    method: "GET",
    path: "/v4/ebs/list-ebs",
    fields: { ...region, ...page, diskStatus: "text", azName: "text", queryContent: "text" },
  },
  UpdateEbsName: {
    product: "ebs",
    method: "POST",
    path: "/v4/ebs/update-attr-ebs",
    fields: { regionID: "text", "diskID!": "text", "diskName!": "diskName" },
  },
  AttachEbs: {
    product: "ebs",
    method: "POST",
    path: "/v4/ebs/attach-ebs",
    fields: { regionID: "text", "diskID!": "text", "instanceID!": "text" },
  },
  DetachEbs: {
    product: "ebs",
    method: "POST",
    path: "/v4/ebs/detach-ebs",
    fields: { regionID: "text", "diskID!": "text", instanceID: "text" },
  },
  RefundEbs: {
    product: "ebs",
    method: "POST",
    path: "/v4/ebs/refund-ebs",
    fields: { regionID: "text", "clientToken!": "token", "diskID!": "text" },
  },
  CreateEbsSnap: {
    product: "ebs",
    method: "POST",
    path: "/v4/ebs_snapshot/create-ebs-snap",
    fields: {
      ...region,
      clientToken: "token",
      "snapshotName!": "snapshotName",
      "diskID!": "text",
      "retentionPolicy!": "text",
      retentionTime: "integer",
    },
  },
  ListEbsSnap: {
    product: "ebs",
    method: "GET",
    path: "/v4/ebs_snapshot/list-ebs-snap",
    fields: { ...region, diskID: "text", snapshotID: "text", snapshotName: "text" },
  },
  DeleteEbsSnap: {
    product: "ebs",
    method: "POST",
    path: "/v4/ebs_snapshot/delete-ebs-snap",
    fields: { ...region, "snapshotIDs!": "texts", refundOrder: "boolean", diskID: "text" },
  },

  ListImage: {
    product: "image",
    method: "GET",
    path: "/v4/image/list",
    fields: { ...region, ...page, azName: "text", visibility: "integer", queryContent: "text" },
  },
  DetailImage: {
    product: "image",
    method: "GET",
    path: "/v4/image/detail",
    fields: { ...region, "imageID!": "text" },
  },

  ShowSubnet: {
    product: "vpc",
    method: "GET",
    path: "/v4/vpc/query-subnet",
    fields: { ...region, "subnetID!": "text" },
  },
  NewSubnetList: {
    product: "vpc",
    method: "GET",
    path: "/v4/vpc/new-list-subnet",
    fields: { ...region, ...page, vpcID: "text", subnetID: "text" },
  },
  QuerySecurityGroups: {
    product: "vpc",
    method: "GET",
    path: "/v4/vpc/new-query-security-groups",
    fields: { ...region, ...page, vpcID: "text", queryContent: "text" },
  },
  ShowSecurityGroup: {
    product: "vpc",
    method: "GET",
    path: "/v4/vpc/describe-security-group-attribute",
    fields: { ...region, "securityGroupID!": "text", direction: "text", projectID: "text" },
  },
  CreateSecurityGroup: {
    product: "vpc",
    method: "POST",
    path: "/v4/vpc/create-security-group",
    fields: { ...order, "vpcID!": "text", "name!": "networkName", projectID: "text" },
  },
  CreateSgIngressRule: {
    product: "vpc",
    method: "POST",
    path: "/v4/vpc/create-security-group-ingress",
    fields: {
      ...order,
      "securityGroupID!": "text",
      "securityGroupRules!": [
        {
          "direction!": "text",
          remoteType: "integer",
          "action!": "text",
          "priority!": "integer",
          "protocol!": "text",
          "ethertype!": "text",
          destCidrIp: "text",
          range: "text",
        },
      ],
    },
  },
  DeleteSecurityGroup: {
    product: "vpc",
    method: "POST",
    path: "/v4/vpc/delete-security-group",
    fields: { ...order, "securityGroupID!": "text", projectID: "text" },
  },
  CreateEip: {
    product: "vpc",
    method: "POST",
    path: "/v4/eip/create",
    fields: {
      ...order,
      "cycleType!": "text",
      "name!": "networkName",
      bandwidth: "integer",
      demandBillingType: "text",
      lineType: "text",
      projectID: "text",
    },
  },
  ListEip: {
    product: "vpc",
    method: "POST",
    path: "/v4/eip/new-list",
    fields: { ...region, ...page, ids: "texts", status: "text", projectID: "text" },
  },
  AssociateEip: {
    product: "vpc",
    method: "POST",
    path: "/v4/eip/associate",
    fields: {
      ...order,
      "eipID!": "text",
      "associationID!": "text",
      "associationType!": "integer",
      projectID: "text",
    },
  },
  DisassociateEip: {
    product: "vpc",
    method: "POST",
    path: "/v4/eip/disassociate",
    fields: { ...order, "eipID!": "text", projectID: "text" },
  },
  DeleteEip: {
    product: "vpc",
    method: "POST",
    path: "/v4/eip/delete",
    fields: { ...order, "eipID!": "text" },
  },
};
