/**
 * A ZStack private cloud as a target: data volumes on its primary storage and VMs in one cluster and one L3 network.
 *
 *   client.ts          the connection      operations.ts     every call and its path
 *   signature.ts       access keys         account.ts        what was ordered, and patience
 *   tags.ts            whose a thing is    place.ts          zone, cluster, storage, image server
 *   volumes.ts         data volumes        snapshots.ts      snapshots (snapshot-tree.ts decides which may go)
 *   compute.ts         gateways, servers   launch.ts         the way to a launched server (boot.ts decides)
 *   instances.ts       VMs                 removal.ts        the way to none
 *   images.ts          images of clones    machine-images.ts images of gateways, offerings.ts their sizes
 *   network.ts         groups, addresses   choosing.ts       what is chosen from, by names
 *   errors.ts          what ZStack's codes mean
 *
 * Orders are jobs: they are taken, followed for a while, and what they make is looked at until it is there.
 */
import { type Clock, systemClock } from "../clock.ts";
import { decorate } from "../decorate.ts";
import type {
  BootStrategy,
  Capabilities,
  Leftover,
  Provider,
  ProviderOptions,
  ResourceKind,
} from "../provider.ts";
import { type Account, findOne, listOurs, notFound, refused, type Thing } from "./account.ts";
import { openClient } from "./client.ts";
import { maxUserDataBytes, openCompute } from "./compute.ts";
import type { ZstackConfig, ZstackSecrets } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { openImages, type ZstackImage } from "./images.ts";
import { findGatewayImage } from "./machine-images.ts";
import { openNetwork } from "./network.ts";
import { chooseGatewayOffering } from "./offerings.ts";
import type { QueryName } from "./operations.ts";
import { checkPlace } from "./place.ts";
import { openVolumes, type ZstackVolume } from "./volumes.ts";

export function openZstack(
  options: ProviderOptions<ZstackConfig, ZstackSecrets>,
  clock: Clock = systemClock,
): Provider {
  const { config, secrets, consoleId, edition = "saas" } = options;
  const client = openClient(config, secrets, clock);
  const account: Account = { client, config, consoleId, edition, clock };
  let probed: Promise<Capabilities> | undefined;

  const provider: Provider = {
    platform: "zstack",
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

/** Looks at everything once that the target's settings name, and at what a gateway is made of. */
async function check(account: Account): Promise<void> {
  const { config } = account;
  await account.client.accountUuid();
  await checkPlace(account);
  await findGatewayImage(account);
  await chooseGatewayOffering(account, undefined);
  const { hyperDoor, launch } = config;
  if (hyperDoor !== undefined) {
    const image = await findOne<Thing>(account, "QueryImage", hyperDoor.image);
    if (image === undefined) throw notFound("HyperDoor image", hyperDoor.image);
  } else if (launch.boot === "hyperDoor") {
    throw refused("launch.boot=hyperDoor", "hyperDoor.image does not say which image HyperDoor is");
  }
  await listOwned(account, "check");
}

const MiB = 1024 ** 2;

/** The storage's own limits are far above, and differ. */
const mostVolumeBytes = 64 * 1024 ** 4;

async function probe(account: Account): Promise<Capabilities> {
  const { gateway, volume } = account.config;
  const rule = { minBytes: MiB, maxBytes: mostVolumeBytes, stepBytes: MiB };
  const strategies = await strategiesOf(account);
  const isAdministrator = await belongsToAdministrator(account);
  return {
    volumes: { system: rule, data: rule },
    gatewayMaxVolumes: gateway.maxVolumes,
    gatewaySpareVolumes: gateway.spareVolumes,
    repairsOn: "gateway",
    ...(isAdministrator === undefined ? {} : { isAdministrator }),
    onePool: true,
    deviceMapping: volume.device === "serial" ? "identity" : "difference",
    userData: { maxBytes: maxUserDataBytes },
    idempotency: "clientChosenId",
    bootStrategies: { bios: strategies, uefi: strategies },
    installsGateway: true,
    canClone: true,
    hasConsole: false,
  };
}

/** What the settings ask for; booting from a volume only where this ZStack has learned it. */
async function strategiesOf({ client, config }: Account): Promise<BootStrategy[]> {
  const copied: BootStrategy[] = config.hyperDoor === undefined ? [] : ["hyperDoorCopy"];
  switch (config.launch.boot) {
    case "hyperDoor":
      return copied;
    case "image":
      return ["imageFromSnapshot", ...copied];
    case "volume":
      return ["bootFromVolume", ...copied];
    case "auto": {
      const fromVolume = await client.offers("CreateVmInstanceFromVolume");
      return [...(fromVolume ? (["bootFromVolume"] as const) : []), "imageFromSnapshot", ...copied];
    }
  }
}

/** Undefined where an account is not shown. */
async function belongsToAdministrator(account: Account): Promise<boolean | undefined> {
  const uuid = await account.client.accountUuid();
  const owner = await findOne<{ type: string }>(account, "QueryAccount", uuid);
  return owner && owner.type === "SystemAdmin";
}

async function listOwned(account: Account, owner: string | undefined): Promise<Leftover[]> {
  async function list<T extends Thing>(
    kind: ResourceKind,
    query: QueryName,
    counts: (thing: T) => boolean = () => true,
  ): Promise<Leftover[]> {
    const found = await listOurs<T>(account, query, owner);
    return found
      .filter(({ thing }) => counts(thing))
      .map(({ thing: { uuid: id, name } }) => ({ kind, id, name }));
  }

  return [
    ...(await list<Thing & { state: string }>(
      "instance",
      "QueryVmInstance",
      ({ state }) => state !== "Destroying" && state !== "Expunging",
    )),
    // A root volume goes with its VM.
    ...(await list<ZstackVolume>("volume", "QueryVolume", ({ type }) => type === "Data")),
    ...(await list("snapshot", "QueryVolumeSnapshot")),
    ...(await list<ZstackImage>("image", "QueryImage")),
    ...(await list("address", "QueryVip")),
    ...(await list("security-group", "QuerySecurityGroup")),
  ];
}
