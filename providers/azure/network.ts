/** Network security groups, public addresses, and the interfaces that servers have them on. */
import type { SecurityRule as AzureRule, NetworkInterface } from "@azure/arm-network";
import { MigrationError } from "#domain/errors.ts";
import type { Choice } from "../choices.ts";
import type { CreateOptions, LaunchSpec, Provider, SecurityRule } from "../provider.ts";
import { idOf, isSameId, nameIn } from "./names.ts";
import { listSubnets } from "./subnets.ts";
import {
  ended,
  endedUnlessAbsent,
  isMadeAlready,
  type Subscription,
  unlessAbsent,
} from "./subscription.ts";
import { tagsOf, tagValue } from "./tags.ts";
import { notFound } from "./volumes.ts";

const anybody = "0.0.0.0/0";
/** Source: Network docs, "Security rules": 100 to 4096, the lowest first. */
const firstPriority = 100;

export function openNetwork(subscription: Subscription): Provider["network"] {
  const { network, config, polling } = subscription;
  const { resourceGroup, location, zone } = config;

  return {
    async ensureSecurityGroup(options) {
      const { token } = options;
      // A group is put as a whole: the rules it had are replaced.
      await ended(
        network.networkSecurityGroups.createOrUpdate(
          resourceGroup,
          token,
          {
            location,
            tags: tagsOf(options),
            securityRules: options.rules.flatMap((rule, index) => ruleOf(rule, index)),
          },
          polling,
        ),
      );
      return { id: token };
    },

    async deleteSecurityGroup(id) {
      await endedUnlessAbsent(network.networkSecurityGroups.delete(resourceGroup, id, polling));
    },

    async ensureAddress(options) {
      if (config.gateway.publicAddress === "none") return undefined;
      const { token, instanceId } = options;
      const earlier = await unlessAbsent(network.publicIPAddresses.get(resourceGroup, token));
      if (earlier?.ipAddress === undefined) {
        await ended(
          network.publicIPAddresses.createOrUpdate(
            resourceGroup,
            token,
            {
              location,
              tags: tagsOf(options),
              sku: { name: "Standard" },
              publicIPAllocationMethod: "Static",
              publicIPAddressVersion: "IPv4",
              ...(zone === undefined ? {} : { zones: [zone] }),
            },
            polling,
          ),
        );
      }
      const made = earlier ?? (await network.publicIPAddresses.get(resourceGroup, token));
      if (made.ipAddress === undefined) {
        const problem = `address ${token} has no number yet`;
        throw new MigrationError("cloud.transient", { platform: "azure", problem });
      }
      await bind(subscription, token, instanceId);
      return { id: token, address: made.ipAddress };
    },

    async releaseAddress(id) {
      const address = await unlessAbsent(network.publicIPAddresses.get(resourceGroup, id));
      if (address === undefined) return;
      // …/networkInterfaces/<name>/ipConfigurations/<name>
      const holder = address.ipConfiguration?.id?.split("/").at(-3);
      if (holder !== undefined) await unbind(subscription, holder);
      await endedUnlessAbsent(network.publicIPAddresses.delete(resourceGroup, id, polling));
    },

    /** A subnet has no zone. The target's own is called what the settings call it: case does not count in ids. */
    async listSubnets() {
      const { subnetId } = config;
      const subnets = await listSubnets(subscription, location);
      return subnets.map((subnet) =>
        isSameId(subnet.value, subnetId) ? { ...subnet, value: subnetId } : subnet,
      );
    },

    async listSecurityGroups() {
      const groups: Choice[] = [];
      for await (const group of network.networkSecurityGroups.list(resourceGroup)) {
        // An interface has none of another location; in which network it is does not matter to a group.
        if (group.location !== location) continue;
        groups.push({ value: group.name ?? "", label: tagValue(group.tags, "Name") ?? "" });
      }
      return groups;
    },
  };
}

