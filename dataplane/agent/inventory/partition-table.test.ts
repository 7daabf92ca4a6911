/** Against sfdisk, which wrote the tables and reads them too. */
import { execFileSync } from "node:child_process";
import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readPartitionTable } from "./partition-table.ts";

const MiB = 1024 ** 2;
const sizeBytes = 64 * MiB;
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
let folder: string;
let image: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "partitions-"));
  image = join(folder, "disk.raw");
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function partition(script: string): Promise<void> {
  await writeFile(image, "");
  await truncate(image, sizeBytes);
  execFileSync("sfdisk", ["-q", image], { env, input: script, stdio: ["pipe", "pipe", "pipe"] });
}

function read(kind: "gpt" | "mbr") {
  return readPartitionTable(image, { sizeBytes, logicalSectorBytes: 512 }, kind);
}

interface Row {
  node: string;
  start: number;
  size: number;
  type: string;
  bootable?: boolean;
  attrs?: string;
}

/** What sfdisk says of the same disk, in the order of numbers. */
function bySfdisk() {
  const stdout = execFileSync("sfdisk", ["--json", image], { env }).toString();
  const rows: Row[] = JSON.parse(stdout).partitiontable.partitions ?? [];
  return rows
    .map(({ node, start, size, type, bootable, attrs }) => ({
      number: Number(/\d+$/.exec(node)?.[0]),
      offsetBytes: start * 512,
      sizeBytes: size * 512,
      type,
      bootable: bootable ?? attrs?.includes("LegacyBIOSBootable") ?? false,
    }))
    .sort((a, b) => a.number - b.number);
}

const partitions = fc.array(
  fc.record({ sizeMiB: fc.integer({ min: 1, max: 6 }), bootable: fc.boolean() }),
  { maxLength: 6 },
);

describe("a partition table", () => {
  it("of a GPT disk is read as sfdisk reads it, whatever is in it", {
    timeout: 300_000,
  }, async () => {
    const types = fc.constantFrom("L", "S", "U", "V", "R");
    await fc.assert(
      fc.asyncProperty(partitions, types, async (wanted, type) => {
        const lines = wanted.map(
          ({ sizeMiB, bootable }) =>
            `size=${sizeMiB}MiB,type=${type}${bootable ? ',attrs="LegacyBIOSBootable"' : ""}`,
        );
        await partition(`label: gpt\n${lines.join("\n")}\n`);

        expect(await read("gpt")).toEqual({ partitions: bySfdisk(), problem: undefined });
      }),
      { numRuns: 15 },
    );
  });

  it("of an MBR disk is read with its logical partitions", { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(partitions, partitions, async (primary, logical) => {
        const line = ({ sizeMiB, bootable }: { sizeMiB: number; bootable: boolean }) =>
          `size=${sizeMiB}MiB,type=83${bootable ? ",bootable" : ""}`;
        const inside = logical.length === 0 ? [] : ["type=5", ...logical.slice(0, 4).map(line)];
        const lines = [...primary.slice(0, 3).map(line), ...inside];
        await partition(`label: dos\n${lines.join("\n")}\n`);

        expect(await read("mbr")).toEqual({ partitions: bySfdisk(), problem: undefined });
      }),
      { numRuns: 15 },
    );
  });

  it("keeps the numbers that are left when a partition is deleted", async () => {
    await partition("label: gpt\nsize=4MiB\nsize=4MiB\nsize=4MiB\n");
    execFileSync("sfdisk", ["-q", "--delete", image, "2"], { env });

    expect((await read("gpt")).partitions.map(({ number }) => number)).toEqual([1, 3]);
  });

  it("is read from its copy at the end where the first one is damaged", async () => {
    await partition("label: gpt\nsize=4MiB\nsize=8MiB\n");
    const before = await read("gpt");
    const file = await open(image, "r+");
    await file.write(Buffer.alloc(512), 0, 512, 512);
    await file.close();

    expect(before.partitions).toHaveLength(2);
    expect(await read("gpt")).toEqual(before);
  });

  it("that leads in circles, out of the disk or to nonsense ends", async () => {
    await partition("label: dos\nsize=4MiB\ntype=5\nsize=4MiB\n");
    const file = await open(image, "r+");
    const record = Buffer.alloc(512);
    const { offsetBytes = 0 } = (await read("mbr")).partitions[1] ?? {};
    await file.read(record, 0, 512, offsetBytes);
    // The next record is this one again.
    record.writeUInt8(5, 462 + 4);
    record.writeUInt32LE(0, 462 + 8);
    record.writeUInt32LE(100, 462 + 12);
    await file.write(record, 0, 512, offsetBytes);
    expect((await read("mbr")).partitions.map(({ number }) => number)).toEqual([1, 2, 5]);

    record.writeUInt32LE(0xffff_ff00, 462 + 8);
    await file.write(record, 0, 512, offsetBytes);
    expect((await read("mbr")).partitions.map(({ number }) => number)).toEqual([1, 2, 5]);
    await file.close();

    expect(await read("gpt")).toEqual({ partitions: [], problem: "the table is damaged" });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1024, maxLength: 4096 }), async (bytes) => {
        await writeFile(image, bytes);
        for (const kind of ["gpt", "mbr"] as const) {
          const { partitions: found } = await read(kind);
          expect(found.every(({ number }) => number > 0)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("says why when the disk can't be read", async () => {
    expect((await read("gpt")).problem).toContain("no such file");
  });
});
