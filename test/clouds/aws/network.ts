/** VPC, security groups, Elastic IPs. */

import type { Parameters } from "../parameters.ts";
import { listed, paged, tagSet } from "./listing.ts";
import { Refusal, tagsFor, type Xml } from "./query.ts";
import { type Account, type Address, type Group, get } from "./state.ts";

type Action = (account: Account, parameters: Parameters) => Promise<Xml> | Xml;

const createSecurityGroup: Action = (account, parameters) => {
  const name = parameters.get("GroupName");
  const vpcId = parameters.find("VpcId") ?? account.vpcId;
  if (vpcId !== account.vpcId) {
    throw new Refusal("InvalidVpcID.NotFound", `The vpc ID '${vpcId}' does not exist`);
  }
  // Source: EC2 API reference, CreateSecurityGroup, GroupName and GroupDescription.
  const allowed = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/;
  if (
    !allowed.test(name) ||
    name.startsWith("sg-") ||
    !allowed.test(parameters.get("GroupDescription"))
  ) {
    throw new Refusal("InvalidParameterValue", "Value for parameter GroupName is invalid");
  }
  if ([...account.groups.values()].some((group) => group.name === name)) {
    throw new Refusal("InvalidGroup.Duplicate", `The security group '${name}' already exists`);
  }
  const group: Group = {
    ...account.newThing("sg", tagsFor(parameters, "security-group")),
    name,
    vpcId,
    rules: new Set(),
  };
  account.groups.set(group.id, group);
  return { return: true, groupId: group.id, tagSet: tagSet(group.tags) };
};

const authorizeIngress: Action = (account, parameters) => {
  const group = get(account.groups, "group", parameters.get("GroupId"));
  const rules = parameters.structures("IpPermissions").flatMap((permission) =>
    permission.structures("IpRanges").map((range) => {
      if (!/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(range.get("CidrIp"))) {
        throw new Refusal(
          "InvalidParameterValue",
          `CIDR block ${range.get("CidrIp")} is malformed`,
        );
      }
      const { FromPort, ToPort, IpProtocol } = Object.fromEntries(
        ["FromPort", "ToPort", "IpProtocol"].map((name) => [name, permission.get(name)]),
      );
      return `${IpProtocol} ${FromPort}-${ToPort} ${range.get("CidrIp")}`;
    }),
  );
  const twice = rules.find((rule) => group.rules.has(rule));
  if (twice !== undefined) {
    throw new Refusal("InvalidPermission.Duplicate", `the rule "${twice}" already exists`);
  }
  for (const rule of rules) group.rules.add(rule);
  return { return: true };
};

const describeSecurityGroups: Action = (account, parameters) => {
  const ids = parameters.list("GroupId");
  const found = listed(account, account.groups, ids, "InvalidGroup.NotFound", parameters, {
    "vpc-id": ({ vpcId }) => vpcId,
    "group-name": ({ name }) => name,
    "group-id": ({ id }) => id,
  });
  const { items, nextToken } = paged(found, parameters, ids);
  return {
    securityGroupInfo: items.map((group) => ({
      ownerId: account.accountId,
      groupId: group.id,
      groupName: group.name,
      groupDescription: "HyperMotion",
      vpcId: group.vpcId,
      tagSet: tagSet(group.tags),
    })),
    nextToken,
  };
};

const deleteSecurityGroup: Action = (account, parameters) => {
  const group = get(account.groups, "group", parameters.get("GroupId"));
  const user = [...account.instances.values()].find(
    ({ groupIds, state, terminatedAt = 0 }) =>
      groupIds.includes(group.id) &&
      (state !== "terminated" || account.now() - terminatedAt < account.delays.interfaceMs),
  );
  if (user !== undefined) {
    throw new Refusal("DependencyViolation", `resource ${group.id} has a dependent object`);
  }
  account.groups.delete(group.id);
  return { return: true };
};

const allocateAddress: Action = (account, parameters) => {
  if (account.addresses.size >= account.quotas.addresses) {
    throw new Refusal("AddressLimitExceeded", "The maximum number of addresses has been reached.");
  }
  const address: Address = {
    ...account.newThing("eipalloc", tagsFor(parameters, "elastic-ip")),
    publicIp: account.newAddress(),
  };
  account.addresses.set(address.id, address);
  return { publicIp: address.publicIp, domain: "vpc", allocationId: address.id };
};

