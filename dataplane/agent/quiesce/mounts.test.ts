import { describe, expect, it } from "vitest";
import { canFreeze, deviceNumber, parseMountInfo } from "./mounts.ts";

describe("mounted file systems", () => {
  it("are read from mountinfo, with optional fields and escaped spaces", () => {
    const text = [
      "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard,resv_strict,resuid=65534,resgid=65534",
      "36 27 8:17 / /my\\040data rw,noatime shared:1 master:2 - xfs /dev/sdb1 rw,attr2",
      "37 27 8:1 / /boot/efi ro,relatime - vfat /dev/sda1 ro,fmask=0022",
      "",
    ].join("\n");

    expect(parseMountInfo(text)).toEqual([
      { mountPoint: "/", device: "254:0", type: "ext4", source: "/dev/vda", readOnly: false },
      { mountPoint: "/my data", device: "8:17", type: "xfs", source: "/dev/sdb1", readOnly: false },
      { mountPoint: "/boot/efi", device: "8:1", type: "vfat", source: "/dev/sda1", readOnly: true },
    ]);
  });

  it("can be frozen when their driver can, and something may write to them", () => {
    const mount = {
      mountPoint: "/",
      device: "8:1",
      type: "ext4",
      source: "/dev/sda1",
      readOnly: false,
    };

    expect(canFreeze(mount)).toBe(true);
    expect(canFreeze({ ...mount, type: "vfat" })).toBe(false);
    expect(canFreeze({ ...mount, readOnly: true })).toBe(false);
  });

  it.each([
    [2049, "8:1"],
    [66309, "259:5"],
    [1050640, "8:272"],
    [286326128, "253:70000"],
  ])("device number %i is %s", (rdev, text) => {
    expect(deviceNumber(rdev)).toBe(text);
  });
});
