/** Interfaces, addresses and groups. Source: Network REST API; Azure docs, "Public IP addresses", "Network security groups". */
import { accepted, type Handler, shownList } from "./answers.ts";
import { Refusal } from "./refusal.ts";
import {
  type Address,
  type Group,
  type Network,
  type Nic,
  nameIn,
  type Subscription,
} from "./state.ts";

const type = (kind: string) => `Microsoft.Network/${kind}`;

export function nicBody(subscription: Subscription, nic: Nic, isExpanded = false) {
  const id = subscription.idOf(type("networkInterfaces"), nic.name);
  const address =
    nic.addressName === undefined ? undefined : subscription.addresses.find(nic.addressName);
  return {
    id,
    name: nic.name,
    type: type("networkInterfaces"),
    location: nic.location,
    tags: nic.tags,
    etag: 'W/"0"',
    properties: {
      provisioningState: subscription.provisioningState(nic),
      ipConfigurations: [
        {
          id: `${id}/ipConfigurations/primary`,
          name: "primary",
          properties: {
            provisioningState: "Succeeded",
            privateIPAddress: nic.privateAddress,
            privateIPAllocationMethod: nic.isStatic ? "Static" : "Dynamic",
            privateIPAddressVersion: "IPv4",
            primary: true,
            subnet: { id: nic.subnetId },
            ...(address === undefined
              ? {}
              : {
                  publicIPAddress: isExpanded
                    ? addressBody(subscription, address)
                    : { id: subscription.idOf(type("publicIPAddresses"), address.name) },
                }),
          },
        },
      ],
      ...(nic.groupName === undefined
        ? {}
        : {
            networkSecurityGroup: {
              id: subscription.idOf(type("networkSecurityGroups"), nic.groupName),
            },
          }),
      enableAcceleratedNetworking: false,
      enableIPForwarding: false,
      ...(nic.machine === undefined
        ? {}
        : {
            virtualMachine: {
              id: subscription.idOf("Microsoft.Compute/virtualMachines", nic.machine),
            },
          }),
    },
  };
}