const associateAddress: Action = (account, parameters) => {
  const address = get(account.addresses, "address", parameters.get("AllocationId"));
  const instance = get(account.instances, "instance", parameters.get("InstanceId"));
  if (instance.state !== "running") {
    throw new Refusal("InvalidInstanceID", `The instance '${instance.id}' is not running.`);
  }
  if (address.instanceId !== undefined && address.instanceId !== instance.id) {
    throw new Refusal("Resource.AlreadyAssociated", `${address.id} is already associated`);
  }
  address.instanceId = instance.id;
  address.associationId ??= account.newThing("eipassoc", new Map()).id;
  return { return: true, associationId: address.associationId };
};

const describeAddresses: Action = (account, parameters) => {
  const ids = parameters.list("AllocationId");
  const found = listed(
    account,
    account.addresses,
    ids,
    "InvalidAllocationID.NotFound",
    parameters,
    { "instance-id": ({ instanceId }) => instanceId, "public-ip": ({ publicIp }) => publicIp },
  );
  return {
    addressesSet: found.map((address) => ({
      publicIp: address.publicIp,
      allocationId: address.id,
      associationId: address.associationId,
      domain: "vpc",
      instanceId: address.instanceId,
      tagSet: tagSet(address.tags),
    })),
  };
};

const disassociateAddress: Action = (account, parameters) => {
  const id = parameters.get("AssociationId");
  const address = [...account.addresses.values()].find(({ associationId }) => associationId === id);
  if (address === undefined) {
    throw new Refusal("InvalidAssociationID.NotFound", `The association ID '${id}' does not exist`);
  }
  delete address.instanceId;
  delete address.associationId;
  return { return: true };
};

const releaseAddress: Action = (account, parameters) => {
  const address = get(account.addresses, "address", parameters.get("AllocationId"));
  if (address.associationId !== undefined) {
    throw new Refusal("InvalidIPAddress.InUse", `Address ${address.publicIp} is in use.`);
  }
  account.addresses.delete(address.id);
  return { return: true };
};

const describeSubnets: Action = (account, parameters) => {
  const ids = parameters.list("SubnetId");
  const subnets = new Map(account.subnets.map((subnet) => [subnet.id, subnet]));
  const found = listed(account, subnets, ids, "InvalidSubnetID.NotFound", parameters, {
    "vpc-id": ({ vpcId }) => vpcId,
    "availability-zone": ({ zone }) => zone,
  });
  const { items, nextToken } = paged(found, parameters, ids);
  return {
    subnetSet: items.map((subnet) => ({
      subnetId: subnet.id,
      vpcId: subnet.vpcId,
      cidrBlock: subnet.cidrBlock,
      availabilityZone: subnet.zone,
      availableIpAddressCount: subnet.freeAddresses,
      state: "available",
      tagSet: tagSet(subnet.tags),
    })),
    nextToken,
  };
};

const describeVpcs: Action = (account) => ({
  vpcSet: [
    { vpcId: account.vpcId, cidrBlock: "10.0.0.0/16", isDefault: false, state: "available" },
  ],
});

const geographies = { "eu-central-1": "Germany", "us-east-1": "United States of America" };

/** Source: the service model in @aws-sdk/client-ec2 3.1169.0, Region and RegionGeography. */
const describeRegions: Action = () => ({
  regionInfo: Object.entries(geographies).map(([regionName, name]) => ({
    regionName,
    regionEndpoint: `ec2.${regionName}.amazonaws.com`,
    optInStatus: "opt-in-not-required",
    geographySet: [{ name }],
  })),
});

const describeZones: Action = (account) => ({
  availabilityZoneInfo: ["a", "b"].map((letter) => ({
    zoneName: `${account.region}${letter}`,
    zoneState: "available",
    regionName: account.region,
  })),
});

const describeKeyPairs: Action = () => ({
  keySet: [{ keyPairId: "key-0a1b2c3d4e5f60718", keyName: "operators" }],
});

export const networkActions: Record<string, Action> = {
  CreateSecurityGroup: createSecurityGroup,
  AuthorizeSecurityGroupIngress: authorizeIngress,
  DescribeSecurityGroups: describeSecurityGroups,
  DeleteSecurityGroup: deleteSecurityGroup,
  AllocateAddress: allocateAddress,
  AssociateAddress: associateAddress,
  DescribeAddresses: describeAddresses,
  DisassociateAddress: disassociateAddress,
  ReleaseAddress: releaseAddress,
  DescribeSubnets: describeSubnets,
  DescribeVpcs: describeVpcs,
  DescribeRegions: describeRegions,
  DescribeAvailabilityZones: describeZones,
  DescribeKeyPairs: describeKeyPairs,
};
