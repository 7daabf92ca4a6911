import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import { adviseInstanceType } from "#domain/instance-advice.ts";
import type { Inventory } from "#domain/inventory.ts";
import { launchNetwork } from "#domain/records.ts";
import type { InstanceType, Provider } from "#providers/provider.ts";
import type { Deps } from "../../deps.ts";
import { cloneToken, launchOf } from "../../launches.ts";
import { allowedTypes, hyperDoorMemoryGB, limitsOf } from "../../limits.ts";
import { type Migration, migrationOf, written } from "../../migration.ts";
import { step } from "../../step.ts";
import { tell } from "../../tell.ts";
import { bootsOf, waitUntilUsable } from "../../volumes.ts";

const input = z.object({
  runId: z.string(),
  serverId: z.string(),
  kind: z.enum(["test", "cutover"]),
  instanceType: z.string().nullable(),
  repair: z.boolean(),
  placement: launchNetwork.nullable(),
});
const GiB = 1024 ** 3;

const output = z.object({ volumeIds: z.array(z.string()) });

/** Makes a new volume of each snapshot of the newest recovery point; the replica itself is left alone. */
export async function cloneVolumes(request: z.output<typeof input>, deps: Deps) {
  const { runId, serverId } = request;
  const migration = await migrationOf(deps, serverId, runId);
  const { server, provider, tags } = migration;
  const point = await deps.store.recoveryPoints.get(
    written(server.recoveryPointId, `the recovery point of ${serverId}`),
  );
  // A repeated step keeps to what the first one chose.
  const begun = server.launches.find((launched) => launched.runId === runId);
  const instanceType = begun?.instanceType ?? (await chooseType(deps, migration, request));
  const { placement } = request;
  await deps.store.servers.update(serverId, (found) =>
    found.launches.some((launched) => launched.runId === runId)
      ? found
      : {
          ...found,
          launches: [
            ...found.launches,
            {
              kind: request.kind,
              runId,
              instanceType,
              repaired: false,
              volumeIds: [],
              ...(placement === null ? {} : { placement }),
            },
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
      ...(volume.role === "system" ? { boots: bootsOf(server.inventory) } : {}),
      ...(volume.pool === undefined ? {} : { pool: volume.pool }),
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
  deps: Deps,
  { provider, server, target }: Migration,
  { instanceType: wanted, runId }: z.output<typeof input>,
): Promise<InstanceType["name"]> {
  const { inventory } = server;
  const limits = await limitsOf(target, provider);
  const allowed = await allowedTypes(provider, limits, server.bootStrategy);
  const types = allowed.filter(({ firmware }) => firmware.includes(inventory.firmware));
  if (wanted !== null) {
    if (types.some((type) => type.name === wanted)) return wanted;
    const offered = types.map(({ name }) => name).join(", ");
    throw new MigrationError("input.invalid", {
      where: "instance type",
      problem: `${wanted} is not offered for a ${inventory.firmware} server; there are ${offered}`,
    });
  }
  const needs = {
    vcpus: inventory.cpus ?? 1,
    memoryBytes: Math.max(inventory.memoryBytes ?? 0, await fallbackBytes(provider, inventory)),
    volumes: server.volumes.length - 1,
  };
  const advice = adviseInstanceType(types, needs);
  if (advice === undefined) {
    throw new MigrationError("launch.no-type", {
      server: server.id,
      firmware: inventory.firmware,
      volumes: server.volumes.length,
    });
  }
  const { type, smaller } = advice;
  if (smaller) {
    const { name, vcpus, memoryBytes } = type;
    const params = { type: name, vcpus, memoryGiB: Math.round(memoryBytes / GiB) };
    await tell(deps, server.id, "launch.smaller-than-source", params, runId);
  }
  return type.name;
}

/** The launch may have to go on by HyperDoor, after the type is chosen. */
async function fallbackBytes(provider: Provider, { firmware }: Inventory): Promise<number> {
  const { bootStrategies } = await provider.capabilities();
  return bootStrategies[firmware].includes("hyperDoorCopy") ? hyperDoorMemoryGB * GiB : 0;
}

export const handler = step({ name: "clone-volumes", input, output, run: cloneVolumes });
