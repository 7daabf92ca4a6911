/**
 * Every call we make, and where it goes. Source: the models in the vendor's own Terraform provider
 * (github.com/ctyun-it/terraform-provider-ctyun), internal/core/{ctecs,ctebs,ctvpc} and
 * internal/core/ctyun-sdk-endpoint/{ctecs,ctimage}; the names are those models'.
 */

/** Each product answers at a host of its own, for all pools. */
export type Product = "ecs" | "ebs" | "vpc" | "image";

export interface Operation {
  readonly product: Product;
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Asked without naming a resource pool. */
  readonly anywhere?: true;
}

const of =
  (product: Product, method: Operation["method"]) =>
  (path: string): Operation => ({ product, method, path });
const [ecsGet, ecsPost] = [of("ecs", "GET"), of("ecs", "POST")];
const [ebsGet, ebsPost] = [of("ebs", "GET"), of("ebs", "POST")];
const [vpcGet, vpcPost] = [of("vpc", "GET"), of("vpc", "POST")];

export const operations = {
  ListRegions: { ...ecsGet("/v4/region/list-regions"), anywhere: true },
  QueryZonesInRegion: ecsGet("/v4/region/get-zones"),
  QueryOrderUuid: { ...ecsGet("/v4/ecs/order/query-uuid"), anywhere: true },
  QueryNewOrderPrice: ecsPost("/v4/order/new-query-price"),
  ListFlavor: ecsPost("/v4/ecs/flavor/list"),
  CreateInstance: ecsPost("/v4/ecs/create-instance"),
  DetailsInstance: ecsGet("/v4/ecs/instance-details"),
  ListInstance: ecsPost("/v4/ecs/list-instances"),
  StopInstance: ecsPost("/v4/ecs/stop-instance"),
  RebootInstance: ecsPost("/v4/ecs/reboot-instance"),
  UnsubscribeInstance: ecsPost("/v4/ecs/unsubscribe-instance"),

  NewEbs: ebsPost("/v4/ebs/new-ebs"),
  NewFromSnapshot: ebsPost("/v4/ebs/new-from-snapshot-ebs-snap"),
  QueryEbsByID: ebsGet("/v4/ebs/info-ebs"),
  QueryEbsList: ebsGet("/v4/ebs/list-ebs"),
  UpdateEbsName: ebsPost("/v4/ebs/update-attr-ebs"),
  AttachEbs: ebsPost("/v4/ebs/attach-ebs"),
  DetachEbs: ebsPost("/v4/ebs/detach-ebs"),
  RefundEbs: ebsPost("/v4/ebs/refund-ebs"),
  CreateEbsSnap: ebsPost("/v4/ebs_snapshot/create-ebs-snap"),
  ListEbsSnap: ebsGet("/v4/ebs_snapshot/list-ebs-snap"),
  DeleteEbsSnap: ebsPost("/v4/ebs_snapshot/delete-ebs-snap"),

  ListImage: { product: "image", method: "GET", path: "/v4/image/list" },
  DetailImage: { product: "image", method: "GET", path: "/v4/image/detail" },

  ShowSubnet: vpcGet("/v4/vpc/query-subnet"),
  NewSubnetList: vpcGet("/v4/vpc/new-list-subnet"),
  QuerySecurityGroups: vpcGet("/v4/vpc/new-query-security-groups"),
  ShowSecurityGroup: vpcGet("/v4/vpc/describe-security-group-attribute"),
  CreateSecurityGroup: vpcPost("/v4/vpc/create-security-group"),
  CreateSgIngressRule: vpcPost("/v4/vpc/create-security-group-ingress"),
  DeleteSecurityGroup: vpcPost("/v4/vpc/delete-security-group"),
  CreateEip: vpcPost("/v4/eip/create"),
  ListEip: vpcPost("/v4/eip/new-list"),
  AssociateEip: vpcPost("/v4/eip/associate"),
  DisassociateEip: vpcPost("/v4/eip/disassociate"),
  DeleteEip: vpcPost("/v4/eip/delete"),
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;