function ruleOf({ port, from }: SecurityRule, index: number): AzureRule[] {
  if (from.length === 0) return [];
  return [
    {
      name: `hypermotion-${port}`,
      description: "HyperMotion",
      priority: firstPriority + index,
      direction: "Inbound",
      access: "Allow",
      protocol: "Tcp",
      sourcePortRange: "*",
      destinationAddressPrefix: "*",
      destinationPortRange: String(port),
      // The list takes networks alone, and everybody is none to it.
      ...(from.includes(anybody)
        ? { sourceAddressPrefix: "*" }
        : { sourceAddressPrefixes: [...from] }),
    },
  ];
}

export async function findInterface(
  { network, config }: Subscription,
  name: string,
): Promise<NetworkInterface | undefined> {
  return unlessAbsent(
    network.networkInterfaces.get(config.resourceGroup, name, {
      expand: "ipConfigurations/publicIPAddress",
    }),
  );
}

/** An instance's interface has the instance's name, and ends with it. May be repeated. */
export async function ensureInterface(
  subscription: Subscription,
  options: CreateOptions,
  wish: { securityGroupIds: readonly string[] } & Pick<
    NonNullable<LaunchSpec["network"]>,
    "subnetId" | "privateAddress"
  >,
): Promise<void> {
  const { network, config, polling } = subscription;
  const { token } = options;
  const [securityGroupId = "", ...others] = wish.securityGroupIds;
  if (others.length > 0) {
    throw new MigrationError("cloud.refused", {
      platform: "azure",
      what: "more than one security group",
      problem: "a network interface has one; put the rules into it",
    });
  }
  if (isMadeAlready(`interface ${token}`, await findInterface(subscription, token))) return;
  const { privateAddress, subnetId = config.subnetId } = wish;
  await ended(
    network.networkInterfaces.createOrUpdate(
      config.resourceGroup,
      token,
      {
        location: config.location,
        tags: tagsOf(options),
        ipConfigurations: [
          {
            name: "primary",
            primary: true,
            subnet: { id: subnetId },
            ...(privateAddress === undefined
              ? { privateIPAllocationMethod: "Dynamic" }
              : { privateIPAllocationMethod: "Static", privateIPAddress: privateAddress }),
          },
        ],
        networkSecurityGroup: {
          id: securityGroupId.startsWith("/")
            ? securityGroupId
            : idOf(config, "Microsoft.Network/networkSecurityGroups", securityGroupId),
        },
        // Old guests have no driver for it.
        enableAcceleratedNetworking: false,
      },
      polling,
    ),
  );
}

async function bind(subscription: Subscription, address: string, instance: string): Promise<void> {
  const found = await findInterface(subscription, instance);
  const [first, ...others] = found?.ipConfigurations ?? [];
  if (found === undefined || first === undefined) throw notFound("instance", instance);
  if (nameIn(first.publicIPAddress?.id ?? "") === address) return;
  const id = idOf(subscription.config, "Microsoft.Network/publicIPAddresses", address);
  // It outlives the instance: it is a resource of its own, with an end of its own.
  const publicIPAddress = { id, deleteOption: "Detach" as const };
  await put(subscription, instance, {
    ...found,
    ipConfigurations: [{ ...first, publicIPAddress }, ...others],
  });
}

async function unbind(subscription: Subscription, name: string): Promise<void> {
  const found = await findInterface(subscription, name);
  // One that is being deleted lets go by itself.
  if (found?.ipConfigurations === undefined || found.provisioningState === "Deleting") return;
  const ipConfigurations = found.ipConfigurations.map(({ publicIPAddress: _, ...rest }) => rest);
  await put(subscription, name, { ...found, ipConfigurations });
}

async function put(
  { network, config, polling }: Subscription,
  name: string,
  wanted: NetworkInterface,
): Promise<void> {
  const { networkInterfaces } = network;
  await ended(networkInterfaces.createOrUpdate(config.resourceGroup, name, wanted, polling));
}
