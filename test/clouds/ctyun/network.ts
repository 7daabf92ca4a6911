/** VPC: subnets, security groups and elastic addresses. Sources: the models named in api.ts, with their comments. */
import { type Handler, once, orderJson, unlessOpening } from "./orders.ts";
import { pageOf, Refusal, refuse } from "./request.ts";
import { type Eip, type Group, get, type Subnet } from "./state.ts";

const subnetJson = ({ id, name, vpcId, zones, cidr, free, type }: Subnet) => ({
  subnetID: id,
  name,
  vpcID: vpcId,
  availabilityZones: zones,
  CIDR: cidr,
  availableIPCount: free,
  type,
});

const showSubnet: Handler = (pool, { asked }) => {
  const found = pool.subnets.get(asked.subnetID);
  if (found !== undefined) return subnetJson(found);
  throw new Refusal("Openapi.Subnet.NotFound", `subnet ${asked.subnetID} is not found`);
};

const listSubnets: Handler = (pool, { asked }) => {
  const { vpcID, subnetID } = asked;
  const wanted = subnetID?.split(",");
  const found = [...pool.subnets.values()].filter(
    ({ id, vpcId }) =>
      (vpcID === undefined || vpcId === vpcID) && (wanted === undefined || wanted.includes(id)),
  );
  const { items, counts } = pageOf(asked, found, 50);
  return { subnets: items.map(subnetJson), ...counts };
};

const groupJson = ({ id, name, description = "", vpcId, rules }: Group) => ({
  id,
  securityGroupName: name,
  description,
  vpcID: vpcId,
  origin: "0",
  // A port is shown as a range of one.
  securityGroupRuleList: rules.map((rule) => ({
    ...rule,
    range: /-/.test(rule.range) ? rule.range : `${rule.range}-${rule.range}`,
  })),
});

const listGroups: Handler = (pool, { asked }) => {
  const { queryContent = "", vpcID } = asked;
  const found = [...pool.groups.values()].filter(
    (group) =>
      pool.isShown(group) &&
      (vpcID === undefined || group.vpcId === vpcID) &&
      [group.id, group.name].some((text) => text.includes(queryContent)),
  );
  const { items, counts } = pageOf(asked, found, 50);
  return { securityGroups: items.map(groupJson), ...counts };
};

const createGroup: Handler = async (pool, request) => {
  const { asked } = request;
  const order = await once(pool, request, () => {
    if (![...pool.subnets.values()].some(({ vpcId }) => vpcId === asked.vpcID)) {
      throw new Refusal("Openapi.Vpc.NotFound", `VPC ${asked.vpcID} is not found`);
    }
    const thing = pool.newThing("sg");
    pool.groups.set(thing.id, { ...thing, name: asked.name, vpcId: asked.vpcID, rules: [] });
    return pool.newOrder([thing.id]);
  });
  return { securityGroupID: order.ids[0] };
};

const allow: Handler = (pool, { asked }) => {
  const group = get(pool, pool.groups, "group", asked.securityGroupID);
  for (const rule of asked.securityGroupRules) {
    const { direction, action, protocol, range, destCidrIp, priority } = rule;
    if (!/^\d+(-\d+)?$/.test(range) || protocol !== "TCP" || priority < 1 || priority > 100) {
      refuse("vpc", `rule ${JSON.stringify(rule)}`);
    }
    if (group.rules.some((one) => one.range === range && one.destCidrIp === destCidrIp)) {
      throw new Refusal("Openapi.SecurityGroupRule.Repeated", "the rule already exists");
    }
    group.rules.push({ direction, action, protocol, range, destCidrIp });
  }
  return { sgRuleIDs: asked.securityGroupRules.map(() => "sgrule") };
};

/** "删除安全组之前，请确保安全组内不存在实例"; the code is guessed. */
const deleteGroup: Handler = (pool, { asked }) => {
  const group = get(pool, pool.groups, "group", asked.securityGroupID);
  if ([...pool.servers.values()].some(({ groupIds }) => groupIds.includes(group.id))) {
    throw new Refusal(
      "Openapi.SecurityGroup.InUse",
      "the security group is in use / 安全组正在使用",
    );
  }
  pool.groups.delete(group.id);
  return {};
};

