/**
 * OpenStack as a target: Cinder's volumes and Nova's servers, in one project of one region.
 *
 *   client.ts          tokens, microversions     identity.ts    Keystone, the service catalogue
 *   operations.ts      every call                transport.ts   HTTP, certificates, proxies
 *   account.ts         made once, paging         refusal.ts     refusals as each service words them
 *   volumes.ts         volumes, snapshots        errors.ts      what they mean
 *   compute.ts         gateways, servers         create-server.ts  one server, with its port (ports.ts)
 *   launch.ts          a launched server         images.ts      images made of repaired clones
 *   network.ts         groups, addresses         policy.ts      access rules
 *   zones.ts           of Nova and of Cinder     choices.ts     what settings can be
 *
 * There are no jobs and no client tokens: what was ordered is looked at until it is there, and looked for before it
 * is ordered again.
 */
import { MigrationError } from "#domain/errors.ts";
import { type Clock, systemClock } from "../clock.ts";
import { decorate } from "../decorate.ts";
import type {
  BootStrategy,
  Capabilities,
  Leftover,
  Provider,
  ProviderOptions,
} from "../provider.ts";
import { type Account, absent } from "./account.ts";
import { openClient } from "./client.ts";
import { gatewayRoot, openCompute } from "./compute.ts";
import { type OpenstackConfig, type OpenstackSecrets, volumeGiB } from "./config.ts";
import { maxUserDataBytes, networkOf } from "./create-server.ts";
import { inCloudTerms } from "./errors.ts";
import { chooseGatewayFlavor } from "./flavors.ts";
import { listOwnedImages, openImages } from "./images.ts";
import { findGatewayImage, findMachineImage } from "./machine-images.ts";
import { externalNetworkOf, listOwnedAddresses, listOwnedGroups, openNetwork } from "./network.ts";
import { OpenstackRefusal } from "./refusal.ts";
import { isDeleting, listServers } from "./servers.ts";
import {
  GiB,
  listOwnedSnapshots,
  listOwnedVolumes,
  listVolumeTypes,
  openVolumes,
} from "./volumes.ts";
import { listZones } from "./zones.ts";

export function openOpenstack(
  options: ProviderOptions<OpenstackConfig, OpenstackSecrets>,
  clock: Clock = systemClock,
): Provider {
  const { config, secrets, consoleId, edition = "saas" } = options;
  const client = openClient(config, secrets, () => clock.now());
  const account: Account = { client, config, consoleId, edition, clock, underway: new Map() };
  let probed: Promise<Capabilities> | undefined;

  const provider: Provider = {
    platform: "openstack",
    capabilities() {
      probed ??= probe(account).catch((error: unknown) => {
        // A failure is not kept: the next call asks again.
        probed = undefined;
        throw error;
      });
      return probed;
    },
    check: () => check(account),
    listOwned: (owner) => listOwned(account, owner),
    network: openNetwork(account),
    compute: openCompute(account),
    volumes: openVolumes(account),
    images: openImages(account),
  };
  return decorate(provider, async (call, next) => {
    try {
      return await next();
    } catch (error) {
      throw inCloudTerms(error, call.method);
    }
  });
}

/** Looks at everything that a migration needs, once. */
async function check(account: Account): Promise<void> {
  const { client, config } = account;
  await refuseReaders(account);
  await client.call("ShowLimits");
  await checkZones(account);
  const network = await networkOf(account, config.subnetId);
  if (network !== config.networkId) throw absent("subnet of the network", config.subnetId);
  if (config.gateway.publicAddress === "floating") {
    const id = await externalNetworkOf(account);
    await client.call("ShowNetwork", { path: { id } });
  }
  await checkVolumeType(account);
  const flavor = await chooseGatewayFlavor(account);
  gatewayRoot(account, flavor, await findGatewayImage(account));
  if (config.hyperDoor !== undefined) await findMachineImage(account, config.hyperDoor.image);
  await listOwned(account, "check");
}

