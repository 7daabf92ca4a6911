import { z } from "zod";
import { describeError, type ErrorFacts, errorFromFacts, MigrationError } from "#domain/errors.ts";
import {
  type Placed,
  type PlacementPlan,
  type PlannedGateway,
  planPlacement,
  type ServerToPlace,
} from "#domain/placement.ts";
import type { ReplicaVolume, SourceServer, Target } from "#domain/records.ts";
import { freeSlotsWhere, isSlotOf, takeReplicaSlots } from "#domain/slots.ts";
import { planVolumes } from "#domain/volume-plan.ts";
import type { Deps } from "../../deps.ts";
import { derivedId } from "../../ids.ts";
import { allowedStrategies, limitsOf } from "../../limits.ts";
import { type Migration, migrationOf } from "../../migration.ts";
import {
  asWaiting,
  needOf,
  placeRequestsAt,
  type Rules,
  rulesOf,
  usableGateways,
} from "../../placement.ts";
import { step } from "../../step.ts";
import { tell } from "../../tell.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ gatewayId: z.string() });

/** Places lost to other runs between looking and taking, before we call it contention. */
const maxAttempts = 20;

/**
 * Sizes the volumes and takes a gateway's slots for them, all or none. A new gateway is only planned
 * here; `provision-gateway` makes it. Waits in order when the target is full.
 */
export async function placeVolumes(request: z.output<typeof input>, deps: Deps) {
  const { runId } = request;
  const { server, target, provider } = await migrationOf(deps, request.serverId, runId);
  const rules = await rulesOf(target, provider, server);
  const volumes = planVolumes(server.inventory.disks, server.volumes, rules);
  const limits = await limitsOf(target, provider);
  const [bootStrategy] = await allowedStrategies(provider, limits, server.inventory.firmware);
  await leaveFormerTarget(deps, server);

  const gatewayId = await takePlace(deps, {
    ...{ runId, server, target, provider, rules, volumes },
    ...(bootStrategy === undefined ? {} : { bootStrategy }),
  });
  await deps.store.placeRequests.delete(server.id);
  return { gatewayId };
}

interface Wish extends Pick<Migration, "server" | "target" | "provider"> {
  readonly runId: string;
  readonly rules: Rules;
  readonly volumes: readonly ReplicaVolume[];
  readonly bootStrategy?: string;
}

async function takePlace(deps: Deps, wish: Wish): Promise<string> {
  const { server } = wish;
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const target = await deps.store.targets.get(wish.target.id);
    const { plan, self } = await planWithAll(deps, wish, target);
    const placed = plan.servers.get(server.id) as Placed;
    if (placed.on === "nothing ever") {
      await deps.store.placeRequests.delete(server.id);
      throw errorFromFacts(placed.reason);
    }
    if (placed.on === "nothing yet") throw await waitInOrder(deps, wish, self, placed.reason);
    const gatewayId = placed.isNew
      ? await planGateway(deps, wish, target, plan, placed.gatewayId)
      : placed.gatewayId;
    if (gatewayId === undefined) continue;
    // First where its slots are going to be: a run that ends in between leaves none that clean-up can't find.
    await note(deps, wish, gatewayId, placed.pool);
    if (!(await tookSlots(deps, gatewayId, wish))) continue;
    if (placed.warning !== undefined) {
      await tell(deps, server.id, "placement.no-repair-room", placed.warning.params, wish.runId);
    }
    return gatewayId;
  }
  throw new MigrationError("record.contended", { kind: "target", id: wish.target.id });
}

/** The plan for everyone who waits at the target, this server among them. */
async function planWithAll(
  deps: Deps,
  { server, rules, volumes }: Wish,
  target: Target,
): Promise<{ plan: PlacementPlan; self: ServerToPlace }> {
  const own = await deps.store.placeRequests.find(server.id);
  const since =
    own?.targetId === target.id && own.runId === server.activeRunId
      ? own.createdAt
      : deps.now().toISOString();
  const self: ServerToPlace = { id: server.id, since, ...needOf(volumes) };
  const others = (await placeRequestsAt(deps, target.id)).filter(({ id }) => id !== server.id);
  const gateways = await usableGateways(deps, target);
  return { plan: planPlacement(rules, gateways, [...others.map(asWaiting), self]), self };
}

