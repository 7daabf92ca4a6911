/** The target itself: its gateways, its account, its volumes, the line to it, what its launches are like. */
import { any } from "../limits/definitions.ts";
import { isOfFamily } from "../limits/instance-families.ts";
import type { Platform } from "../platform.ts";
import type { Finding } from "./finding.ts";
import { isOneOf, shownOs } from "./operating-system.ts";
import { type AtTarget, finding } from "./subject.ts";

const GiB = 1024 ** 3;

export function checkTarget(subject: AtTarget): Finding[] {
  return [
    ...gatewayFindings(subject),
    ...accountFindings(subject),
    ...volumeTypeFindings(subject),
    ...lineFindings(subject),
    ...(launches[subject.target.platform] ?? (() => []))(subject),
  ];
}

function gatewayFindings({ limits, target, gateway, launch }: AtTarget): Finding[] {
  const found: Finding[] = [];
  const { gatewayInstanceType: type } = target;
  const families = limits.find("instanceFamilies");
  const thing = ["gateway", ""] as const;
  // For gateways too.
  if (type !== undefined && families !== undefined && !isOfFamily(type, families.value)) {
    const params = { type, allowed: families.value.join(", ") };
    const { row, name } = families;
    found.push(finding("instance-type.family", row, "BLOCK", thing, params, name));
  }
  const advised = limits.find("gatewayType");
  if (type !== undefined && advised !== undefined && !isOfFamily(type, advised.value)) {
    const params = { type, allowed: advised.value.join(", ") };
    found.push(finding("gateway.other-type", advised.row, "NOTE", thing, params));
  }
  const vcpus = limits.find("gatewayVcpusAdvised");
  const isFew = gateway?.vcpus !== undefined && vcpus !== undefined && gateway.vcpus < vcpus.value;
  if (isFew && launch?.repair !== false) {
    const params = { vcpus: gateway.vcpus, least: vcpus.value };
    found.push(finding("gateway.few-vcpus", vcpus.row, "WARN", thing, params));
  }
  const refused = limits.find("gatewayOsNot");
  if (refused !== undefined && refused.value.length > 0) {
    const list = refused.value.join(", ");
    const answer = gateway?.os === undefined ? undefined : isOneOf(gateway.os, refused.value);
    if (answer === true && gateway?.os !== undefined) {
      const params = { os: shownOs(gateway.os), refused: list };
      const { row, name } = refused;
      found.push(finding("gateway.wrong-os", row, "BLOCK", thing, params, name));
    } else if (answer === undefined) {
      found.push(finding("gateway.os-not-known", refused.row, "NOTE", thing, { refused: list }));
    }
  }
  if (limits.value("gatewayRestartForbidden") === true) {
    const row = limits.find("gatewayRestartForbidden")?.row ?? "";
    found.push(finding("gateway.no-restart", row, "NOTE", thing, {}));
  }
  return found;
}

function accountFindings({ limits, target }: AtTarget): Finding[] {
  const limit = limits.find("adminOnly");
  if (limit?.value !== true) return [];
  const thing = ["target", ""] as const;
  switch (target.offer?.isAdministrator) {
    case true:
      return [];
    case false:
      // The same for what it may do.
      return [finding("target.not-administrator", limit.row, "BLOCK", thing, {}, limit.name)];
    case undefined:
      return [finding("target.account-not-known", limit.row, "NOTE", thing, {})];
  }
}

function volumeTypeFindings({ limits, target }: AtTarget): Finding[] {
  const limit = limits.find("volumeType");
  const types = target.offer?.volumeTypes;
  if (limit === undefined || types === undefined || limit.value.includes(any)) return [];
  const others = [...new Set([types.system, types.data])].filter(
    (type) => !limit.value.includes(type),
  );
  return others.map((type) =>
    finding(
      "volume-type.other",
      limit.row,
      "WARN",
      ["target", ""],
      { type, allowed: limit.value.join(", ") },
      limit.name,
    ),
  );
}

/** Less than is recommended only makes copying slow. */
function lineFindings({ limits, lineBitsPerSecond, isReplicated }: AtTarget): Finding[] {
  const limit = limits.find(isReplicated === true ? "incrementalMinMbps" : "fullSyncMinMbps");
  if (limit === undefined || limit.value === 0) return [];
  const thing = ["line", ""] as const;
  const { row, value: least } = limit;
  if (lineBitsPerSecond === undefined) {
    return [finding("line.not-measured", row, "NOTE", thing, { least })];
  }
  if (lineBitsPerSecond >= least * 1e6) return [];
  const mbit = Math.floor(lineBitsPerSecond / 1e4) / 100;
  return [finding("line.slow", row, "WARN", thing, { mbit, least }, limit.name)];
}

const slowLaunch =
  (row: string) =>
  ({ inventory, launch }: AtTarget): Finding[] => {
    const system = inventory.disks.find(({ role }) => role === "system");
    if (system === undefined || launch?.repair === false) return [];
    const size = Math.ceil(system.sizeBytes / GiB);
    return [finding("launch.slow", row, "NOTE", ["server", ""], { size })];
  };

/** What a launch on the platform is like. */
const launches: Readonly<Partial<Record<Platform, (subject: AtTarget) => Finding[]>>> = {
  aliyun: () => [finding("launch.billing", "R-151", "NOTE", ["server", ""], {})],
  tencent: (subject) => [
    finding("launch.billing", "R-177", "NOTE", ["server", ""], {}),
    ...slowLaunch("R-179")(subject),
  ],
  kingsoft: ({ target }) =>
    // A clone is launched where the platform makes one, and the replica stays as it is.
    target.offer?.canClone === true
      ? []
      : [finding("launch.resync", "R-198", "NOTE", ["server", ""], {})],
  openstack: (subject) => hyperDoorOnly("R-201", subject),
  qingcloud: (subject) => hyperDoorOnly("R-206", subject),
  zstack: () => [
    finding("launch.slow-images", "R-218", "NOTE", ["server", ""], {}),
    finding("gateway.no-detach", "R-217", "NOTE", ["gateway", ""], {}),
  ],
};

/** Where clones are repaired on the gateway nothing is copied for it. */
function hyperDoorOnly(row: string, subject: AtTarget): Finding[] {
  return subject.target.offer?.repairsOn === "gateway" ? [] : slowLaunch(row)(subject);
}
