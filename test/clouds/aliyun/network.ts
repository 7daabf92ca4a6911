/** vSwitches, security groups, elastic IP addresses. */
import type { Parameters } from "../parameters.ts";
import { listed, pagedByNumber, pagedByToken, shownTags } from "./listing.ts";
import { type Answer, Refusal, tagsOf } from "./rpc.ts";
import { type Account, type Eip, type Group, get } from "./state.ts";

type Action = (account: Account, parameters: Parameters) => Answer;

const describeVSwitches: Action = (account, parameters) => {
  const has = (name: string, value: string) => (parameters.find(name) ?? value) === value;
  // An id that is not there gives an empty list.
  const found = account.vSwitches.filter(
    ({ id, vpcId, zone }) => has("VSwitchId", id) && has("VpcId", vpcId) && has("ZoneId", zone),
  );
  // Source: DescribeVSwitches, PageSize.
  const { items, next } = pagedByNumber(found, parameters, 50);
  return {
    ...next,
    VSwitches: {
      VSwitch: items.map((vSwitch) => ({
        VSwitchId: vSwitch.id,
        VSwitchName: vSwitch.name,
        VpcId: vSwitch.vpcId,
        ZoneId: vSwitch.zone,
        CidrBlock: vSwitch.cidr,
        AvailableIpAddressCount: vSwitch.free,
        Status: "Available",
      })),
    },
  };
};

const createGroup: Action = (account, parameters) => {
  const earlier = account.earlier("CreateSecurityGroup", parameters);
  if (earlier !== undefined) return { SecurityGroupId: earlier };
  const vpcId = parameters.get("VpcId");
  if (!account.vSwitches.some((vSwitch) => vSwitch.vpcId === vpcId)) {
    throw new Refusal(404, "InvalidVpcId.NotFound", "Specified VPC does not exist.");
  }
  const group: Group = {
    ...account.newThing("sg", parameters.get("SecurityGroupName"), tagsOf(parameters)),
    vpcId,
    description: parameters.get("Description"),
    type: parameters.find("SecurityGroupType") ?? "normal",
    isManaged: false,
    rules: new Set(),
  };
  account.groups.set(group.id, group);
  account.remember("CreateSecurityGroup", parameters, group.id);
  return { SecurityGroupId: group.id };
};

const authorizeGroup: Action = (account, parameters) => {
  const group = get(account.groups, "SecurityGroupId", parameters.get("SecurityGroupId"));
  for (const rule of parameters.structures("Permissions")) {
    const range = rule.get("PortRange");
    const from = rule.get("SourceCidrIp");
    if (!/^\d+\/\d+$/.test(range) || !/^\d+\.\d+\.\d+\.\d+(\/\d+)?$/.test(from)) {
      throw new Refusal(400, "InvalidParameter.Permissions", `Not valid: ${range} from ${from}`);
    }
    // One that exists already is let pass.
    group.rules.add(`${rule.get("IpProtocol").toLowerCase()} ${range} ${from}`);
  }
  return {};
};

const describeGroups: Action = (account, parameters) => {
  const found = listed(account, account.groups, parameters, {
    fields: {
      SecurityGroupId: ({ id }) => id,
      VpcId: ({ vpcId }) => vpcId,
      NetworkType: ({ vpcId }) => (vpcId === "" ? "classic" : "vpc"),
    },
  });
  const { items, next } = pagedByToken(found, parameters);
  return {
    ...next,
    SecurityGroups: {
      SecurityGroup: items.map((group) => ({
        SecurityGroupId: group.id,
        SecurityGroupName: group.name,
        Description: group.description,
        VpcId: group.vpcId,
        SecurityGroupType: group.type,
        ServiceManaged: group.isManaged,
        Tags: shownTags(group.tags),
      })),
    },
  };
};

const deleteGroup: Action = (account, parameters) => {
  const group = get(account.groups, "SecurityGroupId", parameters.get("SecurityGroupId"));
  if ([...account.instances.values()].some(({ groupIds }) => groupIds.includes(group.id))) {
    throw new Refusal(
      403,
      "DependencyViolation",
      "There is still instance(s) in the specified security group.",
    );
  }
  account.groups.delete(group.id);
  return {};
};

