/**
 * What a guest (the server on the clones) is, as a carrier found it: the disks as this side sees them,
 * and what the script `guest-repair.sh` told from inside. Every decision of driver repair is made from
 * this and nothing else.
 */
import { z } from "zod";

/** An absolute path of the guest's. It goes into a line-based plan, so it holds no separators. */
export const guestPath = z.string().regex(/^\/[^\p{Cc}|]{1,500}$/u);

/** Of `/boot/vmlinuz-<version>`, and of the folder in `/lib/modules`. */
export const kernelVersion = z.string().regex(/^[\w.+~-]{1,100}$/);

/** A module's name with underscores, as the kernel itself lists it. */
const moduleName = z.string().regex(/^\w{1,64}$/);

export const repairFileSystem = z.object({
  /** As blkid names it. */
  type: z.string(),
  uuid: z.string().optional(),
  label: z.string().optional(),
  partUuid: z.string().optional(),
});
export type RepairFileSystem = z.output<typeof repairFileSystem>;

export const repairPartition = z.object({
  number: z.number().int().positive(),
  offsetBytes: z.number().int().nonnegative(),
  sizeBytes: z.number().int().positive(),
  /** Absent when nothing known is on it. */
  fileSystem: repairFileSystem.optional(),
});
export type RepairPartition = z.output<typeof repairPartition>;

export const repairDisk = z.object({
  /** The name the source server used, such as `sda`. */
  name: z.string().regex(/^[\w/.-]{1,100}$/),
  partitions: z.array(repairPartition),
  /** Straight on the disk, without partitions. */
  fileSystem: repairFileSystem.optional(),
});
export type RepairDisk = z.output<typeof repairDisk>;

export const repairKernel = z.object({
  version: kernelVersion,
  /** Drivers that are part of the kernel itself, of those that were asked for. */
  builtIn: z.array(moduleName),
  /** Drivers there is a module of, of those that were asked for. */
  modules: z.array(moduleName),
  /** Those of them that the initramfs holds; absent when there is none or it can't be read. */
  inInitramfs: z.array(moduleName).optional(),
});
export type RepairKernel = z.output<typeof repairKernel>;

export const guestFacts = z.object({
  /** Text of known configuration files by path, byte for byte in Latin-1. */
  files: z.record(guestPath, z.string()),
  /** Known paths that exist and whose content does not matter. */
  present: z.array(guestPath),
  kernels: z.array(repairKernel).max(100),
});
export type GuestFacts = z.output<typeof guestFacts>;

export const inspection = guestFacts.extend({
  /** In the order of the source's disks. */
  disks: z.array(repairDisk).min(1),
  /** Where `/` is. */
  root: z.object({ disk: z.number().int(), partition: z.number().int() }),
});
export type Inspection = z.output<typeof inspection>;

/** The file system `/` is on. */
export function rootFileSystem(guest: Inspection): RepairFileSystem | undefined {
  const { disk, partition } = guest.root;
  return guest.disks[disk]?.partitions.find(({ number }) => number === partition)?.fileSystem;
}

/** Paths among the guest's files that match, in the order of names. */
export function pathsMatching(guest: GuestFacts, pattern: RegExp): string[] {
  return [...Object.keys(guest.files), ...guest.present]
    .filter((path) => pattern.test(path))
    .sort();
}
