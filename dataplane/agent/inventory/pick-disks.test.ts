import { describe, expect, it } from "vitest";
import type { BlockDevice } from "../../lsblk.ts";
import { pickDisks } from "./pick-disks.ts";

function device(kname: string, facts: Partial<BlockDevice> = {}): BlockDevice {
  return {
    name: kname,
    kname,
    path: `/dev/${kname}`,
    type: "disk",
    size: 1024,
    logicalSectorBytes: 512,
    removable: false,
    tran: null,
    hctl: null,
    serial: null,
    wwn: null,
    pttype: null,
    parttype: null,
    fstype: null,
    uuid: null,
    label: null,
    mountpoint: null,
    children: [],
    ...facts,
  };
}

const part = (kname: string, mountpoint: string | null = null) =>
  device(kname, { type: "part", mountpoint });

describe("which devices are the server's disks", () => {
  it("loop, zram, RAM, optical, empty, USB and removable devices are not", () => {
    const picked = pickDisks([
      device("loop0", { type: "loop" }),
      device("zram0"),
      device("ram0"),
      device("sr0", { type: "rom" }),
      device("sdb", { size: 0 }),
      device("sdc", { tran: "usb" }),
      device("sdd", { removable: true }),
      device("sda"),
    ]);

    expect(picked.map((disk) => disk.kname)).toEqual(["sda"]);
  });

  it("the disk with /boot is the system disk and comes first, wherever the root is", () => {
    const volumeGroup = device("dm-0", { type: "lvm", mountpoint: "/" });
    const picked = pickDisks([
      device("sda", { children: [device("sda1", { type: "part", children: [volumeGroup] })] }),
      device("sdb", { children: [part("sdb1", "/boot")] }),
    ]);

    expect(picked.map(({ kname, role }) => [kname, role])).toEqual([
      ["sdb", "system"],
      ["sda", "data"],
    ]);
  });

  it("the root on a logical volume marks the disk below it", () => {
    const root = device("dm-0", { type: "lvm", mountpoint: "/" });
    const picked = pickDisks([
      device("sda", { children: [part("sda1", "/data")] }),
      device("sdb", { children: [device("sdb1", { type: "part", children: [root] })] }),
    ]);

    expect(picked[0]).toMatchObject({ kname: "sdb", role: "system" });
  });

  it("the paths of one multipath disk count once", () => {
    const multipath = device("dm-0", { type: "mpath", path: "/dev/mapper/mpatha", name: "mpatha" });
    const picked = pickDisks([
      device("sda", { children: [multipath] }),
      device("sdb", { children: [multipath] }),
    ]);

    expect(picked.map((disk) => disk.path)).toEqual(["/dev/mapper/mpatha"]);
  });

  it("a disk is known by WWN, else by serial, else by path, and never by what two disks share", () => {
    const picked = pickDisks([
      device("sda", { wwn: "0x5000c500a1b2c3d4", serial: "S1" }),
      device("sdb", { serial: "S2" }),
      device("sdc", { serial: "same" }),
      device("sdd", { serial: "same" }),
    ]);

    expect(picked.map((disk) => disk.id)).toEqual([
      "0x5000c500a1b2c3d4",
      "S2",
      "/dev/sdc",
      "/dev/sdd",
    ]);
  });
});
