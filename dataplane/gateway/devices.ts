/**
 * Finds a volume among what is attached: by what the volume itself says, never by letter, because
 * letters change with every start and every order of attaching.
 */
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { MigrationError } from "#domain/errors.ts";
import type { DeviceHint } from "#domain/protocol/gateway.ts";
import type { BlockDevice } from "../block-devices.ts";
import { findByDifference } from "./device-list.ts";

export interface DeviceFinder {
  readonly gatewayId: string;
  readonly bootId: string;
  /** Only below it may a volume be named by path; without it none may. */
  readonly volumeRoot: string | undefined;
  readonly listBlockDevices: () => Promise<{ devices: BlockDevice[]; problem: string | undefined }>;
  /** Device links by name, such as those of /dev/disk/by-id: name → path of the device. */
  readonly listLinks: (folder: string) => Promise<Map<string, string>>;
}

/** What the volume's device says of itself. */
type IdentityHint = Exclude<DeviceHint, { by: "path" | "difference" }>;

/**
 * The path of the one device or file that the hint fits.
 * @throws `volume.not-attached` when none or more than one does; `input.invalid` for a path that may
 *   not be named; what `findByDifference` throws
 */
export async function findDevice(
  finder: DeviceFinder,
  volumeId: string,
  hint: DeviceHint,
): Promise<string> {
  if (hint.by === "path") return findByPath(finder, volumeId, hint.path);
  if (hint.by === "difference") return findByDifference(finder, volumeId, hint);
  const file = await findFile(finder, hint);
  if (file !== undefined) return findByPath(finder, volumeId, file);
  const { devices } = await finder.listBlockDevices();
  // What is mounted here is the gateway's own; no hint may lead to it.
  const free = devices.filter((device) => device.type === "disk" && !isMounted(device));
  const matching = new Set(
    free.filter((device) => fits(device, hint)).map((device) => device.path),
  );
  for (const path of await linksThatFit(finder, hint)) {
    if (free.some((device) => device.path === path)) matching.add(path);
  }
  const [path, ...others] = matching;
  if (path === undefined || others.length > 0) throw notAttached(finder, volumeId);
  return path;
}

/** What the cloud calls the device, if the device says it too; a place may change hands. */
export function serialOf(device: DeviceHint): { serial?: string } {
  if (device.by === "serial") return { serial: device.serial };
  return device.by === "wwn" ? { serial: device.wwn } : {};
}

async function findByPath(finder: DeviceFinder, volumeId: string, named: string): Promise<string> {
  const refuse = (problem: string) =>
    new MigrationError("input.invalid", { where: "device.path", problem });
  if (finder.volumeRoot === undefined) throw refuse("this gateway takes no volumes by path");
  const root = await realpath(finder.volumeRoot);
  const path = await realpath(named).catch((cause: unknown) => {
    throw notAttached(finder, volumeId, cause);
  });
  if (!path.startsWith(root + sep)) throw refuse(`${named} is not below ${finder.volumeRoot}`);
  if (!(await stat(path)).isFile()) throw refuse(`${named} is not a file`);
  return path;
}

/** Where volumes are files, a link named by serial or LUN stands for the device that would show it. */
async function findFile(
  { volumeRoot }: DeviceFinder,
  hint: IdentityHint,
): Promise<string | undefined> {
  const name = hint.by === "serial" ? hint.serial : hint.by === "lun" ? String(hint.lun) : "";
  if (volumeRoot === undefined || !/^[\w-]+$/.test(name)) return undefined;
  const link = join(volumeRoot, `by-${hint.by}`, name);
  return (await lstat(link).catch(() => undefined)) === undefined ? undefined : link;
}

function isMounted(device: BlockDevice): boolean {
  return device.mountPoints.length > 0 || device.children.some(isMounted);
}

function fits(device: BlockDevice, hint: IdentityHint): boolean {
  switch (hint.by) {
    case "serial":
      return device.serial !== undefined && isSerial(device.serial, hint.serial);
    case "wwn":
      return (
        hint.wwn !== "" && device.wwn !== undefined && bareWwn(device.wwn) === bareWwn(hint.wwn)
      );
    case "lun":
      return device.hctl?.split(":")[3] === String(hint.lun);
  }
}

/** virtio-blk holds 20 bytes of a serial. Source: Linux, include/uapi/linux/virtio_blk.h, VIRTIO_BLK_ID_BYTES. */
function isSerial(seen: string, wanted: string): boolean {
  const trimmed = seen.trim();
  if (trimmed === "") return false;
  return trimmed === wanted || (trimmed.length === 20 && wanted.startsWith(trimmed));
}

function bareWwn(wwn: string): string {
  return wwn.toLowerCase().replace(/^(0x|naa\.|eui\.|wwn-0x)/, "");
}

async function linksThatFit(finder: DeviceFinder, hint: IdentityHint): Promise<string[]> {
  if (hint.by === "lun") {
    // Made by Azure's udev rules for data disks, which tell them from the system's at the same LUN.
    return byName(
      await finder.listLinks("/dev/disk/azure/scsi1"),
      (name) => name === `lun${hint.lun}`,
    );
  }
  if ((hint.by === "wwn" ? hint.wwn : hint.serial) === "") return [];
  const links = await finder.listLinks("/dev/disk/by-id");
  if (hint.by === "wwn") return byName(links, (name) => bareWwn(name) === bareWwn(hint.wwn));
  const serials = [hint.serial, hint.serial.slice(0, 20)];
  return byName(links, (name) =>
    serials.some((serial) => name.endsWith(`_${serial}`) || name === `virtio-${serial}`),
  );
}

function byName(links: Map<string, string>, wanted: (name: string) => boolean): string[] {
  return [...links].filter(([name]) => wanted(name)).map(([, path]) => path);
}

function notAttached(finder: DeviceFinder, volumeId: string, cause?: unknown): MigrationError {
  return new MigrationError(
    "volume.not-attached",
    { gateway: finder.gatewayId, volume: volumeId },
    { cause },
  );
}

/** The links of a folder under /dev/disk; empty where udev does not run or knows none. */
export async function listLinks(folder: string): Promise<Map<string, string>> {
  const names = await readdir(folder).catch(() => []);
  const pairs = await Promise.all(
    names.map(async (name): Promise<[string, string][]> => {
      const path = await realpath(join(folder, name)).catch(() => undefined);
      return path === undefined ? [] : [[name, path]];
    }),
  );
  return new Map(pairs.flat());
}
