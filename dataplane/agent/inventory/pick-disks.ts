/** Which of all block devices are the server's disks. */
import type { BlockDevice } from "../../lsblk.ts";

export interface PickedDisk extends BlockDevice {
  readonly id: string;
  readonly role: "system" | "data";
}

/**
 * The server's own disks, the system disk first. Not: loop, RAM, zram and optical devices, empty ones,
 * and removable media. Paths of one multipath disk count once.
 */
export function pickDisks(devices: readonly BlockDevice[]): PickedDisk[] {
  const whole = new Map<string, BlockDevice>();
  for (const listed of devices) {
    const merged = listed.children.find((child) => child.type === "mpath") ?? listed;
    if (isDisk(listed)) whole.set(merged.kname, merged);
  }
  const disks = [...whole.values()];
  const system = findSystemDisk(disks);
  return disks
    .map((disk): PickedDisk => {
      const isSystem = disk === system;
      return { ...disk, id: idOf(disk, disks), role: isSystem ? "system" : "data" };
    })
    .toSorted((a, b) => Number(b.role === "system") - Number(a.role === "system"));
}

function isDisk(listed: BlockDevice): boolean {
  if (listed.type !== "disk" || listed.size === 0) return false;
  if (/^(zram|ram|fd|loop|sr)\d/.test(listed.kname)) return false;
  return !listed.removable && listed.tran !== "usb";
}

/** The one the firmware starts from: with /boot, else with the root. */
function findSystemDisk(disks: readonly BlockDevice[]): BlockDevice | undefined {
  for (const mountPoint of ["/boot", "/boot/efi", "/"]) {
    const found = disks.find((disk) => holds(disk, mountPoint));
    if (found !== undefined) return found;
  }
  return disks[0];
}

function holds(device: BlockDevice, mountPoint: string): boolean {
  return (
    device.mountpoint === mountPoint || device.children.some((child) => holds(child, mountPoint))
  );
}

/** Some hypervisors give every disk the same serial; such a one tells nothing. */
function idOf(disk: BlockDevice, all: readonly BlockDevice[]): string {
  const isUnique = (key: "wwn" | "serial") =>
    all.filter((other) => other[key] === disk[key]).length === 1;
  if (disk.wwn && isUnique("wwn")) return disk.wwn;
  if (disk.serial && isUnique("serial")) return disk.serial;
  return disk.path;
}
