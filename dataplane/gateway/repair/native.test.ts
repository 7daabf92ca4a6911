import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { SourceServer } from "#local/demo/source-server.ts";
import { findSourceServerObstacle } from "#local/demo/source-server.ts";
import {
  createGuestDisks,
  type GuestDisks,
  inGuestDisk,
  sha256OfFile,
} from "#test/fixtures/guest-disks.ts";
import { findNativeObstacle, nativeCarrier } from "./native.ts";
import { type LocatedRepairOrder, probeCarriers, runRepair } from "./repair.ts";

const run = promisify(execFile);
const obstacle = (await findSourceServerObstacle()) ?? (await findNativeObstacle());
const because = obstacle === undefined ? "" : ` (skipped: ${obstacle})`;
const slow = { timeout: 600_000 };

function orderFor(server: SourceServer, changes: Partial<LocatedRepairOrder> = {}) {
  const disks = [server.systemDisk, ...(server.dataDisk === undefined ? [] : [server.dataDisk])];
  return {
    serverId: "server",
    volumes: disks.map((path, index) => ({
      volumeId: `volume-${index}`,
      sourceDeviceName: `sd${"ab"[index]}`,
      device: { by: "path" as const, path },
      path,
    })),
    hardware: { platform: "local", storage: "nvme", network: "virtio-net", firmware: "bios" },
    network: "dhcp",
    timeoutSeconds: 300,
    ...changes,
  } satisfies LocatedRepairOrder;
}

function repair(order: LocatedRepairOrder, signal = new AbortController().signal) {
  const log: string[] = [];
  const control = { log: (line: string) => log.push(line), signal, onDoing: () => {} };
  return runRepair(order, control, nativeCarrier);
}

