/** How a launched server looks to its guest: the four kinds of hardware, as QEMU's command line. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { access, constants, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Accelerator,
  bootSectorThatEnds,
  chooseAccelerator,
  endedStatus,
  probeArguments,
} from "#domain/accelerator.ts";
import type { TargetHardware } from "#domain/protocol/gateway.ts";
import type { LocalConfig } from "./config.ts";

interface Profile {
  readonly storage: TargetHardware["storage"];
  readonly network: TargetHardware["network"];
  readonly networkDevice: string;
  readonly controller?: readonly string[];
  /** The disk's own device; `n` counts from 0, the system disk. */
  disk(n: number): string;
  /** Beside the system disk. */
  readonly maxVolumes: number;
}

/** SeaBIOS, QEMU's BIOS, boots from all four. */
export const profiles: Readonly<Record<string, Profile>> = {
  "virtio-blk": {
    storage: "virtio-blk",
    network: "virtio-net",
    networkDevice: "virtio-net-pci",
    disk: () => "virtio-blk-pci",
    maxVolumes: 24,
  },
  "virtio-scsi": {
    storage: "virtio-scsi",
    network: "virtio-net",
    networkDevice: "virtio-net-pci",
    controller: ["-device", "virtio-scsi-pci,id=scsi"],
    disk: (n) => `scsi-hd,bus=scsi.0,scsi-id=${n}`,
    maxVolumes: 24,
  },
  nvme: {
    storage: "nvme",
    network: "virtio-net",
    networkDevice: "virtio-net-pci",
    disk: () => "nvme",
    maxVolumes: 24,
  },
  ahci: {
    storage: "ahci",
    network: "e1000",
    networkDevice: "e1000",
    // The six ports of the ICH9 that q35 comes with.
    disk: (n) => `ide-hd,bus=ide.${n}`,
    maxVolumes: 5,
  },
};

export interface Machine {
  readonly id: string;
  readonly profile: Profile;
  readonly disks: readonly { readonly volumeId: string; readonly path: string }[];
  readonly acceleration: Accelerator;
  /** Beside what every server has: more arguments, and what its network forwards. */
  readonly special?: { readonly arguments: readonly string[]; readonly forward: string };
}

/** A MAC address of the range QEMU's documentation gives away (52:54:00), from the instance's id. */
function macFor(instanceId: string): string {
  const [a = 0, b = 0, c = 0] = createHash("sha256").update(instanceId).digest();
  return `52:54:00:${[a, b, c].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`;
}

/**
 * The whole command. `graphics=off` lets the BIOS, and so the boot loader, speak on the serial line
 * too, while the VGA card stays for guests that need one. The guest's network reaches nobody
 * (`restrict=on`): a rehearsal must not meet the server it is a copy of. Only its SSH is forwarded,
 * from a free port that the system chooses.
 */
export function qemuCommand(machine: Machine, config: LocalConfig): string[] {
  const { profile, special } = machine;
  const { qemu, vcpus, memoryBytes } = config.server;
  const disks = machine.disks.flatMap(({ volumeId, path }, n) => [
    "-blockdev",
    JSON.stringify({
      driver: "raw",
      "node-name": `disk${n}`,
      discard: "unmap",
      file: { driver: "file", filename: path, discard: "unmap" },
    }),
    "-device",
    `${profile.disk(n)},drive=disk${n},serial=${volumeId},bootindex=${n + 1}`,
  ]);
  return [
    qemu,
    ...["-name", machine.id, "-nodefaults", "-no-user-config", "-display", "none", "-vga", "std"],
    ...["-machine", `q35,graphics=off,accel=${machine.acceleration}`],
    ...["-cpu", machine.acceleration === "kvm" ? "host" : "max"],
    ...["-smp", String(vcpus), "-m", `${memoryBytes / 1024 ** 2}M`, "-rtc", "base=utc"],
    ...["-boot", "strict=on", "-device", "virtio-rng-pci"],
    ...["-qmp", "unix:qmp.sock,server=on,wait=off"],
    ...["-chardev", "file,id=serial,path=console.log,append=on", "-serial", "chardev:serial"],
    ...["-netdev", `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22${special?.forward ?? ""}`],
    ...["-device", `${profile.networkDevice},netdev=net,mac=${macFor(machine.id)},romfile=`],
    ...(profile.controller ?? []),
    ...disks,
    ...(special?.arguments ?? []),
  ];
}

/** The address QEMU's user-mode network gives its guest by DHCP (QEMU manual, "Using the user mode network stack"). */
export const guestAddress = "10.0.2.15";

/** Runs a program to its end; `exitCode` is undefined when it can't be run or takes too long. */
async function run(
  command: readonly string[],
  timeoutMs: number,
): Promise<{ exitCode?: number; problem?: string }> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    stdio: "ignore",
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  try {
    const [exitCode] = await once(child, "exit");
    return exitCode === null ? { problem: `${program} took too long` } : { exitCode };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Why QEMU can't be used, or undefined when it can. */
export async function missingQemu(qemu: string): Promise<string | undefined> {
  const { exitCode, problem } = await run([qemu, "--version"], 10_000);
  if (exitCode === 0) return undefined;
  return problem ?? `${qemu} --version ended with ${exitCode}`;
}

async function probe(qemu: string): Promise<Accelerator> {
  try {
    await access("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    // No device, or not for us: the emulator has to do.
    return "tcg";
  }
  const folder = await mkdtemp(join(tmpdir(), "hypermotion-kvm-"));
  try {
    const disk = join(folder, "disk");
    await writeFile(disk, bootSectorThatEnds());
    return await chooseAccelerator(async (way, limitMs) => {
      const { exitCode } = await run([qemu, ...probeArguments(way, disk)], limitMs);
      return exitCode === endedStatus;
    }, Date.now);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const probed = new Map<string, Promise<Accelerator>>();

/** KVM where it is faster than the emulator. Probed once per process. */
export function acceleration(qemu: string): Promise<Accelerator> {
  const known = probed.get(qemu) ?? probe(qemu);
  probed.set(qemu, known);
  return known;
}
