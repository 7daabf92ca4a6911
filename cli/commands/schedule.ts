import type { Command } from "commander";
import type { Client } from "#api/client.ts";
import type { ScheduleView } from "#api/schedules.ts";
import { addCommand, addGroup, type Setting } from "../command.ts";
import { badInput, type Context } from "../context.ts";
import { findByName, findServer, findTarget } from "../names.ts";
import { takeAll } from "../values.ts";

interface AddOptions {
  server?: string;
  target?: string;
  every?: string;
  cron?: string;
  at?: string;
  timeZone?: string;
}

export function addSchedule(program: Command, setting: Setting): void {
  const group = addGroup(program, setting, "schedule", "schedule").alias("schedules");
  addCommand<AddOptions>(group, setting, {
    usage: "add <name>",
    summary: "schedule add",
    args: ["arg name"],
    options: [
      ["--server <server>", "schedule server"],
      ["--target <target>", "schedule target"],
      ["--every <time>", "schedule every"],
      ["--cron <fields>", "schedule cron"],
      ["--at <time>", "schedule at"],
      ["--time-zone <zone>", "schedule time-zone"],
    ],
    examples: [
      "hypermotion schedule add quarter-hourly --target prod --every 15m",
      'hypermotion schedule add nightly --server web-1 --cron "30 2 ? * MON-FRI *" --time-zone Europe/Berlin',
      "hypermotion schedule add once --server web-1 --at 2026-12-01T22:00:00 --time-zone Asia/Shanghai",
    ],
    run: (context, [name = ""], options) => add(context, name, options),
  });
  addCommand(group, setting, {
    usage: "list",
    summary: "schedule list",
    examples: ["hypermotion schedule list", "hypermotion schedule list --json"],
    async run(context) {
      const items = await takeAll((await context.client()).listSchedules());
      if (context.out.json) context.out.object({ items });
      else if (items.length === 0) context.out.line(context.say("none"));
      else showSchedules(context, items);
    },
  });
  for (const [verb, enabled] of [
    ["pause", false],
    ["resume", true],
  ] as const) {
    addCommand(group, setting, {
      usage: `${verb} <schedule>`,
      summary: `schedule ${verb}`,
      args: ["arg schedule"],
      examples: [`hypermotion schedule ${verb} nightly`],
      async run(context, [given = ""]) {
        const client = await context.client();
        const { id } = await findSchedule(client, given);
        const schedule = await client.changeSchedule(id, { enabled });
        if (context.out.json) context.out.object(schedule);
        else showSchedules(context, [schedule]);
      },
    });
  }
  addCommand(group, setting, {
    usage: "remove <schedule>",
    summary: "schedule remove",
    args: ["arg schedule"],
    examples: ["hypermotion schedule remove nightly"],
    async run(context, [given = ""]) {
      const client = await context.client();
      const { id, name } = await findSchedule(client, given);
      await client.removeSchedule(id);
      if (context.out.json) context.out.object({ removed: id });
      else context.out.line(context.say("schedule removed", { name }));
    },
  });
}

async function add(context: Context, name: string, options: AddOptions): Promise<void> {
  const { say, out } = context;
  const { server, target, timeZone } = options;
  if ((server === undefined) === (target === undefined)) {
    throw badInput("--server", say("schedule whom"));
  }
  const expression = expressionOf(context, options);
  const client = await context.client();
  const schedule = await client.createSchedule({
    name,
    expression,
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(server === undefined ? {} : { serverId: (await findServer(client, server)).id }),
    ...(target === undefined ? {} : { targetId: (await findTarget(client, target)).id }),
  });
  if (out.json) out.object(schedule);
  else showSchedules(context, [schedule]);
}

const units: Record<string, string> = { m: "minutes", h: "hours", d: "days" };

/** As EventBridge Scheduler writes it. @throws `input.invalid` */
function expressionOf({ say }: Context, { every, cron, at }: AddOptions): string {
  if ([every, cron, at].filter((value) => value !== undefined).length !== 1) {
    throw badInput("--every", say("schedule when"));
  }
  if (cron !== undefined) return `cron(${cron})`;
  if (at !== undefined) return `at(${at})`;
  const [, count = "", unit = ""] = /^(\d{1,4})([mhd])$/.exec(every ?? "") ?? [];
  const name = units[unit];
  if (name === undefined) throw badInput(`--every ${every}`, say("schedule every wrong"));
  return `rate(${count} ${name})`;
}

const findSchedule = (client: Client, given: string) =>
  findByName("schedule", client.listSchedules(), given);

function showSchedules({ out, say }: Context, schedules: readonly ScheduleView[]): void {
  out.table(
    [say("NAME"), say("WHEN"), say("FOR"), say("NEXT TIME"), say("LAST"), say("ERROR")],
    schedules.map((schedule) => [
      schedule.name,
      `${schedule.expression} ${schedule.timeZone}`,
      schedule.serverId ?? schedule.targetId ?? "-",
      schedule.enabled ? (schedule.nextDueAt ?? "-") : say("paused"),
      schedule.lastStartedAt ?? "-",
      schedule.lastProblem?.code ?? "-",
    ]),
  );
}
