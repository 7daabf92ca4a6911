/**
 * The block devices of this system, as the kernel shows them in /sys, with what udev remembers of them. No tool is
 * needed: `lsblk` of older distributions lacks the columns, or JSON altogether. Serials and WWNs are chosen as
 * lsblk does. Sources: Documentation/ABI/stable/sysfs-block, Documentation/ABI/testing/sysfs-block-dm, md.rst;
 * util-linux, misc-utils/lsblk-properties.c.
 */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { deviceNumber, parseMountInfo, parseSwaps } from "./mount-info.ts";

export interface BlockDevice {
  /** As people know it: `sda1`, or the name given to a device-mapper device. */
  readonly name: string;
  /** As the kernel knows it: `sda1`, `dm-0`. */
  readonly kname: string;
  readonly path: string;
  /** `major:minor` */
  readonly device: string;
  /** disk, part, loop, rom, lvm, crypt, mpath, dm, or the level of an md array: raid1, … */
  readonly type: string;
  readonly sizeBytes: number;
  readonly logicalSectorBytes: number;
  readonly removable: boolean;
  readonly usb: boolean;
  /** SCSI host:channel:target:lun. */
  readonly hctl: string | undefined;
  readonly serial: string | undefined;
  readonly wwn: string | undefined;
  /** Of a partition, also of one on a multipath device. */
  readonly partitionNumber: number | undefined;
  readonly startBytes: number | undefined;
  /** Of a device-mapper device: `LVM-…`, `CRYPT-…`, `mpath-…`. */
  readonly dmUuid: string | undefined;
  /** How many paths an NVMe device has that the kernel itself joins. */
  readonly nvmePaths: number;
  /** Where it is mounted, the whole of it before parts of it; `[SWAP]` while it is swapped to. */
  readonly mountPoints: readonly string[];
  /** What is mounted there, as the kernel names it: ext4, swap, fuseblk. */
  readonly mountedType: string | undefined;
  /** `KEY` → value of udev's database: what it found when it last looked. Empty where there is no udev. */
  readonly udev: ReadonlyMap<string, string>;
  /** Partitions, and what is built on the device: LVM, RAID, LUKS, multipath. */
  readonly children: readonly BlockDevice[];
}

/** Where a system shows itself. */
export interface SystemFolders {
  readonly sys: string;
  readonly proc: string;
  readonly udev: string;
}

interface Mounted {
  readonly points: readonly string[];
  readonly type: string;
}

const thisSystem: SystemFolders = { sys: "/sys", proc: "/proc", udev: "/run/udev/data" };
const sectorBytes = 512;

/** What is plugged in now. `problem` says why the list is empty when that isn't the answer. */
export async function listBlockDevices(
  folders: SystemFolders = thisSystem,
): Promise<{ devices: BlockDevice[]; problem: string | undefined }> {
  const names = await readdir(join(folders.sys, "block")).catch(() => undefined);
  if (names === undefined) return { devices: [], problem: `${folders.sys}/block can't be read` };
  const mounted = await readMounted(folders);
  const seen = new Map<string, Promise<BlockDevice | undefined>>();
  const devices = await Promise.all(
    names.map((name) => readDevice(folders, join(folders.sys, "block", name), mounted, seen)),
  );
  const all = devices.filter((device) => device !== undefined);
  const children = new Set(all.flatMap(withAllBelow).map(({ kname }) => kname));
  return { devices: all.filter(({ kname }) => !children.has(kname)), problem: undefined };
}

/** All that is built on a device, at any height. */
export function withAllBelow(device: BlockDevice): BlockDevice[] {
  return device.children.flatMap((child) => [child, ...withAllBelow(child)]);
}

/** A device that two others carry is read once. Undefined: gone meanwhile, or one that nobody may open. */
function readDevice(
  folders: SystemFolders,
  folder: string,
  mounted: ReadonlyMap<string, Mounted>,
  seen: Map<string, Promise<BlockDevice | undefined>>,
): Promise<BlockDevice | undefined> {
  const kname = basename(folder);
  const known = seen.get(kname);
  if (known !== undefined) return known;
  const reading = readNewDevice(folders, folder, mounted, seen);
  seen.set(kname, reading);
  return reading;
}

