import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { DemoReport } from "#local/demo/report.ts";
import { findSourceServerObstacle } from "#local/demo/source-server.ts";

const obstacle = (await findSourceServerObstacle()) ?? qemuObstacle();
const skipped = obstacle === undefined ? "" : ` (skipped: ${obstacle})`;

function qemuObstacle(): string | undefined {
  try {
    execFileSync("qemu-system-x86_64", ["--version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "qemu-system-x86_64 is not installed";
  }
}

test.skipIf(obstacle !== undefined)(
  `the demo moves a real server onto hardware it never had, and it boots there${skipped}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "hypermotion-real-"));
    const reportFile = join(folder, "report.json");
    try {
      // Rejects when the demo does not end with 0.
      await promisify(execFile)(
        process.execPath,
        ["local/demo/main.ts", "--quick", "--json", "--report", reportFile],
        { maxBuffer: 1 << 26 },
      );
      const report = JSON.parse(await readFile(reportFile, "utf8")) as DemoReport;

      expect(report.disks.map(({ name }) => name)).toEqual(["sda", "sdb"]);
      for (const { sourceSha256, volumeSha256 } of report.disks) {
        expect(sourceSha256).toMatch(/^[0-9a-f]{64}$/);
        expect(volumeSha256).toBe(sourceSha256);
      }
      expect(report.boots).toMatchObject([{ profile: "nvme", repaired: true, booted: true }]);
      expect(report.boots[0]?.evidence).toContain("data disk mounted, failed units: none");
      // The delta carried what was changed, and not the disk once more.
      expect(report.deltaSync.changedBytes).toBeGreaterThan(1_000_000);
      expect(report.deltaSync.bytesSent).toBeLessThan(report.initialSync.bytesSent / 5);
      expect(report.transitions).toBeLessThanOrEqual(60);
      expect(report.leftovers).toEqual([]);
      expect(report.notShown).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  900_000,
);
