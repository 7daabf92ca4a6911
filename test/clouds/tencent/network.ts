/** Subnets, security groups, elastic addresses. Source: VPC API, data types and error codes. */
import type { Client as Vpc } from "tencentcloud-sdk-nodejs/tencentcloud/services/vpc/v20170312/vpc_client.js";
import type {
  SecurityGroupPolicySet,
  Address as VpcAddress,
} from "tencentcloud-sdk-nodejs/tencentcloud/services/vpc/v20170312/vpc_models.js";
import { type Actions, filtered, listed, pageOf } from "./listing.ts";
import { Refusal } from "./request.ts";
import { type Account, type Address, type Group, get, remember, repeated } from "./state.ts";

/** @throws Refusal for what is no rule */
function rulesIn({ Ingress = [] }: SecurityGroupPolicySet): string[] {
  const rules = Ingress.map(({ Protocol, Port, CidrBlock, Action }) => {
    if (!/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(CidrBlock ?? "") || !/^\d+$/.test(Port ?? "")) {
      throw new Refusal("InvalidParameterValue.Malformed", `\`${CidrBlock} ${Port}\` is no rule.`);
    }
    return `${Action} ${Protocol} ${Port} ${CidrBlock}`;
  });
  if (new Set(rules).size < rules.length) {
    throw new Refusal("UnsupportedOperation.DuplicatePolicy", "A rule is given twice.");
  }
  return rules;
}

function groupSeen({ id, name, description, tags }: Group) {
  return {
    SecurityGroupId: id,
    SecurityGroupName: name,
    SecurityGroupDesc: description,
    ProjectId: "0",
    IsDefault: false,
    TagSet: [...tags],
  };
}

function addressSeen(address: Address): VpcAddress {
  return {
    AddressId: address.id,
    AddressName: address.name,
    AddressStatus: address.state,
    AddressIp: address.state === "CREATING" ? "" : address.ip,
    AddressType: "EIP",
    InstanceId: address.instanceId ?? "",
    TagSet: [...address.tags],
  };
}

/** What has come about by itself since the last call. */
export function letAddressesSettle(account: Account): void {
  for (const address of account.addresses.values()) {
    if (account.now() < address.changesAt) continue;
    address.changesAt = Number.POSITIVE_INFINITY;
    if (address.state === "BINDING") address.state = "BIND";
    if (address.state === "CREATING" || address.state === "UNBINDING") {
      address.state = "UNBIND";
      delete address.instanceId;
    }
  }
}

function change(account: Account, address: Address, state: Address["state"]): void {
  address.state = state;
  address.changesAt = account.now() + account.delays.addressMs;
}

export const networkActions: Actions<
  Vpc,
  | "AllocateAddresses"
  | "AssociateAddress"
  | "CreateSecurityGroup"
  | "DeleteSecurityGroup"
  | "DescribeAddresses"
  | "DescribeSecurityGroups"
  | "DescribeSubnets"
  | "DisassociateAddress"
  | "ModifySecurityGroupPolicies"
  | "ReleaseAddresses"
