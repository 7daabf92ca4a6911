import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findSourceServerObstacle } from "#local/demo/source-server.ts";
import {
  createGuestDisks,
  type GuestDisks,
  inGuestDisk,
  sha256OfFile,
} from "#test/fixtures/guest-disks.ts";
import { ends } from "./kvm.ts";
import { findLibguestfsObstacle, libguestfsCarrier } from "./libguestfs.ts";
import { type LocatedRepairOrder, runRepair } from "./repair.ts";

const run = promisify(execFile);
const obstacle = (await findSourceServerObstacle()) ?? (await findLibguestfsObstacle());
const because = obstacle === undefined ? "" : ` (skipped: ${obstacle})`;
/** Three minutes on two idle cores without KVM, several times that on busy ones. */
const slow = { timeout: 2_400_000 };

function orderFor(path: string, timeoutSeconds: number): LocatedRepairOrder {
  return {
    serverId: "server",
    volumes: [{ volumeId: "volume", sourceDeviceName: "sda", device: { by: "path", path }, path }],
    hardware: {
      platform: "local",
      storage: "virtio-blk",
      network: "virtio-net",
      firmware: "bios",
    },
    network: "dhcp",
    timeoutSeconds,
  };
}

function repair(order: LocatedRepairOrder) {
  const control = { log: () => {}, signal: new AbortController().signal, onDoing: () => {} };
  return runRepair(order, control, libguestfsCarrier);
}

describe.skipIf(obstacle !== undefined)(`libguestfs carrier${because}`, () => {
  let disks: GuestDisks;
  beforeAll(async () => {
    disks = await createGuestDisks();
  });
  afterAll(() => disks.remove());

  test("a server is repaired without mounting it here", slow, async () => {
    const server = await disks.copy("xfs", "appliance");

    const report = await repair(orderFor(server.systemDisk, 2_000));

    expect(report.carrier).toBe("libguestfs");
    expect(report.checks.every(({ passed }) => passed)).toBe(true);
    const look = await inGuestDisk(
      server.systemDisk,
      'cat "$ROOT/etc/fstab"; ls "$ROOT/tmp" "$ROOT"/etc/fstab.premigrate',
    );
    expect(look).toMatch(/^UUID=\S+ \/ xfs /);
    expect(look).toContain("fstab.premigrate");
    expect(look).not.toContain("hypermotion");
  });

  test("a time limit ends the virtual machine and leaves the disk as it was", slow, async () => {
    const server = await disks.copy("xfs", "limited");
    const before = await sha256OfFile(server.systemDisk);

    await expect(repair(orderFor(server.systemDisk, 5))).rejects.toMatchObject({
      code: "repair.failed",
      message: expect.stringContaining("longer than 5 seconds"),
    });

    expect(await sha256OfFile(server.systemDisk)).toBe(before);
    expect((await run("ps", ["-e", "-o", "args"])).stdout).not.toContain(server.systemDisk);
  });
});

test.skipIf(obstacle !== undefined)(
  `the machine that probes KVM ends where machines run${because}`,
  { timeout: 60_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "kvm-"));

    expect(await ends(folder, "tcg", 50_000)).toBe(true);

    await rm(folder, { recursive: true });
  },
);