const allocateEip: Action = (account, parameters) => {
  const earlier = account.earlier("AllocateEipAddress", parameters);
  if (earlier !== undefined) {
    return { AllocationId: earlier, EipAddress: account.eips.get(earlier)?.address };
  }
  if (account.eips.size >= account.quotas.eips) {
    throw new Refusal(400, "QuotaExceeded.Eip", "Elastic IP address quota exceeded");
  }
  const bandwidth = parameters.number("Bandwidth") ?? 5;
  // Source: AllocateEipAddress, Bandwidth, for pay-as-you-go by traffic.
  if (parameters.get("InternetChargeType") !== "PayByTraffic" || bandwidth < 1 || bandwidth > 200) {
    throw new Refusal(400, "InvalidParameter", "The specified bandwidth is not valid");
  }
  const eip: Eip = {
    ...account.newThing("eip", parameters.get("Name"), tagsOf(parameters)),
    // All of 127/8 is this machine on Linux, so that gateways are reached by what the cloud calls public.
    address: "127.0.0.1",
    bandwidth,
    state: "Available",
    changesAt: 0,
  };
  account.eips.set(eip.id, eip);
  account.remember("AllocateEipAddress", parameters, eip.id);
  return { AllocationId: eip.id, EipAddress: eip.address };
};

export function letEipsHappen(account: Account): void {
  for (const eip of account.eips.values()) {
    if (account.now() < eip.changesAt) continue;
    if (eip.state === "Associating") eip.state = "InUse";
    if (eip.state === "Unassociating") {
      eip.state = "Available";
      delete eip.instanceId;
    }
  }
}

const wrongEip = () =>
  new Refusal(400, "IncorrectEipStatus", "Current elastic IP status does not support this.");

const associateEip: Action = (account, parameters) => {
  const eip = get(account.eips, "AllocationId", parameters.get("AllocationId"));
  const instance = get(account.instances, "InstanceId", parameters.get("InstanceId"));
  if (eip.state !== "Available") throw wrongEip();
  if (instance.state !== "Running" && instance.state !== "Stopped") {
    throw new Refusal(400, "IncorrectInstanceStatus", "Current instance status is not valid.");
  }
  eip.instanceId = instance.id;
  eip.state = "Associating";
  eip.changesAt = account.now() + account.delays.eipMs;
  return {};
};

const describeEips: Action = (account, parameters) => {
  const found = listed(account, account.eips, parameters, {
    fields: { AllocationId: ({ id }) => id },
  });
  const { items, next } = pagedByNumber(found, parameters);
  return {
    ...next,
    EipAddresses: {
      EipAddress: items.map((eip) => ({
        AllocationId: eip.id,
        IpAddress: eip.address,
        Name: eip.name,
        Status: eip.state,
        InstanceId: eip.instanceId ?? "",
        InstanceType: eip.instanceId === undefined ? "" : "EcsInstance",
        Bandwidth: String(eip.bandwidth),
        InternetChargeType: "PayByTraffic",
        // The VPC's way, unlike that of ECS.
        Tags: { Tag: [...eip.tags].map(([Key, Value]) => ({ Key, Value })) },
      })),
    },
  };
};

const unassociateEip: Action = (account, parameters) => {
  const eip = get(account.eips, "AllocationId", parameters.get("AllocationId"));
  if (eip.state !== "InUse") throw wrongEip();
  eip.state = "Unassociating";
  eip.changesAt = account.now() + account.delays.eipMs;
  return {};
};

const releaseEip: Action = (account, parameters) => {
  const eip = get(account.eips, "AllocationId", parameters.get("AllocationId"));
  if (eip.state !== "Available") throw wrongEip();
  account.eips.delete(eip.id);
  return {};
};

export const networkActions: Record<string, Action> = {
  DescribeVSwitches: describeVSwitches,
  CreateSecurityGroup: createGroup,
  AuthorizeSecurityGroup: authorizeGroup,
  DescribeSecurityGroups: describeGroups,
  DeleteSecurityGroup: deleteGroup,
  AllocateEipAddress: allocateEip,
  AssociateEipAddress: associateEip,
  DescribeEipAddresses: describeEips,
  UnassociateEipAddress: unassociateEip,
  ReleaseEipAddress: releaseEip,
};
