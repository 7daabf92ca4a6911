import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BlockDevice, listBlockDevices, type SystemFolders } from "./block-devices.ts";

let folder: string;
let folders: SystemFolders;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sys-"));
  folders = { sys: join(folder, "sys"), proc: join(folder, "proc"), udev: join(folder, "udev") };
  await mkdir(join(folder, "sys/block"), { recursive: true });
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function write(path: string, text: string): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${text}\n`);
}

/** A device of /sys/block, or a partition of one, with what its files hold. */
async function device(
  path: string,
  dev: string,
  sectors: number,
  files: Record<string, string> = {},
) {
  for (const [name, text] of Object.entries({ dev, size: String(sectors), ...files })) {
    await write(`sys/block/${path}/${name}`, text);
  }
}

async function held(path: string, holder: string): Promise<void> {
  const place = join(folder, "sys/block", path, "holders");
  await mkdir(place, { recursive: true });
  await symlink(join(folder, "sys/block", holder), join(place, holder));
}

/** Names, indented by what they lie on. */
function tree(devices: readonly BlockDevice[], depth = 0): string[] {
  return devices.flatMap(({ name, type, children }) => [
    `${"  ".repeat(depth)}${name} ${type}`,
    ...tree(children, depth + 1),
  ]);
}

describe("the block devices of /sys", () => {
  test("are listed with all that is built on them, each under everything that carries it", async () => {
    await device("sda", "8:0", 4096);
    await device("sda/sda2", "8:2", 1024, { partition: "2", start: "2048" });
    await device("sda/sda1", "8:1", 1024, { partition: "1", start: "64" });
    await device("sdb", "8:16", 4096);
    await device("md0", "9:0", 1000, { "md/level": "raid1" });
    await device("dm-0", "253:0", 512, { "dm/name": "vg-root", "dm/uuid": "LVM-aaaabbbb" });
    await device("dm-1", "253:1", 512, { "dm/name": "luks-1", "dm/uuid": "CRYPT-LUKS2-1-luks-1" });
    await device("loop0", "7:0", 64);
    await device("sr0", "11:0", 128);
    await held("sda/sda2", "md0");
    await held("sdb", "md0");
    await held("md0", "dm-1");
    await held("dm-1", "dm-0");

    const { devices, problem } = await listBlockDevices(folders);

    expect(problem).toBeUndefined();
    const array = ["md0 raid1", "  luks-1 crypt", "    vg-root lvm"];
    expect(tree(devices.toSorted((a, b) => a.name.localeCompare(b.name)))).toEqual([
      ...["loop0 loop", "sda disk", "  sda1 part", "  sda2 part"],
      ...array.map((line) => `    ${line}`),
      ...["sdb disk", ...array.map((line) => `  ${line}`), "sr0 rom"],
    ]);
    const [first] = devices.find(({ name }) => name === "sda")?.children ?? [];
    expect(first).toMatchObject({
      partitionNumber: 1,
      startBytes: 64 * 512,
      sizeBytes: 1024 * 512,
    });
  });

  test("of a multipath disk have the partitions of the device that joins the paths (R-147)", async () => {
    await device("sda", "8:0", 4096, { "queue/logical_block_size": "4096" });
    await device("sdb", "8:16", 4096);
    await device("dm-0", "253:0", 4096, { "dm/name": "mpatha", "dm/uuid": "mpath-36001405" });
    await device("dm-1", "253:1", 1024, {
      "dm/name": "mpatha1",
      "dm/uuid": "part1-mpath-36001405",
    });
    for (const path of ["sda", "sdb"]) await held(path, "dm-0");
    await held("dm-0", "dm-1");

    const { devices } = await listBlockDevices(folders);

    expect(tree(devices)).toEqual([
      ...["sda disk", "  mpatha mpath", "    mpatha1 part"],
      ...["sdb disk", "  mpatha mpath", "    mpatha1 part"],
    ]);
    expect(devices[0]?.logicalSectorBytes).toBe(4096);
    expect(devices[0]?.children[0]?.children[0]).toMatchObject({
      path: "/dev/mapper/mpatha1",
      partitionNumber: 1,
    });
  });

  test("leave out an NVMe disk's single paths, and count them", async () => {
    await device("nvme0n1", "259:0", 4096, { wwid: "eui.0025385b21404321" });
    await device("nvme0c0n1", "259:1", 4096, { hidden: "1" });
    await device("nvme0c1n1", "259:2", 4096, { hidden: "1" });
    await write("sys/block/nvme0n1/device/serial", "S4EVNX0M  123 ");

    const { devices } = await listBlockDevices(folders);

    expect(devices).toMatchObject([
      { name: "nvme0n1", nvmePaths: 2, wwn: "eui.0025385b21404321", serial: "S4EVNX0M 123" },
    ]);
  });

  test("have the serial and WWN that udev found, before what the kernel shows", async () => {
    await device("sda", "8:0", 4096, { "device/wwid": "naa.5000c500a1b2c3d4" });
    await device("sdb", "8:16", 4096, { "device/wwid": "t10.ATA QEMU" });
    await device("vda", "254:0", 4096, { serial: "vol-1234" });
    await write(
      "udev/b8:16",
      "S:disk/by-id/wwn-0x6\nE:ID_SERIAL=0QEMU_DISK_1\nE:ID_SERIAL_SHORT=1\nE:ID_WWN=0x6\nE:ID_WWN_WITH_EXTENSION=0x60",
    );

    const { devices } = await listBlockDevices(folders);

    const found = devices.map(({ name, serial, wwn }) => [name, serial, wwn]);
    expect(found.sort()).toEqual([
      ["sda", undefined, "naa.5000c500a1b2c3d4"],
      ["sdb", "1", "0x60"],
      ["vda", "vol-1234", undefined],
    ]);
  });

  test("know where they are mounted: the root first, then all of a file system, then parts of it", async () => {
    await device("sda", "8:0", 4096);
    await device("sdb", "8:16", 4096);
    await write(
      "proc/self/mountinfo",
      [
        "30 27 8:0 /srv/part /chroot/part rw - ext4 /dev/sda rw",
        "31 27 8:0 / /data rw - ext4 /dev/sda rw",
        "27 1 8:16 /@root / rw - ext4 /dev/sdb rw",
        "32 27 8:16 / /top rw - ext4 /dev/sdb rw",
      ].join("\n"),
    );

    const { devices } = await listBlockDevices(folders);

    expect(devices.map(({ name, mountPoints }) => [name, mountPoints]).sort()).toEqual([
      ["sda", ["/data", "/chroot/part"]],
      ["sdb", ["/", "/top"]],
    ]);
  });

  test("are not taken for none where /sys can't be read", async () => {
    const { devices, problem } = await listBlockDevices({ ...folders, sys: "/no/such/folder" });

    expect([devices, problem]).toEqual([[], "/no/such/folder/block can't be read"]);
  });

  test("of this very system are those that lsblk lists", async () => {
    const listed: { name: string; type: string; size: number }[] = JSON.parse(
      execFileSync("lsblk", ["-dbJ", "-o", "NAME,TYPE,SIZE"]).toString(),
    ).blockdevices;

    const { devices } = await listBlockDevices();

    // Others attach and detach loop devices meanwhile.
    const names = (all: readonly { name: string; type: string }[]) =>
      all.filter(({ type }) => type === "disk").map(({ name }) => name);
    expect(names(devices).sort()).toEqual(names(listed).sort());
    for (const { name, size } of listed.filter(({ type }) => type === "disk")) {
      expect(devices.find((found) => found.name === name)?.sizeBytes).toBe(size);
    }
  });
});
