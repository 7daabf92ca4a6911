/**
 * Azure as a target: managed disks and virtual machines in one resource group and subnet.
 *
 *   client.ts          the connection      subscription.ts   waiting for operations
 *   volumes.ts         disks, snapshots    sizes.ts          what may be run here
 *   compute.ts         gateways, servers   launch.ts         the way to a launched server (boot.ts decides)
 *   network.ts         groups, addresses   subnets.ts        where servers can be put
 *   prices.ts          what it all costs   errors.ts         what Azure's codes mean
 *
 * A resource's name is its order's token, so that the same order twice is one resource; all carry tags.
 */
import type { VirtualMachine } from "@azure/arm-compute";
import { MigrationError } from "#domain/errors.ts";
import { decorate } from "../decorate.ts";
import type {
  Capabilities,
  Leftover,
  Provider,
  ProviderOptions,
  ResourceKind,
} from "../provider.ts";
import { openClients } from "./client.ts";
import { maxUserDataBytes, openCompute } from "./compute.ts";
import type { AzureConfig, AzureSecrets } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { findMachineImage } from "./machine-images.ts";
import { isSameId, subnetParts } from "./names.ts";
import { openNetwork } from "./network.ts";
import {
  isAllowed,
  networkActions,
  ownActions,
  type Permission,
  subscriptionActions,
} from "./policy.ts";
import { pricesOf } from "./prices.ts";
import { gatewaySize, type Size, sizesOf } from "./sizes.ts";
import type { Subscription } from "./subscription.ts";
import { consoleTag, ownerTag, type Tags, tagValue } from "./tags.ts";
import { GiB, mostGiB, notFound, openVolumes } from "./volumes.ts";

export function openAzure(options: ProviderOptions<AzureConfig, AzureSecrets>): Provider {
  const { config, secrets, consoleId } = options;
  const clients = openClients(config, secrets);
  let asked: Promise<readonly Size[]> | undefined;
  const subscription: Subscription = {
    ...clients,
    config,
    adminPassword: secrets.adminPassword,
    consoleId,
    polling: { updateIntervalInMs: config.pollMs },
    sizes() {
      // A failure is not kept: the next call asks again.
      asked ??= listSizes(subscription).catch((error: unknown) => {
        asked = undefined;
        throw error;
      });
      return asked;
    },
  };

  const provider: Provider = {
    platform: "azure",
    capabilities: () => capabilitiesOf(subscription),
    prices: ({ gatewayType }) => pricesOf(subscription, gatewayType),
    check: () => check(subscription),
    listOwned: (owner) => listOwned(subscription, owner),
    network: openNetwork(subscription),
    compute: openCompute(subscription),
    volumes: openVolumes(subscription),
  };
  return decorate(provider, async (call, next) => {
    try {
      return await next();
    } catch (error) {
      throw inCloudTerms(error, call.method);
    }
  });
}

async function listSizes({ compute, config }: Subscription): Promise<readonly Size[]> {
  const filter = `location eq '${config.location}'`;
  const skus = [];
  for await (const sku of compute.resourceSkus.list({ filter })) skus.push(sku);
  return sizesOf(skus, config);
}

async function check(subscription: Subscription): Promise<void> {
  const { config, network } = subscription;
  const { subscriptionId, resourceGroup, subnetId } = config;
  const place = subnetParts(subnetId);
  const here = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
  const there = `/subscriptions/${subnetId.split("/")[2]}/resourceGroups/${place.resourceGroup}`;
  await requireActions(subscription, here, ownActions);
  await requireActions(subscription, `/subscriptions/${subscriptionId}`, subscriptionActions);
  await requireActions(subscription, there, networkActions);
  const { location, subnets = [] } = await network.virtualNetworks.get(
    place.resourceGroup,
    place.network,
  );
  if (!subnets.some(({ id }) => isSameId(id, subnetId))) throw notFound("subnet", place.subnet);
  if (location !== config.location) {
    throw new MigrationError("cloud.refused", {
      ...{ platform: "azure", what: `the network ${place.network}` },
      problem: `it is in ${location}, the target in ${config.location}`,
    });
  }
  const size = gatewaySize(await subscription.sizes(), config);
  await findMachineImage(subscription, size);
}

