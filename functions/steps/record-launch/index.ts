import { z } from "zod";
import { transition } from "#domain/server.ts";
import type { Deps } from "../../deps.ts";
import { keepLaunched } from "../../keeping.ts";
import { launchOf } from "../../launches.ts";
import { written } from "../../migration.ts";
import { moveOn } from "../../moving-on.ts";
import { step } from "../../step.ts";
import { tell } from "../../tell.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ state: z.string() });

/** The server's life goes on. What a cutover launched is the user's from here on: clean-up keeps it. */
export async function recordLaunch({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const server = await deps.store.servers.get(serverId);
  const launch = launchOf(server, runId);
  if (launch.kind === "cutover") {
    const gatewayId = written(server.gatewayId, `the gateway of ${serverId}`);
    await keepLaunched(deps, serverId, runId, gatewayId);
  }

  const action = launch.kind === "test" ? "start test launch" : "finish cutover";
  let moved = false;
  const { state } = await moveOn(deps, serverId, runId, (found) => {
    const state = transition(found, action);
    moved = state !== found.state;
    return { ...found, state };
  });
  if (moved) {
    const instance = written(launch.instanceId, "the instance");
    await tell(
      deps,
      serverId,
      launch.unseen ? "launch.unseen" : "launch.booted",
      { instance, evidence: launch.evidence ?? "" },
      runId,
    );
  }
  return { state };
}

export const handler = step({ name: "record-launch", input, output, run: recordLaunch });
