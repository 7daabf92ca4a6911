import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { gatewayOf, migrationOf, written } from "../../migration.ts";
import { step } from "../../step.ts";
import { attach } from "../../volumes.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ attached: z.number().int() });

export async function attachVolumes({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const { server, provider } = await migrationOf(deps, serverId, runId);
  const gateway = await gatewayOf(deps, server);
  for (const { diskId, volumeId } of server.volumes) {
    const id = written(volumeId, `the volume of disk ${diskId}`);
    const device = await attach(deps, provider, id, gateway.instanceId);
    await deps.store.servers.update(serverId, (found) => ({
      ...found,
      volumes: found.volumes.map((volume) =>
        volume.diskId === diskId ? { ...volume, device } : volume,
      ),
    }));
  }
  return { attached: server.volumes.length };
}

export const handler = step({ name: "attach-volumes", input, output, run: attachVolumes });
