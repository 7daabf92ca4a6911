import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  buildSourceServer,
  changeSourceServer,
  findSourceServerObstacle,
} from "./source-server.ts";

const run = promisify(execFile);
const obstacle = await findSourceServerObstacle();
const because = obstacle === undefined ? "" : ` (skipped: ${obstacle})`;
/** The first build installs a Debian from the network. */
const buildTimeoutMs = 600_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "source-server-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe.skipIf(obstacle !== undefined)(`source server${because}`, () => {
  test("a server has a system disk and a data disk, and its services change both", {
    timeout: buildTimeoutMs,
  }, async () => {
    const server = await buildSourceServer({
      folder,
      variant: "ext4",
      dataDisk: true,
      systemDiskBytes: 2 * 1024 ** 3,
    });
    const { systemDisk, dataDisk = "" } = server;

    const before = [await sha256(systemDisk), await sha256(dataDisk)];
    const { bytesWritten } = await changeSourceServer(server);
    const after = [await sha256(systemDisk), await sha256(dataDisk)];

    expect(await readdir(folder)).toEqual(["data.raw", "system.raw"]);
    expect(await partitionTypes(systemDisk)).toEqual(["ext4"]);
    expect(await partitionTypes(dataDisk)).toEqual(["ext4"]);
    expect(bytesWritten).toBeGreaterThan(2_000_000);
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect((await run("losetup", ["--list", "--output", "BACK-FILE"])).stdout).not.toContain(
      folder,
    );
  });

  test("two servers have no password or marker in common", {
    timeout: buildTimeoutMs,
  }, async () => {
    const options = { variant: "xfs", dataDisk: false } as const;

    const one = await buildSourceServer({ ...options, folder: join(folder, "one") });
    const other = await buildSourceServer({ ...options, folder: join(folder, "other") });

    expect(await partitionTypes(one.systemDisk)).toEqual(["xfs"]);
    expect(other.rootPassword).not.toBe(one.rootPassword);
    expect(other.dataMarker).not.toBe(one.dataMarker);
    expect((await stat(one.systemDisk)).blocks * 512).toBeLessThan(1_500_000_000);
  });
});

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Of the partition at 1 MiB. */
async function partitionTypes(disk: string): Promise<string[]> {
  const offset = String(1 << 20);
  const { stdout } = await run("blkid", ["-p", "-O", offset, "-o", "value", "-s", "TYPE", disk]);
  return stdout.trim().split("\n");
}
