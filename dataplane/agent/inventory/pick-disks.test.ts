import { describe, expect, it } from "vitest";
import { exampleDevice as device } from "../../example-device.ts";
import { pickDisks } from "./pick-disks.ts";

const part = (kname: string, ...mountPoints: string[]) =>
  device(kname, { type: "part", mountPoints });

describe("which devices are the server's disks", () => {
  it("loop, zram, RAM, optical, empty, USB and removable devices are not", () => {
    const picked = pickDisks([
      device("loop0", { type: "loop" }),
      device("zram0"),
      device("ram0"),
      device("sr0", { type: "rom" }),
      device("sdb", { sizeBytes: 0 }),
      device("sdc", { usb: true }),
      device("sdd", { removable: true }),
      device("sda"),
    ]);

    expect(picked.map((disk) => disk.kname)).toEqual(["sda"]);
  });

  it("the disk with /boot is the system disk and comes first, wherever the root is", () => {
    const volumeGroup = device("dm-0", { type: "lvm", mountPoints: ["/"] });
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
    const root = device("dm-0", { type: "lvm", mountPoints: ["/"] });
    const picked = pickDisks([
      device("sda", { children: [part("sda1", "/data")] }),
      device("sdb", { children: [device("sdb1", { type: "part", children: [root] })] }),
    ]);

    expect(picked[0]).toMatchObject({ kname: "sdb", role: "system" });
  });

  it("the paths of one multipath disk count once, and it is known by its LUN (R-147)", () => {
    const multipath = device("dm-0", {
      ...{ type: "mpath", path: "/dev/mapper/mpatha", name: "mpatha" },
      dmUuid: "mpath-36001405aabbccdd",
    });
    const picked = pickDisks([
      device("sda", { children: [multipath] }),
      device("sdb", { children: [multipath] }),
    ]);

    expect(picked).toMatchObject([
      { path: "/dev/mapper/mpatha", id: "36001405aabbccdd", multipath: true },
    ]);
  });

  it("paths that nothing joins are known by the WWN they share, and NVMe's by their number (R-147)", () => {
    const picked = pickDisks([
      device("sda", { wwn: "0x5000c500a1b2c3d4" }),
      device("sdb", { wwn: "0x60060e80104d2b90" }),
      device("sdc", { wwn: "0x60060e80104d2b90" }),
      device("nvme0n1", { nvmePaths: 2 }),
      device("nvme1n1", { nvmePaths: 1 }),
    ]);

    expect(picked.map(({ kname, multipath }) => [kname, multipath])).toEqual([
      ["nvme0n1", true],
      ["nvme1n1", false],
      ["sda", false],
      ["sdb", true],
      ["sdc", true],
    ]);
  });

  it("disks come in the order of their names, whatever the kernel lists first", () => {
    const names = ["sdaa", "nvme10n1", "sdb", "sda", "nvme2n1"];

    expect(pickDisks(names.map((name) => device(name))).map(({ kname }) => kname)).toEqual([
      ...["nvme2n1", "nvme10n1", "sda", "sdb", "sdaa"],
    ]);
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
