/** Subnets, security groups (VPC), elastic addresses (EIP). Shapes: sdk-go; codes of refusals are made up. */
import { randomUUID } from "node:crypto";
import type { Parameters } from "../parameters.ts";
import { named, pagedByToken, shownThings } from "./listing.ts";
import { type Answer, filtersOf, Refusal } from "./request.ts";
import { type Account, type Address, type Entry, type Group, get, type Instance } from "./state.ts";

type Action = (account: Account, parameters: Parameters) => Answer;

/** Source: terraform-provider-ksyun, ReadAndSetSubnets and ReadAndSetSecurityGroups. */
function inVpcs<T extends { readonly vpcId: string }>(things: T[], parameters: Parameters): T[] {
  const { "vpc-id": vpcs, ...others } = Object.fromEntries(filtersOf(parameters));
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new Refusal(400, "InvalidParameter", `this fake knows no filter ${unknown}`);
  }
  return things.filter(({ vpcId }) => vpcs?.includes(vpcId) ?? true);
}

const describeSubnets: Action = (account, parameters) => {
  const found = inVpcs(named(account.subnets, parameters, "SubnetId"), parameters);
  const { items, next } = pagedByToken(found, parameters);
  return {
    ...next,
    SubnetSet: items.map(({ id, name, type, vpcId, zone }) => ({
      ...{ SubnetId: id, SubnetName: name, SubnetType: type, VpcId: vpcId },
      ...{ CidrBlock: "127.128.0.0/10", AvailabilityZoneName: zone, AvailableIpNumber: "4194300" },
    })),
  };
};

const describeZones: Action = ({ zone, otherZone }) => ({
  AvailabilityZoneInfo: [zone, otherZone].map((AvailabilityZoneName) => ({ AvailabilityZoneName })),
});

const createGroup: Action = (account, parameters) => {
  if (parameters.get("VpcId") !== account.vpcId) {
    throw new Refusal(404, "VpcNotFound", `Vpc ${parameters.get("VpcId")} not exist`);
  }
  const group: Group = {
    ...account.newThing(parameters.get("SecurityGroupName")),
    description: parameters.get("Description"),
    vpcId: account.vpcId,
    entries: new Map(),
  };
  account.groups.set(group.id, group);
  return { SecurityGroup: groupJson(group) };
};

function groupJson(group: Group) {
  return {
    SecurityGroupId: group.id,
    SecurityGroupName: group.name,
    Description: group.description,
    VpcId: group.vpcId,
    SecurityGroupEntrySet: [...group.entries].map(([id, entry]) => ({
      SecurityGroupEntryId: id,
      Direction: entry.direction,
      Protocol: entry.protocol,
      CidrBlock: entry.from,
      ...(entry.ports && { PortRangeFrom: entry.ports[0], PortRangeTo: entry.ports[1] }),
      Policy: "Accept",
    })),
  };
}

const describeGroups: Action = (account, parameters) => {
  const shown = shownThings(account, account.groups.values());
  const found = inVpcs(named(shown, parameters, "SecurityGroupId"), parameters);
  const { items, next } = pagedByToken(found, parameters);
  return { ...next, SecurityGroupSet: items.map(groupJson) };
};

const authorize: Action = (account, parameters) => {
  const group = get(account.groups, "SecurityGroup", parameters.get("SecurityGroupId"));
  const protocol = parameters.get("Protocol");
  const from = parameters.number("PortRangeFrom");
  const to = parameters.number("PortRangeTo");
  // Source: terraform-provider-ksyun, CreateSecurityGroupEntryCommonCall.
  if ((protocol === "tcp" || protocol === "udp") && (from === undefined || to === undefined)) {
    throw new Refusal(
      400,
      "InvalidParameterValue",
      "tcp and udp want PortRangeFrom and PortRangeTo",
    );
  }
  const entry: Entry = {
    direction: parameters.get("Direction"),
    protocol,
    from: parameters.get("CidrBlock"),
    ports: from === undefined || to === undefined ? undefined : [from, to],
  };
  const known = [...group.entries.values()].map((one) => JSON.stringify(one));
  if (known.includes(JSON.stringify(entry))) {
    throw new Refusal(400, "SecurityGroupEntryExist", "The rule is there already.");
  }
  const id = randomUUID();
  group.entries.set(id, entry);
  return { Return: true, SecurityGroupEntryIdSet: [id] };
};

const revoke: Action = (account, parameters) => {
  const group = get(account.groups, "SecurityGroup", parameters.get("SecurityGroupId"));
  const id = parameters.get("SecurityGroupEntryId");
  get(group.entries, "SecurityGroupEntry", id);
  group.entries.delete(id);
  return { Return: true };
};

