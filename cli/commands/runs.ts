import type { Command } from "commander";
import type { RunDetails } from "#api/runs.ts";
import { runStates } from "#api/runs.ts";
import { addCommand, addGroup, type Setting } from "../command.ts";
import { badInput, type Context } from "../context.ts";
import { bytes } from "../figures.ts";
import { followRun } from "../follow.ts";
import { findServer } from "../names.ts";
import { harmless } from "../output.ts";
import { showChecked } from "../target-check.ts";
import { take, wholeNumber } from "../values.ts";
import { showVerification } from "../verification.ts";

interface ListOptions {
  server?: string;
  state?: string;
  limit?: string;
}

export function addRuns(program: Command, setting: Setting): void {
  const group = addGroup(program, setting, "runs", "runs").alias("run");
  addCommand<ListOptions>(group, setting, {
    usage: "list",
    summary: "runs list",
    options: [
      ["--server <server>", "runs list server"],
      ["--state <state>", "runs list state"],
      ["--limit <count>", "runs list limit"],
    ],
    examples: [
      "hypermotion runs list",
      "hypermotion runs list --server web-1 --state failed --json",
    ],
    run: (context, _args, options) => listRuns(context, options),
  });
  addCommand(group, setting, {
    usage: "show <run>",
    summary: "runs show",
    args: ["arg run"],
    examples: ["hypermotion runs show run-k3x9v2mqab"],
    async run(context, [id]) {
      const run = await (await context.client()).getRun(id ?? "");
      if (context.out.json) context.out.object(run);
      else showRun(context, run);
    },
  });
  addCommand(group, setting, {
    usage: "follow <run>",
    summary: "runs follow",
    args: ["arg run"],
    examples: ["hypermotion runs follow run-k3x9v2mqab"],
    run: (context, [id]) => followRun(context, id ?? ""),
  });
  addCommand(group, setting, {
    usage: "stop <run>",
    summary: "runs stop",
    args: ["arg run"],
    examples: ["hypermotion runs stop run-k3x9v2mqab"],
    async run(context, [id]) {
      const run = await (await context.client()).stopRun(id ?? "");
      if (context.out.json) context.out.object(run);
      else context.out.line(context.say("runs stopped", { id: run.id }));
    },
  });
}

async function listRuns(context: Context, options: ListOptions): Promise<void> {
  const { say, out } = context;
  const state = runStates.find((known) => known === options.state);
  if (options.state !== undefined && state === undefined) {
    throw badInput("--state", say("must be one of", { allowed: runStates.join(", ") }));
  }
  const limit = wholeNumber(context, "--limit", options.limit) ?? 50;
  const client = await context.client();
  const server =
    options.server === undefined ? undefined : await findServer(client, options.server);
  const query = {
    ...(server === undefined ? {} : { serverId: server.id }),
    ...(state === undefined ? {} : { state }),
  };
  const items = await take(client.listRuns(query), limit);
  if (out.json) return out.object({ items });
  const names = new Map<string, string>();
  for await (const { id, name } of client.listServers()) names.set(id, name);
  out.table(
    [say("ID"), say("KIND"), say("SERVER"), say("STATE"), say("STARTED"), say("STEP")],
    items.map((run) => [
      run.id,
      run.kind,
      names.get(run.serverId ?? "") ?? run.serverId ?? "-",
      run.state,
      run.startedAt,
      run.error?.message ?? run.waitsFor ?? run.step ?? "-",
    ]),
  );
}

function showRun(context: Context, run: RunDetails): void {
  const { out, say } = context;
  const facts: [string, string | undefined][] = [
    [say("ID"), run.id],
    [say("KIND"), run.kind],
    [say("SERVER"), run.serverId],
    [say("STATE"), run.state],
    [say("STARTED"), run.startedAt],
    [say("STEP"), [run.step, run.waitsFor].filter(Boolean).join(": ")],
    [say("ERROR"), run.error && `${run.error.code}: ${run.error.message}. ${run.error.hint}`],
  ];
  out.table(
    [],
    facts.flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );
  for (const { at, type, state, detail } of run.history) {
    out.line([at, type, state, detail].filter(Boolean).join("  "));
  }
  if (run.verification !== undefined) showVerification(context, run.verification);
  if (run.checked !== undefined) showChecked(context, run.checked);
  for (const { action, subject, detail } of run.repair?.actions ?? []) {
    out.line(`${action}  ${subject}  ${detail}`);
  }
  for (const text of [run.repairLog, run.console]) {
    if (text !== undefined) out.line(`--- ${bytes(text.length)} ---\n${printable(text)}`);
  }
}

/** A guest's console, line by line and without what steers a terminal. */
function printable(text: string): string {
  return text
    .split("\n")
    .map((line) => harmless(line))
    .join("\n");
}
