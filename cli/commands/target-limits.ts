import type { Command } from "commander";
import type { LimitView, TargetLimitsView } from "#api/limits.ts";
import { addCommand, addGroup, type Setting } from "../command.ts";
import { badInput, type Context } from "../context.ts";
import { bytes } from "../figures.ts";
import { findTarget } from "../names.ts";

interface ReasonOption {
  reason?: string;
}

type Value = LimitView["effective"];

/** `limits <target>` shows, `limits set` and `limits reset` change. */
export function addTargetLimits(group: Command, setting: Setting): void {
  const limits = addGroup(group, setting, "limits", "target limits");
  addCommand(limits, setting, {
    usage: "show <target>",
    summary: "target limits",
    args: ["arg target"],
    isDefault: true,
    examples: ["hypermotion target limits show prod", "hypermotion target limits prod --json"],
    async run(context, [given = ""]) {
      const client = await context.client();
      const { id } = await findTarget(client, given);
      answer(context, await client.targetLimits(id));
    },
  });
  addCommand<ReasonOption>(limits, setting, {
    usage: "set <target> <name> <value>",
    summary: "target limits set",
    args: ["arg target", "arg limit", "arg limit value"],
    options: [["--reason <why>", "option reason"]],
    examples: [
      'hypermotion target limits set prod systemDiskMaxGB 2048 --reason "ESSD, ticket 4711"',
      'hypermotion target limits set prod os any --reason "tested with Debian 12"',
      'hypermotion target limits set prod strictSourceRules false --reason "raw copies are fine"',
    ],
    run: (context, [target = "", name = "", value = ""], { reason }) =>
      change(context, target, name, reason, readValue(value)),
  });
  addCommand<ReasonOption>(limits, setting, {
    usage: "reset <target> <name>",
    summary: "target limits reset",
    args: ["arg target", "arg limit"],
    options: [["--reason <why>", "option reason"]],
    examples: ['hypermotion target limits reset prod systemDiskMaxGB --reason "moved back"'],
    run: (context, [target = "", name = ""], { reason }) => change(context, target, name, reason),
  });
}

async function change(
  context: Context,
  given: string,
  name: string,
  reason: string | undefined,
  value?: Value,
): Promise<void> {
  const { say } = context;
  if (reason === undefined) {
    throw badInput("--reason", say("missing argument", { name: "<why>" }));
  }
  const client = await context.client();
  const { id } = await findTarget(client, given);
  const wish = { reason, ...(value === undefined ? {} : { value }) };
  answer(context, await client.changeLimit(id, name, wish));
}

function readValue(text: string): Value {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (text === "true" || text === "false") return text === "true";
  return text.split(",").map((word) => word.trim());
}

function answer(context: Context, limits: TargetLimitsView): void {
  if (context.out.json) context.out.object(limits);
  else show(context, limits);
}

function show({ out, say }: Context, limits: TargetLimitsView): void {
  out.table(
    [
      ...[say("LIMIT"), say("ROW"), say("DOCUMENT"), say("OWN"), say("CLOUD")],
      ...[say("HOLDS"), say("MEANING")],
    ],
    limits.limits.map((limit) => [
      ...[limit.name, limit.row, shown(limit.document, limit), shown(limit.own?.value, limit)],
      ...[shown(limit.cloud, limit), shown(limit.effective, limit), limit.meaning],
    ]),
  );
  for (const { name, today } of limits.limits) {
    if (today !== undefined) out.line(say("limit today", { name, today }));
  }
  for (const { row, meaning } of limits.facts) out.line(`${row}: ${meaning}`);
  for (const { name, value, reason, by, at } of limits.changes) {
    const to = value === undefined ? say("limit of the document") : String(value);
    out.line(say("limit changed", { at, by, name, to, reason }));
  }
}

function shown(value: Value | undefined, { unit }: LimitView): string {
  if (value === undefined) return "-";
  if (typeof value !== "number") return value.toString() || "-";
  if (unit === "GB") return bytes(value * 1024 ** 3);
  return unit === "%" ? `${value}%` : String(value);
}
