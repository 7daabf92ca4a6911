/**
 * The gateways of each target as a pool: it grows in `plan-placement`, and shrinks here when a gateway
 * has been idle for as long as its target says.
 */
import { moneyText } from "#domain/prices.ts";
import type { Gateway, Target } from "#domain/records.ts";
import { freeSlotsWhere, isSlotOf } from "#domain/slots.ts";
import { apart } from "./apart.ts";
import type { Deps } from "./deps.ts";
import { placeRequestsAt, usableGateways } from "./placement.ts";
import { pricesOf } from "./prices.ts";
import { retireUnused } from "./retiring.ts";
import { holdsTarget } from "./target-checks.ts";
import { tell } from "./tell.ts";

const minuteMs = 60_000;

/** Once a minute; may be repeated at any time. */
export async function tendPools(deps: Deps): Promise<void> {
  for await (const target of deps.store.targets.all()) {
    await apart(deps, { targetId: target.id }, () => forgetWhoGaveUp(deps, target));
    for (const gatewayId of target.gatewayIds) {
      await apart(deps, { gatewayId }, () => giveBackIdle(deps, target, gatewayId));
    }
  }
}

/** A run that was stopped while it waited keeps room from nobody. */
async function forgetWhoGaveUp(deps: Deps, target: Target): Promise<void> {
  for (const { id, runId } of await placeRequestsAt(deps, target.id)) {
    const server = await deps.store.servers.find(id);
    const isWaiting = server?.activeRunId === runId && server.targetId === target.id;
    if (!isWaiting) await deps.store.placeRequests.delete(id);
  }
}

async function giveBackIdle(deps: Deps, target: Target, gatewayId: string): Promise<void> {
  const gateway = await deps.store.gateways.find(gatewayId);
  if (gateway === undefined || Object.keys(gateway.slots).length > 0) return;
  // One that is retired and still listed was not removed to the end.
  if (gateway.state !== "retired") {
    const idleSince = Date.parse(gateway.updatedAt);
    if (idleSince + target.gatewayIdleMinutes * minuteMs > deps.now().getTime()) return;
  }
  if (!(await retireUnused(deps, gatewayId, "housekeeping"))) return;
  deps.log.info({ gatewayId }, "an idle gateway was given back");
}

/**
 * Whether a gateway that a server leaves is kept for its idle time, since others are at the target or
 * want to be. Then it is told what it costs to keep.
 */
export async function keepForOthers(
  deps: Deps,
  gatewayId: string,
  serverId: string,
  runId: string,
): Promise<boolean> {
  const { targetId } = await deps.store.gateways.get(gatewayId);
  const target = await deps.store.targets.get(targetId);
  const gateways = await usableGateways(deps, target);
  const isUsed = ({ slots }: Gateway) => Object.keys(slots).length > 0;
  if (target.gatewayIdleMinutes === 0 || !gateways.some(({ id }) => id === gatewayId)) return false;
  if (gateways.some((gateway) => gateway.id === gatewayId && isUsed(gateway))) return false;
  const others = gateways.some(isUsed) || (await placeRequestsAt(deps, targetId)).length > 0;
  if (!others) return false;
  const { currency = "", gatewayHour: hour } = (await pricesOf(deps, target, runId)) ?? {};
  const params = {
    gateway: gatewayId,
    minutes: target.gatewayIdleMinutes,
    cost: hour === undefined ? "?" : moneyText({ amount: hour * 24, currency }),
  };
  await tell(deps, serverId, "gateway.idle", params, runId);
  return true;
}

/**
 * Frees slots whose taker is not there: its server is gone, or it hangs elsewhere and nobody works at it.
 * None is left in the usual course of things, whatever is killed; a step that ran twice at a time may.
 */
export async function freeLostSlots(deps: Deps): Promise<void> {
  for await (const target of deps.store.targets.all()) {
    for (const gateway of await usableGateways(deps, target)) {
      await apart(deps, { gatewayId: gateway.id }, async () => {
        const lost = await lostSlots(deps, gateway);
        if (lost.size === 0) return;
        await deps.store.gateways.update(gateway.id, (found) =>
          // Whoever took or freed one since we looked is right.
          found.version === gateway.version
            ? { ...found, slots: freeSlotsWhere(found.slots, (name) => lost.has(name)) }
            : found,
        );
        deps.log.warn(
          { gatewayId: gateway.id, slots: [...lost] },
          "slots without a taker are free",
        );
      });
    }
  }
}

async function lostSlots(deps: Deps, gateway: Gateway): Promise<Set<string>> {
  const lost = new Set<string>();
  const takers = new Set(Object.values(gateway.slots));
  for (const serverId of takers) {
    const check = await deps.store.runs.find(serverId);
    if (check !== undefined && holdsTarget(check)) continue;
    const server = await deps.store.servers.find(serverId);
    if (server?.activeRunId !== undefined) continue;
    for (const [name, taker] of Object.entries(gateway.slots)) {
      if (taker !== serverId) continue;
      const isReplica = isSlotOf(serverId)(name);
      const isLaunch = server?.launches.some(({ runId }) => isSlotOf(runId)(name));
      const isHere = isReplica ? server?.gatewayId === gateway.id : isLaunch;
      if (isHere !== true) lost.add(name);
    }
  }
  return lost;
}
