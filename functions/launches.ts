/** What a launch has made so far, kept in the server's record: found again by repeated steps and by clean-up. */
import { isDifference } from "#domain/attached-device.ts";
import { MigrationError } from "#domain/errors.ts";
import type { DeviceHint } from "#domain/protocol/gateway.ts";
import type { Gateway, Launched, Resource, SourceServer } from "#domain/records.ts";
import {
  emptyRoom,
  freeSlotsWhere,
  isSlotOf,
  lacksRepairRoom,
  takeCloneSlots,
} from "#domain/slots.ts";
import type { Deps } from "./deps.ts";
import { resourceToken } from "./ids.ts";
import { removeInstance } from "./instances.ts";
import { type Migration, written } from "./migration.ts";
import { detach } from "./volumes.ts";

export function launchOf(server: SourceServer, runId: string): Launched {
  return written(
    server.launches.find((launched) => launched.runId === runId),
    `the launch of ${runId}`,
  );
}

/** Changes the entry of one launch, in the server's record. */
export async function updateLaunch(
  deps: Deps,
  serverId: string,
  runId: string,
  change: Partial<Launched>,
): Promise<SourceServer> {
  return deps.store.servers.update(serverId, (server) => ({
    ...server,
    launches: server.launches.map((launched) =>
      launched.runId === runId ? { ...launched, ...change } : launched,
    ),
  }));
}

/** Only a device that says nothing of itself must be remembered. */
export async function noteCloneDevice(
  deps: Deps,
  serverId: string,
  runId: string,
  volumeId: string,
  device: DeviceHint,
): Promise<void> {
  if (!isDifference(device)) return;
  const { devices } = launchOf(await deps.store.servers.get(serverId), runId);
  await updateLaunch(deps, serverId, runId, { devices: { ...devices, [volumeId]: device } });
}

/** @throws `placement.no-repair-room` when replica and clones can never hang on the gateway together */
export function requireRepairRoom(
  server: SourceServer,
  gateway: Gateway,
  clones = server.volumes.length,
): void {
  const { length } = server.volumes;
  const room = emptyRoom(gateway);
  if (!lacksRepairRoom(room, { volumes: length, clones })) return;
  throw new MigrationError("placement.no-repair-room", {
    server: server.id,
    needed: length + clones,
    target: gateway.targetId,
    allowed: room.total,
  });
}

/**
 * Takes slots on the gateway for clones of these disks. May be repeated.
 * @throws `not-ready` while others hold them; `placement.no-repair-room` when there can never be room beside the replica
 */
export async function takeSlotsForClones(
  deps: Deps,
  { id }: Gateway,
  runId: string,
  server: SourceServer,
  diskIds: readonly string[],
): Promise<void> {
  await deps.store.gateways.update(id, (gateway) => {
    requireRepairRoom(server, gateway, diskIds.length);
    const slots = takeCloneSlots(gateway, runId, diskIds, server.id);
    if (slots !== undefined) return { ...gateway, slots };
    throw new MigrationError("not-ready", {
      what: `${diskIds.length} slots on gateway ${id} for clones`,
      state: `${Object.keys(gateway.slots).length} of ${gateway.maxSlots + gateway.spareSlots} are taken`,
    });
  });
}

/** The create call's token of one clone; by it a clone is found that was made but not yet written down. */
export function cloneToken(runId: string, diskId: string): string {
  return resourceToken("clone", runId, diskId);
}

export function launchToken(runId: string): string {
  return resourceToken("launch", runId);
}

/** Of the snapshot that the launch's image is made of. */
export function imageSnapshotToken(runId: string): string {
  return resourceToken("image-snapshot", runId);
}

/**
 * Removes everything a launch made: instance, clones, image, slots. May be repeated; what is gone is
 * gone. The ledger also knows what a crash kept out of the server's record.
 */
export async function removeLaunch(
  deps: Deps,
  { server, provider }: Migration,
  launch: Launched,
): Promise<void> {
  const made: Resource[] = [];
  for await (const resource of deps.store.resources.all(server.id)) {
    if (resource.runId === launch.runId && resource.state !== "gone") made.push(resource);
  }
  const idsOf = (kind: string, known: readonly (string | undefined)[]) =>
    new Set(
      [...known, ...made.filter((r) => r.kind === kind).map((r) => r.cloudId)].filter(isKnown),
    );

  const unanswered = await provider.compute.findInstanceByToken(launchToken(launch.runId));
  for (const id of idsOf("instance", [launch.instanceId, unanswered?.id])) {
    await removeInstance(deps, provider, id);
  }
  for (const id of idsOf("volume", launch.volumeIds)) {
    if (server.volumes.some((volume) => volume.volumeId === id)) continue;
    await detach(deps, provider, id);
    await provider.volumes.deleteVolume(id);
  }
  for (const id of idsOf("image", [launch.imageId])) await provider.images?.deleteImage(id);
  // The run's other snapshots are a recovery point, which outlives the launch.
  const imageSnapshot = made.find(({ token }) => token === imageSnapshotToken(launch.runId));
  if (imageSnapshot?.cloudId !== undefined) {
    await provider.volumes.deleteSnapshot(imageSnapshot.cloudId);
  }
  await freeCloneSlots(deps, server, launch.runId);
}

function isKnown(id: string | undefined): id is string {
  return id !== undefined;
}

export async function freeCloneSlots(
  deps: Deps,
  server: SourceServer,
  runId: string,
): Promise<void> {
  if (server.gatewayId === undefined) return;
  await deps.store.gateways.update(server.gatewayId, (gateway) => ({
    ...gateway,
    slots: freeSlotsWhere(gateway.slots, isSlotOf(runId)),
  }));
}

/** Takes the entry out of the server's record, after everything it names is gone. */
export async function forgetLaunch(deps: Deps, serverId: string, runId: string): Promise<void> {
  await deps.store.servers.update(serverId, (server) => ({
    ...server,
    launches: server.launches.filter((launched) => launched.runId !== runId),
  }));
}