async function readNewDevice(
  folders: SystemFolders,
  folder: string,
  mounted: ReadonlyMap<string, Mounted>,
  seen: Map<string, Promise<BlockDevice | undefined>>,
): Promise<BlockDevice | undefined> {
  const kname = basename(folder);
  const device = await find(folder, "dev");
  const size = await find(folder, "size");
  if (device === undefined || size === undefined || (await find(folder, "hidden")) === "1") return;
  const [dmName, dmUuid, partition, place, udev] = await Promise.all([
    find(folder, "dm/name"),
    find(folder, "dm/uuid"),
    find(folder, "partition"),
    realpath(folder),
    readUdev(folders, device, kname),
  ]);
  // A slash in a name is written as an exclamation mark.
  const name = dmName ?? kname.replaceAll("!", "/");
  const start = partition === undefined ? undefined : await find(folder, "start");
  const scsi = basename(await realpath(join(folder, "device")).catch(() => ""));
  return {
    name,
    kname,
    path: dmName === undefined ? `/dev/${name}` : `/dev/mapper/${name}`,
    device,
    type: await typeOf(folder, kname, partition, dmUuid),
    sizeBytes: Number(size) * sectorBytes,
    logicalSectorBytes: Number(
      (await find(folder, "queue/logical_block_size")) ??
        (await find(join(place, ".."), "queue/logical_block_size")) ??
        sectorBytes,
    ),
    removable: (await find(folder, "removable")) === "1",
    usb: /\/usb\d+\//.test(place),
    hctl: /^\d+:\d+:\d+:\d+$/.test(scsi) ? scsi : undefined,
    serial: partition === undefined ? await serialOf(folder, udev) : undefined,
    wwn: partition === undefined ? await wwnOf(folder, udev) : undefined,
    partitionNumber: numberOf(partition ?? /^part(\d+)-/.exec(dmUuid ?? "")?.[1]),
    startBytes: start === undefined ? undefined : Number(start) * sectorBytes,
    dmUuid: dmUuid === "" ? undefined : dmUuid,
    nvmePaths: await countNvmePaths(folders, kname),
    mountPoints: mounted.get(device)?.points ?? [],
    mountedType: mounted.get(device)?.type,
    udev,
    children: await readChildren(folders, folder, mounted, seen),
  };
}

async function readChildren(
  folders: SystemFolders,
  folder: string,
  mounted: ReadonlyMap<string, Mounted>,
  seen: Map<string, Promise<BlockDevice | undefined>>,
): Promise<BlockDevice[]> {
  const entries = await readdir(folder).catch(() => []);
  const partitions = entries.filter((entry) => entry.startsWith(basename(folder)));
  const holders = await readdir(join(folder, "holders")).catch(() => []);
  const found = await Promise.all([
    ...partitions.map((name) => readDevice(folders, join(folder, name), mounted, seen)),
    ...holders.map((name) => readDevice(folders, join(folders.sys, "block", name), mounted, seen)),
  ]);
  return found
    .filter((child) => child !== undefined)
    .toSorted((a, b) => (a.partitionNumber ?? Infinity) - (b.partitionNumber ?? Infinity) || 0);
}

async function typeOf(
  folder: string,
  kname: string,
  partition: string | undefined,
  dmUuid: string | undefined,
): Promise<string> {
  if (partition !== undefined || /^part\d+-/.test(dmUuid ?? "")) return "part";
  if (dmUuid !== undefined) {
    const kind = /^(LVM|CRYPT|mpath)-/.exec(dmUuid)?.[1] ?? "dm";
    return kind.toLowerCase();
  }
  const level = await find(folder, "md/level");
  if (level !== undefined) return level === "" ? "md" : level;
  if (kname.startsWith("loop")) return "loop";
  // Source: Linux, include/scsi/scsi_proto.h, TYPE_ROM.
  return kname.startsWith("sr") || (await find(folder, "device/type")) === "5" ? "rom" : "disk";
}

async function serialOf(
  folder: string,
  udev: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  for (const key of ["SCSI_IDENT_SERIAL", "ID_SCSI_SERIAL", "ID_SERIAL_SHORT", "ID_SERIAL"]) {
    const value = tidy(udev.get(key));
    if (value !== undefined) return value;
  }
  return tidy((await find(folder, "serial")) ?? (await find(folder, "device/serial")));
}

