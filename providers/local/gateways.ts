/** A gateway at this target is the gateway's daemon itself, kept running by a keeper. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import type { LocalConfig } from "./config.ts";
import { refused } from "./errors.ts";
import { type GatewayRecord, instanceFolder } from "./instances.ts";
import { ensureKeeper } from "./keeping.ts";
import { writeAtomically } from "./records.ts";

const daemon = fileURLToPath(
  new URL("../../dataplane/gateway/hypermotion-gateway.mjs", import.meta.url),
);

/** Several gateways share one machine: a port the console does not name is chosen by the system. */
const userData = gatewayBootstrap.extend({
  ports: z
    .object({ control: z.number().int().default(0), blocks: z.number().int().default(0) })
    .prefault({}),
});

/** @throws `cloud.refused` when it is not a gateway's start-up configuration */
export function refuseWrongUserData(text: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused("a gateway", "its user data is not JSON");
  }
  const { error } = userData.safeParse(value);
  if (error !== undefined) throw refused("a gateway", z.prettifyError(error));
}

export async function startGateway(record: GatewayRecord, config: LocalConfig): Promise<void> {
  const folder = instanceFolder(config, record.id);
  const volumeRoot = join(folder, "volumes");
  const state = join(folder, "state");
  const bootstrapFile = join(folder, "user-data.json");
  for (const path of [volumeRoot, state]) await mkdir(path, { recursive: true, mode: 0o700 });
  const bootstrap = userData.parse(JSON.parse(record.userData));
  await writeAtomically(
    bootstrapFile,
    JSON.stringify({ ...bootstrap, listen: config.gatewayListen, volumeRoot }),
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