/** Nothing is tried out: Azure tells what the caller may do. @throws `cloud.forbidden` for the first that is missing */
async function requireActions(
  subscription: Subscription,
  scope: string,
  actions: readonly string[],
): Promise<void> {
  const permissions: Permission[] = [];
  const path = `${scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`;
  const answer = Object(await subscription.get(path));
  permissions.push(...((answer.value ?? []) as Permission[]));
  const missing = actions.find((action) => !isAllowed(permissions, action));
  if (missing === undefined) return;
  throw new MigrationError("cloud.forbidden", { platform: "azure", action: missing });
}

async function capabilitiesOf(subscription: Subscription): Promise<Capabilities> {
  const { config } = subscription;
  const { gateway, volume, zone } = config;
  const size = gatewaySize(await subscription.sizes(), config);
  const rule = (most: number) => ({ minBytes: GiB, maxBytes: most * GiB, stepBytes: GiB });
  const gatewayMaxVolumes = Math.min(gateway.maxVolumes, size.maxVolumes);
  return {
    volumes: { system: rule(mostGiB.system), data: rule(mostGiB.data) },
    gatewayMaxVolumes,
    gatewaySpareVolumes: Math.min(gateway.spareVolumes, size.maxVolumes - gatewayMaxVolumes),
    repairsOn: "gateway",
    // Disks of a zone hang on servers of that zone only; those kept in all zones hang on any.
    ...(zone === undefined || volume.type.endsWith("ZRS") ? {} : { zone }),
    subnetId: config.subnetId,
    onePool: false,
    deviceMapping: "identity",
    userData: { maxBytes: maxUserDataBytes },
    idempotency: "clientChosenId",
    bootStrategies: { bios: ["attachAsOsDisk"], uefi: ["attachAsOsDisk"] },
    installsGateway: true,
    canClone: true,
    hasConsole: true,
  };
}

/** Asked of each kind of resource itself: Azure's list of all resources is minutes behind. */
async function listOwned(subscription: Subscription, owner?: string): Promise<Leftover[]> {
  const { compute, network, config, consoleId } = subscription;
  const { resourceGroup } = config;
  const isOurs = ({ tags }: { tags?: Tags }) =>
    tagValue(tags, consoleTag) === consoleId &&
    (owner === undefined || tagValue(tags, ownerTag) === owner);
  const found: Leftover[] = [];
  const add = (kind: ResourceKind, { name = "", tags }: { name?: string; tags?: Tags }) => {
    found.push({ kind, id: name, name: tagValue(tags, "Name") ?? "" });
  };

  const machines = new Map<string, VirtualMachine>();
  for await (const machine of compute.virtualMachines.list(resourceGroup)) {
    machines.set((machine.name ?? "").toLowerCase(), machine);
    if (isOurs(machine) && machine.provisioningState !== "Deleting") add("instance", machine);
  }
  for await (const one of network.networkInterfaces.list(resourceGroup)) {
    // It goes with its machine; one without is what a launch left that stopped half way.
    const isAlone = !machines.has((one.name ?? "").toLowerCase());
    if (isOurs(one) && isAlone && one.provisioningState !== "Deleting") add("instance", one);
  }
  for await (const disk of compute.disks.listByResourceGroup(resourceGroup)) {
    if (isOurs(disk)) add("volume", disk);
  }
  for await (const snapshot of compute.snapshots.listByResourceGroup(resourceGroup)) {
    if (isOurs(snapshot)) add("snapshot", snapshot);
  }
  for await (const address of network.publicIPAddresses.list(resourceGroup)) {
    if (isOurs(address)) add("address", address);
  }
  for await (const group of network.networkSecurityGroups.list(resourceGroup)) {
    if (isOurs(group)) add("security-group", group);
  }
  return found;
}