> = {
  DescribeSubnets({ subnets }, { SubnetIds, Filters, ...page }) {
    if (SubnetIds !== undefined && Filters !== undefined) {
      throw new Refusal("InvalidParameter", "Ids and filters are not given together.");
    }
    const named = subnets.filter(({ id }) => SubnetIds?.includes(id) ?? true);
    const filters = (Filters ?? []).map(({ Name, Values }) => ({ Name, Values: Values ?? [] }));
    const there = filtered(named, filters, {
      zone: ({ zone }) => zone,
      "vpc-id": ({ vpcId }) => vpcId,
    });
    return {
      TotalCount: there.length,
      SubnetSet: pageOf(there, page).map((subnet) => ({
        SubnetId: subnet.id,
        SubnetName: subnet.name,
        VpcId: subnet.vpcId,
        Zone: subnet.zone,
        CidrBlock: subnet.cidr,
        AvailableIpAddressCount: subnet.free,
      })),
    };
  },

  CreateSecurityGroup(account, request) {
    if (request.GroupName.length > 60 || request.GroupDescription.length > 100) {
      throw new Refusal("InvalidParameterValue.TooLong", "Name or description is too long.");
    }
    const group: Group = {
      ...account.newThing(
        "sg",
        request.Tags?.map(({ Key, Value = "" }) => ({ Key, Value })),
      ),
      name: request.GroupName,
      description: request.GroupDescription,
      rules: [],
      heldUntil: Number.NEGATIVE_INFINITY,
    };
    account.groups.set(group.id, group);
    return { SecurityGroup: groupSeen(group) };
  },

  ModifySecurityGroupPolicies(account, request) {
    const group = get(account.groups, "group", request.SecurityGroupId);
    const { Ingress, Egress } = request.SecurityGroupPolicySet;
    if (Ingress === undefined || Egress === undefined) {
      throw new Refusal("InvalidParameterValue.Empty", "Both directions are replaced at once.");
    }
    group.rules = rulesIn(request.SecurityGroupPolicySet);
    return {};
  },

  DescribeSecurityGroups(account, request) {
    const { page, total } = listed(account, account.groups, request.SecurityGroupIds, request, {
      "security-group-id": ({ id }) => id,
      "security-group-name": ({ name }) => name,
    });
    return { TotalCount: total, SecurityGroupSet: page.map(groupSeen) };
  },

  DeleteSecurityGroup(account, { SecurityGroupId }) {
    const group = get(account.groups, "group", SecurityGroupId);
    const isUsed = [...account.instances.values()].some(({ groupIds }) =>
      groupIds.includes(group.id),
    );
    if (isUsed || account.now() < group.heldUntil) {
      throw new Refusal("ResourceInUse", `\`${group.id}\` is in use.`);
    }
    account.groups.delete(group.id);
    return {};
  },

  AllocateAddresses(account, request) {
    const earlier = repeated(account, "AllocateAddresses", request);
    if (earlier !== undefined) return { AddressSet: [earlier], TaskId: "1" };
    if (account.addresses.size >= account.quotas.addresses) {
      throw new Refusal("AddressQuotaLimitExceeded", "Your quota of addresses is used up.");
    }
    const address: Address = {
      ...account.newThing(
        "eip",
        request.Tags?.map(({ Key, Value = "" }) => ({ Key, Value })),
      ),
      name: request.AddressName ?? "",
      // All of 127/8 is this machine on Linux, so that gateways are reached by what Tencent calls public.
      ip: "127.0.0.1",
      ...{ state: "CREATING", changesAt: account.now() + account.delays.addressMs },
    };
    account.addresses.set(address.id, address);
    remember(account, "AllocateAddresses", request, address.id);
    return { AddressSet: [address.id], TaskId: "1" };
  },

  DescribeAddresses(account, request) {
    const { page, total } = listed(account, account.addresses, request.AddressIds, request, {
      "address-id": ({ id }) => id,
      "instance-id": ({ instanceId }) => instanceId,
    });
    return { TotalCount: total, AddressSet: page.map(addressSeen) };
  },

  AssociateAddress(account, request) {
    const address = get(account.addresses, "address", request.AddressId);
    const instance = get(account.instances, "instance", request.InstanceId ?? "");
    if (address.state !== "UNBIND") {
      throw new Refusal(
        "InvalidAddressIdStatus.NotPermit",
        `\`${address.id}\` is ${address.state}.`,
      );
    }
    if (instance.assignedAddress !== undefined) {
      throw new Refusal("InvalidParameterValue.InstanceHasWanIP", "It has an address.");
    }
    if (instance.state !== "RUNNING" && instance.state !== "STOPPED") {
      throw new Refusal("UnsupportedOperation.InvalidInstanceState", `It is ${instance.state}.`);
    }
    address.instanceId = instance.id;
    change(account, address, "BINDING");
    return { TaskId: "1" };
  },

  DisassociateAddress(account, request) {
    const address = get(account.addresses, "address", request.AddressId);
    if (address.state !== "BIND") {
      throw new Refusal(
        "InvalidAddressIdStatus.NotPermit",
        `\`${address.id}\` is ${address.state}.`,
      );
    }
    change(account, address, "UNBINDING");
    return { TaskId: "1" };
  },

  ReleaseAddresses(account, { AddressIds }) {
    for (const id of AddressIds) {
      const address = get(account.addresses, "address", id);
      if (address.state !== "UNBIND") {
        throw new Refusal("InvalidAddressState", `\`${id}\` is ${address.state}.`);
      }
    }
    for (const id of AddressIds) account.addresses.delete(id);
    return { TaskId: "1" };
  },
};
