/** What the commands that start a run share. */
import type { Client } from "#api/client.ts";
import type { RunView } from "#api/runs.ts";
import type { ServerView } from "#api/servers.ts";
import type { Context } from "../context.ts";
import { followOrLeave, type RunOptions } from "../follow.ts";
import { findServer } from "../names.ts";

export const detachOption = ["--detach", "option detach"] as const;

/** Finds the server, starts, says so, follows. */
export async function startAndFollow(
  context: Context,
  serverName: string | undefined,
  options: RunOptions,
  start: (client: Client, server: ServerView) => Promise<RunView>,
): Promise<void> {
  const client = await context.client();
  const server = await findServer(client, serverName ?? "");
  const run = await start(client, server);
  if (!context.out.json) {
    const { say, out } = context;
    out.line(say("started", { kind: run.kind, server: server.name, run: run.id }));
  }
  await followOrLeave(context, run, options);
}
