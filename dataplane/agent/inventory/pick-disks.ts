/** Which of all block devices are the server's disks. */
import type { BlockDevice } from "../../block-devices.ts";

export interface PickedDisk extends BlockDevice {
  readonly id: string;
  readonly role: "system" | "data";
  readonly multipath: boolean;
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
  const disks = [...whole.values()].toSorted(byName);
  const system = findSystemDisk(disks);
  return disks
    .map((disk): PickedDisk => {
      const isSystem = disk === system;
      return {
        ...disk,
        id: idOf(disk, disks),
        role: isSystem ? "system" : "data",
        multipath: isMultipath(disk, disks),
      };
    })
    .toSorted((a, b) => Number(b.role === "system") - Number(a.role === "system"));
}

/** sdb before sdaa, nvme2n1 before nvme10n1. */
function byName(a: BlockDevice, b: BlockDevice): number {
  const familyOf = ({ kname }: BlockDevice) => /^(x?vd|[sh]d|\D*)/.exec(kname)?.[0] ?? "";
  return (
    familyOf(a).localeCompare(familyOf(b)) ||
    a.kname.replace(/\d.*/, "").length - b.kname.replace(/\d.*/, "").length ||
    a.kname.localeCompare(b.kname, "en", { numeric: true })
  );
}

function isDisk(listed: BlockDevice): boolean {
  if (listed.type !== "disk" || listed.sizeBytes === 0) return false;
  if (/^(zram|ram|fd|loop|sr)\d/.test(listed.kname)) return false;
  return !listed.removable && !listed.usb;
}

/** Also where nothing joins the paths, or a vendor's software that device mapper knows nothing of. */
export function isMultipath(disk: BlockDevice, all: readonly BlockDevice[]): boolean {
  if (disk.type === "mpath" || disk.nvmePaths > 1) return true;
  const { wwn, sizeBytes } = disk;
  const isTwin = (other: BlockDevice) =>
    other !== disk && other.wwn === wwn && other.sizeBytes === sizeBytes;
  return wwn !== undefined && all.some(isTwin);
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
    device.mountPoints.includes(mountPoint) ||
    device.children.some((child) => holds(child, mountPoint))
  );
}

/** Some hypervisors give every disk the same serial; such a one tells nothing. */
function idOf(disk: BlockDevice, all: readonly BlockDevice[]): string {
  // Of a multipath device it is made of the LUN's WWN; its name may change.
  if (disk.type === "mpath" && disk.dmUuid) return disk.dmUuid.replace(/^mpath-/, "");
  const isUnique = (key: "wwn" | "serial") =>
    all.filter((other) => other[key] === disk[key]).length === 1;
  if (disk.wwn && isUnique("wwn")) return disk.wwn;
  if (disk.serial && isUnique("serial")) return disk.serial;
  return disk.path;
}
