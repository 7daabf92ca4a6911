/**
 * Tencent Cloud as a target: CBS disks and CVM instances, in one subnet.
 *
 *   client.ts          the connection      account.ts    patience with what Tencent shows late
 *   volumes.ts         disks, snapshots    images.ts     images made of repaired clones
 *   compute.ts         gateways, types     launch.ts     the way to a launched server (boot.ts decides)
 *   network.ts         groups, addresses   errors.ts     what Tencent's codes mean
 *   subnets.ts         where to launch     prices.ts     what Tencent asks
 *
 * Everything carries tags; what takes no client token is found by them or by a unique name.
 */
import { MigrationError } from "#domain/errors.ts";
import { type Clock, systemClock } from "../clock.ts";
import { decorate } from "../decorate.ts";
import type {
  BootStrategy,
  Capabilities,
  Firmware,
  Leftover,
  Provider,
  ProviderOptions,
  ResourceKind,
} from "../provider.ts";
import { type Account, lookUpPlace, type Place } from "./account.ts";
import { openClients } from "./client.ts";
import { maxUserDataBytes, openCompute } from "./compute.ts";
import type { TencentConfig, TencentSecrets } from "./config.ts";
import { volumeRules } from "./disk-rules.ts";
import { inCloudTerms } from "./errors.ts";
import { listOwnImages, openImages } from "./images.ts";
import { gatewayType } from "./instance-types.ts";
import { listCvmInstances } from "./instances.ts";
import { findGatewayImage, getMachineImage } from "./machine-images.ts";
import { listAddresses, listGroups, openNetwork } from "./network.ts";
import { pricesOf } from "./prices.ts";
import { consoleTag, ownerTag, tagValue, withTag } from "./tags.ts";
import { listDisks, listSnapshots, openVolumes } from "./volumes.ts";

