import type { Command } from "commander";
import type { ServerDetails } from "#api/servers.ts";
import { installCommand } from "#domain/agent-install.ts";
import { severityWords } from "#domain/checks/words.ts";
import type { LimitWindow } from "#domain/copy-limits.ts";
import { megabits } from "#domain/line.ts";
import { addCommand, addGroup, type Setting } from "../command.ts";
import { badInput, type Context } from "../context.ts";
import { bytes } from "../figures.ts";
import { findServer } from "../names.ts";
import { layoutTable, networkTable, restLines, systemLine } from "../server-layout.ts";
import { serverHeadings, serverRow } from "../server-table.ts";
import { decimal, takeAll, wholeNumber } from "../values.ts";

export function addServer(program: Command, setting: Setting): void {
  const group = addGroup(program, setting, "server", "server").alias("servers");
  addReading(group, setting);
  addPoints(group, setting);
  addChanging(group, setting);
}

function addReading(group: Command, setting: Setting): void {
  addCommand(group, setting, {
    usage: "list",
    summary: "server list",
    examples: ["hypermotion server list", "hypermotion server list --json"],
    async run(context) {
      const { out, say } = context;
      const items = await takeAll((await context.client()).listServers());
      if (out.json) out.object({ items });
      else if (items.length === 0) out.line(say("none"));
      else
        out.table(
          serverHeadings(say),
          items.map((server) => serverRow(say, server)),
        );
    },
  });
  addCommand(group, setting, {
    usage: "show <server>",
    summary: "server show",
    args: ["arg server"],
    examples: ["hypermotion server show web-1"],
    async run(context, [name]) {
      const client = await context.client();
      const server = await client.getServer((await findServer(client, name ?? "")).id);
      if (context.out.json) context.out.object(server);
      else showServer(context, server);
    },
  });
}

function addPoints(group: Command, setting: Setting): void {
  addCommand(group, setting, {
    usage: "points <server>",
    summary: "server points",
    args: ["arg server"],
    examples: ["hypermotion server points web-1", "hypermotion server points web-1 --json"],
    async run(context, [name]) {
      const { out, say } = context;
      const client = await context.client();
      const { id } = await findServer(client, name ?? "");
      const items = await takeAll(client.listRecoveryPoints(id));
      if (out.json) return out.object({ items });
      if (items.length === 0) return out.line(say("none"));
      out.table(
        [say("ID"), say("TAKEN"), say("DISK"), say("SIZE"), say("SNAPSHOT"), say("ROOT")],
        items.flatMap(({ id: point, takenAt, disks }) =>
          disks.map(({ deviceName, sizeBytes, snapshotId, rootHash }) => [
            ...[point, takenAt, deviceName, bytes(sizeBytes), snapshotId, rootHash],
          ]),
        ),
      );
    },
  });
}

function addChanging(group: Command, setting: Setting): void {
  addCommand<{ uses?: string; hours?: string }>(group, setting, {
    usage: "code",
    summary: "server code",
    options: [
      ["--uses <count>", "server code uses"],
      ["--hours <hours>", "server code hours"],
    ],
    examples: ["hypermotion server code", "hypermotion server code --uses 20 --hours 72"],
    async run(context, _args, options) {
      const uses = wholeNumber(context, "--uses", options.uses);
      const validHours = decimal(context, "--hours", options.hours);
      const client = await context.client();
      // Before the code is made, which is shown only once.
      const software = await client.getSoftware();
      const code = await client.createCode({
        ...(uses === undefined ? {} : { uses }),
        ...(validHours === undefined ? {} : { validHours }),
      });
      const { out, say } = context;
      const install = installCommand({ software, consoleUrl: code.consoleUrl, code: code.code });
      if (out.json) return out.object({ ...code, software, install });
      out.line(say("server code made", { expiresAt: code.expiresAt, uses: code.uses }));
      out.line(`  ${install}`);
      if (/\/\/(127\.|localhost|\[::1\])/.test(code.consoleUrl))
        out.line(say("server code loopback"));
      out.line(say("server code for an agent that is there"));
      out.line(`  hypermotion-agent --console ${code.consoleUrl} --code ${code.code}`);
    },
  });
  addCommand(group, setting, {
    usage: "rename <server> <name>",
    summary: "server rename",
    args: ["arg server", "arg name"],
    examples: ["hypermotion server rename srv-k3x9v2mqab web-1"],
    async run(context, [old = "", name = ""]) {
      const client = await context.client();
      const before = await findServer(client, old);
      const server = await client.changeServer(before.id, { name });
      if (context.out.json) context.out.object(server);
      else context.out.line(context.say("server renamed", { old: before.name, name }));
    },
  });
  addCommand<LimitOptions>(group, setting, {
    usage: "limit <server>",
    summary: "server limit",
    args: ["arg server"],
    options: [
      ["--rate <rate>", "server limit rate"],
      ["--window <times>", "server limit window", "repeats"],
      ["--time-zone <zone>", "schedule time-zone"],
      ["--cpu <percent>", "server limit cpu"],
    ],
    examples: [
      "hypermotion server limit web-1 --rate 100",
      'hypermotion server limit web-1 --window "mon-fri 08:00-18:00 20" --time-zone Europe/Berlin --cpu 25',
      "hypermotion server limit web-1 --rate 0 --cpu 100 --window none",
    ],
    run: (context, [name = ""], options) => limit(context, name, options),
  });
  for (const [verb, paused] of [
    ["pause", true],
    ["resume", false],
  ] as const) {
    addCommand(group, setting, {
      usage: `${verb} <server>`,
      summary: `server ${verb}`,
      args: ["arg server"],
      examples: [`hypermotion server ${verb} web-1`],
      async run(context, [name = ""]) {
        const client = await context.client();
        const { id } = await findServer(client, name);
        const server = await client.changeServer(id, { limits: { paused } });
        if (context.out.json) context.out.object(server);
        else context.out.line(context.say(`server ${verb}d`, { name: server.name }));
      },
    });
  }
  addCommand(group, setting, {
    usage: "lag <server> <minutes>",
    summary: "server lag",
    args: ["arg server", "server lag minutes"],
    examples: ["hypermotion server lag web-1 30", "hypermotion server lag web-1 0"],
    async run(context, [name = "", given]) {
      const minutes = decimal(context, "<minutes>", given) ?? 0;
      const client = await context.client();
      const { id } = await findServer(client, name);
      const lagTargetSeconds = Math.round(minutes * 60);
      const server = await client.changeServer(id, { lagTargetSeconds });
      if (context.out.json) context.out.object(server);
      else context.out.line(context.say("server lag set", { name: server.name, minutes }));
    },
  });
  addCommand(group, setting, {
    usage: "remove <server>",
    summary: "server remove",
    args: ["arg server"],
    examples: ["hypermotion server remove web-1"],
    async run(context, [given = ""]) {
      const client = await context.client();
      const { id, name } = await findServer(client, given);
      await client.removeServer(id);
      if (context.out.json) context.out.object({ removed: id });
      else context.out.line(context.say("server removed", { name }));
    },
  });
}

