import { z } from "zod";
import { type ServerState, type Transition, transition } from "#domain/server.ts";
import type { Deps } from "../../deps.ts";
import { keepNoLonger } from "../../keeping.ts";
import { forgetLaunch, removeLaunch } from "../../launches.ts";
import { migrationOf } from "../../migration.ts";
import { moveOn } from "../../moving-on.ts";
import { step } from "../../step.ts";

const input = z.object({ runId: z.string(), serverId: z.string(), accept: z.boolean() });
const output = z.object({ state: z.string() });

/** Removes what was launched and goes back; an accepted rehearsal makes the server ready for its cutover. */
export async function revertLaunch(request: z.output<typeof input>, deps: Deps) {
  const { runId, serverId, accept } = request;
  const migration = await migrationOf(deps, serverId, runId);
  const { gatewayId } = migration.server;
  await keepNoLonger(deps, serverId, gatewayId === undefined ? [serverId] : [serverId, gatewayId]);
  for (const launch of migration.server.launches) {
    await removeLaunch(deps, migration, launch);
    await forgetLaunch(deps, serverId, launch.runId);
  }
  const action = actionFor(migration.server.state, accept);
  const { state } = await moveOn(deps, serverId, runId, (found) => ({
    ...found,
    state: transition(found, action),
  }));
  return { state };
}

/** A repeat meets the state the first time led to, which each of these allows. */
function actionFor(state: ServerState, accept: boolean): Transition {
  if (state === "cut-over") return "revert cutover";
  if (state === "ready-for-cutover" || accept) return "accept test";
  return "revert test";
}

export const handler = step({ name: "revert-launch", input, output, run: revertLaunch });
