import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { migrationOf } from "../../migration.ts";
import { step } from "../../step.ts";
import { detach } from "../../volumes.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({});

export async function detachVolumes({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const { server, provider } = await migrationOf(deps, serverId, runId);
  for (const { volumeId } of server.volumes) {
    if (volumeId !== undefined) await detach(deps, provider, volumeId);
  }
  return {};
}

export const handler = step({ name: "detach-volumes", input, output, run: detachVolumes });
