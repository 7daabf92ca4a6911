import { z } from "zod";
import { hangReplica } from "../../attaching.ts";
import type { Deps } from "../../deps.ts";
import { migrationOf } from "../../migration.ts";
import { step } from "../../step.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ attached: z.number().int() });

export async function attachVolumes({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const migration = await migrationOf(deps, serverId, runId);
  const { volumes } = await hangReplica(deps, migration, runId);
  return { attached: volumes.length };
}

export const handler = step({ name: "attach-volumes", input, output, run: attachVolumes });