describe.skipIf(obstacle !== undefined)(`native carrier${because}`, () => {
  let disks: GuestDisks;
  beforeAll(async () => {
    disks = await createGuestDisks();
  });
  afterAll(() => disks.remove());
  afterEach(async () => {
    expect(await run("losetup", ["--list", "--output", "BACK-FILE"])).not.toMatchObject({
      stdout: expect.stringContaining(disks.folder),
    });
    expect(await readFile("/proc/self/mounts", "utf8")).not.toContain("/run/guest");
  });

  test("this machine's root may repair natively", async () => {
    expect(await probeCarriers()).toContain("native");
  });

  test(
    "a server with a data disk is repaired, and a second repair does nothing",
    slow,
    async () => {
      const server = await disks.copy("ext4", "repaired");

      const report = await repair(orderFor(server));
      const once = await sha256OfFile(server.systemDisk);
      const second = await repair(orderFor(server));
      const twice = await sha256OfFile(server.systemDisk);

      expect(report.guest).toMatchObject({
        distribution: "debian",
        initramfsTool: "initramfs-tools",
      });
      expect(report.checks.every(({ passed }) => passed)).toBe(true);
      expect(second.actions).toEqual([]);
      expect(twice).toBe(once);
      const look = await inGuestDisk(
        server.systemDisk,
        'cat "$ROOT/etc/fstab" "$ROOT/etc/network/interfaces"; grep linux "$ROOT/boot/grub/grub.cfg"\n' +
          'chroot "$ROOT" sh -c "TMPDIR=/tmp lsinitramfs /boot/initrd.img-*"\n' +
          'ls "$ROOT"/etc/*.premigrate "$ROOT"/etc/udev/rules.d; ls -a "$ROOT/tmp" "$ROOT/dev" "$ROOT/run"',
      );
      expect(look).toMatch(/^UUID=\S+ \/ ext4 .*\nUUID=\S+ \/data ext4 /m);
      expect(look).toContain("iface eth0 inet dhcp");
      expect(look).not.toMatch(/root=\/dev|^\/dev\/sd/m);
      for (const driver of ["nvme", "virtio_blk", "virtio_scsi", "ahci"]) {
        expect(look).toContain(`/${driver}.ko`);
      }
      expect(look).toContain("/sbin/fsck.ext4");
      expect(look).toContain("fstab.premigrate");
      expect(look).toContain("70-persistent-net.rules.premigrate");
      expect(look).not.toMatch(/\.hypermotion$/m);
    },
  );

  test("an xfs server that was copied while it wrote is repaired", slow, async () => {
    const server = await disks.copy("xfs", "dirty");
    const dirty = join(disks.folder, "dirty", "copy.raw");
    // A copy of a mounted file system, as a replica is: its journal holds what its blocks do not yet.
    await inGuestDisk(
      server.systemDisk,
      'for n in $(seq 200); do echo "$n" >"$ROOT/srv/file-$n"; done; sync -f "$ROOT"\n' +
        `cp --sparse=always "$DISK" '${dirty}'`,
    );

    const report = await repair(orderFor({ ...server, systemDisk: dirty }));

    expect(report.checks.every(({ passed }) => passed)).toBe(true);
    expect((await inGuestDisk(dirty, 'ls "$ROOT/srv"')).match(/file-/g)).toHaveLength(200);
  });

  test.each(["ext4", "xfs"] as const)(
    "a guest of an unknown kind on %s is refused and stays as it is, byte for byte",
    slow,
    async (variant) => {
      const server = await disks.copy(variant, `unknown-${variant}`);
      await inGuestDisk(server.systemDisk, 'echo ID=plan9 >"$ROOT/usr/lib/os-release"');
      const before = await sha256OfFile(server.systemDisk);

      const refused = repair(orderFor(server));

      await expect(refused).rejects.toMatchObject({
        code: "repair.unknown-guest",
        params: { found: expect.stringContaining("plan9") },
      });
      expect(await sha256OfFile(server.systemDisk)).toBe(before);
    },
  );

  test("a disk without a root is refused, saying what is on it", slow, async () => {
    const { systemDisk, ...server } = await disks.copy("ext4", "no-root");

    const refused = repair(orderFor({ ...server, systemDisk: server.dataDisk ?? "" }));

    await expect(refused).rejects.toMatchObject({
      code: "repair.no-root",
      params: { seen: expect.stringContaining("ext4 on sda partition 1") },
    });
  });

  test("a guest that never ends is stopped by the time limit", slow, async () => {
    const server = await disks.copy("ext4", "endless");
    await replaceProgram(server.systemDisk, "usr/sbin/mkinitramfs", "sleep 86400 & sleep 86400");

    const stopped = repair(orderFor(server, { timeoutSeconds: 20 }));

    await expect(stopped).rejects.toMatchObject({
      code: "repair.failed",
      message: expect.stringContaining("longer than 20 seconds"),
    });
    expect((await run("ps", ["-e", "-o", "args"])).stdout).not.toContain("sleep 86400");
  });

  test("a repair that is not wanted any more stops", slow, async () => {
    const server = await disks.copy("ext4", "stopped");

    const stopped = repair(orderFor(server), AbortSignal.abort());

    await expect(stopped).rejects.toMatchObject({ code: "repair.failed" });
  });

  test(
    "a repair whose process was killed leaves nothing in the way of the next",
    slow,
    async () => {
      const server = await disks.copy("ext4", "killed");
      await replaceProgram(
        server.systemDisk,
        "usr/sbin/mkinitramfs",
        '[ -e /srv/slept ] || { echo >/srv/slept; sync; exec sleep 86401; }\nexec /usr/sbin/old "$@"',
      );
      const order = JSON.stringify(orderFor(server));
      const script =
        `const { runRepair } = await import(${JSON.stringify(new URL("repair.ts", import.meta.url))});` +
        `await runRepair(${order}, { log() {}, signal: AbortSignal.timeout(1e6), onDoing() {} });`;
      const cwd = fileURLToPath(new URL("../../..", import.meta.url));
      const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { cwd });
      await untilRunning("sleep 86401", true);

      child.kill("SIGKILL");
      await untilRunning("sleep 86401", false);
      const report = await repair(orderFor(server));

      expect(report.checks.every(({ passed }) => passed)).toBe(true);
    },
  );

  test("links in a guest lead nowhere outside of it", slow, async () => {
    // Not in /tmp, which a guest's own is covered by.
    const outside = await mkdtemp("/var/tmp/outside-");
    onTestFinished(() => rm(outside, { recursive: true }));
    const secret = join(outside, "secret");
    await writeFile(secret, "of this machine");
    const server = await disks.copy("ext4", "links");
    await inGuestDisk(
      server.systemDisk,
      `mkdir -p "$ROOT${outside}"; echo "of the guest" >"$ROOT${secret}"\n` +
        `ln -sf '${secret}' "$ROOT/etc/network/interfaces"\n` +
        `ln -sf '${secret}' "$ROOT/etc/default/grub"\n` +
        `ln -sf '${secret}' "$ROOT/etc/udev/rules.d/71-persistent-net.rules"`,
    );

    await repair(orderFor(server));

    expect(await readFile(secret, "utf8")).toBe("of this machine");
    expect(await inGuestDisk(server.systemDisk, `cat "$ROOT${secret}"`)).toContain(
      "eth0 inet dhcp",
    );
  });

  test.each(["dev", "proc", "sys", "run", "tmp", "boot"])(
    "a guest whose /%s is a link to elsewhere is not entered",
    slow,
    async (name) => {
      const outside = join(disks.folder, `outside-${name}`);
      await mkdir(outside);
      await writeFile(join(outside, "file"), "of this machine");
      const server = await disks.copy("ext4", `link-${name}`);
      const mountBoot = name === "boot" ? 'echo "/dev/sdb1 /boot ext4" >>"$ROOT/etc/fstab"' : "";
      await inGuestDisk(
        server.systemDisk,
        `mv "$ROOT/${name}" "$ROOT/old"; ln -s '${outside}' "$ROOT/${name}"; ${mountBoot}`,
      );

      await expect(repair(orderFor(server))).rejects.toThrow();

      expect(await run("ls", ["-A", outside])).toMatchObject({ stdout: "file\n" });
    },
  );

  test("a hostile program in a guest gets no power over this machine", slow, async () => {
    const server = await disks.copy("ext4", "hostile");
    const tries = {
      "mount a file system": "mount -t tmpfs none /mnt",
      "make a device": "mknod /srv/device b 7 0",
      "make new namespaces": "unshare --user true",
      "leave its root": "chroot /proc/1/root true",
      "see the processes of others": "ls /proc/1/root/",
      "reach the first process": "kill -0 1 && cat /proc/1/environ",
      "write kernel settings": "echo 1 >/proc/sys/kernel/sysrq",
      "reach a network": "ip route get 192.0.2.1",
      "name itself anew": "hostname hostile",
      "read the kernel's log": "dmesg",
      "change a time": "date --set=2001-01-01",
    };
    const script = Object.entries(tries)
      .map(([what, command]) => `if ${command}; then echo '${what}' >>/srv/escaped; fi`)
      .join("\n");
    await replaceProgram(
      server.systemDisk,
      "usr/sbin/mkinitramfs",
      `echo tried >/srv/escaped\n(${script}) >/srv/words 2>&1\nexit 1`,
    );

    const failed = repair(orderFor(server));

    await expect(failed).rejects.toMatchObject({
      code: "repair.failed",
      params: { action: expect.stringContaining("rebuild-initramfs") },
    });
    expect(await inGuestDisk(server.systemDisk, 'cat "$ROOT/srv/escaped"')).toBe("tried\n");
  });

  test("a guest that writes without end is stopped", slow, async () => {
    const server = await disks.copy("ext4", "flood");
    await inGuestDisk(
      server.systemDisk,
      'rm "$ROOT/usr/bin/sh"; printf "#!/usr/bin/perl\\nprint q(x) x 65536 while 1;\\n" >"$ROOT/usr/bin/sh"\n' +
        'chmod 755 "$ROOT/usr/bin/sh"',
    );

    await expect(repair(orderFor(server))).rejects.toMatchObject({
      code: "repair.failed",
      message: expect.stringContaining("it wrote more than"),
    });
  });

  test("a guest that takes memory without end is stopped", slow, async () => {
    const server = await disks.copy("ext4", "hungry");
    await replaceProgram(server.systemDisk, "usr/bin/base64", "tr '\\0' x </dev/zero");

    await expect(repair(orderFor(server))).rejects.toMatchObject({ code: "repair.no-root" });
  });
});

/** The guest's own is kept as /usr/sbin/old. */
function replaceProgram(disk: string, path: string, commands: string): Promise<string> {
  return inGuestDisk(
    disk,
    `mv "$ROOT/${path}" "$ROOT/usr/sbin/old"\n` +
      `cat >"$ROOT/${path}" <<'PROGRAM'\n#!/bin/sh\n${commands}\nPROGRAM\n` +
      `chmod 755 "$ROOT/${path}"`,
  );
}

/** Waits until a program with these arguments runs, or does not any more. */
async function untilRunning(args: string, isWanted: boolean): Promise<void> {
  for (;;) {
    const { stdout } = await run("ps", ["-e", "-o", "args"]);
    if (stdout.split("\n").includes(args) === isWanted) return;
    await delay(200);
  }
}
