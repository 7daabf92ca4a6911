import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { open, readFile, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { moveBackupTable } from "./gpt.ts";

const MiB = 1024 ** 2;
const sizeBytes = 16 * MiB;
let folder: string;
let disk: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hypermotion-gpt-"));
  disk = join(folder, "disk");
});

afterEach(() => rmSync(folder, { recursive: true }));

const sfdisk = (args: string[], input = "") =>
  execFileSync("sfdisk", [...args, disk], {
    input,
    encoding: "utf8",
    stdio: ["pipe", "pipe", "pipe"],
  });

async function partitioned(label: "gpt" | "dos", grownBytes: number): Promise<void> {
  await writeFile(disk, Buffer.alloc(sizeBytes));
  sfdisk(["--quiet"], `label: ${label}\nstart=1MiB, size=4MiB\nstart=6MiB\n`);
  await truncate(disk, grownBytes);
}

async function move(targetBytes: number): Promise<boolean> {
  const file = await open(disk, "r+");
  return moveBackupTable(file, { sizeBytes, targetBytes }).finally(() => file.close());
}

test("on a larger disk the backup of the table stands at its end, as a partition tool sees it", async () => {
  await partitioned("gpt", 40 * MiB);
  const before = sfdisk(["--dump"])
    .split("\n")
    .filter((line) => line.includes("start="));

  expect(await move(40 * MiB)).toBe(true);

  const dump = sfdisk(["--dump"]);
  expect(dump.split("\n").filter((line) => line.includes("start="))).toEqual(before);
  // 33 sectors at the end are the backup's.
  expect(dump).toContain(`last-lba: ${(40 * MiB) / 512 - 34}`);
  expect(sfdisk(["--verify"])).toMatch(/No errors detected/);
  // The copy alone is enough to find the partitions.
  const file = await open(disk, "r+");
  await file.write(Buffer.alloc(512), 0, 512, 512);
  await file.close();
  expect(
    sfdisk(["--dump"])
      .split("\n")
      .filter((line) => line.includes("start=")),
  ).toEqual(before);
});

test("a second time, a disk of the same size, and a table of MBR's kind are left as they are", async () => {
  await partitioned("gpt", 40 * MiB);
  await move(40 * MiB);
  const moved = await readFile(disk);
  expect(await move(40 * MiB)).toBe(false);
  expect((await readFile(disk)).equals(moved)).toBe(true);

  await partitioned("gpt", sizeBytes);
  expect(await move(sizeBytes)).toBe(false);

  await partitioned("dos", 40 * MiB);
  const before = await readFile(disk);
  expect(await move(40 * MiB)).toBe(false);
  expect((await readFile(disk)).equals(before)).toBe(true);
});

test("a table whose entries do not agree with its header is not touched", async () => {
  await partitioned("gpt", 40 * MiB);
  const file = await open(disk, "r+");
  await file.write(Buffer.from("broken"), 0, 6, 2 * 512 + 56);
  await file.close();
  const before = await readFile(disk);

  expect(await move(40 * MiB)).toBe(false);

  expect((await readFile(disk)).equals(before)).toBe(true);
});
