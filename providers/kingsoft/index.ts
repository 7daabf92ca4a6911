/**
 * Kingsoft Cloud as a target: EBS volumes and KEC instances, in one subnet.
 *
 *   client.ts     the connection (signature.ts)   account.ts   where we are, patience, orders (paging.ts)
 *   volumes.ts    volumes, snapshots              tags.ts      whose a thing is, by its name
 *   compute.ts    gateways (create-instance.ts)   launch.ts    the way to a launched server
 *   stock.ts      types and disks in stock        network.ts   groups, addresses
 *   policy.ts     the least permissions           permissions.ts  which of them are missing
 *   errors.ts     what the platform's codes mean  machine-images.ts  images to make instances from
 *   choices.ts    what settings can be            subnets.ts   to choose from
 *   prices.ts     what it costs
 *
 * No action takes a client token: everything is found by its name, which says by what order it was made.
 */
import { MigrationError } from "#domain/errors.ts";
import { type Clock, systemClock } from "../clock.ts";
import { decorate } from "../decorate.ts";
import { once } from "../once.ts";
import type {
  BootStrategy,
  Capabilities,
  Firmware,
  Leftover,
  Provider,
  ProviderOptions,
  ResourceKind,
} from "../provider.ts";
import { type Account, lookUpPlace } from "./account.ts";
import { openClient } from "./client.ts";
import { openCompute } from "./compute.ts";
import type { KingsoftConfig, KingsoftSecrets } from "./config.ts";
import { maxUserDataBytes, systemDiskGiB } from "./create-instance.ts";
import { inCloudTerms } from "./errors.ts";
import { GiB, listTypes } from "./instance-types.ts";
import { listInstances } from "./instances.ts";
import { findGatewayImage, getMachineImage } from "./machine-images.ts";
import { addressesOf, findLine, listOwnedGroups, openNetwork } from "./network.ts";
import { checkPermissions } from "./permissions.ts";
import { pricesOf } from "./prices.ts";
import { choose } from "./stock.ts";
import { isOwned, plainName } from "./tags.ts";
import { listOwnedSnapshots, listOwnedVolumes, openVolumes } from "./volumes.ts";

export function openKingsoft(
  options: ProviderOptions<KingsoftConfig, KingsoftSecrets>,
  clock: Clock = systemClock,
): Provider {
  const { config, secrets, consoleId, edition = "saas" } = options;
  const client = openClient(config, secrets);
  const account: Account = {
    ...{ client, config, consoleId, edition, clock },
    place: once(() => lookUpPlace(client, config)),
    types: once(() => listTypes(client)),
    choice: once(() => choose(account)),
    orders: new Map(),
  };
  const permitted = once(() => checkPermissions(account));

  const provider: Provider = {
    platform: "kingsoft",
    capabilities: once(() => probe(account)),
    async check() {
      await permitted();
      await client.call("kec", "DescribeRegions");
      await account.place();
      await account.choice();
      await findGatewayImage(account);
      if (config.gateway.publicAddress === "elastic") await findLine(account);
      await checkHyperDoor(account);
    },
    prices: ({ gatewayType }) => pricesOf(account, gatewayType),
    listOwned: (owner) => listOwned(account, owner),
    network: openNetwork(account),
    compute: openCompute(account, secrets),
    volumes: openVolumes(account),
  };
  return decorate(provider, async (call, next) => {
    try {
      return await next();
    } catch (error) {
      throw inCloudTerms(error, call.method);
    }
  });
}

/** Without it volumes are kept current, and nothing can be launched from them. */
async function checkHyperDoor(account: Account): Promise<void> {
  const { hyperDoor } = account.config;
  if (hyperDoor === undefined) {
    throw new MigrationError("input.invalid", {
      where: "hyperDoor.image",
      problem:
        "servers are launched on Kingsoft Cloud by HyperDoor only; import its image and give its id (S-13, S-19)",
    });
  }
  await getMachineImage(account, hyperDoor.image);
}

async function probe(account: Account): Promise<Capabilities> {
  const { config } = account;
  const { volumeType, gatewayVolumes, volumeGiB } = await account.choice();
  const { maxVolumes = gatewayVolumes, spareVolumes } = config.gateway;
  const most = Math.max(1, Math.min(maxVolumes, gatewayVolumes - spareVolumes));
  const rule = (mostGiB: number) => ({
    type: volumeType,
    isSsd: volumeType !== "EHDD",
    minBytes: volumeGiB.least * GiB,
    maxBytes: mostGiB * GiB,
    stepBytes: GiB,
  });
  return {
    volumes: {
      // It is copied to a system disk that must be as large.
      system: rule(Math.min(systemDiskGiB.most, volumeGiB.most)),
      data: rule(volumeGiB.most),
    },
    gatewayMaxVolumes: most,
    gatewaySpareVolumes: Math.min(spareVolumes, gatewayVolumes - most),
    repairsOn: "gateway",
    zone: (await account.place()).zone,
    subnetId: config.subnetId,
    onePool: false,
    deviceMapping: "identity",
    userData: { maxBytes: maxUserDataBytes },
    idempotency: "findByNameAndTag",
    bootStrategies: await strategies(account),
    installsGateway: true,
    canClone: true,
    hasConsole: false,
  };
}

/** HyperDoor starts by the firmware of its image, and so does what it copies. */
async function strategies(account: Account): Promise<Record<Firmware, readonly BootStrategy[]>> {
  const { hyperDoor } = account.config;
  if (hyperDoor === undefined) return { bios: [], uefi: [] };
  const { firmware } = await getMachineImage(account, hyperDoor.image);
  const copied: readonly BootStrategy[] = ["hyperDoorCopy"];
  return firmware === "bios" ? { bios: copied, uefi: [] } : { bios: [], uefi: copied };
}

async function listOwned(account: Account, owner: string | undefined): Promise<Leftover[]> {
  const { consoleId } = account;
  const instances = (await listInstances(account)).filter(({ InstanceName }) =>
    isOwned(InstanceName, consoleId, owner),
  );
  const addresses = await addressesOf(account, instances);
  const volumes = await listOwnedVolumes(account, owner);
  const snapshots = await listOwnedSnapshots(account, owner);
  const groups = await listOwnedGroups(account, owner);
  return [
    ...instances.map((one) => leftover("instance", one.InstanceId, one.InstanceName)),
    ...volumes.map((one) => leftover("volume", one.VolumeId, one.VolumeName)),
    ...snapshots.map((one) => leftover("snapshot", one.SnapshotId, one.SnapshotName)),
    ...addresses.map(({ id, instance }) => leftover("address", id, instance.InstanceName)),
    ...groups.map((one) => leftover("security-group", one.SecurityGroupId, one.SecurityGroupName)),
  ];
}

function leftover(kind: ResourceKind, id: string, name = ""): Leftover {
  return { kind, id, name: plainName(name) };
}
