/** What a guest is, and whether driver repair knows it. Nothing has been changed when it does not. */
import { MigrationError } from "../errors.ts";
import type { RepairReport, TargetHardware } from "../protocol/gateway.ts";
import { createDeviceNames, isBareDeviceName, namesForGood } from "./device-names.ts";
import { networkDrivers, storageDrivers } from "./drivers.ts";
import { fstabEntries } from "./fstab.ts";
import {
  type GuestFacts,
  type Inspection,
  type RepairDisk,
  type RepairPartition,
  rootFileSystem,
} from "./inspection.ts";
import { known, knownGuests } from "./known-guests.ts";

const unknown = "unknown";

/** The guest as a report shows it. What can't be told is `unknown`. */
export function describeGuest(guest: GuestFacts): RepairReport["guest"] {
  const osRelease = guest.files["/etc/os-release"] ?? "";
  return {
    distribution: osReleaseField(osRelease, "ID") ?? unknown,
    version: osReleaseField(osRelease, "VERSION_ID") ?? unknown,
    kernels: guest.kernels.map(({ version }) => version),
    bootLoader: firstPresent(guest, known.bootLoaders),
    initramfsTool: firstPresent(guest, known.initramfsTools),
  };
}

/**
 * Refuses a guest that repair has no rules for.
 * @throws `repair.unknown-guest`, saying all that is unknown.
 */
export function requireKnownGuest(guest: Inspection, hardware: TargetHardware): void {
  const { distribution, version, bootLoader, initramfsTool } = describeGuest(guest);
  const rootType = rootFileSystem(guest)?.type ?? unknown;
  const found = [
    ...unlessKnown(known.distributions, distribution, `${distribution} ${version}`),
    ...(bootLoader === unknown ? ["no known boot loader"] : []),
    ...(initramfsTool === unknown ? ["no known initramfs tool"] : []),
    ...(guest.kernels.length === 0 ? ["no kernel"] : []),
    ...unlessKnown(known.rootFileSystems, rootType, `root on ${rootType}`),
    ...unlessKnown(known.firmware, hardware.firmware, `a target with ${hardware.firmware}`),
    ...unknownMounts(guest),
    ...missingDrivers(guest, hardware),
  ];
  if (found.length > 0) {
    throw new MigrationError("repair.unknown-guest", {
      found: found.join("; "),
      known: knownGuests,
    });
  }
}

export interface RootCandidate {
  readonly disk: number;
  readonly partition: RepairPartition;
}

/** Partitions that may hold `/`, the first disk's first. */
export function listRootCandidates(disks: readonly RepairDisk[]): RootCandidate[] {
  const types: readonly string[] = known.rootFileSystems;
  return disks.flatMap(({ partitions }, disk) =>
    partitions
      .filter(({ fileSystem }) => fileSystem !== undefined && types.includes(fileSystem.type))
      .map((partition) => ({ disk, partition })),
  );
}

/**
 * Why there is no root to repair: `repair.unknown-guest` when it may lie in something repair does not
 * look into (LVM, LUKS, btrfs), else `repair.no-root`.
 */
export function rootNotFound(disks: readonly RepairDisk[]): MigrationError {
  const seen = disks.flatMap(({ name, partitions, fileSystem }) => [
    ...(fileSystem === undefined ? [] : [{ where: name, type: fileSystem.type }]),
    ...partitions.map((partition) => ({
      where: `${name} partition ${partition.number}`,
      type: partition.fileSystem?.type ?? "nothing known",
    })),
  ]);
  const list = seen.map(({ where, type }) => `${type} on ${where}`).join(", ") || "no partitions";
  const isHidden = seen.some(({ type }) => /LVM|LUKS|raid|btrfs|zfs|ntfs|BitLocker/i.test(type));
  return isHidden
    ? new MigrationError("repair.unknown-guest", { found: list, known: knownGuests })
    : new MigrationError("repair.no-root", { disk: disks[0]?.name ?? "no disk", seen: list });
}

export interface GuestMount {
  readonly mountPoint: string;
  readonly disk: number;
  readonly partition: RepairPartition;
}

/** The partitions, besides the root's, that must be mounted while the guest is repaired. */
export function listNeededMounts(guest: Inspection): GuestMount[] {
  const wanted: readonly string[] = known.mountPoints;
  return fstabEntries(guest.files["/etc/fstab"] ?? "")
    .filter(({ mountPoint }) => wanted.includes(mountPoint))
    .flatMap(({ source, mountPoint }) => {
      const place = findPartition(guest.disks, source);
      return place === undefined ? [] : [{ mountPoint, ...place }];
    });
}

function findPartition(disks: readonly RepairDisk[], source: string) {
  const name = isBareDeviceName(source) ? createDeviceNames(disks).findStable(source) : source;
  for (const { disk, partition } of listRootCandidates(disks)) {
    const names = partition.fileSystem === undefined ? [] : namesForGood(partition.fileSystem);
    if (name !== undefined && names.includes(name.replaceAll('"', ""))) return { disk, partition };
  }
  return undefined;
}

/** System folders with a file system of their own that repair does not mount. */
function unknownMounts(guest: Inspection): string[] {
  const mounted = listNeededMounts(guest).map(({ mountPoint }) => mountPoint);
  const system = /^\/(usr|var|boot|etc|boot\/efi|lib|var\/tmp|var\/lib)$/;
  return fstabEntries(guest.files["/etc/fstab"] ?? "")
    .filter(({ type }) => type !== "tmpfs")
    .map(({ mountPoint }) => mountPoint)
    .filter((mountPoint) => system.test(mountPoint) && !mounted.includes(mountPoint))
    .map((mountPoint) => `a separate ${mountPoint}`);
}

function missingDrivers(guest: Inspection, hardware: TargetHardware): string[] {
  const needed = [...storageDrivers[hardware.storage], ...networkDrivers[hardware.network]];
  return guest.kernels.flatMap(({ version, builtIn, modules }) =>
    needed
      .filter((driver) => !builtIn.includes(driver) && !modules.includes(driver))
      .map((driver) => `kernel ${version} without driver ${driver}`),
  );
}

function unlessKnown(list: readonly string[], value: string, words: string): string[] {
  return list.includes(value) ? [] : [words];
}

function firstPresent(guest: GuestFacts, table: Readonly<Record<string, string>>): string {
  const row = Object.entries(table).find(
    ([path]) => guest.present.includes(path) || guest.files[path] !== undefined,
  );
  return row?.[1] ?? unknown;
}

/** `NAME=value` or `NAME="value"`. Source: os-release(5). */
function osReleaseField(text: string, name: string): string | undefined {
  return new RegExp(`^${name}=["']?([^"'\\n]*)["']?\\s*$`, "m").exec(text)?.[1];
}
