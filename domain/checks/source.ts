/**
 * What the document says of source servers that run Linux. What the server did not
 * tell is not held against it: then a note says what is not known.
 */
import type { Disk, FileSystem, Inventory, Partition } from "../inventory.ts";
import { any } from "../limits/definitions.ts";
import type { Limits } from "../limits/effective.ts";
import type { Finding, Severity, ThingKind } from "./finding.ts";
import { finding } from "./subject.ts";

export function checkSource(inventory: Inventory, limits: Limits): Finding[] {
  if (inventory.os.family === "windows") return [];
  const rules = rulesOf(limits);
  const held = fileSystemsOf(inventory);
  return [
    ...inventory.disks.flatMap((disk) => diskFindings(inventory, disk, rules)),
    ...held.flatMap((place) => placeFindings(inventory, place, rules)),
    ...unknownFindings(inventory, held, rules),
    ...volumeGroupFindings(inventory, rules),
    ...rawDeviceFindings(inventory, rules),
  ];
}

interface Rules {
  readonly limits: Limits;
  /** Of what only the strict rules name; `undefined` where no rule for sources holds. */
  readonly severity: Severity | undefined;
  /** Of what has a figure of its own. */
  readonly ofFigures: Severity;
}

function rulesOf(limits: Limits): Rules {
  const isStrict = limits.value("strictSourceRules");
  const severity = isStrict ? "BLOCK" : "WARN";
  return {
    limits,
    severity: isStrict === undefined ? undefined : severity,
    ofFigures: isStrict === false ? "WARN" : "BLOCK",
  };
}

/** A place where a file system can be. */
interface Place {
  readonly kind: ThingKind;
  readonly name: string;
  readonly held: FileSystem | undefined;
  /** Could not be looked at. */
  readonly isUnseen: boolean;
}

function fileSystemsOf(inventory: Inventory): Place[] {
  const partitions = inventory.disks.flatMap((disk) =>
    disk.partitions
      .filter((partition) => !servesBooting(partition))
      .map((partition) => ({
        kind: "partition" as const,
        name: partitionName(disk, partition),
        held: partition.fileSystem,
        isUnseen: isUnseen(
          inventory,
          ...asUnseen(disk),
          `what is on partition ${partition.number} of ${disk.path}`,
          `what is on ${partitionName(disk, partition)}`,
        ),
      })),
  );
  const whole = inventory.disks.flatMap(({ fileSystem, deviceName }) =>
    fileSystem === undefined
      ? []
      : [{ kind: "disk" as const, name: deviceName, held: fileSystem, isUnseen: false }],
  );
  const logical = (inventory.volumeGroups ?? []).flatMap((group) =>
    group.logicalVolumes.map(({ name, fileSystem }) => ({
      kind: "logical volume" as const,
      name: `${group.name}/${name}`,
      held: fileSystem,
      isUnseen: isUnseen(inventory, `what is on logical volume ${group.name}/${name}`),
    })),
  );
  const arrays = (inventory.mdArrays ?? []).map(({ name, fileSystem }) => ({
    kind: "array" as const,
    name,
    held: fileSystem,
    isUnseen: false,
  }));
  return [...partitions, ...whole, ...logical, ...arrays];
}

/**
 * Partitions of which no file system is asked: EFI, BIOS boot, PReP, Microsoft reserved, containers of
 * logical ones. Source: UEFI specification, table 5.7, and the lists of sfdisk --list-types.
 */
const bootTypes = new Set([
  "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
  "21686148-6449-6e6f-744e-656564454649",
  "9e1a2d38-c612-4316-aa26-8b49521e5a8b",
  "e3c9e316-0b5c-4db8-817d-f92df00215ae",
  ...["ef", "41", "5", "f", "85"],
]);

function servesBooting({ type }: Partition): boolean {
  return bootTypes.has(type.toLowerCase());
}

/** What others are made of: they are judged, not it. */
const containers = ["LVM2_member", "linux_raid_member"];
const isContainer = ({ held }: Place) => held !== undefined && containers.includes(held.type);
const isSwap = ({ held }: Place) => held?.type === "swap";

function partitionName({ deviceName }: Disk, { number }: Partition): string {
  return `${deviceName}${/\d$/.test(deviceName) ? "p" : ""}${number}`;
}

/** The agent says in plain words what it could not look at: `what is on sda2: …`. */
function isUnseen({ notSeen }: Inventory, ...things: readonly string[]): boolean {
  return notSeen.some((text) => things.some((thing) => text.startsWith(`${thing}:`)));
}

function asUnseen({ path, deviceName }: Disk): string[] {
  return [
    ...[`what is on ${path}`, `what is on ${deviceName}`],
    ...[`the partitions of ${path}`, `the partitions on ${deviceName}`],
  ];
}

