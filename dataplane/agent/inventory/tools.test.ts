/** Parsers of what system tools print, on output kept from a Debian 12 server. */
import { describe, expect, it } from "vitest";
import { parseBlkid } from "./blkid.ts";
import { rootFolder } from "./esp.ts";
import { parseOsRelease } from "./os.ts";
import { parseRaw } from "./raw-devices.ts";

describe("blkid -p -o export", () => {
  it("names a file system with its UUID", () => {
    const output =
      "DEVNAME=a.img\nSEC_TYPE=msdos\nUUID=6049-8B56\nVERSION=FAT16\nBLOCK_SIZE=512\nTYPE=vfat\nUSAGE=filesystem\n";

    expect(parseBlkid(output)).toEqual({
      partitionTable: undefined,
      fileSystem: { type: "vfat", uuid: "6049-8B56" },
    });
  });

  it("names a partition table", () => {
    const output = "DEVNAME=a.img\nPTUUID=ef0ba3d4-c281-de4a-8583-582c0efb8184\nPTTYPE=gpt\n";

    expect(parseBlkid(output)).toEqual({ partitionTable: "gpt", fileSystem: undefined });
  });

  it("reads labels that hold spaces and equals signs", () => {
    expect(parseBlkid("LABEL=my\\ root=1\nTYPE=ext4\n").fileSystem).toEqual({
      type: "ext4",
      label: "my root=1",
    });
  });

  it("is asked in an older way where `export` is not known, with other names", () => {
    const output =
      "ID_FS_LABEL=my_=_root\\x\nID_FS_LABEL_ENC=my\\x20=\\x20root\\x5cx\n" +
      "ID_FS_UUID=05632778-1695-438a-81d4-bee13b29e800\nID_FS_TYPE=ext4\nID_FS_USAGE=filesystem\n";

    expect(parseBlkid(output).fileSystem).toEqual({
      type: "ext4",
      uuid: "05632778-1695-438a-81d4-bee13b29e800",
      label: "my = root\\x",
    });
    expect(parseBlkid("ID_PART_TABLE_TYPE=dos\n").partitionTable).toBe("mbr");
  });
});

describe("raw -qa", () => {
  it("names the block devices that are bound (R-149)", () => {
    // As raw(8) prints it.
    const output =
      "/dev/raw/raw1:  bound to major 8, minor 17\n/dev/raw/raw2:  bound to major 253, minor 3\n";

    expect(parseRaw(output)).toEqual(["8:17", "253:3"]);
    expect(parseRaw("")).toEqual([]);
  });
});

describe("os-release", () => {
  it("is read with and without quotes", () => {
    const values = parseOsRelease(
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
    );

    expect(values.get("ID")).toBe("debian");
    expect(values.get("VERSION_ID")).toBe("12");
    expect(values.get("PRETTY_NAME")).toBe("Debian GNU/Linux 12 (bookworm)");
  });
});

describe("a FAT boot sector", () => {
  it("of random bytes is none", () => {
    expect(rootFolder(Buffer.alloc(512, 7))).toBeUndefined();
    expect(rootFolder(Buffer.alloc(10))).toBeUndefined();
  });
});
