/** On real disk images, made with the system's own tools on files; no root is needed. */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { takeInventory } from "./inventory.ts";

const path = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const run = (command: string, args: string[], input = "") =>
  execFileSync(command, args, { env: path, input, stdio: ["pipe", "pipe", "pipe"] });

const MiB = 1024 * 1024;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "inventory-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function image(name: string, sizeBytes: number): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, "");
  await truncate(file, sizeBytes);
  return file;
}

async function place(target: string, offsetBytes: number, source: string): Promise<void> {
  run("dd", [
    ...[`if=${source}`, `of=${target}`, "bs=1M", `seek=${offsetBytes / MiB}`],
    ...["conv=notrunc,sparse", "status=none"],
  ]);
}

const look = (...files: string[]) =>
  takeInventory(
    {
      name: "web-1",
      disks: files.map((file, index) => ({ path: file, role: index === 0 ? "system" : "data" })),
    },
    "this-machine",
  );

describe("the inventory of disk images", () => {
  it("finds ext4 and swap in an MBR table", async () => {
    const disk = await image("mbr.raw", 80 * MiB);
    run(
      "sfdisk",
      ["-q", disk],
      "label: dos\nstart=1MiB,size=40MiB,type=83,bootable\nsize=16MiB,type=82\n",
    );
    const root = await image("root", 40 * MiB);
    run("mkfs.ext4", ["-q", "-L", "my root", "-U", "11111111-2222-3333-4444-555555555555", root]);
    await place(disk, MiB, root);
    const swap = await image("swap", 16 * MiB);
    run("mkswap", ["-q", swap]);
    await place(disk, 41 * MiB, swap);

    const { disks, firmware } = await look(disk);

    expect(firmware).toBe("bios");
    expect(disks).toMatchObject([
      {
        deviceName: "sda",
        sizeBytes: 80 * MiB,
        role: "system",
        partitionTable: "mbr",
        partitions: [
          {
            number: 1,
            offsetBytes: MiB,
            sizeBytes: 40 * MiB,
            type: "83",
            bootable: true,
            fileSystem: {
              type: "ext4",
              label: "my root",
              uuid: "11111111-2222-3333-4444-555555555555",
            },
          },
          { number: 2, bootable: false, fileSystem: { type: "swap" } },
        ],
      },
    ]);
  });

  it("takes a disk with an EFI system partition that holds \\EFI for a UEFI server's", async () => {
    const disk = await image("gpt.raw", 400 * MiB);
    const table = "label: gpt\nstart=1MiB,size=40MiB,type=U\nsize=340MiB,type=L\n";
    run("sfdisk", ["-q", disk], table);
    const root = await image("root", 340 * MiB);
    run("mkfs.xfs", ["-q", root]);
    await place(disk, 41 * MiB, root);
    const esp = await image("esp", 40 * MiB);
    run("mkfs.vfat", ["-F", "16", esp]);
    await place(disk, MiB, esp);

    expect((await look(disk)).firmware).toBe("bios");
    run("mmd", ["-i", esp, "::/EFI"]);
    await place(disk, MiB, esp);
    const { disks, firmware } = await look(disk);

    expect(firmware).toBe("uefi");
    expect(disks[0]).toMatchObject({
      partitionTable: "gpt",
      partitions: [{ fileSystem: { type: "vfat" } }, { number: 2, fileSystem: { type: "xfs" } }],
    });
  });

  it("sees a file system straight on a disk, and a disk that holds nothing", async () => {
    const whole = await image("whole.raw", 16 * MiB);
    run("mkfs.ext4", ["-q", whole]);
    const empty = await image("empty.raw", 3 * MiB + 512);

    const { disks } = await look(whole, empty);

    expect(disks).toMatchObject([
      { partitionTable: "none", partitions: [], fileSystem: { type: "ext4" } },
      { deviceName: "sdb", role: "data", partitionTable: "none", sizeBytes: 3 * MiB + 512 },
    ]);
    expect(disks[1]).not.toHaveProperty("fileSystem");
  });

  it("says what it can't know from images alone", async () => {
    const { os, nics, notSeen } = await look(await image("empty.raw", MiB));

    expect(os).toEqual({ family: "unknown" });
    expect(nics).toEqual([]);
    expect(notSeen).toContainEqual(expect.stringContaining("taken for sda"));
    expect(notSeen).toContainEqual(expect.stringContaining("only disk images are here"));
  });

  it("refuses a disk that is missing, empty, or named twice", async () => {
    const empty = await image("none.raw", 0);
    const disk = await image("disk.raw", MiB);

    await expect(look(join(folder, "missing.raw"))).rejects.toMatchObject({
      code: "input.invalid",
    });
    await expect(look(empty)).rejects.toThrow("it is empty");
    await expect(look(disk, disk)).rejects.toThrow("named twice");
  });
});