/** Whoever may only look would fail at the first order. Source: Keystone, "Default roles". */
async function refuseReaders({ client }: Account): Promise<void> {
  const { roles, projectId } = await client.session();
  if (roles.some((role) => role !== "reader")) return;
  const action = `anything but reading in project ${projectId}: the user needs the role member`;
  throw new MigrationError("cloud.forbidden", { platform: "openstack", action });
}

async function checkZones(account: Account): Promise<void> {
  const { config } = account;
  const lists = [
    ["ListComputeZones", "zone", config.zone],
    ["ListVolumeZones", "volume zone", config.volumeZone],
  ] as const;
  for (const [operation, what, wanted] of lists) {
    if (wanted === undefined) continue;
    const zones = await listZones(account, operation);
    if (!zones.includes(wanted)) throw absent(what, wanted);
  }
}

async function checkVolumeType(account: Account): Promise<void> {
  const { type } = account.config.volume;
  if (type === undefined) return;
  const types = await listVolumeTypes(account);
  if (!types.some(({ id, name }) => name === type || id === type))
    throw absent("volume type", type);
}

async function probe(account: Account): Promise<Capabilities> {
  const { config } = account;
  const [least, most] = volumeGiB;
  const rule = {
    ...(config.volume.type === undefined ? {} : { type: config.volume.type }),
    minBytes: least * GiB,
    maxBytes: Math.min(most, await largestVolumeGiB(account)) * GiB,
    stepBytes: GiB,
  };
  const strategies = strategiesOf(config);
  return {
    volumes: { system: rule, data: rule },
    gatewayMaxVolumes: config.gateway.maxVolumes,
    gatewaySpareVolumes: config.gateway.spareVolumes,
    repairsOn: "gateway",
    ...(config.zone === undefined ? {} : { zone: config.zone }),
    subnetId: config.subnetId,
    onePool: false,
    deviceMapping: "identity",
    userData: { maxBytes: maxUserDataBytes },
    idempotency: "findByNameAndTag",
    bootStrategies: { bios: strategies, uefi: strategies },
    installsGateway: true,
    canClone: true,
    hasConsole: true,
  };
}

function strategiesOf({ launch, hyperDoor }: OpenstackConfig): BootStrategy[] {
  const copied: BootStrategy[] = hyperDoor === undefined ? [] : ["hyperDoorCopy"];
  switch (launch.boot) {
    case "volume":
      return ["bootFromVolume", ...copied];
    case "image":
      return ["imageFromVolume", "bootFromVolume", ...copied];
    case "hyperDoor":
      return copied;
  }
}

/** By the project's quota, where it may be read and says something. */
async function largestVolumeGiB({ client }: Account): Promise<number> {
  const { projectId } = await client.session();
  try {
    const { quota_set } = await client.call<{ quota_set: { per_volume_gigabytes?: number } }>(
      "ShowVolumeQuotas",
      { path: { project: projectId } },
    );
    const most = quota_set.per_volume_gigabytes ?? -1;
    return most > 0 ? most : Number.POSITIVE_INFINITY;
  } catch (error) {
    const untold = error instanceof OpenstackRefusal && [403, 404].includes(error.status);
    if (untold) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

async function listOwned(account: Account, owner: string | undefined): Promise<Leftover[]> {
  const servers = (await listServers(account, owner)).filter((server) => !isDeleting(server));
  const volumes = await listOwnedVolumes(account, owner);
  const snapshots = await listOwnedSnapshots(account, owner);
  const images = await listOwnedImages(account, owner);
  const addresses = await listOwnedAddresses(account, owner);
  const groups = await listOwnedGroups(account, owner);
  const all = { instance: servers, volume: volumes, snapshot: snapshots, image: images };
  const more = { address: addresses, "security-group": groups };
  return Object.entries({ ...all, ...more }).flatMap(([kind, found]) =>
    found.map(({ id, name }) => ({ kind: kind as Leftover["kind"], id, name: name ?? "" })),
  );
}
