/**
 * Names of disks that change with the hardware (`/dev/sda1`), and what to call the same thing for good
 * (`UUID=…`). What is stable already (`UUID=`, `LABEL=`, `/dev/mapper/…`, `by-uuid`) is left alone.
 */
import { MigrationError } from "../errors.ts";
import type { RepairDisk, RepairFileSystem } from "./inspection.ts";
import { knownGuests } from "./known-guests.ts";

const bareName =
  /^\/dev\/(?:(?:sd|hd|vd|xvd)[a-z]+\d*|(?:nvme\d+n|mmcblk|cciss\/c\d+d)\d+(?:p\d+)?|disk\/by-(?:id|path)\/\S+)$/;

/** True for a device name that another machine may give to another disk. */
export function isBareDeviceName(word: string): boolean {
  return bareName.test(word);
}

export interface DeviceNames {
  /**
   * The name for good of what a bare device name means, or `undefined` when its disk was not migrated.
   * @throws `repair.unknown-guest` when it can't be told which disk is meant, or nothing on it has a name.
   */
  readonly findStable: (device: string) => string | undefined;
  /** True for a name for good (`UUID=…`) of something that is on none of the disks. */
  readonly isMissing: (source: string) => boolean;
}

/** All that fstab and `root=` may call a file system for good. */
export function namesForGood({ uuid, label, partUuid }: RepairFileSystem): string[] {
  return [
    ...(uuid === undefined ? [] : [`UUID=${uuid}`, `/dev/disk/by-uuid/${uuid}`]),
    ...(label === undefined ? [] : [`LABEL=${label}`, `/dev/disk/by-label/${label}`]),
    ...(partUuid === undefined
      ? []
      : [`PARTUUID=${partUuid}`, `/dev/disk/by-partuuid/${partUuid}`]),
  ];
}

export function createDeviceNames(disks: readonly RepairDisk[]): DeviceNames {
  const existing = new Set(
    disks
      .flatMap(({ fileSystem, partitions }) => [
        fileSystem,
        ...partitions.map((partition) => partition.fileSystem),
      ])
      .flatMap((found) => (found === undefined ? [] : namesForGood(found))),
  );
  return {
    findStable(device) {
      const { diskName, partition } = splitDeviceName(device);
      const disk =
        diskName === undefined
          ? onlyDisk(disks, device)
          : disks.find(({ name }) => name === diskName);
      if (disk === undefined) return undefined;
      const found =
        partition === undefined
          ? disk.fileSystem
          : disk.partitions.find(({ number }) => number === partition)?.fileSystem;
      const stable = stableName(found);
      if (stable === undefined) {
        throw unclear(`${device}, on which there is nothing that has a UUID`);
      }
      return stable;
    },
    isMissing(source) {
      const name = source.replaceAll('"', "");
      const isForGood = /^((UUID|PARTUUID|LABEL)=|\/dev\/disk\/by-(uuid|partuuid|label)\/)/.test(
        name,
      );
      return isForGood && !existing.has(name);
    },
  };
}

function stableName(found: RepairFileSystem | undefined): string | undefined {
  if (found?.uuid !== undefined) return `UUID=${found.uuid}`;
  if (found?.partUuid !== undefined) return `PARTUUID=${found.partUuid}`;
  return undefined;
}

/** `diskName` is absent for by-id and by-path names: they describe hardware that stayed behind. */
function splitDeviceName(device: string): { diskName?: string; partition?: number } {
  const name = device.slice("/dev/".length);
  const link = /^disk\/by-(?:id|path)\/.*?(?:-part(\d+))?$/.exec(name);
  if (link !== null) return numbered(undefined, link[1]);
  const [, diskName, , digits] =
    /^((nvme\d+n\d+|mmcblk\d+|cciss\/c\d+d\d+))(?:p(\d+))?$/.exec(name) ??
    /^(([a-z]+))(\d+)?$/.exec(name) ??
    [];
  return numbered(diskName, digits);
}

function numbered(diskName: string | undefined, digits: string | undefined) {
  return {
    ...(diskName === undefined ? {} : { diskName }),
    ...(digits === undefined ? {} : { partition: Number(digits) }),
  };
}

function onlyDisk(disks: readonly RepairDisk[], device: string): RepairDisk | undefined {
  if (disks.length > 1) throw unclear(`${device}, which of its ${disks.length} disks that is`);
  return disks[0];
}

function unclear(what: string): MigrationError {
  return new MigrationError("repair.unknown-guest", {
    found: `it names ${what}`,
    known: knownGuests,
  });
}
