/** Parsers of what system tools print, on output kept from a Debian 12 server. */
import { describe, expect, it } from "vitest";
import { parseBlkid } from "./blkid.ts";
import { rootFolder } from "./esp.ts";
import { parseIpAddr } from "./nics.ts";
import { parseOsRelease } from "./os.ts";
import { parseSfdisk } from "./partition-table.ts";

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
});

describe("sfdisk --json", () => {
  it("gives partitions in bytes, also on disks with 4096-byte sectors", () => {
    const output = `{"partitiontable": {"label":"gpt", "id":"EF0BA3D4-C281-DE4A-8583-582C0EFB8184",
      "device":"/dev/nvme0n1", "unit":"sectors", "firstlba":6, "lastlba":131038, "sectorsize":4096,
      "partitions": [{"node":"/dev/nvme0n1p12", "start":256, "size":512,
        "type":"C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "uuid":"EB2F05A6-2D96-814A-9528-C8870DD7E65D"}]}}`;

    expect(parseSfdisk(output)).toEqual([
      {
        number: 12,
        offsetBytes: 256 * 4096,
        sizeBytes: 512 * 4096,
        type: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
        bootable: false,
      },
    ]);
  });

  it("reads a table without partitions", () => {
    expect(
      parseSfdisk('{"partitiontable": {"label":"dos", "device":"a", "unit":"sectors"}}'),
    ).toEqual([]);
  });
});

describe("ip -json -details addr", () => {
  it("gives Ethernet interfaces with their global addresses, and no inner ones", () => {
    const output = `[
      {"ifname":"lo","link_type":"loopback","address":"00:00:00:00:00:00","addr_info":[
        {"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"host"}]},
      {"ifname":"ifb0","link_type":"ether","address":"1a:7b:64:86:b7:a8",
       "linkinfo":{"info_kind":"ifb"},"addr_info":[]},
      {"ifname":"eth0","link_type":"ether","address":"02:fc:00:00:00:01","parentbus":"virtio","addr_info":[
        {"family":"inet","local":"192.0.2.2","prefixlen":24,"broadcast":"192.0.2.255","scope":"global","label":"eth0"},
        {"family":"inet6","local":"fd00::2","prefixlen":64,"scope":"global","nodad":true},
        {"family":"inet6","local":"fe80::fc:ff:fe00:1","prefixlen":64,"scope":"link"}]}]`;

    expect(parseIpAddr(output)).toEqual([
      {
        name: "eth0",
        mac: "02:fc:00:00:00:01",
        addresses: ["192.0.2.2/24", "fd00::2/64"],
        dhcp: false,
      },
    ]);
  });

  it("knows an address that was leased", () => {
    const output = `[{"ifname":"ens3","link_type":"ether","address":"fa:16:3e:00:00:01","addr_info":[
      {"family":"inet","local":"192.0.2.7","prefixlen":24,"scope":"global","dynamic":true}]}]`;

    expect(parseIpAddr(output)).toMatchObject([{ dhcp: true }]);
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
