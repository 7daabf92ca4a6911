import { describe, expect, it } from "vitest";
import { deviceNumber, parseMountInfo, parseSwaps } from "./mount-info.ts";

describe("mounted file systems", () => {
  it("are read from mountinfo, with optional fields and escaped spaces", () => {
    const text = [
      "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard,resv_strict,resuid=65534,resgid=65534",
      "36 27 8:17 / /my\\040data rw,noatime shared:1 master:2 - xfs /dev/sdb1 rw,attr2",
      "37 27 8:1 / /boot/efi ro,relatime - vfat /dev/sda1 ro,fmask=0022",
      "",
    ].join("\n");

    expect(parseMountInfo(text)).toEqual([
      {
        mountPoint: "/",
        device: "254:0",
        root: "/",
        type: "ext4",
        source: "/dev/vda",
        readOnly: false,
      },
      {
        mountPoint: "/my data",
        device: "8:17",
        root: "/",
        type: "xfs",
        source: "/dev/sdb1",
        readOnly: false,
      },
      {
        mountPoint: "/boot/efi",
        device: "8:1",
        root: "/",
        type: "vfat",
        source: "/dev/sda1",
        readOnly: true,
      },
    ]);
  });

  it("swap devices are read from /proc/swaps, and swap files are none", () => {
    const text =
      "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n" +
      "/dev/sda2                               partition\t16380\t\t0\t\t-2\n" +
      "/swap\\040file                           file\t\t16380\t\t0\t\t-3\n";

    expect(parseSwaps(text)).toEqual(["/dev/sda2"]);
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
