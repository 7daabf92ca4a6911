/**
 * UCloud as a target: cloud disks (UDisk) and hosts (UHost), in one subnet and zone.
 *
 *   client.ts       the connection (signature.ts)   account.ts         making things once, patience
 *   volumes.ts      disks, snapshots                network.ts         firewalls, addresses
 *   compute.ts      gateways (create-host.ts)       launch.ts          the way to a launched server
 *   instance-types  what is for sale                machine-images.ts  what hosts start from
 *   names.ts        whose a thing is                errors.ts          what UCloud's codes mean
 *   policy.ts       the least permissions           permissions.ts     which of them are missing
 *   choices.ts      what settings can be            subnets.ts         where servers can be launched
 *   prices.ts       what UCloud asks
 *
 * UCloud knows no client tokens: what was ordered is found by business group and name.
 */
import { MigrationError } from "#domain/errors.ts";
import { type Clock, systemClock } from "../clock.ts";
import { decorate } from "../decorate.ts";
import { once } from "../once.ts";
import type {
  Capabilities,
  Leftover,
  Provider,
  ProviderOptions,
  ResourceKind,
} from "../provider.ts";
import { type Account, lookUpVpc } from "./account.ts";
import { openClient, type UCloudClient } from "./client.ts";
import { openCompute } from "./compute.ts";
import type { UCloudConfig, UCloudSecrets } from "./config.ts";
import { maxUserDataBytes } from "./create-host.ts";
import { inCloudTerms } from "./errors.ts";
import { gatewayMachine } from "./instance-types.ts";
import { listHosts } from "./instances.ts";
import { findGatewayImage, getHyperDoorImage } from "./machine-images.ts";
import { groupOf, isOurs, partsOf } from "./names.ts";
import { listEips, listFirewalls, openNetwork } from "./network.ts";
import { checkPermissions } from "./permissions.ts";
import { pricesOf } from "./prices.ts";
import { listDisks, listSnapshots, openVolumes, volumeRules } from "./volumes.ts";

export function openUCloud(
  options: ProviderOptions<UCloudConfig, UCloudSecrets>,
  clock: Clock = systemClock,
): Provider {
  const { config, secrets, consoleId, edition = "saas" } = options;
  const client = openClient(config, secrets);
  const ownVpc = once(() => lookUpVpc(client, config.subnetId));
  const account: Account = {
    ...{ client, config, secrets, consoleId, edition, clock, underWay: new Map() },
    vpcId: (subnetId = config.subnetId) =>
      subnetId === config.subnetId ? ownVpc() : lookUpVpc(client, subnetId),
  };

  const provider: Provider = {
    platform: "ucloud",
    capabilities: async () => capabilitiesOf(config),
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

function capabilitiesOf(config: UCloudConfig): Capabilities {
  return {
    volumes: volumeRules(config),
    gatewayMaxVolumes: config.gateway.maxVolumes,
    gatewaySpareVolumes: config.gateway.spareVolumes,
    repairsOn: "gateway",
    zone: config.zone,
    subnetId: config.subnetId,
    onePool: false,
    deviceMapping: config.deviceMapping,
    userData: { maxBytes: maxUserDataBytes },
    idempotency: "findByNameAndTag",
    bootStrategies: { bios: config.hyperDoor === undefined ? [] : ["hyperDoorCopy"], uefi: [] },
    installsGateway: true,
    canClone: true,
    hasConsole: false,
  };
}

async function check(account: Account): Promise<void> {
  await checkPlace(account.client, account.config);
  await checkPermissions(account);
  await account.vpcId();
  await gatewayMachine(account);
  await findGatewayImage(account);
  await getHyperDoorImage(account);
}

/** Also the cheapest call that only good keys get through. */
async function checkPlace(client: UCloudClient, { region, zone }: UCloudConfig): Promise<void> {
  const { Regions = [] } = await client.call<{
    Regions?: readonly { readonly Region?: string; readonly Zone?: string }[];
  }>("GetRegion");
  if (Regions.some(({ Region, Zone }) => Region === region && Zone === zone)) return;
  const zones = Regions.filter(({ Region }) => Region === region).map(({ Zone }) => Zone);
  const problem =
    zones.length === 0
      ? `this account has no region ${region}`
      : `region ${region} has no zone ${zone}, but ${zones.join(", ")}`;
  throw new MigrationError("input.invalid", { where: "zone", problem });
}

async function listOwned(account: Account, owner: string | undefined): Promise<Leftover[]> {
  const { consoleId } = account;
  const group = owner === undefined ? {} : { Tag: groupOf(consoleId, owner) };
  const isOwned = ({ Tag }: { readonly Tag?: string }) => isOurs(Tag, consoleId, owner);
  const [hosts, disks, snapshots, eips, firewalls] = await Promise.all([
    listHosts(account, group),
    listDisks(account, group),
    listSnapshots(account),
    listEips(account),
    listFirewalls(account),
  ]);
  return [
    ...hosts.filter(isOwned).map((one) => leftover("instance", one.UHostId, one)),
    ...disks.filter(isOwned).map((one) => leftover("volume", one.UDiskId, one)),
    ...snapshots
      .filter(({ Comment }) => isOurs(Comment, consoleId, owner))
      .map((one) => leftover("snapshot", one.SnapshotId, one)),
    ...eips.filter(isOwned).map((one) => leftover("address", one.EIPId, one)),
    ...firewalls.filter(isOwned).map((one) => leftover("security-group", one.FWId, one)),
  ];
}

function leftover(kind: ResourceKind, id: string, { Name }: { readonly Name?: string }): Leftover {
  return { kind, id, name: partsOf(Name).shown };
}
