/** A source server that nothing speaks against anywhere, for tests to spoil. */
import type { Disk, FileSystem, Inventory, Partition } from "../inventory.ts";

export const GiB = 1024 ** 3;

export function mounted(type = "ext4", mountPoint = "/"): FileSystem {
  return { type, mountPoint, sizeBytes: 100 * GiB, freeBytes: 50 * GiB };
}

export function partition(fileSystem?: FileSystem, change: Partial<Partition> = {}): Partition {
  return {
    ...{ number: 1, offsetBytes: 1024 ** 2, sizeBytes: 10 * GiB, type: "83", bootable: false },
    ...(fileSystem === undefined ? {} : { fileSystem }),
    ...change,
  };
}

/** Of a size that every platform takes as it is. */
export function disk(change: Partial<Disk> = {}): Disk {
  return {
    ...{ id: "disk-sda", path: "/dev/sda", deviceName: "sda", sizeBytes: 50 * GiB },
    ...{ logicalSectorBytes: 512, role: "system", partitionTable: "mbr" },
    partitions: [partition(mounted())],
    ...change,
  };
}

/** The first one the system's. */
export function disks(count: number): Disk[] {
  return Array.from({ length: count }, (_, index) => {
    const deviceName = `sd${String.fromCharCode(97 + index)}`;
    return disk({
      ...{ id: `disk-${deviceName}`, path: `/dev/${deviceName}`, deviceName },
      role: index === 0 ? "system" : "data",
    });
  });
}

export function server(change: Partial<Inventory> = {}): Inventory {
  return {
    hostName: "web-1",
    os: { family: "linux", distribution: "centos", version: "7.9", kernel: "3.10.0" },
    ...{ firmware: "bios", architecture: "x86_64", cpus: 2, memoryBytes: 4 * GiB },
    disks: disks(1),
    nics: [],
    ...{ volumeGroups: [], mdArrays: [], rawDevices: [] },
    openings: { ssh: true, remoteDesktop: true },
    notSeen: [],
    ...change,
  };
}
