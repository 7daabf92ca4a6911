/**
 * What costs money though nobody needs it: recovery points too old to go back to, replicas of servers that
 * were cut over. The first are given back; the last is told, since a way back from the cutover needs it.
 * Once a day; may be repeated at any time. Idle gateways are not waited for as long: see `pool.ts`.
 */
import { moneyText } from "#domain/prices.ts";
import type { SourceServer } from "#domain/records.ts";
import { apart } from "./apart.ts";
import type { Deps } from "./deps.ts";
import { migrationOf } from "./migration.ts";
import { freeLostSlots } from "./pool.ts";
import { pricesOf } from "./prices.ts";
import { keptOlder, pruneOlder } from "./pruning.ts";
import { removeAbandonedProbes } from "./target-checks.ts";
import { tell } from "./tell.ts";

const dayMs = 86_400_000;
const GiB = 1024 ** 3;

export async function keepHouse(deps: Deps): Promise<void> {
  const now = deps.now().getTime();
  await removeAbandonedProbes(deps);
  await freeLostSlots(deps);
  for await (const server of deps.store.servers.all()) {
    await apart(deps, { serverId: server.id }, async () => {
      const isIdle = server.activeRunId === undefined;
      if (isIdle && server.olderRecoveryPointIds.length > keptOlder) {
        await pruneOlder(deps, await migrationOf(deps, server.id, "housekeeping"));
      }
      await tellLeftovers(deps, server, now);
    });
  }
}

async function tellLeftovers(deps: Deps, server: SourceServer, now: number): Promise<void> {
  const cutover = server.launches.find(({ kind }) => kind === "cutover");
  if (server.state !== "cut-over" || cutover?.launchedAt === undefined) return;
  const days = Math.floor((now - Date.parse(cutover.launchedAt)) / dayMs);
  const told = server.leftoversToldAt === undefined ? 0 : Date.parse(server.leftoversToldAt);
  if (days < 1 || now - told < dayMs) return;
  let things = 0;
  for await (const { state, keptFor } of deps.store.resources.all(server.id)) {
    if (state !== "gone" && keptFor.length === 0) things++;
  }
  if (things === 0) return;
  const target = await deps.store.targets.get(server.targetId ?? "");
  const prices = await pricesOf(deps, target, "housekeeping");
  const { currency = "", volumeGibMonth } = prices ?? {};
  const gib = server.volumes.reduce((sum, { sizeBytes }) => sum + sizeBytes / GiB, 0);
  const cost =
    volumeGibMonth === undefined ? "?" : moneyText({ amount: gib * volumeGibMonth, currency });
  await deps.store.servers.update(server.id, (found) => ({
    ...found,
    leftoversToldAt: new Date(now).toISOString(),
  }));
  const params = { days, things, gib: Math.ceil(gib), cost, server: server.name };
  await tell(deps, server.id, "leftovers.cost", params);
}
