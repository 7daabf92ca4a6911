import fc from "fast-check";
import { expect, test } from "vitest";
import { createDeviceNames, isBareDeviceName } from "./device-names.ts";

test.each([
  "/dev/sda",
  "/dev/sda1",
  "/dev/xvdf2",
  "/dev/nvme0n1p3",
  "/dev/cciss/c0d0p1",
  "/dev/mmcblk0p2",
  "/dev/disk/by-id/ata-X-part1",
])("%s is a name that changes with the hardware", (name) =>
  expect(isBareDeviceName(name)).toBe(true),
);

test.each([
  "UUID=1",
  "/dev/mapper/vg-root",
  "/dev/disk/by-uuid/1",
  "/dev/sr0",
  "/dev/vg0/root",
  "tmpfs",
  "nfs:/dev/sda1",
])("%s is left alone", (name) => expect(isBareDeviceName(name)).toBe(false));

test("partitions of disks of all kinds are found by their numbers", () => {
  const diskNames = fc.constantFrom("sda", "sdab", "vdb", "nvme0n1", "mmcblk1", "cciss/c0d1");

  fc.assert(
    fc.property(diskNames, fc.integer({ min: 1, max: 128 }), (name, number) => {
      const place = { offsetBytes: 0, sizeBytes: 1, fileSystem: { type: "ext4", uuid: "u" } };
      const names = createDeviceNames([{ name, partitions: [{ number, ...place }] }]);
      const separator = /\d$/.test(name) ? "p" : "";

      expect(names.findStable(`/dev/${name}${separator}${number}`)).toBe("UUID=u");
      expect(names.findStable("/dev/hdz1")).toBeUndefined();
    }),
  );
});

test("a file system straight on a disk has the disk's name", () => {
  const names = createDeviceNames([
    { name: "sdb", partitions: [], fileSystem: { type: "xfs", uuid: "u" } },
  ]);

  expect(names.findStable("/dev/sdb")).toBe("UUID=u");
});

test("a partition with nothing that has a UUID is refused", () => {
  const names = createDeviceNames([
    { name: "sda", partitions: [{ number: 2, offsetBytes: 0, sizeBytes: 1 }] },
  ]);

  expect(() => names.findStable("/dev/sda2")).toThrow("nothing that has a UUID");
});