function showServer({ out, say, language }: Context, server: ServerDetails): void {
  const { inventory } = server;
  out.table(serverHeadings(say), [serverRow(say, server)]);
  if (server.replication.line !== undefined) {
    const { bitsPerSecond, roundTripMs, measuredAt } = server.replication.line;
    const ms = roundTripMs.toFixed(1);
    out.line(say("line measured", { mbit: megabits(bitsPerSecond), ms, measuredAt }));
  }
  out.line(`\n${systemLine(say, inventory)}`);
  const tables = [layoutTable(say, server), networkTable(say, inventory)];
  for (const { headings, rows } of tables.filter((table) => table.rows.length > 0)) {
    out.line("");
    out.table(headings, rows);
  }
  out.line("");
  for (const line of restLines(say, inventory)) out.line(line);
  for (const { kind, instanceId = "-", instanceType, evidence = "-" } of server.launches) {
    out.line(`  ${kind}  ${instanceId}  ${instanceType}  ${evidence}`);
  }
  if (server.lastError !== undefined) {
    const { message, hint } = server.lastError;
    out.line(`${say("ERROR")}  ${message}. ${hint}`);
  }
  for (const { severity, row, words } of server.findings) {
    if (severity === "NOTE") continue;
    const weight = severityWords[severity][language];
    out.line(`${weight}  ${row}  ${words.thing}: ${words.seen} (${words.allowed})`);
  }
  if (server.next.length > 0) out.line(`${say("NEXT")}  ${server.next.join(", ")}`);
}

interface LimitOptions {
  rate?: string;
  window?: string[];
  timeZone?: string;
  cpu?: string;
}

/** What is not said stays as it is. */
async function limit(context: Context, name: string, options: LimitOptions): Promise<void> {
  const { say, out } = context;
  const rate = decimal(context, "--rate", options.rate);
  const cpuPercent = wholeNumber(context, "--cpu", options.cpu);
  const windows = options.window
    ?.filter((text) => text !== "none")
    .map((text) => readWindow(context, text));
  const client = await context.client();
  const { id } = await findServer(client, name);
  const server = await client.changeServer(id, {
    limits: {
      ...(rate === undefined ? {} : { rateBytesPerSecond: (rate * 1e6) / 8 }),
      ...(windows === undefined ? {} : { windows }),
      ...(options.timeZone === undefined ? {} : { timeZone: options.timeZone }),
      ...(cpuPercent === undefined ? {} : { cpuPercent }),
    },
  });
  if (out.json) return out.object(server);
  const { rateBytesPerSecond, windows: held, cpuPercent: cpu } = server.limits;
  const mbit = (bytes: number) => Math.round((bytes * 8) / 1e4) / 100;
  const params = { name: server.name, rate: mbit(rateBytesPerSecond), cpu, windows: held.length };
  out.line(say("server limited", params));
}

const dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** `mon-fri 08:00-18:00 20`: days, times, Mbit/s. */
function readWindow(context: Context, text: string): LimitWindow {
  const [, first = "", last = first, from = "", to = "", rate = ""] =
    /^([a-z]{3})(?:-([a-z]{3}))? (\d\d:\d\d)-(\d\d:\d\d) (\d+(?:\.\d+)?)$/.exec(
      text.toLowerCase(),
    ) ?? [];
  const [begin, end] = [dayNames.indexOf(first), dayNames.indexOf(last)];
  if (begin < 0 || end < 0) throw badInput("--window", context.say("server limit window wrong"));
  const count = ((end - begin + 7) % 7) + 1;
  const days = Array.from({ length: count }, (_, index) => (begin + index) % 7);
  return { days, from, to, rateBytesPerSecond: (Number(rate) * 1e6) / 8 };
}
