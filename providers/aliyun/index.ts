/**
 * Alibaba Cloud as a target: cloud disks, ECS instances and images, in one vSwitch.
 *
 *   client.ts     the connection (signature.ts)   account.ts   pages, tokens, where we are
 *   volumes.ts    disks, snapshots                images.ts    images made of repaired clones
 *   compute.ts    gateways                        launch.ts    the way to a launched server
 *   stock.ts      types and disks in stock        network.ts   groups, addresses
 *   vswitches.ts  where to launch                 prices.ts    what Alibaba Cloud asks
 *   policy.ts     the least permissions           permissions.ts  which of them are missing
 *   errors.ts     what the platform's codes mean  choices.ts   what settings can be
 *
 * Everything carries tags; every create takes a client token.
 */
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
import { maxUserDataBytes, openCompute } from "./compute.ts";
import type { AliyunConfig, AliyunSecrets } from "./config.ts";
import { sizeRules } from "./disk-sizes.ts";
import { inCloudTerms } from "./errors.ts";
import { findGatewayImage, findHyperDoorImage, listOwnImages, openImages } from "./images.ts";
import { listTypes } from "./instance-types.ts";
import { listInstances } from "./instances.ts";
import { listEips, listGroups, openNetwork } from "./network.ts";
import { checkPermissions } from "./permissions.ts";
import { pricesOf } from "./prices.ts";
import { choose } from "./stock.ts";
import { consoleTag, ownerTag, type Tagged, tagValue } from "./tags.ts";
import { listDisks, listSnapshots, openVolumes } from "./volumes.ts";

export function openAliyun(
  options: ProviderOptions<AliyunConfig, AliyunSecrets>,
  clock: Clock = systemClock,
): Provider {
  const { config, secrets, consoleId, edition = "saas" } = options;
  const client = openClient(config, secrets);
  const account: Account = {
    ...{ client, config, consoleId, edition, clock },
    place: once(() => lookUpPlace(client, config)),
    types: once(() => listTypes({ client })),
    choice: once(() => choose(account)),
  };

  const permitted = once(() => checkPermissions(account));

  const provider: Provider = {
    platform: "aliyun",
    capabilities: once(() => probe(account)),
    prices: ({ gatewayType }) => pricesOf(account, gatewayType),
    async check() {
      await client.call("sts", "GetCallerIdentity", {});
      await permitted();
      await account.place();
      await account.choice();
      await findGatewayImage(account);
      const { hyperDoor } = account.config;
      if (hyperDoor !== undefined) await findHyperDoorImage(account, hyperDoor.image);
    },
    listOwned: (owner) => listOwned(account, owner),
    network: openNetwork(account),
    compute: openCompute(account, secrets),
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

async function probe(account: Account): Promise<Capabilities> {
  const { config } = account;
  const { volumes, gatewayVolumes } = await account.choice();
  const { maxVolumes, spareVolumes } = config.gateway;
  const most = Math.min(maxVolumes, gatewayVolumes);
  return {
    volumes: sizeRules(volumes, config.volume),
    gatewayMaxVolumes: most,
    gatewaySpareVolumes: Math.min(spareVolumes, gatewayVolumes - most),
    repairsOn: "gateway",
    zone: (await account.place()).zone,
    subnetId: config.vSwitchId,
    onePool: false,
    deviceMapping: "identity",
    userData: { maxBytes: maxUserDataBytes },
    idempotency: "clientToken",
    bootStrategies: {
      bios: await strategiesFor(account, "bios"),
      uefi: await strategiesFor(account, "uefi"),
    },
    installsGateway: true,
    canClone: true,
    snapshotsAfterAttachOnly: true,
    hasConsole: true,
  };
}

/** HyperDoor's image starts only with the firmware it was imported for. */
async function strategiesFor(account: Account, firmware: Firmware): Promise<BootStrategy[]> {
  const { hyperDoor } = account.config;
  if (hyperDoor === undefined) return ["imageFromSnapshot"];
  const { BootMode = "BIOS" } = await findHyperDoorImage(account, hyperDoor.image);
  const fits = BootMode === "UEFI-Preferred" || BootMode.toLowerCase() === firmware;
  return fits ? ["imageFromSnapshot", "hyperDoorCopy"] : ["imageFromSnapshot"];
}

async function listOwned(account: Account, owner: string | undefined): Promise<Leftover[]> {
  const Tag = [
    { Key: consoleTag, Value: account.consoleId },
    ...(owner === undefined ? [] : [{ Key: ownerTag, Value: owner }]),
  ];
  const instances = await listInstances(account, { Tag });
  // A system disk has its instance's tags and goes with it; only one that was left behind counts.
  const disks = (await listDisks(account, { Tag })).filter(
    ({ Type, Status }) => Type !== "system" || Status === "Available",
  );
  const snapshots = await listSnapshots(account, { Tag });
  const images = await listOwnImages(account, { Tag });
  const addresses = await listEips(account, { Tag });
  const groups = await listGroups(account, { Tag });
  return [
    ...instances.map((thing) => leftover("instance", thing.InstanceId, thing)),
    ...disks.map((thing) => leftover("volume", thing.DiskId, thing)),
    ...snapshots.map((thing) => leftover("snapshot", thing.SnapshotId, thing)),
    ...images.map((thing) => leftover("image", thing.ImageId, thing)),
    ...addresses.map((thing) => leftover("address", thing.AllocationId, thing)),
    ...groups.map((thing) => leftover("security-group", thing.SecurityGroupId, thing)),
  ];
}

function leftover(kind: ResourceKind, id: string, thing: Tagged): Leftover {
  return { kind, id, name: tagValue(thing, "Name") ?? "" };
}
