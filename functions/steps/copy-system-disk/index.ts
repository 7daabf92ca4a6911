import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import type { Launched } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import { awaitCopy } from "../../hyperdoor.ts";
import { launchOf } from "../../launches.ts";
import { migrationOf, written } from "../../migration.ts";
import { succeedCallback } from "../../sessions.ts";
import { step } from "../../step.ts";

const input = z.object({ runId: z.string(), serverId: z.string(), taskToken: z.string() });
const output = z.object({});

const silentAfterMs = 15 * 60_000;

/**
 * Asks to be told when HyperDoor has copied the clone over the instance's system disk, or says so at
 * once. The task is tried again where HyperDoor falls silent: its machine may have restarted.
 * @throws `hyperdoor.silent` when it never said anything
 */
export async function copySystemDisk(request: z.output<typeof input>, deps: Deps) {
  const { runId, serverId } = request;
  const callback = await awaitCopy(deps, request);
  // Read after the callback is ours: what is copied before that is seen here, and told by us.
  const launch = launchOf(await deps.store.servers.get(serverId), runId);
  if (launch.copy?.copiedAt !== undefined) {
    await succeedCallback(deps, callback, {});
    return {};
  }
  const silentMs = deps.now().getTime() - Date.parse(launch.launchedAt ?? "");
  if (launch.copy === undefined && silentMs > silentAfterMs) {
    const { provider } = await migrationOf(deps, serverId, runId);
    throw new MigrationError("hyperdoor.silent", {
      instance: written(launch.instanceId, `the instance of ${runId}`),
      minutes: Math.round(silentMs / 60_000),
      seen: await lastSeen(provider.compute.readConsole, launch),
      address: deps.console.url,
    });
  }
  return {};
}

async function lastSeen(
  readConsole: (id: string) => Promise<string>,
  { instanceId }: Launched,
): Promise<string> {
  const shown = await readConsole(written(instanceId, "the instance"));
  const lines = shown.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  return lines.at(-1)?.trim().slice(0, 300) ?? "its console shows nothing";
}

export const handler = step({ name: "copy-system-disk", input, output, run: copySystemDisk });
