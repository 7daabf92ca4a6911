/** How many disks a server may have at a target, and how large they may be. */
import type { Disk } from "../inventory.ts";
import type { LimitName } from "../limits/definitions.ts";
import { type EffectiveLimit, judgedBy } from "../limits/effective.ts";
import { roleLimits, sizeRule } from "../limits/volume-rules.ts";
import { type Finding, isAcknowledgeable } from "./finding.ts";
import { type AtTarget, finding } from "./subject.ts";

const GiB = 1024 ** 3;

export function checkDisks(subject: AtTarget): Finding[] {
  const { inventory } = subject;
  return [
    ...countFindings(subject),
    ...inventory.disks.flatMap((disk) => sizeFindings(disk, subject)),
  ];
}

function countFindings({ inventory, limits }: AtTarget): Finding[] {
  const count = inventory.disks.length;
  const counted = [
    { code: "disks.too-many", limit: limits.find("sourceMaxDisks") },
    { code: "disks.too-many", limit: limits.find("vmMaxDisks") },
    { code: "volumes.too-many", limit: limits.find("gatewayMaxVolumes") },
  ] as const;
  const found = counted.flatMap(({ code, limit }) => {
    if (limit === undefined || count <= limit.value) return [];
    const { row, limit: opener } = judgedBy<LimitName>(limit);
    return [finding(code, row, "BLOCK", ["server", ""], { count, most: limit.value }, opener)];
  });
  return [...found, ...adviceFindings(limits.find("gatewayMaxVolumes"))];
}

/** Where the document only advises a figure, one above it is warned of. */
function adviceFindings(limit: EffectiveLimit<"gatewayMaxVolumes"> | undefined): Finding[] {
  const { document: advised, row = "", value: most = 0 } = limit ?? {};
  if (advised === undefined || most <= advised || !isAcknowledgeable(row)) return [];
  return [finding("volumes.above-advice", row, "WARN", ["gateway", ""], { most, advised })];
}

function sizeFindings(disk: Disk, { limits, target }: AtTarget): Finding[] {
  const role = roleLimits(limits, disk.role, target.offer?.systemVolumeIsSsd === true);
  const { minBytes, maxBytes, stepBytes } = sizeRule(role);
  const volumeBytes = Math.ceil(Math.max(disk.sizeBytes, minBytes) / stepBytes) * stepBytes;
  const thing = ["disk", disk.deviceName] as const;
  if (role.most !== undefined && volumeBytes > maxBytes) {
    const { row, limit } = judgedBy(role.most);
    const params = { needed: gib(volumeBytes), most: role.most.value };
    return [finding("disk.too-large", row, "BLOCK", thing, params, limit)];
  }
  const enlarging = disk.sizeBytes < minBytes ? role.least : role.step;
  if (volumeBytes === disk.sizeBytes || enlarging?.figure === undefined) return [];
  const row = enlarging.figure.enlargedBy ?? enlarging.row;
  const params = { size: gib(disk.sizeBytes), volume: gib(volumeBytes) };
  return [finding("disk.enlarged", row, "NOTE", thing, params)];
}

/** As people read it; rounded up, so that what is too large never reads as what is allowed. */
function gib(bytes: number): number {
  return Math.ceil((bytes / GiB) * 100) / 100;
}
