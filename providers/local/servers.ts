/** A launched server is a QEMU machine, kept by a keeper that does not start it again when it ends. */
import { once } from "node:events";
import { createConnection } from "node:net";
import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import type { Instance } from "../provider.ts";
import type { LocalConfig } from "./config.ts";
import { notFound } from "./errors.ts";
import { ensureSystemDisk, hyperDoorArguments } from "./hyper-door.ts";
import { instanceFolder, type ServerRecord } from "./instances.ts";
import { ensureKeeper } from "./keeping.ts";
import { acceleration, guestAddress, missingQemu, profiles, qemuCommand } from "./qemu.ts";
import { askQemu } from "./qmp.ts";

/** @throws `launch.no-machine` */
export async function refuseWithoutQemu(config: LocalConfig): Promise<void> {
  const problem = await missingQemu(config.server.qemu);
  if (problem !== undefined) throw new MigrationError("launch.no-machine", { problem });
}

export async function startServer(
  record: ServerRecord,
  config: LocalConfig,
  pathOf: (volumeId: string) => string,
): Promise<void> {
  const profile = profiles[record.instanceType];
  if (profile === undefined) throw notFound("instance type", record.instanceType);
  const folder = instanceFolder(config, record.id);
  const volumes = record.volumeIds.map((volumeId) => ({ volumeId, path: pathOf(volumeId) }));
  const { hyperDoor } = record;
  const own = hyperDoor && { volumeId: record.id, path: await ensureSystemDisk(folder, hyperDoor) };
  const disks = own === undefined ? volumes : [own, ...volumes];
  const { accelerator, qemu } = config.server;
  const machine = {
    id: record.id,
    profile,
    disks,
    acceleration: accelerator === "auto" ? await acceleration(qemu) : accelerator,
    ...(hyperDoor?.over === false && { special: await hyperDoorArguments(folder, hyperDoor) }),
  };
  await ensureKeeper(folder, {
    command: qemuCommand(machine, config),
    restart: false,
    output: "qemu.log",
    powerButton: true,
    stopMs: config.server.stopMs,
    maxLogBytes: config.maxLogBytes,
  });
}

const machineStatus = z.object({ status: z.string() });

/** How a machine whose keeper runs is doing, by its own account. */
export async function lookAtServer(folder: string): Promise<Pick<Instance, "state" | "problem">> {
  try {
    const { status } = machineStatus.parse(await askQemu(folder, "query-status"));
    // QAPI, RunState: the states a machine does not come out of by itself.
    const broken = ["internal-error", "io-error", "guest-panicked"].includes(status);
    return broken ? { state: "failed", problem: `QEMU: ${status}` } : { state: "running" };
  } catch {
    // QEMU has not opened its socket yet, or is just ending; the next look tells which.
    return { state: "pending" };
  }
}

/** The port of this machine that leads to the guest's SSH; undefined while QEMU does not tell. */
export async function findSshPort(folder: string): Promise<number | undefined> {
  try {
    const answer = await askQemu(folder, "human-monitor-command", {
      arguments: { "command-line": "info usernet" },
    });
    const [, port] =
      /TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s/.exec(String(answer)) ?? [];
    return port === undefined ? undefined : Number(port);
  } catch {
    // As above: not there yet, or not there any more.
    return undefined;
  }
}

const bannerTimeoutMs = 3_000;

/**
 * What the guest's SSH says of itself, such as `SSH-2.0-OpenSSH_9.2p1`; undefined while it is silent.
 * A connection alone proves nothing: QEMU accepts it before it asks the guest.
 */
export async function readSshBanner(port: number): Promise<string | undefined> {
  const socket = createConnection({ host: "127.0.0.1", port });
  const timer = setTimeout(() => socket.destroy(), bannerTimeoutMs);
  try {
    socket.on("error", () => undefined);
    const [first] = await Promise.race([once(socket, "data"), once(socket, "close")]);
    return /^SSH-[^\r\n]{1,250}/.exec(String(first))?.[0];
  } catch {
    // Refused or reset: nobody answers, which is the answer.
    return undefined;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

export const serverAddresses = (sshPort: number | undefined) => ({
  privateAddress: guestAddress,
  publicAddress: "127.0.0.1",
  ...(sshPort !== undefined && { sshPort }),
});