export async function openTencent(
  options: ProviderOptions<TencentConfig, TencentSecrets>,
  clock: Clock = systemClock,
): Promise<Provider> {
  const { config, secrets, consoleId, edition = "saas" } = options;
  const clients = openClients(config, secrets);
  let placed: Promise<Place> | undefined;
  let probed: Promise<Capabilities> | undefined;
  const account: Account = {
    ...clients,
    config,
    secrets,
    consoleId,
    edition,
    clock,
    place(subnetId = config.subnetId) {
      if (subnetId !== config.subnetId) return lookUpPlace(clients.vpc, subnetId);
      placed ??= kept(lookUpPlace(clients.vpc, subnetId), () => {
        placed = undefined;
      });
      return placed;
    },
  };

  const provider: Provider = {
    platform: "tencent",
    capabilities() {
      probed ??= kept(probe(account), () => {
        probed = undefined;
      });
      return probed;
    },
    prices: ({ gatewayType: given }) => pricesOf(account, given),
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

/** A failure is not kept: the next call asks again. */
function kept<T>(promise: Promise<T>, forget: () => void): Promise<T> {
  promise.catch(forget);
  return promise;
}

/** Shaped like an id of Tencent's, of something that never was. */
const nothing = (prefix: string) => `${prefix}-00000000`;

/**
 * Only RunInstances and CreateImage can be tried without effect. The others are asked about things that
 * are not there: who may not ask is told so, who may is told that there is no such thing.
 */
async function check(account: Account): Promise<void> {
  const { sts, cvm, cbs, config } = account;
  await sts.GetCallerIdentity(null);
  const { vpcId, zone } = await account.place();
  if (config.zone !== undefined && config.zone !== zone) {
    throw new MigrationError("input.invalid", {
      where: "zone",
      problem: `subnet ${config.subnetId} is in ${zone}, not in ${config.zone}`,
    });
  }
  await volumeRules(account);
  const image = await findGatewayImage(account);
  await gatewayType(account);
  if (config.hyperDoor !== undefined) await getMachineImage(account, config.hyperDoor.image);
  await mayAsk("cvm:RunInstances", () =>
    cvm.RunInstances({
      Placement: { Zone: zone },
      ImageId: image.id,
      InstanceChargeType: "POSTPAID_BY_HOUR",
      VirtualPrivateCloud: { VpcId: vpcId, SubnetId: config.subnetId },
      DryRun: true,
    }),
  );
  await mayAsk("cvm:CreateImage", () =>
    cvm.CreateImage({
      ImageName: "hypermotion-check",
      SnapshotIds: [nothing("snap")],
      DryRun: true,
    }),
  );
  await mayAsk("cbs:CreateSnapshot", () => cbs.CreateSnapshot({ DiskId: nothing("disk") }));
  await mayAsk("cbs:AttachDisks", () =>
    cbs.AttachDisks({ InstanceId: nothing("ins"), DiskIds: [nothing("disk")] }),
  );
  await listGroups(account, ...ours(account));
  await listAddresses(account, ...ours(account));
}

/** What is refused for another reason than a permission was permitted. */
async function mayAsk(action: string, ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    const told = inCloudTerms(error, action);
    if (["cloud.not-found", "cloud.refused", "cloud.capacity"].includes(told.code)) return;
    if (told.code !== "cloud.forbidden") throw told;
    throw new MigrationError("cloud.forbidden", { platform: "tencent", action }, { cause: error });
  }
}

async function probe(account: Account): Promise<Capabilities> {
  const { config } = account;
  return {
    volumes: await volumeRules(account),
    gatewayMaxVolumes: config.gateway.maxVolumes,
    gatewaySpareVolumes: config.gateway.spareVolumes,
    repairsOn: "gateway",
    zone: (await account.place()).zone,
    subnetId: config.subnetId,
    onePool: false,
    deviceMapping: "identity",
    userData: { maxBytes: maxUserDataBytes },
    idempotency: "clientToken",
    bootStrategies: strategies(config),
    installsGateway: true,
    canClone: true,
    hasConsole: false,
  };
}

/** Images of snapshots start by BIOS; what HyperDoor copies starts as its image does. */
function strategies({ hyperDoor }: TencentConfig): Capabilities["bootStrategies"] {
  const copies = (firmware: Firmware): BootStrategy[] =>
    hyperDoor?.firmware === firmware ? ["hyperDoorCopy"] : [];
  return { bios: ["imageFromSnapshot", ...copies("bios")], uefi: copies("uefi") };
}

function ours({ consoleId }: Account, owner?: string) {
  return [
    withTag(consoleTag, consoleId),
    ...(owner === undefined ? [] : [withTag(ownerTag, owner)]),
  ];
}

async function listOwned(account: Account, owner: string | undefined): Promise<Leftover[]> {
  const filters = ours(account, owner);
  const isOurs = (thing: Parameters<typeof tagValue>[0]) =>
    tagValue(thing, consoleTag) === account.consoleId &&
    (owner === undefined || tagValue(thing, ownerTag) === owner);
  const [instances, disks, snapshots, images, addresses, groups] = await Promise.all([
    listCvmInstances(account, ...filters),
    listDisks(account, ...filters),
    listSnapshots(account),
    listOwnImages(account, ...filters),
    listAddresses(account, ...filters),
    listGroups(account, ...filters),
  ]);
  return [
    ...instances
      .filter((one) => isOurs(one) && one.InstanceState !== "TERMINATING")
      .map((one) => leftover("instance", one.InstanceId, one)),
    ...disks.filter(isOurs).map((one) => leftover("volume", one.DiskId, one)),
    ...snapshots.filter(isOurs).map((one) => leftover("snapshot", one.SnapshotId, one)),
    ...images.filter(isOurs).map((one) => leftover("image", one.ImageId, one)),
    ...addresses
      .filter((one) => isOurs(one) && one.AddressStatus !== "OFFLINING")
      .map((one) => leftover("address", one.AddressId, one)),
    ...groups.filter(isOurs).map((one) => leftover("security-group", one.SecurityGroupId, one)),
  ];
}

function leftover(kind: ResourceKind, id = "", thing: Parameters<typeof tagValue>[0]): Leftover {
  return { kind, id, name: tagValue(thing, "Name") ?? "" };
}
