/**
 * Which file or device a path led to. Paths say nothing of that: a volume that is detached leaves its
 * name to the next one, and blocks written by the old one's map would spoil the new one unnoticed.
 */
import { type FileHandle, readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { deviceNumber, deviceSize } from "#dataplane/device-size.ts";
import { MigrationError } from "#domain/errors.ts";

export type VolumeIdentity =
  | { readonly kind: "file"; readonly id: string }
  | {
      readonly kind: "device";
      /** What the device says of itself; absent where it says nothing, as a loop device. */
      readonly name?: string;
      /** The start of the machine, and which attaching since. */
      readonly boot: string;
      readonly attachment: string;
    };

/** Of an open descriptor, which stays with its file or device. */
export async function identify(file: FileHandle): Promise<VolumeIdentity> {
  const stats = await file.stat({ bigint: true });
  if (!stats.isBlockDevice()) {
    return { kind: "file", id: `${stats.dev}:${stats.ino}:${stats.birthtimeNs}` };
  }
  const plain = await file.stat();
  const folder = `/sys/dev/block/${deviceNumber(plain)}`;
  // Counts up whenever a disk appears or changes hands, since Linux 5.15: Documentation/ABI/testing/sysfs-block.
  const sequence = await findText(`${folder}/diskseq`);
  // SCSI, NVMe, virtio: each keeps it elsewhere.
  const places = ["wwid", "device/wwid", "serial", "device/serial"];
  const names = await Promise.all(places.map((place) => findText(`${folder}/${place}`)));
  const name = names.find((text) => text !== undefined);
  return {
    kind: "device",
    ...(name === undefined ? {} : { name }),
    boot: (await findText("/proc/sys/kernel/random/boot_id")) ?? "",
    attachment:
      sequence === undefined
        ? `device ${deviceNumber(plain)} of ${await deviceSize(plain)} bytes`
        : `disk ${sequence} since the machine started`,
  };
}

/** @throws `volume.swapped` unless it is the very same, and was not attached anew. */
export function refuseAnother(volumeId: string, before: VolumeIdentity, now: VolumeIdentity): void {
  if (!isDeepStrictEqual(before, now)) throw swapped(volumeId, before, now);
}

/** Whether both say what they are, and say different things. */
export function areOfDifferentNames(before: VolumeIdentity, now: VolumeIdentity): boolean {
  if (before.kind !== "device" || now.kind !== "device") return false;
  return before.name !== undefined && now.name !== undefined && before.name !== now.name;
}

export function swapped(volumeId: string, before: VolumeIdentity, now: VolumeIdentity) {
  return new MigrationError("volume.swapped", {
    volume: volumeId,
    was: describe(before),
    is: describe(now),
  });
}

function describe(identity: VolumeIdentity): string {
  if (identity.kind === "file") return `file ${identity.id}`;
  return `${identity.name ?? "no serial"} (${identity.attachment})`;
}

async function findText(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim() || undefined;
  } catch (error) {
    // What a device does not have is not there, or can't be asked for.
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "EINVAL" || code === "ENXIO") return undefined;
    throw error;
  }
}
