import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { Client } from "#api/client.ts";
import type { ConsoleHealth } from "#api/console.ts";
import type { RunView } from "#api/runs.ts";
import type { ServerView } from "#api/servers.ts";
import { addCommand, type Setting } from "../command.ts";
import type { Context } from "../context.ts";
import { serverHeadings, serverRow } from "../server-table.ts";
import { takeAll } from "../values.ts";

const pauseMs = 2000;

interface Sight {
  console: ConsoleHealth;
  servers: ServerView[];
  runs: RunView[];
}

export function addStatus(program: Command, setting: Setting): void {
  addCommand<{ watch?: boolean }>(program, setting, {
    usage: "status",
    summary: "status",
    options: [["--watch", "status watch"]],
    examples: ["hypermotion status", "hypermotion status --watch", "hypermotion status --json"],
    async run(context, _args, { watch = false }) {
      const client = await context.client();
      const url = await context.consoleUrl();
      let before = "";
      do {
        const sight = await look(client);
        const text = JSON.stringify(sight);
        if (text !== before) {
          if (watch && context.out.isTerminal) context.out.line("\u001b[H\u001b[2J");
          show(context, url, sight);
        }
        before = text;
        if (watch) await sleep(pauseMs);
      } while (watch);
    },
  });
}

async function look(client: Client): Promise<Sight> {
  const [console, servers, runs] = await Promise.all([
    client.health(),
    takeAll(client.listServers()),
    takeAll(client.listRuns({ state: "running" })),
  ]);
  return { console, servers, runs };
}

function show({ out, say }: Context, url: string, { console, servers, runs }: Sight): void {
  if (out.json) {
    out.object({ console, servers, runs });
    return;
  }
  out.line(say("status console", { url, version: console.version }));
  out.table(
    serverHeadings(say),
    servers.map((server) => serverRow(say, server)),
  );
  for (const run of runs) {
    out.line([run.id, run.kind, run.step, run.waitsFor].filter(Boolean).join("  "));
  }
}
