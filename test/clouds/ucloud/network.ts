/** Subnets, firewalls, elastic addresses. Source for codes: UNet API, "error_code". */
import { Refusal, unfit } from "./request.ts";
import { type Action, type Eip, type Firewall, get, page, seconds } from "./state.ts";

const describeSubnets: Action = ({ subnets }, parameters) => {
  const asked = parameters.list("SubnetIds");
  const found = subnets.filter(({ id }) => asked.length === 0 || asked.includes(id));
  return {
    TotalCount: found.length,
    DataSet: page(found, parameters).map(({ id, name, vpcId, zone, network, netmask, free }) => ({
      ...{ SubnetId: id, VPCId: vpcId, VPCName: "fake-vpc", Zone: zone, SubnetName: name },
      ...{ Subnet: `${network}.0`, Netmask: netmask, Gateway: `${network}.1` },
      ...(parameters.flag("ShowAvailableIPs") === true ? { AvailableIPs: free } : {}),
    })),
  };
};

const rule = /^(TCP|UDP|ICMP|GRE)\|\d+(-\d+)?\|[\d./]+\|(ACCEPT|DROP)\|(HIGH|MEDIUM|LOW)\|.{0,64}$/;

function rulesIn(rules: readonly string[]): readonly string[] {
  if (!rules.every((one) => rule.test(one))) throw unfit("Rule");
  return rules;
}

const createFirewall: Action = (project, parameters) => {
  const name = parameters.get("Name");
  if ([...project.firewalls.values()].some((one) => one.name === name)) {
    throw new Refusal(4364, "firewall name already exists");
  }
  const firewall: Firewall = {
    ...project.newThing("firewall", name, parameters.get("Tag")),
    rules: rulesIn(parameters.list("Rule")),
  };
  project.firewalls.set(firewall.id, firewall);
  return { FWId: firewall.id };
};

const updateFirewall: Action = (project, parameters) => {
  const firewall = get(project.firewalls, 4600, parameters.get("FWId"));
  firewall.rules = rulesIn(parameters.list("Rule"));
  return { FWId: firewall.id };
};

const describeFirewalls: Action = (project, parameters) => {
  const id = parameters.find("FWId");
  const found = [...project.firewalls.values()].filter(
    (one) => project.isShown(one) && (id === undefined || one.id === id),
  );
  return {
    TotalCount: found.length,
    DataSet: page(found, parameters).map((one) => ({
      ...{ FWId: one.id, GroupId: one.id, Name: one.name, Tag: one.group, Remark: "" },
      ...{ Type: "user defined", CreateTime: seconds(one) },
      ResourceCount: [...project.hosts.values()].filter((host) => host.firewallId === one.id)
        .length,
    })),
  };
};

const deleteFirewall: Action = (project, parameters) => {
  const firewall = get(project.firewalls, 4600, parameters.get("FWId"));
  if ([...project.hosts.values()].some(({ firewallId }) => firewallId === firewall.id)) {
    throw new Refusal(4361, "firewall is in use");
  }
  project.firewalls.delete(firewall.id);
  return {};
};

/** Source: AllocateEIP, OperatorName. */
const lines = ["BGP", "International", "BGPPro"];

const allocateEip: Action = (project, parameters) => {
  if (project.eips.size >= project.quotas.eips) throw new Refusal(4207, "quota not enough");
  const line = parameters.get("OperatorName");
  // Mainland regions have BGP lines, the others have not.
  if (!lines.includes(line) || line !== "BGP") throw unfit("OperatorName");
  const bandwidth = parameters.number("Bandwidth") ?? 0;
  const payMode = parameters.find("PayMode") ?? "Bandwidth";
  if (bandwidth < 1 || bandwidth > (payMode === "Traffic" ? 300 : 10_000)) throw unfit("Bandwidth");
  const eip: Eip = {
    ...project.newThing("eip", parameters.get("Name"), parameters.get("Tag")),
    // So that gateways are reached by what the cloud calls public.
    ...{ address: "127.0.0.1", bandwidth, payMode, line },
    chargeType: parameters.find("ChargeType") ?? "Month",
  };
  project.eips.set(eip.id, eip);
  return {
    EIPSet: [{ EIPId: eip.id, EIPAddr: [{ OperatorName: line, IP: eip.address }] }],
  };
};

const describeEips: Action = (project, parameters) => {
  const asked = parameters.list("EIPIds");
  const found = [...project.eips.values()].filter(
    (one) => project.isShown(one) && (asked.length === 0 || asked.includes(one.id)),
  );
  return {
    TotalCount: found.length,
    EIPSet: page(found, parameters).map((one) => ({
      ...{ EIPId: one.id, Name: one.name, Tag: one.group, CreateTime: seconds(one) },
      ...{ Bandwidth: one.bandwidth, PayMode: one.payMode, ChargeType: one.chargeType },
      EIPAddr: [{ OperatorName: one.line, IP: one.address }],
      Status: one.hostId === undefined ? "free" : "used",
      Resource: one.hostId === undefined ? {} : { ResourceID: one.hostId, ResourceType: "uhost" },
    })),
  };
};

const bindEip: Action = (project, parameters) => {
  const eip = get(project.eips, 4210, parameters.get("EIPId"));
  const host = get(project.hosts, 8039, parameters.get("ResourceId"));
  if (parameters.get("ResourceType") !== "uhost") throw unfit("ResourceType");
  if (eip.hostId !== undefined) throw new Refusal(4212, "EIP is in use");
  if ([...project.eips.values()].some(({ hostId }) => hostId === host.id)) {
    throw new Refusal(4154, "an EIP is bound to the resource already");
  }
  eip.hostId = host.id;
  return {};
};

const unbindEip: Action = (project, parameters) => {
  const eip = get(project.eips, 4210, parameters.get("EIPId"));
  if (eip.hostId === undefined) throw new Refusal(4211, "EIP is not bound");
  delete eip.hostId;
  return {};
};

const releaseEip: Action = (project, parameters) => {
  const eip = get(project.eips, 4210, parameters.get("EIPId"));
  if (eip.hostId !== undefined) throw new Refusal(4212, "EIP is in use");
  project.eips.delete(eip.id);
  return {};
};

export const networkActions: Readonly<Record<string, Action>> = {
  AllocateEIP: allocateEip,
  BindEIP: bindEip,
  CreateFirewall: createFirewall,
  DeleteFirewall: deleteFirewall,
  DescribeEIP: describeEips,
  DescribeFirewall: describeFirewalls,
  DescribeSubnet: describeSubnets,
  ReleaseEIP: releaseEip,
  UnBindEIP: unbindEip,
  UpdateFirewall: updateFirewall,
};
