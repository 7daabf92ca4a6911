import { z } from "zod";
import type { ReplicaVolume } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import { resourceToken } from "../../ids.ts";
import { migrationOf } from "../../migration.ts";
import { step } from "../../step.ts";
import { bootsOf, waitUntilUsable } from "../../volumes.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ volumeIds: z.array(z.string()) });

/** One fresh volume for each disk that has none yet. Volumes of an earlier run are kept. */
export async function createVolumes({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const { server, provider, tags } = await migrationOf(deps, serverId, runId);
  const volumeIds: string[] = [];
  for (const volume of server.volumes) {
    const id = volume.volumeId ?? (await create(volume));
    volumeIds.push(id);
    await waitUntilUsable(deps, provider, id, volume.diskBytes);
  }
  return { volumeIds };

  async function create(volume: ReplicaVolume): Promise<string> {
    const { id } = await provider.volumes.createVolume({
      token: resourceToken("volume", runId, serverId, volume.diskId),
      tags: tags(`${server.name}-${volume.deviceName}`),
      sizeBytes: volume.sizeBytes,
      role: volume.role,
      ...(volume.role === "system" ? { boots: bootsOf(server.inventory) } : {}),
      ...(volume.pool === undefined ? {} : { pool: volume.pool }),
    });
    await deps.store.servers.update(serverId, (found) => ({
      ...found,
      volumes: found.volumes.map((other) =>
        other.diskId === volume.diskId ? { ...other, volumeId: id } : other,
      ),
    }));
    return id;
  }
}

export const handler = step({ name: "create-volumes", input, output, run: createVolumes });
