/**
 * What the planner is given: what a target allows, which gateways it has, who waits for a place there.
 * The figures of a platform's limits come in here and nowhere else.
 */

import type { Limits } from "#domain/limits/effective.ts";
import { volumeRules } from "#domain/limits/volume-rules.ts";
import type { GatewayToFill, PlacementRules, ServerToPlace } from "#domain/placement.ts";
import type {
  Gateway,
  PlaceRequest,
  ReplicaVolume,
  SourceServer,
  Target,
} from "#domain/records.ts";
import type { VolumeRules } from "#domain/volume-plan.ts";
import type { Capabilities, Provider } from "#providers/provider.ts";
import type { Deps } from "./deps.ts";
import { limitsOf } from "./limits.ts";

export interface Rules extends PlacementRules, VolumeRules {}

/**
 * Of the document, the platform and what the operator allows, as domain/limits settles them.
 * @param server whose acknowledgements count
 */
export async function rulesOf(
  target: Target,
  provider: Provider,
  server?: SourceServer,
): Promise<Rules> {
  const can = await provider.capabilities();
  const limits = await limitsOf(target, provider);
  const lifted = await limitsOf(target, provider, server);
  const inOnePool = limits.value("samePrimaryStorage") === true;
  const { listPools } = provider.volumes;
  return {
    target: target.name,
    platform: target.platform,
    volumes: volumeRules(lifted, can.volumes.system.isSsd === true),
    maxGateways: target.maxGateways,
    maxSlots: slotsFor(limits, lifted, can, server),
    spareSlots: can.gatewaySpareVolumes,
    repairsOnGateway: can.repairsOn === "gateway",
    zones: can.zone === undefined ? [] : [can.zone],
    ...(inOnePool && listPools !== undefined ? { pools: await listPools() } : {}),
  };
}

/** An acknowledgement opens no more than its own server needs. */
function slotsFor(
  limits: Limits,
  lifted: Limits,
  can: Capabilities,
  server: SourceServer | undefined,
): number {
  const most = limits.value("gatewayMaxVolumes") ?? can.gatewayMaxVolumes;
  const liftedMost = lifted.value("gatewayMaxVolumes") ?? can.gatewayMaxVolumes;
  return Math.max(most, Math.min(liftedMost, server?.inventory.disks.length ?? 0));
}

/** A target's gateways that can take volumes. */
export async function usableGateways(
  deps: Deps,
  target: Target,
): Promise<(Gateway & GatewayToFill)[]> {
  const found = await Promise.all(target.gatewayIds.map((id) => deps.store.gateways.find(id)));
  return found.filter(
    (gateway) => gateway !== undefined && gateway.state !== "retired",
  ) as Gateway[];
}

export async function placeRequestsAt(deps: Deps, targetId: string): Promise<PlaceRequest[]> {
  const waiting: PlaceRequest[] = [];
  for await (const request of deps.store.placeRequests.all(targetId)) waiting.push(request);
  return waiting;
}

export function asWaiting({ createdAt, ...request }: PlaceRequest): ServerToPlace {
  return { ...request, since: createdAt };
}

/** What a server's volumes ask of a place. */
export function needOf(
  volumes: readonly ReplicaVolume[],
): Pick<ServerToPlace, "volumes" | "newBytes" | "pool"> {
  const isNew = ({ volumeId }: ReplicaVolume) => volumeId === undefined;
  const pool = volumes.find((volume) => !isNew(volume))?.pool;
  return {
    volumes: volumes.length,
    newBytes: volumes.filter(isNew).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    ...(pool === undefined ? {} : { pool }),
  };
}
