import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import type { BootStrategy, ResourceState } from "#providers/provider.ts";
import type { Deps } from "../../deps.ts";
import { resourceToken } from "../../ids.ts";
import { freeCloneSlots, imageSnapshotToken, launchOf, updateLaunch } from "../../launches.ts";
import { type Migration, migrationOf, written } from "../../migration.ts";
import { step } from "../../step.ts";
import { detach } from "../../volumes.ts";
import { waitBriefly } from "../../waiting.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ repaired: z.boolean() });

/**
 * Takes the clones off the gateway, gives its slots back, and makes an image of the system's where the
 * target boots from images; after this they are ready to boot from.
 */
export async function prepareBoot({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const migration = await migrationOf(deps, serverId, runId);
  const { server, provider } = migration;
  const launch = launchOf(server, runId);
  for (const volumeId of launch.volumeIds) await detach(deps, provider, volumeId);
  await freeCloneSlots(deps, server, runId);
  const run = await deps.store.runs.get(runId);
  const repaired = run.repair !== undefined;
  await updateLaunch(deps, serverId, runId, { repaired });

  const source = imageSource[written(server.bootStrategy, "the boot strategy") as BootStrategy];
  if (source !== undefined) {
    const imageId =
      launch.imageId ??
      (await makeImage(deps, migration, runId, {
        volumeId: written(launch.volumeIds[0], "the clone of the system disk"),
        bySnapshot: source === "snapshot",
      }));
    await updateLaunch(deps, serverId, runId, { imageId });
    // The image holds it now; the instance gets a system disk of its own.
    if (launch.volumeIds[0] !== undefined) await provider.volumes.deleteVolume(launch.volumeIds[0]);
  }
  return { repaired };
}

/** What an image is made of, where a strategy boots from one. */
const imageSource: Partial<Record<BootStrategy, "snapshot" | "volume">> = {
  imageFromSnapshot: "snapshot",
  imageFromVolume: "volume",
};

async function makeImage(
  deps: Deps,
  { server, provider, tags }: Migration,
  runId: string,
  from: { volumeId: string; bySnapshot: boolean },
): Promise<string> {
  const { images, volumes, platform } = provider;
  if (images === undefined) {
    throw new MigrationError("cloud.refused", {
      platform,
      what: "an image",
      problem: "it makes none",
    });
  }
  const name = tags(`${server.name}-${runId}`);
  let source: { snapshotId: string } | { volumeId: string } = { volumeId: from.volumeId };
  if (from.bySnapshot) {
    const token = imageSnapshotToken(runId);
    const { id } = await volumes.createSnapshot({
      ...{ token, tags: name, volumeId: from.volumeId },
      forImage: true,
    });
    await untilReady(deps, platform, `snapshot ${id}`, () => volumes.findSnapshot(id));
    source = { snapshotId: id };
  }
  const { firmware } = server.inventory;
  const token = resourceToken("image", runId);
  const { id } = await images.createImage({ token, tags: name, firmware, ...source });
  await untilReady(deps, platform, `image ${id}`, () => images.findImage(id));
  return id;
}

async function untilReady(
  deps: Deps,
  platform: string,
  what: string,
  find: () => Promise<{ id: string; state: ResourceState; problem?: string } | undefined>,
): Promise<void> {
  await waitBriefly(deps, what, async () => {
    const found = await find();
    if (found?.state === "ready") return { ready: true };
    if (found?.state === "pending") return { state: found.state };
    const state = found?.problem ?? found?.state ?? "gone";
    throw new MigrationError("cloud.wrong-state", { platform, what, id: found?.id ?? "-", state });
  });
}

export const handler = step({ name: "prepare-boot", input, output, run: prepareBoot });
