import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import type { Provider } from "#providers/provider.ts";
import type { Deps } from "../../deps.ts";
import { noteCopy } from "../../hyperdoor.ts";
import { launchOf } from "../../launches.ts";
import { migrationOf, written } from "../../migration.ts";
import { step } from "../../step.ts";
import { detach } from "../../volumes.ts";
import { waitBriefly } from "../../waiting.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ restarted: z.boolean() });

/** Whoever does not fetch the word to restart for so long restarted by itself, or never will. */
const patienceMs = 180_000;

/**
 * The clone is on the system disk now: takes it away, before the copied system sees two disks with the
 * same names on them, hangs the server's other volumes there in their order, and lets HyperDoor restart.
 */
export async function finishSystemDisk({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const { server, provider } = await migrationOf(deps, serverId, runId);
  const launch = launchOf(server, runId);
  const instanceId = written(launch.instanceId, `the instance of ${runId}`);
  const [clone, ...others] = launch.volumeIds;
  const { releasedAt } = launch.copy ?? {};
  if (releasedAt === undefined) {
    const systemClone = written(clone, "the clone of the system disk");
    await detach(deps, provider, systemClone);
    await provider.volumes.deleteVolume(systemClone);
    for (const volumeId of others) await hangOn(deps, provider, volumeId, instanceId);
  }
  const since = releasedAt ?? deps.now().toISOString();
  await noteCopy(deps, serverId, runId, (copy) => ({
    ...copy,
    releasedAt: copy.releasedAt ?? since,
  }));
  const restarted = await waitBriefly(deps, `HyperDoor on ${instanceId} to restart`, async () => {
    const { copy } = launchOf(await deps.store.servers.get(serverId), runId);
    if (copy?.restartedAt !== undefined) return { ready: true };
    if (copy?.reenteredAt !== undefined) return { ready: false };
    const waitedMs = deps.now().getTime() - Date.parse(since);
    return waitedMs > patienceMs ? { ready: false } : { state: "not heard of" };
  });
  return { restarted };
}

/** May be repeated. Unlike on a gateway, nobody has to recognise it: the guest mounts by what is on it. */
async function hangOn(
  deps: Deps,
  provider: Provider,
  volumeId: string,
  instanceId: string,
): Promise<void> {
  const before = await provider.volumes.findVolume(volumeId);
  if (before?.attachedTo === undefined) await provider.volumes.attachVolume(volumeId, instanceId);
  await waitBriefly(deps, `volume ${volumeId} to hang on ${instanceId}`, async () => {
    const found = await provider.volumes.findVolume(volumeId);
    if (found === undefined) {
      throw new MigrationError("cloud.not-found", {
        ...{ platform: provider.platform, what: "volume", id: volumeId },
      });
    }
    return found.attachedTo === instanceId ? { ready: true } : { state: found.state };
  });
}

export const handler = step({ name: "finish-system-disk", input, output, run: finishSystemDisk });
