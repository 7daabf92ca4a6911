/** What an agent tells about its source server. Sizes are in bytes; device names are the source's own. */
import { z } from "zod";

export const fileSystem = z.object({
  /** As blkid names it: ext4, xfs, ntfs, swap, LVM2_member, crypto_LUKS, … */
  type: z.string(),
  uuid: z.string().optional(),
  label: z.string().optional(),
  mountPoint: z.string().optional(),
  /** As the running system counts them, for ordinary users; only of what is mounted. */
  sizeBytes: z.number().optional(),
  freeBytes: z.number().optional(),
});

/** A volume group of LVM. */
export const volumeGroup = z.object({
  name: z.string(),
  /** Disks and partitions it lies on, by device name. */
  physicalVolumes: z.array(z.string()),
  logicalVolumes: z.array(
    z.object({ name: z.string(), sizeBytes: z.number().int(), fileSystem: fileSystem.optional() }),
  ),
});

/** Of Linux' own software RAID. */
export const mdArray = z.object({
  name: z.string(),
  level: z.string(),
  /** By device name. */
  members: z.array(z.string()),
  fileSystem: fileSystem.optional(),
});

/** Whether the server's own firewall lets others in; absent: not known. */
export const openings = z.object({
  /** TCP 22. */
  ssh: z.boolean().optional(),
  /** TCP 3389. */
  remoteDesktop: z.boolean().optional(),
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
  /** One of several paths to a LUN; `path` is the multipath device. */
  multipath: z.boolean().optional(),
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
  /** Absent: not looked at, or the server has none. */
  volumeGroups: z.array(volumeGroup).optional(),
  mdArrays: z.array(mdArray).optional(),
  /** Block devices bound to character devices, as databases use them: `raw -qa`. */
  rawDevices: z.array(z.string()).optional(),
  openings: openings.optional(),
  /** initramfs-tools, dracut, mkinitcpio, booster: what makes this server's initramfs. */
  initramfsTools: z.array(z.string()).optional(),
  /** Versions of the kernels in /boot. */
  kernels: z.array(z.string()).optional(),
  /** What could not be looked at, in plain words, so that nothing is silently missing. */
  notSeen: z.array(z.string()).default([]),
});

export type FileSystem = z.output<typeof fileSystem>;
export type Partition = z.output<typeof partition>;
export type Disk = z.output<typeof disk>;
export type Inventory = z.output<typeof inventory>;
