import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { freeCloneSlots, launchOf, updateLaunch } from "../../launches.ts";
import { migrationOf } from "../../migration.ts";
import { step } from "../../step.ts";
import { detach } from "../../volumes.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ repaired: z.boolean() });

/** Takes the clones off the gateway and gives its slots back; after this they are ready to boot from. */
export async function prepareBoot({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const { server, provider } = await migrationOf(deps, serverId, runId);
  const launch = launchOf(server, runId);
  for (const volumeId of launch.volumeIds) await detach(deps, provider, volumeId);
  await freeCloneSlots(deps, server, runId);
  const run = await deps.store.runs.get(runId);
  const repaired = run.repair !== undefined;
  await updateLaunch(deps, serverId, runId, { repaired });
  return { repaired };
}

export const handler = step({ name: "prepare-boot", input, output, run: prepareBoot });
