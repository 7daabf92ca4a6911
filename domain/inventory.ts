/** What an agent tells about its source server. Sizes are in bytes; device names are the source's own. */
import { z } from "zod";

export const fileSystem = z.object({
  /** As blkid names it: ext4, xfs, ntfs, swap, LVM2_member, crypto_LUKS, … */
  type: z.string(),
  uuid: z.string().optional(),
  label: z.string().optional(),
  mountPoint: z.string().optional(),
  freeBytes: z.number().optional(),
});

export const partition = z.object({
  number: z.number().int(),
  offsetBytes: z.number().int(),
  sizeBytes: z.number().int(),
  /** MBR type byte ("83") or GPT type GUID. */
  type: z.string(),
  bootable: z.boolean(),
  fileSystem: fileSystem.optional(),
});

export const disk = z.object({
  /** Stable across restarts of the agent: WWN or serial where the disk has one, else its path. */
  id: z.string().min(1).max(200),
  path: z.string(),
  /** The name the running system uses, such as `sda`; what fstab and boot loader may speak of. */
  deviceName: z.string(),
  sizeBytes: z.number().int().positive(),
  logicalSectorBytes: z.number().int(),
  role: z.enum(["system", "data"]),
  partitionTable: z.enum(["gpt", "mbr", "none"]),
  partitions: z.array(partition),
  /** A file system (or LVM, LUKS) straight on the disk, without partitions. */
  fileSystem: fileSystem.optional(),
});

export const nic = z.object({
  name: z.string(),
  mac: z.string(),
  addresses: z.array(z.string()),
  dhcp: z.boolean().optional(),
});

export const inventory = z.object({
  hostName: z.string(),
  os: z
    .object({
      family: z.enum(["linux", "windows", "unknown"]),
      /** `ID` of os-release: debian, ubuntu, rhel, … */
      distribution: z.string().optional(),
      version: z.string().optional(),
      kernel: z.string().optional(),
    })
    .default({ family: "unknown" }),
  firmware: z.enum(["bios", "uefi"]),
  architecture: z.string(),
  cpus: z.number().int().optional(),
  memoryBytes: z.number().int().optional(),
  disks: z.array(disk),
  nics: z.array(nic),
  /** What could not be looked at, in plain words, so that nothing is silently missing. */
  notSeen: z.array(z.string()).default([]),
});

export type FileSystem = z.output<typeof fileSystem>;
export type Partition = z.output<typeof partition>;
export type Disk = z.output<typeof disk>;
export type Inventory = z.output<typeof inventory>;
