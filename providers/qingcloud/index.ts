/**
 * QingCloud as a target: volumes, instances and images of one zone, in one of its networks.
 *
 *   client.ts     the connection (signature.ts)      account.ts   lists, and what is meant by default
 *   orders.ts     made once, jobs, patience          names.ts     whose a thing is, and of which order
 *   volumes.ts    volumes, snapshots                 images.ts    images made of repaired clones
 *   compute.ts    gateways (run-order.ts)            launch.ts    the way to a launched server
 *   instances.ts  instances and their firewall       network.ts   firewalls, addresses
 *   choices.ts    what settings can be               vxnets.ts    private networks to choose from
 *   host-classes.ts, instance-types.ts               which hosts take which volumes
 *   errors.ts     what the platform's codes mean
 */
import { MigrationError } from "#domain/errors.ts";
import { type Clock, systemClock } from "../clock.ts";
import { decorate } from "../decorate.ts";
import { once } from "../once.ts";
import type {
  BootStrategy,
  Capabilities,
  Leftover,
  Provider,
  ProviderOptions,
  ResourceKind,
} from "../provider.ts";
import { type Account, isAbsent, unlessAbsent, volumeTypeOf } from "./account.ts";
import { openClient } from "./client.ts";
import { openCompute } from "./compute.ts";
import type { QingcloudConfig, QingcloudSecrets } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { isNeonSan, sizeRules, takes } from "./host-classes.ts";
import { findGatewayImage, getImage, imageKind, openImages } from "./images.ts";
import { chooseGateway } from "./instance-types.ts";
import { instanceKind } from "./instances.ts";
import { eipKind, groupKind, openNetwork } from "./network.ts";
import { type Kind, listOurs } from "./orders.ts";
import { maxUserDataBytes } from "./run-order.ts";
import { openVolumes, snapshotKind, volumeKind } from "./volumes.ts";
import { baseNetwork } from "./vxnets.ts";

export function openQingcloud(
  options: ProviderOptions<QingcloudConfig, QingcloudSecrets>,
  clock: Clock = systemClock,
): Provider {
  const { config, secrets, consoleId, edition = "saas" } = options;
  const client = openClient(config, secrets);
  const account: Account = {
    ...{ client, config, consoleId, edition, clock },
    making: new Map(),
  };

  const permitted = once(() => checkRights(account));
  const placed = once(() => checkPlace(account));

  const provider: Provider = {
    platform: "qingcloud",
    capabilities: async () => capabilitiesOf(account),
    async check() {
      await placed();
      await permitted();
      checkVolumes(account);
      await chooseGateway(account);
      await findGatewayImage(account);
      if (config.hyperDoor !== undefined) await getImage(account, config.hyperDoor.image);
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

/** An image of the clone; HyperDoor where there is none of it, or it is refused. */
function strategiesOf(account: Account): BootStrategy[] {
  const { hyperDoor } = account.config;
  return [
    ...(isNeonSan(volumeTypeOf(account)) ? [] : (["imageFromSnapshot"] as const)),
    ...(hyperDoor === undefined ? [] : (["hyperDoorCopy"] as const)),
  ];
}

function capabilitiesOf(account: Account): Capabilities {
  const { gateway, launch, volume, zone, vxnetId } = account.config;
  return {
    volumes: sizeRules(volumeTypeOf(account), {
      dataGiB: volume.maxGiB,
      systemGiB: launch.maxSystemGiB,
    }),
    gatewayMaxVolumes: gateway.maxVolumes,
    gatewaySpareVolumes: gateway.spareVolumes,
    repairsOn: "gateway",
    zone,
    subnetId: vxnetId,
    onePool: false,
    deviceMapping: "identity",
    userData: { maxBytes: maxUserDataBytes },
    idempotency: "findByNameAndTag",
    // No page of the API says how a server with UEFI would be made.
    bootStrategies: { bios: strategiesOf(account), uefi: [] },
    installsGateway: true,
    canClone: true,
    hasConsole: false,
  };
}

/** Lists of which nothing but the right to read them is wanted. */
const lists = [
  ...["DescribeVolumes", "DescribeSnapshots", "DescribeInstances", "DescribeImages"],
  ...["DescribeSecurityGroups", "DescribeSecurityGroupRules", "DescribeEips", "DescribeJobs"],
];

/** Stand in the way of every call. */
const inTheWay = ["cloud.credentials", "cloud.clock-skew"];

/**
 * A list that failed on the way counts as allowed, until it is needed.
 * @throws `cloud.forbidden`, naming every list that may not be read
 */
async function checkRights({ client }: Account): Promise<void> {
  const missing: string[] = [];
  for (const action of lists) {
    try {
      await client.call(action, { limit: 1 });
    } catch (error) {
      const { code } = inCloudTerms(error, action);
      if (inTheWay.includes(code)) throw error;
      if (code === "cloud.forbidden") missing.push(action);
    }
  }
  if (missing.length === 0) return;
  const action = missing.join(", ");
  throw new MigrationError("cloud.forbidden", { platform: "qingcloud", action });
}

const invalid = (where: string, problem: string) =>
  new MigrationError("input.invalid", { where, problem });

async function checkPlace(account: Account): Promise<void> {
  const { zone, vxnetId } = account.config;
  // The zone is a parameter of this call too.
  const answer = await unlessAbsent(
    account.client.call<{ zone_set?: { zone_id: string; status: string }[] }>("DescribeZones", {}),
  );
  const found = answer?.zone_set?.find(({ zone_id }) => zone_id === zone);
  if (found === undefined) throw isAbsent("zone", zone);
  if (found.status !== "active") throw invalid("zone", `${zone} is ${found.status}`);
  await checkNetwork(account, vxnetId);
}

/** Whether the volumes hang on the gateway's hosts, and servers can be launched from them. */
function checkVolumes(account: Account): void {
  const { hostClass } = account.config.gateway;
  const volume = volumeTypeOf(account);
  if (!takes(hostClass, volume)) {
    throw invalid("volume.type", `hosts of class ${hostClass} take no volumes of type ${volume}`);
  }
  if (strategiesOf(account).length > 0) return;
  throw invalid(
    "hyperDoor.image",
    "of NeonSAN volumes QingCloud makes no images: servers are launched with HyperDoor, whose image must be named",
  );
}

async function checkNetwork({ client }: Account, vxnetId: string): Promise<void> {
  if (vxnetId === baseNetwork) return;
  const answer = await unlessAbsent(
    client.call<{ vxnet_set?: { vxnet_id: string }[] }>("DescribeVxnets", { vxnets: [vxnetId] }),
  );
  const isThere = answer?.vxnet_set?.some(({ vxnet_id }) => vxnet_id === vxnetId);
  if (!isThere) throw isAbsent("network", vxnetId);
}

async function listOwned(account: Account, owner: string | undefined): Promise<Leftover[]> {
  async function ours<T>(kind: ResourceKind, of: Kind<T>): Promise<Leftover[]> {
    const found = await listOurs(account, of, owner);
    return found.map(({ thing, name }) => ({ kind, id: of.idOf(thing), name: name.shown }));
  }
  return [
    ...(await ours("instance", instanceKind)),
    ...(await ours("volume", volumeKind)),
    ...(await ours("snapshot", snapshotKind)),
    ...(await ours("image", imageKind)),
    ...(await ours("address", eipKind)),
    ...(await ours("security-group", groupKind)),
  ];
}