function diskFindings(inventory: Inventory, disk: Disk, { severity }: Rules): Finding[] {
  if (severity === undefined) return [];
  const thing = ["disk", disk.deviceName] as const;
  const found: Finding[] = [];
  if (disk.multipath === true) {
    found.push(finding("disk.multipath", "R-147", severity, thing, {}, "strictSourceRules"));
  }
  // Of another kind of table than GPT and MBR the partitions are not read.
  const isKnown = disk.partitionTable !== "other" && !isUnseen(inventory, ...asUnseen(disk));
  if (disk.partitions.length === 0 && !isKnown) {
    found.push(finding("disk.not-known", "R-146", "NOTE", thing, {}));
  } else if (disk.partitions.length === 0) {
    found.push(finding("disk.no-partitions", "R-146", severity, thing, {}, "strictSourceRules"));
  }
  return found;
}

function placeFindings(inventory: Inventory, place: Place, rules: Rules): Finding[] {
  if (isContainer(place) || isSwap(place)) return [];
  const { held } = place;
  if (held === undefined) return notMounted(place, rules);
  const type = unsupported(place, held, rules);
  if (type !== undefined) return [type];
  // On a disk image nothing is mounted; that says nothing of the server.
  if (held.mountPoint === undefined) {
    return inventory.os.family === "linux" ? notMounted(place, rules) : [];
  }
  return littleFree(place, held, rules);
}

function notMounted({ kind, name, isUnseen: unseen }: Place, { severity }: Rules): Finding[] {
  // A disk without partitions has been told of.
  if (severity === undefined || kind === "disk") return [];
  if (unseen) return [finding("disk.not-known", "R-145", "NOTE", [kind, name], {})];
  return [
    finding("partition.not-mounted", "R-145", severity, [kind, name], {}, "strictSourceRules"),
  ];
}

function unsupported({ kind, name }: Place, held: FileSystem, rules: Rules): Finding | undefined {
  const allowed = rules.limits.value("fileSystems");
  if (allowed === undefined || allowed.includes(any) || allowed.includes(held.type))
    return undefined;
  const row = held.type === "btrfs" ? "R-143" : "R-142";
  const params = { type: held.type, allowed: allowed.join(", ") };
  return finding(
    "file-system.unsupported",
    row,
    rules.ofFigures,
    [kind, name],
    params,
    "fileSystems",
  );
}

function littleFree({ kind, name }: Place, held: FileSystem, rules: Rules): Finding[] {
  const least = rules.limits.value("freeSpacePercent");
  const { sizeBytes, freeBytes, mountPoint = "" } = held;
  if (least === undefined || sizeBytes === undefined || freeBytes === undefined) return [];
  if (freeBytes * 100 >= sizeBytes * least) return [];
  // Rounded down, so that what is too little never reads as enough.
  const percent = Math.floor((freeBytes / sizeBytes) * 1000) / 10;
  const params = { percent, mountPoint, least };
  return [
    finding(
      "file-system.little-free",
      "R-144",
      rules.ofFigures,
      [kind, name],
      params,
      "freeSpacePercent",
    ),
  ];
}

/** What can't be judged, told once for the server. */
function unknownFindings(
  { os, disks }: Inventory,
  places: readonly Place[],
  { limits, severity }: Rules,
): Finding[] {
  const judged = places.filter((place) => !isContainer(place) && !isSwap(place));
  const found: Finding[] = [];
  const isImage = os.family !== "linux" && disks.length > 0;
  if (isImage && severity !== undefined) {
    found.push(finding("mounts.not-known", "R-145", "NOTE", ["server", ""], {}));
  }
  const least = limits.value("freeSpacePercent");
  const uncounted = judged.filter(
    ({ held }) =>
      held?.mountPoint !== undefined &&
      (held.sizeBytes === undefined || held.freeBytes === undefined),
  );
  if (least !== undefined && least > 0 && uncounted.length > 0) {
    const names = uncounted.map(({ held }) => held?.mountPoint).join(", ");
    found.push(finding("free-space.not-known", "R-144", "NOTE", ["server", ""], { names, least }));
  }
  return found;
}

function volumeGroupFindings(inventory: Inventory, { limits, ofFigures }: Rules): Finding[] {
  const most = limits.value("maxVolumeGroups");
  if (most === undefined) return [];
  const { volumeGroups } = inventory;
  if (volumeGroups === undefined) {
    const isThere = fileSystemsOf(inventory).some(({ held }) =>
      [held?.type, held?.unlocked?.type].includes("LVM2_member"),
    );
    return isThere
      ? [finding("volume-groups.not-known", "R-148", "NOTE", ["server", ""], { most })]
      : [];
  }
  if (volumeGroups.length <= most) return [];
  const names = volumeGroups.map(({ name }) => name).join(", ");
  const params = { count: volumeGroups.length, names, most };
  return [
    finding(
      "volume-groups.many",
      "R-148",
      ofFigures,
      ["volume group", ""],
      params,
      "maxVolumeGroups",
    ),
  ];
}

function rawDeviceFindings({ os, rawDevices }: Inventory, { severity }: Rules): Finding[] {
  if (severity === undefined || os.family !== "linux") return [];
  if (rawDevices === undefined) {
    return [finding("raw-devices.not-known", "R-149", "NOTE", ["server", ""], {})];
  }
  return rawDevices.map((name) =>
    finding("raw-device.bound", "R-149", severity, ["raw device", name], {}, "strictSourceRules"),
  );
}
