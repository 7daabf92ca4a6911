/** The disks of this very server, as the kernel shows them. */
import { readFile, statfs } from "node:fs/promises";
import type { Disk, FileSystem } from "#domain/inventory.ts";
import { type BlockDevice, listBlockDevices } from "../../lsblk.ts";
import { readLayout } from "./disk-layout.ts";
import { type PickedDisk, pickDisks } from "./pick-disks.ts";

export async function readLiveDisks(): Promise<{ disks: Disk[]; notSeen: string[] }> {
  const { devices, problem } = await listBlockDevices();
  if (problem !== undefined) return { disks: [], notSeen: [`the disks: ${problem}`] };
  const picked = pickDisks(devices);
  const notSeen: string[] = [];
  const disks: Disk[] = [];
  for (const device of picked) {
    const described = await describe(device);
    disks.push(described.disk);
    notSeen.push(...described.notSeen);
  }
  return { disks, notSeen };
}

async function describe(device: PickedDisk): Promise<{ disk: Disk; notSeen: string[] }> {
  const { notSeen, ...read } = await readLayout(device.path);
  // Without the right to read the disk, udev's memory of it still says what its partitions hold.
  const layout = notSeen.length === 0 ? read : await layoutByKernel(device);
  const mounted = new Map(device.children.map((child) => [numberOf(child), child.mountpoint]));
  const fileSystem = await withMount(layout.fileSystem, device.mountpoint);
  const partitions = await Promise.all(
    layout.partitions.map(async (partition) => {
      const held = await withMount(partition.fileSystem, mounted.get(partition.number) ?? null);
      return { ...partition, ...(held === undefined ? {} : { fileSystem: held }) };
    }),
  );
  const disk: Disk = {
    id: device.id,
    path: device.path,
    deviceName: device.name,
    sizeBytes: device.size,
    logicalSectorBytes: device.logicalSectorBytes,
    role: device.role,
    partitionTable: layout.partitionTable,
    partitions,
    ...(fileSystem === undefined ? {} : { fileSystem }),
  };
  return { disk, notSeen };
}

async function withMount(
  fileSystem: FileSystem | undefined,
  mountPoint: string | null,
): Promise<FileSystem | undefined> {
  if (fileSystem === undefined || mountPoint === null) return fileSystem;
  if (!mountPoint.startsWith("/")) return fileSystem; // "[SWAP]"
  const usage = await statfs(mountPoint).catch(() => undefined);
  const freeBytes = usage === undefined ? {} : { freeBytes: usage.bfree * usage.bsize };
  return { ...fileSystem, mountPoint, ...freeBytes };
}

async function layoutByKernel(
  device: BlockDevice,
): Promise<Pick<Disk, "partitionTable" | "partitions" | "fileSystem">> {
  const partitionTable = device.pttype === "gpt" ? "gpt" : device.pttype === "dos" ? "mbr" : "none";
  const partitions = await Promise.all(
    device.children
      .filter((child) => child.type === "part")
      .map(async (child) => {
        const fileSystem = fileSystemOf(child);
        return {
          number: numberOf(child),
          offsetBytes: await startOf(child),
          sizeBytes: child.size,
          type: (child.parttype ?? "unknown").replace(/^0x/, ""),
          bootable: false,
          ...(fileSystem === undefined ? {} : { fileSystem }),
        };
      }),
  );
  const fileSystem = fileSystemOf(device);
  return { partitionTable, partitions, ...(fileSystem === undefined ? {} : { fileSystem }) };
}

/** The kernel counts in 512 bytes whatever the disk's sector. Source: Documentation/ABI/stable/sysfs-block. */
async function startOf(child: BlockDevice): Promise<number> {
  return Number(await readFile(`/sys/class/block/${child.kname}/start`, "utf8")) * 512;
}

function fileSystemOf(device: BlockDevice): FileSystem | undefined {
  if (device.fstype === null) return undefined;
  return {
    type: device.fstype,
    ...(device.uuid === null ? {} : { uuid: device.uuid }),
    ...(device.label === null ? {} : { label: device.label }),
  };
}

function numberOf(child: BlockDevice): number {
  return Number(/(\d+)$/.exec(child.kname)?.[1] ?? 0);
}