/** Source: Network REST API, error codes of PUT: a reference that leads nowhere. */
function referenced<T>(found: T | undefined, id: string, by: string): T {
  if (found !== undefined) return found;
  throw new Refusal(
    400,
    "InvalidResourceReference",
    `Resource ${id} referenced by resource ${by} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
  );
}

const putNic: Handler = (subscription, { name, body }) => {
  const { location, tags, properties } = body;
  const [ipConfiguration] = properties.ipConfigurations;
  const { subnet, privateIPAddress, privateIPAllocationMethod, publicIPAddress } =
    ipConfiguration.properties;
  const by = subscription.idOf(type("networkInterfaces"), name);
  const place = referenced(subscription.findSubnet(subnet.id), subnet.id, by);
  const group = properties.networkSecurityGroup?.id;
  if (group !== undefined) referenced(subscription.groups.find(nameIn(group)), group, by);
  const addressName =
    publicIPAddress === undefined
      ? undefined
      : referenced(subscription.addresses.find(nameIn(publicIPAddress.id)), publicIPAddress.id, by)
          .name;
  const holder = subscription.interfaces
    .all()
    .find((nic) => addressName !== undefined && nic.addressName === addressName);
  if (holder !== undefined && holder.name !== name) {
    throw new Refusal(
      400,
      "PublicIPAddressInUse",
      `Resource ${by} is referencing public IP address ${publicIPAddress.id} that is already allocated to resource ${holder.name}.`,
    );
  }
  const isStatic = privateIPAllocationMethod === "Static";
  const earlier = subscription.interfaces.find(name);
  const taken = subscription
    .addressesIn(place)
    .some((nic) => nic.name !== name && nic.privateAddress === privateIPAddress);
  if (isStatic && taken) {
    throw new Refusal(
      400,
      "PrivateIPAddressInUse",
      `IP configuration ${by}/ipConfigurations/primary is using the private IP address ${privateIPAddress} which is already allocated.`,
    );
  }
  const forMs = subscription.delays.createMs;
  const changes = {
    tags: { ...tags },
    subnetId: subnet.id,
    isStatic,
    privateAddress:
      (isStatic ? privateIPAddress : undefined) ??
      earlier?.privateAddress ??
      subscription.newPrivateIp(place),
  };
  const nic: Nic = earlier ?? {
    ...subscription.newThing(name, location, tags, forMs),
    ...changes,
  };
  if (earlier !== undefined) subscription.requireIdle(earlier);
  Object.assign(nic, changes);
  delete nic.addressName;
  delete nic.addressDeleteOption;
  if (addressName !== undefined) {
    nic.addressName = addressName;
    nic.addressDeleteOption = publicIPAddress.properties?.deleteOption ?? "Detach";
  }
  delete nic.groupName;
  if (group !== undefined) nic.groupName = nameIn(group);
  if (earlier !== undefined) {
    nic.busyUntil = subscription.now() + forMs;
    nic.isNew = false;
  }
  subscription.interfaces.put(nic);
  const status = earlier === undefined ? 201 : 200;
  return accepted(subscription, status, forMs, nicBody(subscription, nic));
};

const deleteNic: Handler = (subscription, { name }) => {
  const nic = subscription.interfaces.find(name);
  if (nic === undefined) return { status: 204 };
  if (nic.machine !== undefined) {
    throw new Refusal(
      400,
      "NicInUse",
      `Network Interface ${name} is used by existing resource ${nic.machine}. In order to delete the network interface, it must be dissociated from the resource.`,
    );
  }
  nic.deletedAt ??= subscription.now();
  return accepted(subscription, 202, subscription.delays.deleteMs);
};

export function addressBody(subscription: Subscription, address: Address) {
  const nic = subscription.interfaces.all().find(({ addressName }) => addressName === address.name);
  return {
    id: subscription.idOf(type("publicIPAddresses"), address.name),
    name: address.name,
    type: type("publicIPAddresses"),
    location: address.location,
    tags: address.tags,
    sku: { name: "Standard", tier: "Regional" },
    ...(address.zone === undefined ? {} : { zones: [address.zone] }),
    properties: {
      provisioningState: subscription.provisioningState(address),
      ipAddress: address.ip,
      publicIPAddressVersion: "IPv4",
      publicIPAllocationMethod: "Static",
      idleTimeoutInMinutes: 4,
      ...(nic === undefined
        ? {}
        : {
            ipConfiguration: {
              id: `${subscription.idOf(type("networkInterfaces"), nic.name)}/ipConfigurations/primary`,
            },
          }),
    },
  };
}

const putAddress: Handler = (subscription, { name, body }) => {
  const { location, tags, sku, zones, properties } = body;
  const earlier = subscription.addresses.find(name);
  if (earlier !== undefined) {
    subscription.requireIdle(earlier);
    earlier.tags = { ...tags };
    return { status: 200, body: addressBody(subscription, earlier) };
  }
  // Basic was retired on 30 September 2025. Source: Azure updates.
  if (sku?.name !== "Standard" || properties.publicIPAllocationMethod !== "Static") {
    throw new Refusal(
      400,
      "StandardSkuPublicIPAddressesMustBeStatic",
      "Standard sku publicIp must have AllocationMethod set to Static.",
    );
  }
  if (subscription.addresses.all().length >= subscription.quotas.addresses) {
    throw new Refusal(
      400,
      "PublicIPCountLimitReached",
      `Cannot create more than ${subscription.quotas.addresses} public IP addresses for this subscription in this region.`,
    );
  }
  const address: Address = {
    ...subscription.newThing(name, location, tags, subscription.delays.createMs),
    ip: subscription.newPublicIp(),
    ...(zones === undefined ? {} : { zone: zones[0] }),
  };
  subscription.addresses.put(address);
  const now = addressBody(subscription, address);
  return accepted(subscription, 201, subscription.delays.createMs, now);
};

const deleteAddress: Handler = (subscription, { name }) => {
  const address = subscription.addresses.find(name);
  if (address === undefined) return { status: 204 };
  const holder = subscription.interfaces.all().find(({ addressName }) => addressName === name);
  if (holder !== undefined) {
    throw new Refusal(
      400,
      "PublicIPAddressCannotBeDeleted",
      `Public IP address ${name} can not be deleted since it is still allocated to resource ${holder.name}.`,
    );
  }
  address.deletedAt ??= subscription.now();
  return accepted(subscription, 202, subscription.delays.deleteMs);
};

function groupBody(subscription: Subscription, group: Group) {
  return {
    id: subscription.idOf(type("networkSecurityGroups"), group.name),
    name: group.name,
    type: type("networkSecurityGroups"),
    location: group.location,
    tags: group.tags,
    properties: {
      provisioningState: subscription.provisioningState(group),
      securityRules: group.rules,
    },
  };
}

const putGroup: Handler = (subscription, { name, body }) => {
  const { location, tags, properties } = body;
  const rules = properties.securityRules ?? [];
  const priorities = new Set<number>();
  for (const rule of rules) {
    const { priority, sourceAddressPrefixes } = rule.properties;
    // Source: Network docs, "Security rules".
    if (priority < 100 || priority > 4096 || priorities.has(priority)) {
      throw new Refusal(
        400,
        "SecurityRuleConflict",
        `Security rule ${rule.name} conflicts with another rule, or its priority ${priority} is out of range.`,
      );
    }
    priorities.add(priority);
    for (const prefix of sourceAddressPrefixes ?? []) {
      if (/^\d+\.\d+\.\d+\.\d+(\/\d+)?$/.test(prefix) && prefix !== "0.0.0.0/0") continue;
      throw new Refusal(
        400,
        "SecurityRuleInvalidAddressPrefix",
        `Security rule ${rule.name} has invalid Address prefix. Value provided: ${prefix}`,
      );
    }
  }
  const earlier = subscription.groups.find(name);
  const group: Group = earlier ?? {
    ...subscription.newThing(name, location, tags, subscription.delays.createMs),
    rules,
  };
  if (earlier !== undefined) subscription.requireIdle(earlier);
  group.rules = rules;
  group.tags = { ...tags };
  subscription.groups.put(group);
  const status = earlier === undefined ? 201 : 200;
  return accepted(
    subscription,
    status,
    subscription.delays.createMs,
    groupBody(subscription, group),
  );
};

/** All that the fake holds are of one resource group. */
const listGroups: Handler = (subscription, request) => {
  const isTheirs = request.group.toLowerCase() === subscription.resourceGroup;
  return shownList(subscription, request, isTheirs ? subscription.groups.all() : [], groupBody);
};

const deleteGroup: Handler = (subscription, { name }) => {
  const group = subscription.groups.find(name);
  if (group === undefined) return { status: 204 };
  const user = subscription.interfaces
    .all()
    .find(({ groupName }) => groupName?.toLowerCase() === name.toLowerCase());
  if (user !== undefined) {
    throw new Refusal(
      400,
      "InUseNetworkSecurityGroupCannotBeDeleted",
      `Network security group ${name} cannot be deleted because it is in use by the following resources: ${user.name}.`,
    );
  }
  group.deletedAt ??= subscription.now();
  return accepted(subscription, 202, subscription.delays.deleteMs);
};

/** With all of its subnets, however many. */
function networkBody(subscription: Subscription, network: Network) {
  const { name, location, subnets } = network;
  const id = subscription.networkId(network);
  return {
    id,
    name,
    type: type("virtualNetworks"),
    location,
    properties: {
      provisioningState: "Succeeded",
      addressSpace: { addressPrefixes: ["10.1.0.0/16"] },
      subnets: subnets.map((subnet) => ({
        id: `${id}/subnets/${subnet.name}`,
        name: subnet.name,
        properties: { addressPrefix: subnet.addressPrefix },
      })),
    },
  };
}

const getNetwork: Handler = (subscription, { name, group }) => {
  const network = subscription.networks.find((one) => one.name === name);
  if (network === undefined || group.toLowerCase() !== subscription.networkGroup) {
    throw new Refusal(
      404,
      "ResourceNotFound",
      `The Resource '${type("virtualNetworks")}/${name}' under resource group '${group}' was not found.`,
    );
  }
  return { status: 200, body: networkBody(subscription, network) };
};

export function letNetworkGo(subscription: Subscription): void {
  const isOver = ({ deletedAt = Number.POSITIVE_INFINITY }) =>
    subscription.now() >= deletedAt + subscription.delays.deleteMs;
  for (const things of [subscription.interfaces, subscription.addresses, subscription.groups]) {
    for (const thing of things.all()) if (isOver(thing)) things.remove(thing.name);
  }
}

export const networkHandlers: Record<string, Handler> = {
  "PUT networkInterfaces": putNic,
  "GET networkInterfaces": (subscription, { name, group, query }) => ({
    status: 200,
    body: nicBody(
      subscription,
      subscription.interfaces.get(name, group),
      query.get("$expand") === "ipConfigurations/publicIPAddress",
    ),
  }),
  "LIST networkInterfaces": (subscription, request) =>
    shownList(subscription, request, subscription.interfaces.all(), (of, nic) => nicBody(of, nic)),
  "DELETE networkInterfaces": deleteNic,
  "PUT publicIPAddresses": putAddress,
  "GET publicIPAddresses": (subscription, { name, group }) => ({
    status: 200,
    body: addressBody(subscription, subscription.addresses.get(name, group)),
  }),
  "LIST publicIPAddresses": (subscription, request) =>
    shownList(subscription, request, subscription.addresses.all(), addressBody),
  "DELETE publicIPAddresses": deleteAddress,
  "PUT networkSecurityGroups": putGroup,
  "GET networkSecurityGroups": (subscription, { name, group }) => ({
    status: 200,
    body: groupBody(subscription, subscription.groups.get(name, group)),
  }),
  "LIST networkSecurityGroups": listGroups,
  "DELETE networkSecurityGroups": deleteGroup,
  "GET virtualNetworks": getNetwork,
  "LIST virtualNetworks": (subscription, request) =>
    shownList(subscription, request, subscription.networks, networkBody),
};
