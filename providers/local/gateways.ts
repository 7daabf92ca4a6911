/** A gateway at this target is the gateway's daemon itself, kept running by a keeper. */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MigrationError } from "#domain/errors.ts";
import type { LocalConfig } from "./config.ts";
import { type GatewayRecord, instanceFolder } from "./instances.ts";
import { ensureKeeper } from "./keeping.ts";
import { writeAtomically } from "./records.ts";

const daemon = fileURLToPath(
  new URL("../../dataplane/gateway/hypermotion-gateway.mjs", import.meta.url),
);

/** Below the range that systems take ports of outgoing connections from (Linux: 32768 and up). */
const lowestPort = 20_000;
const highestPort = 32_000;

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  server.listen({ port, host });
  try {
    await once(server, "listening");
    return true;
  } catch {
    // Somebody listens there, or may: either way it is not for us.
    return false;
  } finally {
    server.close();
  }
}

/**
 * Ports of a gateway's own, since several share this machine. They stay the same when it starts again,
 * so that agents find it where they left it.
 */
export async function choosePorts(
  listen: string,
  taken: readonly number[],
): Promise<GatewayRecord["ports"]> {
  const found: number[] = [];
  for (let tries = 0; tries < 200; tries += 1) {
    const port = randomInt(lowestPort, highestPort);
    if (taken.includes(port) || found.includes(port) || !(await isFree(port, listen))) continue;
    found.push(port);
    const [control, blocks] = found;
    if (control !== undefined && blocks !== undefined) return { control, blocks };
  }
  throw new MigrationError("cloud.capacity", { platform: "local", what: "free ports" });
}

export async function startGateway(record: GatewayRecord, config: LocalConfig): Promise<void> {
  const folder = instanceFolder(config, record.id);
  const volumeRoot = join(folder, "volumes");
  const state = join(folder, "state");
  const bootstrapFile = join(folder, "user-data.json");
  for (const path of [volumeRoot, state]) await mkdir(path, { recursive: true, mode: 0o700 });
  await writeAtomically(
    bootstrapFile,
    JSON.stringify({
      ...record.bootstrap,
      ports: record.ports,
      listen: config.gatewayListen,
      volumeRoot,
    }),
  );
  const program = config.gatewayCommand ?? [process.execPath, daemon];
  await ensureKeeper(folder, {
    command: [...program, "--config", bootstrapFile, "--state", state],
    restart: true,
    output: "console.log",
    powerButton: false,
    stopMs: config.gatewayStopMs,
    maxLogBytes: config.maxLogBytes,
  });
}
