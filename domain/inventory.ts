/** What an agent tells about its source server. Sizes are in bytes; device names are the source's own. */
import { z } from "zod";

const bareFileSystem = z.object({
  /** As blkid names it: ext4, xfs, ntfs, swap, LVM2_member, crypto_LUKS, … */
  type: z.string(),
  uuid: z.string().optional(),
  label: z.string().optional(),
  /** Where all of it is seen, the root of the system before others; only of what is mounted. */
  mountPoint: z.string().optional(),
  /** As `df` counts them: all of it, and what ordinary users may still fill; only of what is mounted. */
  sizeBytes: z.number().optional(),
  freeBytes: z.number().optional(),
});

export const fileSystem = bareFileSystem.extend({
  /** What lies behind LUKS, while that is open. */
  unlocked: bareFileSystem.optional(),
});

/** A volume group of LVM. */
export const volumeGroup = z.object({
  name: z.string(),
  /** Disks, partitions and arrays it lies on, by device name; of an encrypted one, what is encrypted. */
  physicalVolumes: z.array(z.string()),
  logicalVolumes: z.array(
    z.object({ name: z.string(), sizeBytes: z.number().int(), fileSystem: fileSystem.optional() }),
  ),
});

/** Of Linux' own software RAID. */
export const mdArray = z.object({
  /** `md0` */
  name: z.string(),
  /** raid1, raid5, linear, … */
  level: z.string(),
  /** By device name; less than it was made of while it is degraded. */
  members: z.array(z.string()),
  fileSystem: fileSystem.optional(),
});

/**
 * Whether the server's own firewall lets in somebody who comes over IPv4, new to it, from an address that no rule
 * names. Absent: not known, or it depends on who comes; then `notSeen` says why.
 */
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
  /** `other`: one whose partitions are not read. */
  partitionTable: z.enum(["gpt", "mbr", "other", "none"]),
  partitions: z.array(partition),
  /** A file system (or LVM, RAID, LUKS) straight on the disk, without partitions. */
  fileSystem: fileSystem.optional(),
  /**
   * Reached over several paths: `path` is the device that joins them, or one of several disks with the same WWN
   * where nothing does.
   */
  multipath: z.boolean().optional(),
});

export const nic = z.object({
  name: z.string(),
  mac: z.string(),
  /** With prefix length: `192.0.2.7/24`. Only such as are valid beyond the link. */
  addresses: z.array(z.string()),
  /** Whether the network gives it its address (DHCP, router advertisements); absent: it has none, or not known. */
  dhcp: z.boolean().optional(),
});

export const inventory = z.object({
  hostName: z.string(),
  /** Absent: an agent on the server. A limit of some targets names the other way. */
  collectedBy: z.enum(["agent", "openstack-ceph-agentless"]).optional(),
  os: z
    .object({
      family: z.enum(["linux", "windows", "unknown"]),
      /** `ID` of os-release: debian, ubuntu, rhel, … */
      distribution: z.string().optional(),
      version: z.string().optional(),
      /** As it calls itself: "CentOS release 6.10 (Final)". */
      name: z.string().optional(),
      /** The running one. */
      kernel: z.string().optional(),
    })
    .default({ family: "unknown" }),
  firmware: z.enum(["bios", "uefi"]),
  architecture: z.string(),
  cpus: z.number().int().optional(),
  memoryBytes: z.number().int().optional(),
  disks: z.array(disk),
  nics: z.array(nic),
  // Of what follows, absent means not looked at, or not to be seen: `notSeen` says why. Empty means none.
  volumeGroups: z.array(volumeGroup).optional(),
  mdArrays: z.array(mdArray).optional(),
  /** Block devices bound to character devices (raw(8)), as databases use them, by device name. */
  rawDevices: z.array(z.string()).optional(),
  openings: openings.optional(),
  /** What makes this server's initramfs: initramfs-tools, dracut, mkinitcpio, booster, mkinitrd. */
  initramfsTools: z.array(z.string()).optional(),
  /** Versions of the kernels in /boot, the newest first. */
  kernels: z.array(z.string()).optional(),
  /** What could not be looked at, in plain words, so that nothing is silently missing. */
  notSeen: z.array(z.string()).default([]),
});

export type FileSystem = z.output<typeof fileSystem>;
export type Partition = z.output<typeof partition>;
export type Disk = z.output<typeof disk>;
export type Inventory = z.output<typeof inventory>;
