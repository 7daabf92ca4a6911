import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { Client } from "#api/client.ts";
import type { EventView } from "#api/events.ts";
import { addCommand, type Setting } from "../command.ts";
import { type Context, isError } from "../context.ts";
import { findServer } from "../names.ts";
import { wholeNumber } from "../values.ts";

interface Options {
  follow?: boolean;
  limit?: string;
}

const pauseMs = 2000;
/** The API lists from the oldest on; the newest are the last of these. */
const pageSize = 1000;

export function addLogs(program: Command, setting: Setting): void {
  addCommand<Options>(program, setting, {
    usage: "logs [server]",
    summary: "logs",
    args: ["arg server"],
    options: [
      ["-f, --follow", "logs follow"],
      ["--limit <count>", "logs limit"],
    ],
    examples: ["hypermotion logs", "hypermotion logs web-1 --follow", "hypermotion logs --json"],
    async run(context, [name], options) {
      const limit = wholeNumber(context, "--limit", options.limit) ?? 100;
      const client = await context.client();
      const names = new Map<string, string>();
      for await (const server of client.listServers()) names.set(server.id, server.name);
      for await (const target of client.listTargets()) names.set(target.id, target.name);
      const serverId = name === undefined ? undefined : (await findServer(client, name)).id;
      const of = serverId === undefined ? {} : { serverId };

      const past = await listAll(client, of);
      for (const event of limit === 0 ? [] : past.slice(-limit)) show(context, names, event);
      if (options.follow !== true) return;
      await follow(context, client, of, past.at(-1)?.id, (event) => show(context, names, event));
    },
  });
}

async function listAll(client: Client, of: { serverId?: string }): Promise<EventView[]> {
  const events: EventView[] = [];
  for (;;) {
    const after = events.at(-1)?.id;
    const page = await client.listEvents({
      ...of,
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    events.push(...page);
    if (page.length < pageSize) return events;
  }
}

/** A console that restarts is asked again, from the last event on. */
async function follow(
  context: Context,
  client: Client,
  of: { serverId?: string },
  from: string | undefined,
  tell: (event: EventView) => void,
): Promise<never> {
  let after = from;
  for (;;) {
    try {
      const query = after === undefined ? of : { ...of, after };
      for await (const event of client.followEvents(query, new AbortController().signal)) {
        after = event.id;
        tell(event);
      }
    } catch (error) {
      if (!isError(error, "console.unreachable")) throw error;
      context.out.error(context.say("not connected"));
    }
    await sleep(pauseMs);
  }
}

function show({ out }: Context, names: ReadonlyMap<string, string>, event: EventView): void {
  const name = names.get(event.serverId) ?? event.serverId;
  if (out.json) out.object(event);
  else out.line([event.at, name, event.text].join("  "));
}