/** "企业项目 ID，默认为"0"": of another one nothing is listed unless it is asked for. */
const noProject = "0";

const eipJson = ({ id, name, address, bandwidth, billing, serverId }: Eip) => ({
  ID: id,
  name,
  eipAddress: address,
  bandwidth,
  bandwidthType: billing,
  billingMethod: "on_demand",
  status: serverId === undefined ? "DOWN" : "ACTIVE",
  ...(serverId === undefined
    ? { associationID: null }
    : { associationID: serverId, associationType: "INSTANCE" }),
});

const createEip: Handler = async (pool, request) => {
  const { asked } = request;
  const order = await once(pool, request, () => {
    if (asked.cycleType !== "on_demand") refuse("vpc", `cycleType ${asked.cycleType}`);
    if (!["bandwidth", "upflowc"].includes(asked.demandBillingType)) {
      refuse("vpc", `demandBillingType ${asked.demandBillingType}`);
    }
    if (pool.eips.size >= pool.quotas.addresses) {
      throw new Refusal("Openapi.Eip.QuotaExceeded", "eip quota exceeded / 弹性IP配额不足");
    }
    const thing = pool.newThing("eip");
    pool.eips.set(thing.id, {
      ...thing,
      name: asked.name,
      // Gateways are this machine's processes.
      address: "127.0.0.1",
      bandwidth: asked.bandwidth ?? 1,
      billing: asked.demandBillingType,
      projectId: asked.projectID ?? noProject,
    });
    return pool.newOrder([thing.id]);
  });
  const { ids } = unlessOpening(pool, order, "Openapi.Order.Inprogress");
  return { ...orderJson(pool, order), masterResourceStatus: "started", eipID: ids[0] };
};

const listEips: Handler = (pool, { asked }) => {
  const { ids, projectID = noProject } = asked;
  const found = [...pool.eips.values()].filter(
    (eip) =>
      pool.isShown(eip) &&
      eip.projectId === projectID &&
      (ids === undefined || ids.includes(eip.id)),
  );
  const { items, counts } = pageOf(asked, found, 50);
  return { eips: items.map(eipJson), ...counts };
};

const associate: Handler = (pool, { asked }) => {
  const eip = get(pool, pool.eips, "eip", asked.eipID);
  const server = get(pool, pool.servers, "instance", asked.associationID);
  if (asked.associationType !== 1) refuse("vpc", `associationType ${asked.associationType}`);
  if (eip.serverId !== undefined) {
    throw new Refusal("Openapi.Eip.StatusActive", "the status of the eip is ACTIVE");
  }
  eip.serverId = server.id;
  return {};
};

const disassociate: Handler = (pool, { asked }) => {
  const eip = get(pool, pool.eips, "eip", asked.eipID);
  if (eip.serverId === undefined) {
    throw new Refusal("Openapi.Eip.StatusDown", "the status of the eip is DOWN");
  }
  delete eip.serverId;
  return {};
};

const deleteEip: Handler = async (pool, request) => {
  const order = await once(pool, request, () => {
    const eip = get(pool, pool.eips, "eip", request.asked.eipID);
    if (eip.serverId !== undefined) {
      throw new Refusal("Openapi.Eip.StatusActive", "the status of the eip is ACTIVE");
    }
    pool.eips.delete(eip.id);
    return pool.newOrder([eip.id]);
  });
  return orderJson(pool, order);
};

export const networkHandlers: Record<string, Handler> = {
  ShowSubnet: showSubnet,
  NewSubnetList: listSubnets,
  QuerySecurityGroups: listGroups,
  ShowSecurityGroup: (pool, { asked }) =>
    groupJson(get(pool, pool.groups, "group", asked.securityGroupID)),
  CreateSecurityGroup: createGroup,
  CreateSgIngressRule: allow,
  DeleteSecurityGroup: deleteGroup,
  CreateEip: createEip,
  ListEip: listEips,
  AssociateEip: associate,
  DisassociateEip: disassociate,
  DeleteEip: deleteEip,
};
