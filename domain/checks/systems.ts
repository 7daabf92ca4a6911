/** Which systems are migrated to a platform, and what is known to be different with them afterwards. */
import type { Platform } from "../platform.ts";
import type { Finding } from "./finding.ts";
import { isOneOf, shownOs, windowsName } from "./operating-system.ts";
import { type AtTarget, finding } from "./subject.ts";

export function checkSystem(subject: AtTarget): Finding[] {
  return [
    ...supported(subject),
    ...sourceKind(subject),
    ...firewall(subject),
    ...(afterwards[subject.target.platform] ?? (() => []))(subject),
  ];
}

function supported({ inventory, limits, acknowledged = [], launch }: AtTarget): Finding[] {
  const { os } = inventory;
  const limit = limits.find("os");
  if (limit === undefined) return [];
  const thing = ["operating system", ""] as const;
  const allowed = limit.value.join(", ");
  const params = { os: shownOs(os), allowed };
  const answer = isOneOf(os, limit.value);
  if (answer === true) return [];
  if (answer === undefined) {
    return [finding("os.not-known", limit.row, "NOTE", thing, params)];
  }
  const without = limits.find("osWithoutRepair");
  if (os.family !== "windows" || without === undefined) {
    return [finding("os.unsupported", limit.row, "BLOCK", thing, params, "os")];
  }
  if (isOneOf(os, without.value) === false) {
    const taken = { os: shownOs(os), allowed: without.value.join(", ") };
    return [finding("os.not-taken", "R-173", "BLOCK", thing, taken)];
  }
  const isAcknowledged = acknowledged.some(({ row }) => row === without.row);
  return [
    finding("os.no-repair", without.row, "BLOCK", thing, params),
    ...(isAcknowledged && launch !== undefined && launch.repair !== false
      ? [finding("repair.impossible", limit.row, "BLOCK", thing, { os: shownOs(os) })]
      : []),
  ];
}

function sourceKind({ inventory, limits }: AtTarget): Finding[] {
  const limit = limits.find("notFrom");
  const { collectedBy = "agent" } = inventory;
  if (limit === undefined || !limit.value.includes(collectedBy)) return [];
  const params = { source: collectedBy, refused: limit.value.join(", ") };
  return [finding("source.unsupported", limit.row, "BLOCK", ["server", ""], params, "notFrom")];
}

/** Ports by which people get into a launched server, where the document asks for them. */
const entrances = {
  linux: { row: "R-159", port: 22, opening: "ssh" },
  windows: { row: "R-160", port: 3389, opening: "remoteDesktop" },
} as const;
const platformsAskingForEntrances: readonly Platform[] = ["aws"];

function firewall({ inventory, target }: AtTarget): Finding[] {
  const { family } = inventory.os;
  if (!platformsAskingForEntrances.includes(target.platform) || family === "unknown") return [];
  const { row, port, opening } = entrances[family];
  const isOpen = inventory.openings?.[opening];
  const thing = ["firewall", ""] as const;
  if (isOpen === true) return [];
  return isOpen === false
    ? [finding("firewall.closed", row, "WARN", thing, { port })]
    : [finding("firewall.not-known", row, "NOTE", thing, { port })];
}

/** What is different after the launch, by platform. */
const afterwards: Readonly<Partial<Record<Platform, (subject: AtTarget) => Finding[]>>> = {
  azure({ inventory }) {
    const count = inventory.disks.filter(({ role }) => role === "data").length;
    if (inventory.os.family !== "windows" || count === 0) return [];
    return [finding("windows.data-disks", "R-172", "NOTE", ["server", ""], { count })];
  },
  tencent({ inventory }) {
    const { os, nics, hostName } = inventory;
    const thing = ["operating system", ""] as const;
    if (os.family === "linux") {
      return [finding("linux.host-name", "R-189", "WARN", ["server", ""], { hostName })];
    }
    const name = windowsName(os);
    if (name === "2003") {
      return [finding("windows.repair-unsure", "R-188", "WARN", thing, { os: shownOs(os) })];
    }
    // Not told: it may be set to DHCP, as most are.
    const hasDhcp = nics.length === 0 || nics.some(({ dhcp }) => dhcp !== false);
    return name === "2016" && hasDhcp
      ? [finding("windows.dhcp", "R-187", "WARN", thing, { os: shownOs(os) })]
      : [];
  },
  huawei({ inventory: { os } }) {
    const name = windowsName(os) ?? "";
    const thing = ["operating system", ""] as const;
    const params = { os: shownOs(os) };
    if (name === "2003") {
      return [finding("windows.no-network-repair", "R-191", "WARN", thing, params)];
    }
    return ["2012", "2012r2", "2016"].includes(name)
      ? [finding("windows.network-by-hand", "R-192", "WARN", thing, params)]
      : [];
  },
};
