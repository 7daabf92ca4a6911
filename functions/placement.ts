/**
 * What the planner is given: what a target allows, which gateways it has, who waits for a place there.
 * The figures of a platform's limits come in here and nowhere else.
 */
import type { GatewayToFill, PlacementRules, ServerToPlace } from "#domain/placement.ts";
import type { Gateway, PlaceRequest, ReplicaVolume, Target } from "#domain/records.ts";
import type { VolumeRules } from "#domain/volume-plan.ts";
import type { Provider } from "#providers/provider.ts";
import type { Deps } from "./deps.ts";

export interface Rules extends PlacementRules, VolumeRules {}

/** Of what the platform can and what the operator allows, the stricter holds. */
export async function rulesOf(target: Target, provider: Provider): Promise<Rules> {
  const can = await provider.capabilities();
  const { gatewayMaxVolumes = Number.POSITIVE_INFINITY } = target;
  return {
    target: target.name,
    platform: target.platform,
    volumes: can.volumes,
    maxGateways: target.maxGateways,
    maxSlots: Math.min(can.gatewayMaxVolumes, gatewayMaxVolumes),
    spareSlots: can.gatewaySpareVolumes,
    repairsOnGateway: can.repairsOn === "gateway",
    zones: can.zone === undefined ? [] : [can.zone],
    ...(can.onePool ? { pools: (await provider.volumes.listPools?.()) ?? [] } : {}),
  };
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