async function wwnOf(
  folder: string,
  udev: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  const known = udev.get("ID_WWN_WITH_EXTENSION") ?? udev.get("ID_WWN");
  if (known !== undefined) return known;
  const told = (await find(folder, "wwid")) ?? (await find(folder, "device/wwid")) ?? "";
  // Others ("t10.…") are made of the vendor's name and the serial.
  return /^(naa|eui|nvme)\./.test(told) ? told : undefined;
}

function tidy(text: string | undefined): string | undefined {
  const tidied = text?.trim().replaceAll(/\s+/g, " ");
  return tidied === "" ? undefined : tidied;
}

/** Hidden devices beside it, one for each controller: nvme0n1 has nvme0c0n1, nvme0c1n1. Source: nvme/host/multipath.c */
async function countNvmePaths(folders: SystemFolders, kname: string): Promise<number> {
  const [, subsystem, namespace] = /^nvme(\d+)n(\d+)$/.exec(kname) ?? [];
  if (subsystem === undefined) return 0;
  const pattern = new RegExp(`^nvme${subsystem}c\\d+n${namespace}$`);
  const names = await readdir(join(folders.sys, "block"));
  return names.filter((name) => pattern.test(name)).length;
}

/** `E:KEY=value` lines. udev before 174 (RHEL 6) keeps them elsewhere, by name. */
async function readUdev(
  { udev }: SystemFolders,
  device: string,
  kname: string,
): Promise<ReadonlyMap<string, string>> {
  const text = (await find(udev, `b${device}`)) ?? (await find("/dev/.udev/db", `block:${kname}`));
  const pairs = (text ?? "").split("\n").flatMap((line): [string, string][] => {
    const [, key, value] = /^E:([^=]+)=(.*)$/.exec(line) ?? [];
    return key === undefined || value === undefined ? [] : [[key, value]];
  });
  return new Map(pairs);
}

/** By `major:minor`. The root of the system comes first, then where all of a file system is seen. */
async function readMounted(folders: SystemFolders): Promise<Map<string, Mounted>> {
  const mounts = parseMountInfo((await find(folders.proc, "self/mountinfo")) ?? "");
  const rank = (mount: { mountPoint: string; root: string }) =>
    mount.mountPoint === "/" ? 0 : mount.root === "/" ? 1 : 2;
  const mounted = new Map<string, Mounted>();
  const add = (device: string | undefined, point: string, type: string) => {
    if (device === undefined) return;
    const before = mounted.get(device);
    mounted.set(device, { type, points: [...(before?.points ?? []), point] });
  };
  for (const mount of mounts.toSorted((a, b) => rank(a) - rank(b))) {
    const isNamed = mount.device.startsWith("0:") && mount.source.startsWith("/dev/");
    const device = isNamed ? await numberOfNode(mount.source) : mount.device;
    if (isNamed && mount.type === "btrfs") {
      const members = await btrfsMembers(folders, device);
      for (const member of members) add(member, mount.mountPoint, mount.type);
    } else add(device, mount.mountPoint, mount.type);
  }
  for (const path of parseSwaps((await find(folders.proc, "swaps")) ?? "")) {
    add(await numberOfNode(path), "[SWAP]", "swap");
  }
  return mounted;
}

async function numberOfNode(path: string): Promise<string | undefined> {
  const facts = await stat(path).catch(() => undefined);
  return facts?.isBlockDevice() === true ? deviceNumber(facts.rdev) : undefined;
}

/** A btrfs may lie on many devices, of which one is named where it is mounted. */
async function btrfsMembers(
  { sys }: SystemFolders,
  named: string | undefined,
): Promise<(string | undefined)[]> {
  const folder = join(sys, "fs/btrfs");
  for (const uuid of await readdir(folder).catch(() => [])) {
    const names = await readdir(join(folder, uuid, "devices")).catch(() => []);
    const numbers = await Promise.all(
      names.map((name) => find(join(folder, uuid, "devices", name), "dev")),
    );
    if (numbers.includes(named)) return numbers;
  }
  return [named];
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

async function find(folder: string, name: string): Promise<string | undefined> {
  try {
    return (await readFile(join(folder, name), "utf8")).trim();
  } catch {
    return undefined;
  }
}
