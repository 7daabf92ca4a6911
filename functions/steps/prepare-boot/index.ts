import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import type { Launched, SourceServer } from "#domain/records.ts";
import type { BootStrategy, ResourceState } from "#providers/provider.ts";
import { hang } from "../../attaching.ts";
import type { Deps } from "../../deps.ts";
import { resourceToken } from "../../ids.ts";
import {
  freeCloneSlots,
  imageSnapshotToken,
  launchOf,
  takeSlotsForClones,
  updateLaunch,
} from "../../launches.ts";
import { allowedStrategies, allowedTypes, limitsOf } from "../../limits.ts";
import { gatewayOf, type Migration, migrationOf, written } from "../../migration.ts";
import { step } from "../../step.ts";
import { tell } from "../../tell.ts";
import { detach } from "../../volumes.ts";
import { waitBriefly } from "../../waiting.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ repaired: z.boolean() });

/**
 * Takes the clones off the gateway, gives its slots back, and makes an image of the system's where the
 * target boots from images; after this they are ready to boot from. Where an image is refused and the
 * target knows another way, that one is taken.
 */
export async function prepareBoot({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const migration = await migrationOf(deps, serverId, runId);
  const { server, provider } = migration;
  const launch = launchOf(server, runId);
  const strategy = written(server.bootStrategy, "the boot strategy") as BootStrategy;
  const source = imageSource[strategy];
  const { imagesOfAttached, snapshotsAfterAttachOnly } = await provider.capabilities();
  const hangs = source === "volume" && imagesOfAttached === true;
  let { imageId } = launch;
  if (hangs && imageId === undefined) {
    await hangSystemClone(deps, migration, launch);
    imageId = await makeImage(deps, migration, launch, { bySnapshot: false });
  }
  for (const volumeId of launch.volumeIds) await detach(deps, provider, volumeId);
  await freeCloneSlots(deps, server, runId);
  const run = await deps.store.runs.get(runId);
  const repaired = run.repair !== undefined;
  await updateLaunch(deps, serverId, runId, { repaired });

  if (source !== undefined && !hangs && imageId === undefined) {
    imageId = await makeImage(deps, migration, launch, {
      bySnapshot: source === "snapshot",
      // A clone that never hung on the gateway is what its snapshot is.
      ofRecoveryPoint: !repaired && snapshotsAfterAttachOnly === true,
    });
  }
  // The image holds it now; the instance gets a system disk of its own.
  if (imageId !== undefined) await provider.volumes.deleteVolume(systemCloneOf(launch));
  return { repaired };
}

/** What an image is made of, where a strategy boots from one. */
const imageSource: Partial<Record<BootStrategy, "snapshot" | "volume">> = {
  imageFromSnapshot: "snapshot",
  imageFromVolume: "volume",
};

interface ImageOrigin {
  readonly bySnapshot: boolean;
  /** By the snapshot that the clone was made of. */
  readonly ofRecoveryPoint?: boolean;
}

function systemCloneOf(launch: Launched): string {
  return written(launch.volumeIds[0], "the clone of the system disk");
}

/** After a repair it hangs there already. */
async function hangSystemClone(
  deps: Deps,
  { server, provider }: Migration,
  launch: Launched,
): Promise<void> {
  const { runId } = launch;
  const gateway = await gatewayOf(deps, server);
  const volumeId = systemCloneOf(launch);
  const [system] = server.volumes;
  if (system !== undefined) {
    await takeSlotsForClones(deps, gateway, runId, server, [system.diskId]);
  }
  const known = launch.devices?.[volumeId];
  await hang(deps, { provider, gateway, runId, volumeId, known });
}

/** What an image may be refused for while a volume can still be booted from. */
const refusals = new Set(["cloud.refused", "cloud.forbidden", "cloud.quota-exceeded"]);

/** @returns undefined when it was refused and the launch goes on without one */
async function makeImage(
  deps: Deps,
  migration: Migration,
  launch: Launched,
  from: ImageOrigin,
): Promise<string | undefined> {
  const { server, target, provider } = migration;
  const { runId } = launch;
  try {
    const imageId = await imageOf(deps, migration, launch, from);
    await updateLaunch(deps, server.id, runId, { imageId });
    return imageId;
  } catch (error) {
    if (!(error instanceof MigrationError) || !refusals.has(error.code)) throw error;
    const limits = await limitsOf(target, provider);
    const allowed = await allowedStrategies(provider, limits, server.inventory.firmware);
    const other = allowed.find((strategy) => imageSource[strategy] === undefined);
    if (other === undefined || !(await canLaunch(migration, launch, other))) throw error;
    await deps.store.servers.update(server.id, (found) => ({ ...found, bootStrategy: other }));
    await tell(deps, server.id, "launch.image-refused", { problem: error.message, other }, runId);
    return undefined;
  }
}

/** The instance type was chosen for another strategy: HyperDoor needs memory that it may not have. */
async function canLaunch(
  { target, provider }: Migration,
  { instanceType }: Launched,
  strategy: BootStrategy,
): Promise<boolean> {
  if (strategy !== "hyperDoorCopy") return true;
  const allowed = await allowedTypes(provider, await limitsOf(target, provider), strategy);
  return allowed.some(({ name }) => name === instanceType);
}

async function imageOf(
  deps: Deps,
  { server, provider, tags }: Migration,
  launch: Launched,
  { bySnapshot, ofRecoveryPoint }: ImageOrigin,
): Promise<string> {
  const { images, volumes, platform } = provider;
  const { runId } = launch;
  if (images === undefined) {
    throw new MigrationError("cloud.refused", {
      platform,
      what: "an image",
      problem: "it makes none",
    });
  }
  const name = tags(`${server.name}-${runId}`);
  const volumeId = systemCloneOf(launch);
  let source: { snapshotId: string } | { volumeId: string } = { volumeId };
  if (bySnapshot && ofRecoveryPoint) {
    source = { snapshotId: await systemSnapshot(deps, server) };
  } else if (bySnapshot) {
    const token = imageSnapshotToken(runId);
    const order = { token, tags: name, volumeId, forImage: true };
    const { id } = await volumes.createSnapshot(order);
    await untilReady(deps, platform, `snapshot ${id}`, () => volumes.findSnapshot(id));
    source = { snapshotId: id };
  }
  const { firmware } = server.inventory;
  const token = resourceToken("image", runId);
  const { id } = await images.createImage({ token, tags: name, firmware, ...source });
  await untilReady(deps, platform, `image ${id}`, () => images.findImage(id));
  return id;
}

async function systemSnapshot(deps: Deps, server: SourceServer): Promise<string> {
  const { id, snapshots } = await deps.store.recoveryPoints.get(
    written(server.recoveryPointId, `the recovery point of ${server.id}`),
  );
  const system = server.volumes[0]?.diskId;
  return written(
    snapshots.find(({ diskId }) => diskId === system)?.snapshotId,
    `the snapshot of the system disk in ${id}`,
  );
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
