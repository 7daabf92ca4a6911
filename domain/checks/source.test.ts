import { expect, test } from "vitest";
import type { Inventory } from "../inventory.ts";
import { check } from "./check.ts";
import { disk, GiB, mounted, partition, server } from "./example-server.ts";
import type { Finding } from "./finding.ts";

/** Before a target is chosen. */
const findings = (change: Partial<Inventory>) => check({ inventory: server(change) });
const told = (found: readonly Finding[]) =>
  found.map(({ severity, row, code, thing }) => `${severity} ${row} ${code} ${thing.name}`.trim());

test("a plain server has nothing against it, before a target is chosen", () => {
  expect(findings({})).toEqual([]);
});

test("swap, boot partitions and containers need no mounted file system (R-145)", () => {
  const lvm = partition({ type: "LVM2_member" }, { number: 6 });
  const partitions = [
    partition(mounted("vfat", "/boot/efi"), { type: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B" }),
    partition(undefined, { number: 2, type: "21686148-6449-6E6F-744E-656564454649" }),
    partition({ type: "swap" }, { number: 3 }),
    partition(undefined, { number: 4, type: "5" }),
    partition({ type: "linux_raid_member" }, { number: 5 }),
    lvm,
    partition(mounted(), { number: 7 }),
  ];

  expect(told(findings({ disks: [disk({ partitions })] }))).toEqual([]);
});

test("file systems on logical volumes and arrays are judged like those on partitions (R-142 to R-145)", () => {
  const group = {
    name: "vg",
    physicalVolumes: ["sda2"],
    logicalVolumes: [
      { name: "root", sizeBytes: GiB, fileSystem: mounted("btrfs") },
      { name: "home", sizeBytes: GiB, fileSystem: { ...mounted("xfs", "/home"), freeBytes: 0 } },
      { name: "spare", sizeBytes: GiB },
    ],
  };

  const found = findings({
    volumeGroups: [group],
    mdArrays: [{ name: "md0", level: "raid1", members: [], fileSystem: mounted("f2fs", "/srv") }],
  });

  expect(told(found)).toEqual([
    "BLOCK R-142 file-system.unsupported md0",
    "BLOCK R-143 file-system.unsupported vg/root",
    "BLOCK R-144 file-system.little-free vg/home",
    "BLOCK R-145 partition.not-mounted vg/spare",
  ]);
});

test("a file system on a whole disk is a disk without partitions (R-146), named once", () => {
  const found = findings({
    disks: [disk({ partitionTable: "none", partitions: [], fileSystem: { type: "ext4" } })],
  });

  expect(told(found)).toEqual(["BLOCK R-146 disk.no-partitions sda"]);
});

test("partitions are named as the kernel names them", () => {
  const found = findings({
    disks: [disk({ deviceName: "nvme0n1", partitions: [partition({ type: "xfs" })] })],
  });

  expect(told(found)).toEqual(["BLOCK R-145 partition.not-mounted nvme0n1p1"]);
});

test("what the server did not tell is a note, never a block", () => {
  const { rawDevices: _raw, volumeGroups: _groups, mdArrays: _arrays, ...untold } = server();
  const unseen = disk({ id: "b", path: "/dev/sdb", deviceName: "sdb", partitions: [] });
  const partitions = [
    partition({ type: "LVM2_member" }),
    partition({ type: "ext4", mountPoint: "/", freeBytes: 0 }, { number: 2 }),
    partition(undefined, { number: 3 }),
  ];
  const inventory: Inventory = {
    ...untold,
    disks: [disk({ partitions }), unseen],
    notSeen: [
      "what is on partition 3 of /dev/sda: permission denied",
      "the partitions of /dev/sdb: sfdisk is not installed",
      "what is on logical volume vg/idle: it is not active",
    ],
  };

  expect(told(check({ inventory }))).toEqual([
    "NOTE R-144 free-space.not-known",
    "NOTE R-145 disk.not-known sda3",
    "NOTE R-146 disk.not-known sdb",
    "NOTE R-148 volume-groups.not-known",
    "NOTE R-149 raw-devices.not-known",
  ]);
});

test("what the agent says it could not see is a note (R-145, R-146)", () => {
  const group = {
    ...{ name: "vg", physicalVolumes: ["sda2"] },
    logicalVolumes: [{ name: "idle", sizeBytes: GiB }],
  };
  const other = disk({ id: "b", deviceName: "sdb", partitionTable: "other", partitions: [] });
  const hidden = disk({ id: "c", deviceName: "sdc", partitions: [partition()] });

  const found = findings({
    disks: [disk(), other, hidden],
    volumeGroups: [group],
    notSeen: [
      "what is on logical volume vg/idle: it is not active",
      "what is on sdc1: permission denied",
    ],
  });

  expect(told(found)).toEqual([
    "NOTE R-145 disk.not-known sdc1",
    "NOTE R-145 disk.not-known vg/idle",
    "NOTE R-146 disk.not-known sdb",
  ]);
});

test("an encrypted partition is not one of the file systems that are migrated, whatever is in it (R-142)", () => {
  const locked = { type: "crypto_LUKS", unlocked: mounted() };

  const found = findings({ disks: [disk({ partitions: [partition(locked)] })] });

  expect(told(found)).toEqual(["BLOCK R-142 file-system.unsupported sda1"]);
});

test("of disk images nobody knows what is mounted; what they show is judged all the same", () => {
  const partitions = [partition({ type: "ext4" }), partition({ type: "btrfs" }, { number: 2 })];

  const found = findings({ os: { family: "unknown" }, disks: [disk({ partitions })] });

  expect(told(found)).toEqual([
    "BLOCK R-143 file-system.unsupported sda2",
    "NOTE R-145 mounts.not-known",
  ]);
});

test("the rules for Linux sources are not asked of Windows", () => {
  const spoilt = disk({ partitions: [], partitionTable: "none" });

  expect(findings({ os: { family: "windows", version: "10.0.17763" }, disks: [spoilt] })).toEqual(
    [],
  );
});

test("without the strict rules what they name is copied as raw blocks, with a warning (R-142 to R-149)", () => {
  const change = { name: "strictSourceRules", value: false, reason: "tried", by: "lin", at: "" };
  const inventory = server({
    disks: [
      disk({ partitions: [partition(mounted("btrfs"))] }),
      disk({ id: "b", deviceName: "sdb", partitions: [], multipath: true }),
    ],
    rawDevices: ["/dev/raw/raw1"],
  });

  const target = { platform: "ctyun", changes: [change] } as const;
  const found = check({ inventory, target }).filter(({ severity }) => severity !== "NOTE");

  expect(told(found)).toEqual([
    "WARN R-143 file-system.unsupported sda1",
    "WARN R-146 disk.no-partitions sdb",
    "WARN R-147 disk.multipath sdb",
    "WARN R-149 raw-device.bound /dev/raw/raw1",
  ]);
});
