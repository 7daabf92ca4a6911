/**
 * CTyun (天翼云) as a target: EBS disks and ECS servers in one zone of a resource pool, and one subnet.
 *
 *   client.ts         the connection           operations.ts  every call, and where it goes
 *   signature.ts      EOP                      orders.ts      buying: an order becomes a thing
 *   names.ts          whose a thing is         account.ts     patience, pages
 *   volumes.ts        disks                    snapshots.ts   their snapshots
 *   compute.ts        gateways, servers        launch.ts      the way to a launched server: HyperDoor's
 *   network.ts        groups, addresses        errors.ts      what CTyun's codes mean
 *   place.ts          pool, zone, VPC          choices.ts     what settings can be
 *   subnets.ts        where to launch          prices.ts      what CTyun asks
 */
import { MigrationError } from "#domain/errors.ts";
import { type Clock, systemClock } from "../clock.ts";
import { decorate } from "../decorate.ts";
import type { Capabilities, Leftover, Provider, ProviderOptions } from "../provider.ts";
import type { Account } from "./account.ts";
import { openClient } from "./client.ts";
import { openCompute } from "./compute.ts";
import { type CtyunConfig, type CtyunSecrets, diskGiB } from "./config.ts";
import { maxUserDataBytes } from "./create-instance.ts";
import { inCloudTerms } from "./errors.ts";
import { chooseGatewayFlavor } from "./flavors.ts";
import { listOwnedInstances } from "./instances.ts";
import { findGatewayImage, findMachineImage } from "./machine-images.ts";
import { listOwnedAddresses, listOwnedGroups, openNetwork } from "./network.ts";
import { checkPlace, vpcOf } from "./place.ts";
import { pricesOf } from "./prices.ts";
import { listOwnedSnapshots } from "./snapshots.ts";
import { GiB, listOwnedVolumes, openVolumes } from "./volumes.ts";

export function openCtyun(
  options: ProviderOptions<CtyunConfig, CtyunSecrets>,
  clock: Clock = systemClock,
): Provider {
  const { config, secrets, consoleId, edition = "saas" } = options;
  const client = openClient(config, secrets);
  let vpc: Promise<string> | undefined;
  let probed: Promise<Capabilities> | undefined;
  const account: Account = {
    client,
    config,
    gatewayPassword: secrets.gatewayPassword,
    consoleId,
    edition,
    clock,
    vpcId() {
      vpc ??= kept(
        vpcOf(client, config.subnetId).then(({ vpcId }) => vpcId),
        () => {
          vpc = undefined;
        },
      );
      return vpc;
    },
  };

  const provider: Provider = {
    platform: "ctyun",
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

/** Looks at everything once. What only an order would tell, such as a right to buy, is told by the first order. */
async function check(account: Account): Promise<void> {
  await checkPlace(account);
  await chooseGatewayFlavor(account, undefined);
  await findGatewayImage(account);
  await listOwned(account, "check");
  const { hyperDoor } = account.config;
  if (hyperDoor !== undefined) {
    await findMachineImage(account, hyperDoor.image);
    return;
  }
  const problem =
    "hyperDoor.image is not set, and without HyperDoor's image CTyun can launch no server; import it and give its id";
  const facts = { platform: "ctyun", what: "the target's settings", problem };
  throw new MigrationError("cloud.refused", facts);
}

async function probe(account: Account): Promise<Capabilities> {
  const { config } = account;
  const [least, most] = diskGiB.data;
  // A system disk that is copied by HyperDoor is a data disk until then.
  const rule = {
    type: config.volume.type,
    isSsd: config.volume.type.endsWith("SSD"),
    minBytes: least * GiB,
    maxBytes: most * GiB,
    stepBytes: GiB,
  };
  return {
    volumes: { system: rule, data: rule },
    gatewayMaxVolumes: config.gateway.maxVolumes,
    gatewaySpareVolumes: config.gateway.spareVolumes,
    repairsOn: "gateway",
    zone: config.zone,
    subnetId: config.subnetId,
    onePool: false,
    deviceMapping: config.gateway.device === "serial" ? "identity" : "difference",
    userData: { maxBytes: maxUserDataBytes },
    idempotency: "clientToken",
    bootStrategies: await strategies(account),
    installsGateway: true,
    canClone: true,
    hasConsole: false,
  };
}

/** A server starts with its image's firmware, so what is copied to its disk must start with the same. */
async function strategies(account: Account): Promise<Capabilities["bootStrategies"]> {
  const none = { bios: [], uefi: [] };
  const { hyperDoor } = account.config;
  if (hyperDoor === undefined) return none;
  const { firmware } = await findMachineImage(account, hyperDoor.image);
  return { ...none, [firmware]: ["hyperDoorCopy"] };
}

async function listOwned(account: Account, owner: string | undefined): Promise<Leftover[]> {
  const kinds = [
    ["instance", listOwnedInstances],
    ["volume", listOwnedVolumes],
    ["snapshot", listOwnedSnapshots],
    ["address", listOwnedAddresses],
    ["security-group", listOwnedGroups],
  ] as const;
  const found: Leftover[] = [];
  for (const [kind, list] of kinds) {
    for (const one of await list(account, owner)) found.push({ kind, ...one });
  }
  return found;
}
