import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { missingQemu } from "#providers/local/qemu.ts";
import { defaultCacheFolder } from "../demo/source-server/root-tree.ts";
import { ensureDoorImage, findDoorImageObstacle } from "./build.ts";

/** Debian's ovmf: UEFI for QEMU, and the variables it keeps. */
const firmware = "/usr/share/OVMF/OVMF_CODE_4M.fd";
const variables = "/usr/share/OVMF/OVMF_VARS_4M.fd";

const obstacle =
  (await findDoorImageObstacle()) ??
  (await missingQemu("qemu-system-x86_64")) ??
  (existsSync(firmware) ? undefined : "ovmf is not installed (sh local/setup.sh)");
const skipped = obstacle === undefined ? "" : ` (skipped: ${obstacle})`;

/** What it shows on its serial line, once this is among it. */
async function shown(folder: string, image: string, text: string): Promise<string> {
  await copyFile(variables, join(folder, "variables.fd"));
  const files = { serial: join(folder, "serial.log"), disk: join(folder, "disk.raw") };
  await copyFile(image, files.disk);
  const machine = spawn(
    "qemu-system-x86_64",
    [
      ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
      ...["-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "2", "-m", "2048M"],
      ...["-drive", `if=pflash,format=raw,unit=0,readonly=on,file=${firmware}`],
      ...["-drive", `if=pflash,format=raw,unit=1,file=${join(folder, "variables.fd")}`],
      ...["-drive", `if=virtio,format=raw,file=${files.disk}`],
      ...["-chardev", `file,id=serial,path=${files.serial}`, "-serial", "chardev:serial"],
    ],
    { stdio: "ignore" },
  );
  const gone = once(machine, "exit");
  try {
    for (;;) {
      const seen = existsSync(files.serial) ? await readFile(files.serial, "utf8") : "";
      if (seen.includes(text) || machine.exitCode !== null) return seen;
      await delay(500);
    }
  } finally {
    machine.kill("SIGKILL");
    await gone;
  }
}

test.skipIf(obstacle !== undefined)(
  `HyperDoor's image starts by UEFI too, in 2 GB${skipped}`,
  async () => {
    const image = await ensureDoorImage(defaultCacheFolder(), () => {});
    const folder = await mkdtemp(join(tmpdir(), "hypermotion-uefi-"));
    try {
      const seen = await shown(folder, image, "HyperDoor: runs in memory");

      expect(seen).toContain("HyperDoor: runs in memory, of 19");
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  600_000,
);
