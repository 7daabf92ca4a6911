/**
 * Huawei Cloud as a target: EVS volumes and ECS servers, in one zone and one subnet.
 *
 *   client.ts          the connection      operations.ts  every call, and the right it needs
 *   signature.ts       AK/SK               account.ts     patience, client tokens, paging
 *   volumes.ts         volumes, snapshots  images.ts      images made of repaired clones
 *   compute.ts         gateways, servers   launch.ts      the way to a launched server (boot.ts decides)
 *   network.ts         groups, addresses   errors.ts      what Huawei's codes mean
 *   choices.ts         what a target's settings can be, before there is one
 *   subnets.ts         where servers can be launched
 *   prices.ts          what a gateway and its volumes cost
 *
 * Orders are jobs: they are taken, and what they make is looked at until it is there.
 */
import { MigrationError } from "#domain/errors.ts";
import type { ImageWish } from "#domain/gateway-images.ts";
import { type Clock, systemClock } from "../clock.ts";
import { decorate } from "../decorate.ts";
import type {
  BootStrategy,
  Capabilities,
  Firmware,
  Leftover,
  Provider,
  ProviderOptions,
} from "../provider.ts";
import type { Account } from "./account.ts";
import { openClient } from "./client.ts";
import { gatewayOrder, maxUserDataBytes, openCompute } from "./compute.ts";
import { type HuaweiConfig, type HuaweiSecrets, volumeGiB } from "./config.ts";
import { serverBody } from "./create-server.ts";
import { inCloudTerms } from "./errors.ts";
import { listOwnedImages, openImages } from "./images.ts";
import { findGatewayImage, findMachineImage } from "./machine-images.ts";
import { listOwnedAddresses, listOwnedGroups, openNetwork } from "./network.ts";
import { listZones, vpcOf } from "./place.ts";
import { pricesOf } from "./prices.ts";
import { listServers } from "./servers.ts";
import { consoleTag, fromStrings, ownerTag, rootTag, tagValue } from "./tags.ts";
import { findEvsVolume, GiB, listEvsVolumes, listOwnedSnapshots, openVolumes } from "./volumes.ts";

