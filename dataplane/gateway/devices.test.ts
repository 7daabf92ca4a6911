import { describe, expect, it } from "vitest";
import type { DeviceHint } from "#domain/protocol/gateway.ts";
import type { BlockDevice } from "../block-devices.ts";
import { exampleDevice } from "../example-device.ts";
import { type DeviceFinder, findDevice } from "./devices.ts";

function find(
  hint: DeviceHint,
  attached: BlockDevice[],
  links: Record<string, [string, string][]> = {},
) {
  const finder: DeviceFinder = {
    gatewayId: "gw-1",
    bootId: "boot-1",
    volumeRoot: undefined,
    listBlockDevices: async () => ({ devices: attached, problem: undefined }),
    listLinks: async (folder) => new Map(links[folder] ?? []),
  };
  return findDevice(finder, "vol-1", hint);
}

const notAttached = { code: "volume.not-attached", params: { gateway: "gw-1", volume: "vol-1" } };

describe("how a gateway recognises a volume", () => {
  it("by its serial, whatever its letter", async () => {
    const attached = [
      exampleDevice("sda", { serial: "other" }),
      exampleDevice("sdb", { serial: "vol0abc" }),
    ];

    expect(await find({ by: "serial", serial: "vol0abc" }, attached)).toBe("/dev/sdb");
  });

  it("by the first 20 characters of its id, which is all that virtio-blk shows", async () => {
    const attached = [exampleDevice("vdb", { serial: "6f0c3d1e-1c2b-4e5f-9" })];
    const hint = { by: "serial", serial: "6f0c3d1e-1c2b-4e5f-9a8b-7c6d5e4f3a2b" } as const;

    expect(await find(hint, attached)).toBe("/dev/vdb");
  });

  it("by udev's links where the kernel shows no serial", async () => {
    const links = {
      "/dev/disk/by-id": [["scsi-0QEMU_QEMU_HARDDISK_vol0abc", "/dev/sdb"]] as [string, string][],
    };
    const attached = [exampleDevice("sda"), exampleDevice("sdb")];

    expect(await find({ by: "serial", serial: "vol0abc" }, attached, links)).toBe("/dev/sdb");
  });

  it("by its WWN in any of the ways it is written", async () => {
    const attached = [exampleDevice("sdb", { wwn: "0x6000C29abcdef012" })];

    expect(await find({ by: "wwn", wwn: "naa.6000c29ABCDEF012" }, attached)).toBe("/dev/sdb");
  });

  it("by its LUN among the disks that are not in use here", async () => {
    const root = exampleDevice("sda1", { type: "part", mountPoints: ["/"] });
    const attached = [
      exampleDevice("sda", { hctl: "0:0:0:0", children: [root] }),
      exampleDevice("sdc", { hctl: "1:0:0:0" }),
    ];

    expect(await find({ by: "lun", lun: 0 }, attached)).toBe("/dev/sdc");
  });

  it("not at all when nothing fits, or more than one thing does", async () => {
    const twins = [
      exampleDevice("sda", { serial: "same" }),
      exampleDevice("sdb", { serial: "same" }),
    ];

    await expect(find({ by: "serial", serial: "same" }, twins)).rejects.toMatchObject(notAttached);
    await expect(find({ by: "serial", serial: "none" }, twins)).rejects.toMatchObject(notAttached);
  });

  it("not by an empty serial, which many disks have", async () => {
    const attached = [exampleDevice("sda", { serial: "" })];

    await expect(find({ by: "serial", serial: "" }, attached)).rejects.toMatchObject(notAttached);
  });

  it("never as a disk that is mounted here", async () => {
    const attached = [exampleDevice("sda", { serial: "vol0abc", mountPoints: ["/"] })];

    await expect(find({ by: "serial", serial: "vol0abc" }, attached)).rejects.toMatchObject(
      notAttached,
    );
  });

  it("never by path where no folder for volumes was given", async () => {
    await expect(find({ by: "path", path: "/etc/passwd" }, [])).rejects.toMatchObject({
      code: "input.invalid",
    });
  });
});
