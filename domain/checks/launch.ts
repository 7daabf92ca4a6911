/** Whether a server may be launched as it is wished. */
import type { LimitName } from "../limits/definitions.ts";
import type { EffectiveLimit, Limits } from "../limits/effective.ts";
import { isOfFamily } from "../limits/instance-families.ts";
import type { Finding } from "./finding.ts";
import {
  type AtTarget,
  finding,
  type LaunchWish,
  type Offered,
  type OfferedPlace,
} from "./subject.ts";

const GiB = 1024 ** 3;

const network = ["network", ""] as const;

export function checkLaunch(subject: AtTarget): Finding[] {
  const { launch = {} } = subject;
  return [
    ...unknownFindings(launch, subject.offered),
    ...groupFindings(launch, subject.offered, subject.target.offer?.subnetId),
    ...typeFindings(launch, subject.limits),
    ...placeFindings(launch, subject),
    ...bootFindings(subject),
  ];
}

/** Azure's ids are the same in any case. */
const find = (id: string, places: readonly OfferedPlace[] = []) =>
  places.find((place) => place.id.toLowerCase() === id.toLowerCase());

/**
 * On Azure a group of another resource group is asked for by its path, and the list has the names of the
 * target's own: that is for the cloud to judge.
 */
function isUnknown(id: string, known: readonly OfferedPlace[] | undefined): boolean {
  if (known === undefined || find(id, known) !== undefined) return false;
  return !id.startsWith("/") || known.some((one) => one.id.startsWith("/"));
}

/** Before anything is made: a launch would find it out after the last sync. */
function unknownFindings(launch: LaunchWish, offered: Offered = {}): Finding[] {
  const { instanceType, subnetId, securityGroupIds = [] } = launch;
  const found: Finding[] = [];
  if (instanceType !== undefined && offered.instanceTypes?.includes(instanceType) === false) {
    const params = { type: instanceType };
    const thing = ["instance type", instanceType] as const;
    found.push(finding("instance-type.unknown", "R-005", "BLOCK", thing, params));
  }
  if (subnetId !== undefined && isUnknown(subnetId, offered.subnets)) {
    const params = { asked: subnetId };
    found.push(finding("network.unknown-subnet", "R-005", "BLOCK", network, params));
  }
  const groups = securityGroupIds.filter((id) => isUnknown(id, offered.securityGroups));
  if (groups.length > 0) {
    const params = { asked: groups.join(", ") };
    found.push(finding("network.unknown-group", "R-005", "BLOCK", network, params));
  }
  return found;
}

/** A group that holds in one network only is no use in a subnet of another, and the gateway's is such a one. */
function groupFindings(
  { subnetId, securityGroupIds }: LaunchWish,
  { subnets, securityGroups = [] }: Offered = {},
  own: string | undefined,
): Finding[] {
  const ownNetwork = own === undefined ? undefined : find(own, subnets)?.network;
  const there = subnetId === undefined ? ownNetwork : find(subnetId, subnets)?.network;
  if (there === undefined) return [];
  if (securityGroupIds === undefined) {
    const isElsewhere = ownNetwork !== undefined && there !== ownNetwork;
    if (!isElsewhere || !securityGroups.some((group) => group.network !== undefined)) return [];
    const params = { asked: subnetId ?? "", network: there };
    return [finding("network.group-needed", "R-005", "BLOCK", network, params)];
  }
  const groups = securityGroupIds.flatMap((id) => find(id, securityGroups) ?? []);
  const foreign = groups.filter((group) => group.network !== undefined && group.network !== there);
  if (foreign.length === 0) return [];
  const params = { asked: foreign.map(({ id }) => id).join(", "), network: there };
  return [finding("network.group-elsewhere", "R-005", "BLOCK", network, params)];
}

function typeFindings({ instanceType, memoryBytes }: LaunchWish, limits: Limits): Finding[] {
  if (instanceType === undefined) return [];
  const thing = ["instance type", instanceType] as const;
  const found: Finding[] = [];
  const families = limits.find("instanceFamilies");
  if (families !== undefined && !isOfFamily(instanceType, families.value)) {
    const params = { type: instanceType, allowed: families.value.join(", ") };
    const { row, name } = families;
    found.push(finding("instance-type.family", row, "BLOCK", thing, params, name));
  }
  const memory = limits.find("launchMinMemoryGB");
  if (memory !== undefined && memoryBytes !== undefined && memoryBytes < memory.value * GiB) {
    const gib = Math.floor((memoryBytes / GiB) * 100) / 100;
    const params = { type: instanceType, memory: gib, least: memory.value };
    const { row, name } = memory;
    found.push(finding("instance-type.memory", row, "BLOCK", thing, params, name));
  }
  return found;
}

/** The limit that says so, if one does. */
function ruled(
  limits: Limits,
  ...names: readonly (LimitName & `same${string}AsGateway`)[]
): EffectiveLimit | undefined {
  return names.map((name) => limits.find(name)).find((limit) => limit?.value === true);
}

function placeFindings(
  { zone, subnetId, securityGroupIds }: LaunchWish,
  { limits, target, gateway }: AtTarget,
): Finding[] {
  const own = target.offer;
  const found: Finding[] = [];
  const sameZone = ruled(limits, "sameNetworkAsGateway", "samePlacementAsGateway");
  if (sameZone && zone !== undefined && own?.zone !== undefined && zone !== own.zone) {
    const params = { asked: zone, own: own.zone };
    found.push(
      finding("network.other-zone", sameZone.row, "BLOCK", network, params, sameZone.name),
    );
  }
  const sameSubnet = ruled(limits, "sameNetworkAsGateway");
  if (sameSubnet && subnetId !== undefined && own?.subnetId === undefined) {
    const params = { asked: subnetId };
    found.push(finding("network.subnet-not-known", sameSubnet.row, "NOTE", network, params));
  } else if (sameSubnet && subnetId !== undefined && subnetId !== own?.subnetId) {
    const params = { asked: subnetId, own: own?.subnetId ?? "" };
    const { row, name } = sameSubnet;
    found.push(finding("network.other-subnet", row, "BLOCK", network, params, name));
  }
  const sameGroup = ruled(limits, "sameNetworkAsGateway", "sameSecurityGroupAsGateway");
  // The gateway's group is the product's own: before there is a gateway nobody can name it.
  const others = (securityGroupIds ?? []).filter((id) => id !== gateway?.securityGroupId);
  if (sameGroup && others.length > 0) {
    const params = { asked: others.join(", ") };
    const { row, name } = sameGroup;
    found.push(finding("network.other-group", row, "BLOCK", network, params, name));
  }
  return found;
}

function bootFindings({ inventory, limits, target }: AtTarget): Finding[] {
  const limit = limits.find("bootFromVolume");
  const strategies = target.offer?.bootStrategies[inventory.firmware] ?? [];
  const isOnlyWay =
    strategies.length > 0 && strategies.every((strategy) => strategy === "bootFromVolume");
  if (limit?.value !== false || !isOnlyWay) return [];
  return [finding("boot.from-volume-only", limit.row, "BLOCK", ["target", ""], {}, limit.name)];
}
