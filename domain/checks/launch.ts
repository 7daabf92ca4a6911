/** Whether a server may be launched as it is wished. */
import type { LimitName } from "../limits/definitions.ts";
import type { EffectiveLimit, Limits } from "../limits/effective.ts";
import { isOfFamily } from "../limits/instance-families.ts";
import type { Finding } from "./finding.ts";
import { type AtTarget, finding, type LaunchWish } from "./subject.ts";

const GiB = 1024 ** 3;

export function checkLaunch(subject: AtTarget): Finding[] {
  const { launch = {} } = subject;
  return [
    ...typeFindings(launch, subject.limits),
    ...placeFindings(launch, subject),
    ...bootFindings(subject),
  ];
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
  const thing = ["network", ""] as const;
  const sameZone = ruled(limits, "sameNetworkAsGateway", "samePlacementAsGateway");
  if (sameZone && zone !== undefined && own?.zone !== undefined && zone !== own.zone) {
    const params = { asked: zone, own: own.zone };
    found.push(finding("network.other-zone", sameZone.row, "BLOCK", thing, params, sameZone.name));
  }
  const sameSubnet = ruled(limits, "sameNetworkAsGateway");
  if (sameSubnet && subnetId !== undefined && own?.subnetId === undefined) {
    const params = { asked: subnetId };
    found.push(finding("network.subnet-not-known", sameSubnet.row, "NOTE", thing, params));
  } else if (sameSubnet && subnetId !== undefined && subnetId !== own?.subnetId) {
    const params = { asked: subnetId, own: own?.subnetId ?? "" };
    const { row, name } = sameSubnet;
    found.push(finding("network.other-subnet", row, "BLOCK", thing, params, name));
  }
  const sameGroup = ruled(limits, "sameNetworkAsGateway", "sameSecurityGroupAsGateway");
  // The gateway's group is the product's own: before there is a gateway nobody can name it.
  const others = (securityGroupIds ?? []).filter((id) => id !== gateway?.securityGroupId);
  if (sameGroup && others.length > 0) {
    const params = { asked: others.join(", ") };
    const { row, name } = sameGroup;
    found.push(finding("network.other-group", row, "BLOCK", thing, params, name));
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
