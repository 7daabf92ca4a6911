import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import type { InstanceType } from "#providers/provider.ts";
import type { Deps } from "../../deps.ts";
import { cloneToken, launchOf } from "../../launches.ts";
import { type Migration, migrationOf, written } from "../../migration.ts";
import { step } from "../../step.ts";
import { waitUntilUsable } from "../../volumes.ts";

const input = z.object({
  runId: z.string(),
  serverId: z.string(),
  kind: z.enum(["test", "cutover"]),
  instanceType: z.string().nullable(),
  repair: z.boolean(),
});
const output = z.object({ volumeIds: z.array(z.string()) });

/** Makes a new volume of each snapshot of the newest recovery point; the replica itself is left alone. */
export async function cloneVolumes(request: z.output<typeof input>, deps: Deps) {
  const { runId, serverId } = request;
  const migration = await migrationOf(deps, serverId, runId);
  const { server, provider, tags } = migration;
  const point = await deps.store.recoveryPoints.get(
    written(server.recoveryPointId, `the recovery point of ${serverId}`),
  );
  const instanceType = await chooseType(migration, request.instanceType);
  await deps.store.servers.update(serverId, (found) =>
    found.launches.some((launched) => launched.runId === runId)
      ? found
      : {
          ...found,
          launches: [
            ...found.launches,
            { kind: request.kind, runId, instanceType, repaired: false, volumeIds: [] },
          ],
        },
  );

  const volumeIds: string[] = [];
  for (const volume of server.volumes) {
    const snapshot = point.snapshots.find((found) => found.diskId === volume.diskId);
    const { id } = await provider.volumes.createVolume({
      token: cloneToken(runId, volume.diskId),
      tags: tags(`${server.name}-${volume.deviceName}-${request.kind}`),
      sizeBytes: volume.sizeBytes,
      role: volume.role,
      fromSnapshotId: written(
        snapshot?.snapshotId,
        `the snapshot of ${volume.diskId} in ${point.id}`,
      ),
    });
    volumeIds.push(id);
  }
  await deps.store.servers.update(serverId, (found) => {
    launchOf(found, runId);
    return {
      ...found,
      launches: found.launches.map((launched) =>
        launched.runId === runId ? { ...launched, volumeIds } : launched,
      ),
    };
  });
  for (const [index, id] of volumeIds.entries()) {
    await waitUntilUsable(deps, provider, id, server.volumes[index]?.diskBytes ?? 0);
  }
  return { volumeIds };
}

/** @throws `input.invalid` for a type the target does not offer, naming those it does */
async function chooseType(
  { provider, server }: Migration,
  wanted: string | null,
): Promise<InstanceType["name"]> {
  const types = (await provider.compute.listInstanceTypes()).filter(
    (type) => type.hardware.firmware === server.inventory.firmware,
  );
  const [first] = types;
  if (wanted === null) return written(first, "an instance type that fits").name;
  if (types.some((type) => type.name === wanted)) return wanted;
  throw new MigrationError("input.invalid", {
    where: "instance type",
    problem: `${wanted} is not offered for a ${server.inventory.firmware} server; there are ${types
      .map((type) => type.name)
      .join(", ")}`,
  });
}

export const handler = step({ name: "clone-volumes", input, output, run: cloneVolumes });