export function openHuawei(
  options: ProviderOptions<HuaweiConfig, HuaweiSecrets>,
  clock: Clock = systemClock,
): Provider {
  const { config, secrets, consoleId, edition = "saas" } = options;
  const client = openClient(config, secrets);
  let vpc: Promise<string> | undefined;
  let probed: Promise<Capabilities> | undefined;
  const account: Account = {
    client,
    config,
    consoleId,
    edition,
    clock,
    vpcId() {
      vpc ??= kept(vpcOf(client, config.subnetId), () => {
        vpc = undefined;
      });
      return vpc;
    },
  };

  const provider: Provider = {
    platform: "huawei",
    capabilities() {
      probed ??= kept(probe(account), () => {
        probed = undefined;
      });
      return probed;
    },
    prices: ({ gatewayType }) => pricesOf(account, gatewayType),
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

/** Looks at everything once, and lets ECS rehearse the order for a gateway. */
async function check(account: Account): Promise<void> {
  const { client, config, consoleId } = account;
  await account.client.project();
  await account.vpcId();
  if (!(await listZones(client)).includes(config.zone)) {
    const facts = { platform: "huawei", what: "zone", id: config.zone };
    throw new MigrationError("cloud.not-found", facts);
  }
  await refuseSameImages(account);
  if (config.hyperDoor !== undefined) await findMachineImage(account, config.hyperDoor.image);
  await listOwned(account, "check");
  const name = "hypermotion-check";
  const tags = { "hypermotion:console": consoleId, "hypermotion:owner": "check", Name: name };
  const order = await gatewayOrder(account, { token: name, tags, securityGroupId: "" });
  // Without a group ECS takes the project's default one, which makes no difference here.
  const { security_groups: _, ...server } = await serverBody(account, order);
  await client.call("CreatePostPaidServers", { body: { dry_run: true, server } });
}

/**
 * A carrier hangs on the gateway before it is overwritten. Made of the gateway's own image it would have the same
 * file system ids, and a gateway that restarts just then could start from it.
 */
async function refuseSameImages(account: Account): Promise<void> {
  const { boot, shell } = account.config.launch;
  if (boot === "image") return;
  const gateway = await findGatewayImage(account);
  for (const firmware of ["bios", "uefi"] as const) {
    const carrier = await findMachineImage(account, shell[firmware]);
    if (carrier.id !== gateway.id) continue;
    const problem = `launch.shell and gateway.image are both ${gateway.name}; choose another for one of them`;
    const facts = { platform: "huawei", what: "the target's settings", problem };
    throw new MigrationError("cloud.refused", facts);
  }
}

async function probe(account: Account): Promise<Capabilities> {
  const { config } = account;
  const rule = ([least, most]: readonly [number, number]) => ({
    minBytes: least * GiB,
    maxBytes: most * GiB,
    stepBytes: GiB,
  });
  return {
    volumes: { system: rule(volumeGiB.system), data: rule(volumeGiB.data) },
    gatewayMaxVolumes: config.gateway.maxVolumes,
    gatewaySpareVolumes: config.gateway.spareVolumes,
    repairsOn: "gateway",
    zone: config.zone,
    subnetId: config.subnetId,
    onePool: false,
    deviceMapping: "identity",
    userData: { maxBytes: maxUserDataBytes },
    idempotency: "clientToken",
    bootStrategies: {
      bios: await strategiesFor(account, "bios"),
      uefi: await strategiesFor(account, "uefi"),
    },
    imagesOfAttached: true,
    installsGateway: true,
    canClone: true,
    hasConsole: false,
  };
}

/** A swap wants an image for a shell of that firmware, HyperDoor's copy an image of its own that starts with it. */
async function strategiesFor(account: Account, firmware: Firmware): Promise<BootStrategy[]> {
  const { launch, hyperDoor } = account.config;
  const { boot, shell } = launch;
  const swaps = boot !== "image" && (await hasImage(account, shell[firmware], firmware));
  const copies = hyperDoor !== undefined && (await hasImage(account, hyperDoor.image, firmware));
  return [
    ...(boot === "swap" ? [] : ["imageFromVolume" as const]),
    ...(swaps ? ["rootSwap" as const] : []),
    ...(copies ? ["hyperDoorCopy" as const] : []),
  ];
}

async function hasImage(account: Account, wish: ImageWish, firmware: Firmware): Promise<boolean> {
  try {
    await findMachineImage(account, wish, firmware);
    return true;
  } catch (error) {
    const none = ["cloud.not-found", "gateway.no-image", "gateway.image-missing"];
    if (error instanceof MigrationError && none.includes(error.code)) return false;
    throw error;
  }
}

async function listOwned(account: Account, owner: string | undefined): Promise<Leftover[]> {
  const console = { [consoleTag]: tagValue(account.consoleId) };
  const tags = owner === undefined ? console : { ...console, [ownerTag]: tagValue(owner) };
  const [key = consoleTag, value = ""] = Object.entries(tags).at(-1) ?? [];
  const servers = (await listServers(account, key, value)).filter(
    ({ tags: theirs, "OS-EXT-STS:task_state": task }) =>
      fromStrings(theirs).get(consoleTag) === console[consoleTag] && task !== "deleting",
  );
  const snapshots = await listOwnedSnapshots(account, owner);
  return [
    ...servers.map(({ id, name }) => ({ kind: "instance" as const, id, name })),
    ...(await listVolumes(account, tags)),
    ...snapshots.map(({ id, name, description }) => ({
      kind: "snapshot" as const,
      id,
      name: description ?? name ?? "",
    })),
    ...(await listOwnedImages(account, owner)).map((one) => ({ kind: "image" as const, ...one })),
    ...(await listOwnedAddresses(account, owner)).map((one) => ({
      kind: "address" as const,
      ...one,
    })),
    ...(await listOwnedGroups(account, owner)).map(({ id, name }) => ({
      kind: "security-group" as const,
      id,
      name,
    })),
  ];
}

/** A shell's system disk that is being taken off counts only when it was left behind. */
async function listVolumes(
  account: Account,
  tags: Readonly<Record<string, string>>,
): Promise<Leftover[]> {
  const found: Leftover[] = [];
  for (const { id, name } of await listEvsVolumes(account, tags)) {
    const volume = await findEvsVolume(account, id);
    if (volume === undefined || volume.status === "deleting") continue;
    if (volume.tags?.[rootTag] !== undefined && volume.status !== "available") continue;
    found.push({ kind: "volume", id, name });
  }
  return found;
}