const deleteGroup: Action = (account, parameters) => {
  const group = get(account.groups, "SecurityGroup", parameters.get("SecurityGroupId"));
  if ([...account.instances.values()].some(({ groupIds }) => groupIds.includes(group.id))) {
    throw new Refusal(400, "SecurityGroupInUse", "The security group is in use.");
  }
  account.groups.delete(group.id);
  return { Return: true };
};

const getLines: Action = ({ lines }) => ({
  LineSet: [
    ...lines.map(({ id, name, type }) => ({
      ...{ LineId: id, LineName: name, LineType: type, IpVersion: "ipv4" },
    })),
    {
      ...{ LineId: randomUUID(), LineName: "BGP", LineType: "BGP", IpVersion: "ipv6" },
    },
  ],
});

/** As RunInstances buys one. Source: RunInstances, LineId, AddressBandWidth, AddressChargeType. */
export function buyAddress(account: Account, instance: Instance, parameters: Parameters): void {
  const lineId = parameters.find("LineId");
  if (lineId === undefined) return;
  const mbps = parameters.number("AddressBandWidth") ?? 0;
  const chargeType = parameters.get("AddressChargeType");
  // Source: terraform-provider-ksyun, ksyun_eip, charge_type.
  if (
    !account.lines.some(({ id }) => id === lineId) ||
    mbps < 1 ||
    !["Daily", "Peak", "TrafficMonthly", "DailyPaidByTransfer"].includes(chargeType)
  ) {
    throw new Refusal(400, "InvalidParameterValue", "Invalid `Address…` parameter value.");
  }
  const address: Address = {
    id: randomUUID(),
    // All of 127/8 is this machine on Linux, so that gateways are reached by what the cloud calls public.
    publicIp: "127.0.0.1",
    state: "binding",
    changesAt: account.now() + account.delays.addressMs,
    instanceId: instance.id,
    ...{ mbps, chargeType, lineId },
  };
  account.addresses.set(address.id, address);
}

export function refuseAddress(account: Account, parameters: Parameters): void {
  if (parameters.find("LineId") === undefined) return;
  if (account.addresses.size < account.quotas.addresses) return;
  throw new Refusal(400, "AddressQuotaExceeded", "The quota of elastic addresses is exceeded.");
}

/** What has come about by itself since the last call. */
export function letAddressesHappen(account: Account): void {
  for (const address of account.addresses.values()) {
    if (account.now() < address.changesAt) continue;
    if (address.state === "binding") address.state = "associate";
    if (address.state === "unbinding") {
      address.state = "disassociate";
      delete address.instanceId;
    }
  }
}

const describeAddresses: Action = (account, parameters) => {
  const found = named(account.addresses.values(), parameters, "AllocationId").filter(
    ({ state }) => state !== "binding",
  );
  const { items, next } = pagedByToken(found, parameters);
  return {
    ...next,
    AddressesSet: items.map((address) => ({
      AllocationId: address.id,
      PublicIp: address.publicIp,
      State: address.instanceId === undefined ? "disassociate" : "associate",
      IpState: "start",
      LineId: address.lineId,
      BandWidth: address.mbps,
      ChargeType: address.chargeType,
      ...(address.instanceId === undefined
        ? {}
        : { InstanceId: address.instanceId, InstanceType: "Ipfwd" }),
    })),
  };
};

const disassociate: Action = (account, parameters) => {
  const address = get(account.addresses, "Address", parameters.get("AllocationId"));
  if (address.state !== "associate") {
    throw new Refusal(400, "AddressNotAssociated", "The address is not associated.");
  }
  address.state = "unbinding";
  address.changesAt = account.now() + account.delays.addressMs;
  return { Return: true };
};

const release: Action = (account, parameters) => {
  const address = get(account.addresses, "Address", parameters.get("AllocationId"));
  if (address.instanceId !== undefined) {
    throw new Refusal(400, "AddressInUse", "The address is in use.");
  }
  account.addresses.delete(address.id);
  return { Return: true };
};

export const networkActions: Record<string, Action> = {
  DescribeAvailabilityZones: describeZones,
  DescribeSubnets: describeSubnets,
  CreateSecurityGroup: createGroup,
  DescribeSecurityGroups: describeGroups,
  AuthorizeSecurityGroupEntry: authorize,
  RevokeSecurityGroupEntry: revoke,
  DeleteSecurityGroup: deleteGroup,
  GetLines: getLines,
  DescribeAddresses: describeAddresses,
  DisassociateAddress: disassociate,
  ReleaseAddress: release,
};
