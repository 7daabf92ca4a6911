import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { forgetLaunch, removeLaunch } from "../../launches.ts";
import { migrationOf } from "../../migration.ts";
import { step } from "../../step.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ removed: z.boolean() });

/** After a launch that failed: nothing of it stays and costs money. Source and replica are untouched. */
export async function removeLaunchLeftovers(
  { runId, serverId }: z.output<typeof input>,
  deps: Deps,
) {
  const migration = await migrationOf(deps, serverId, runId);
  const launch = migration.server.launches.find((found) => found.runId === runId);
  if (launch === undefined) return { removed: false };
  await removeLaunch(deps, migration, launch);
  await forgetLaunch(deps, serverId, runId);
  return { removed: true };
}

export const handler = step({
  name: "remove-launch-leftovers",
  input,
  output,
  leavesRecord: true,
  run: removeLaunchLeftovers,
});