/** @returns what the step throws; it is repeated for as long as nothing is free */
async function waitInOrder(
  deps: Deps,
  { runId, server, target }: Wish,
  { volumes, newBytes, zone, pool }: ServerToPlace,
  reason: ErrorFacts,
): Promise<MigrationError> {
  const holder = server.activeRunId ?? runId;
  const former = await deps.store.placeRequests.find(server.id);
  if (former !== undefined && (former.runId !== holder || former.targetId !== target.id)) {
    await deps.store.placeRequests.delete(server.id);
  }
  await deps.store.placeRequests.ensure({
    ...{ id: server.id, targetId: target.id, runId: holder, volumes, newBytes },
    ...(zone === undefined ? {} : { zone }),
    ...(pool === undefined ? {} : { pool }),
  });
  const { message } = describeError(reason);
  const run = await deps.store.runs.find(runId);
  if (run?.waitsFor === undefined) {
    await tell(deps, server.id, "slots.used-up", { target: target.name, reason: message }, runId);
  }
  return new MigrationError("not-ready", {
    what: `a place on a gateway of ${target.name}`,
    state: message,
  });
}

/**
 * Writes a new gateway down, unless the target's last place was used for one meanwhile. Runs that see the
 * target alike mean the same gateway by the same name in their plans.
 */
async function planGateway(
  deps: Deps,
  { rules }: Wish,
  target: Target,
  { gateways }: PlacementPlan,
  planned: string,
): Promise<string | undefined> {
  const fresh = gateways.filter(({ isNew }) => isNew);
  const number = target.gatewaysMade + 1 + fresh.findIndex(({ id }) => id === planned);
  const id = derivedId("gw", target.id, target.createdAt, String(number));
  const { zone } = fresh.find((found) => found.id === planned) as PlannedGateway;
  await deps.store.gateways.ensure({
    ...{ id, targetId: target.id, state: "planned", slots: {} },
    ...{ maxSlots: rules.maxSlots, spareSlots: rules.spareSlots },
    ...{ awaitedBy: [], repairCarriers: [] },
    ...(zone === undefined ? {} : { zone }),
  });
  const { gatewayIds } = await deps.store.targets.update(target.id, (found) => {
    const isFull = found.gatewayIds.length >= found.maxGateways;
    const isPast = number <= found.gatewaysMade;
    if (isFull || isPast || found.gatewayIds.includes(id)) return found;
    return { ...found, gatewayIds: [...found.gatewayIds, id], gatewaysMade: number };
  });
  return gatewayIds.includes(id) ? id : undefined;
}

async function note(
  deps: Deps,
  { server, volumes, bootStrategy }: Wish,
  gatewayId: string,
  pool: string | undefined,
): Promise<void> {
  await deps.store.servers.update(server.id, (found) => ({
    ...found,
    gatewayId,
    volumes: volumes.map((volume) => ({ ...(pool === undefined ? {} : { pool }), ...volume })),
    ...(bootStrategy === undefined ? {} : { bootStrategy }),
  }));
}

async function tookSlots(
  deps: Deps,
  gatewayId: string,
  { server, volumes, rules }: Wish,
): Promise<boolean> {
  const diskIds = volumes.map(({ diskId }) => diskId);
  let took = false;
  await deps.store.gateways.update(gatewayId, (gateway) => {
    const slots =
      gateway.state === "retired"
        ? undefined
        : takeReplicaSlots(gateway, server.id, diskIds, rules.repairsOnGateway);
    took = slots !== undefined;
    return slots === undefined ? gateway : { ...gateway, slots };
  });
  return took;
}

/** A server that was to go elsewhere first, and never got a volume there, gives back what it had taken. */
async function leaveFormerTarget(deps: Deps, { id, gatewayId, targetId }: SourceServer) {
  const former = gatewayId === undefined ? undefined : await deps.store.gateways.find(gatewayId);
  if (former === undefined || former.targetId === targetId) return;
  await deps.store.gateways.update(former.id, (gateway) => {
    const slots = freeSlotsWhere(gateway.slots, isSlotOf(id));
    return Object.keys(slots).length === Object.keys(gateway.slots).length
      ? gateway
      : { ...gateway, slots };
  });
}

export const handler = step({ name: "plan-placement", input, output, run: placeVolumes });
