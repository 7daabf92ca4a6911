import type { Command } from "commander";
import type { FindingView } from "#api/checks.ts";
import type { Severity } from "#domain/checks/finding.ts";
import { severityWords } from "#domain/checks/words.ts";
import { exitStatus } from "#domain/errors.ts";
import { addCommand, type Setting } from "../command.ts";
import { badInput, type Context } from "../context.ts";
import { type LaunchOptions, launchOptions, launchWish } from "../launching.ts";
import { findServer, findTarget } from "../names.ts";

interface CheckOptions extends LaunchOptions {
  server?: string;
  target?: string;
  acknowledge?: string;
  reason?: string;
}

/** In the README. A note is no reason to stop. */
const statuses: Record<Severity, number> = { BLOCK: exitStatus.refused, WARN: 11, NOTE: 0 };

export function addCheck(program: Command, setting: Setting): void {
  addCommand<CheckOptions>(program, setting, {
    usage: "check",
    summary: "check",
    options: [
      ["--server <server>", "arg server"],
      ["--target <target>", "check target"],
      ...launchOptions,
      ["--acknowledge <row>", "check acknowledge"],
      ["--reason <why>", "option reason"],
    ],
    examples: [
      "hypermotion check --server web-1 --target prod",
      "hypermotion check --server web-1 --target prod --type t3.large --json",
      'hypermotion check --server old-1 --target prod --acknowledge R-175 --reason "drivers are in place"',
    ],
    run: (context, _args, options) => check(context, options),
  });
}

async function check(context: Context, options: CheckOptions): Promise<void> {
  const { out, say } = context;
  const { server, target, acknowledge: row, reason } = options;
  if (server === undefined) {
    throw badInput("--server", say("missing argument", { name: "<server>" }));
  }
  if (row !== undefined && (target === undefined || reason === undefined)) {
    throw badInput("--acknowledge", say("check acknowledge needs"));
  }
  const client = await context.client();
  const { id, name } = await findServer(client, server);
  const targetId = target === undefined ? undefined : (await findTarget(client, target)).id;
  if (row !== undefined && targetId !== undefined && reason !== undefined) {
    await client.acknowledge(id, { row, targetId, reason });
  }
  const { network: _, ...launch } = launchWish(options);
  const found = await client.checkServer(id, {
    ...(targetId === undefined ? {} : { targetId }),
    ...(asksForLaunch(options) ? { launch } : {}),
  });
  if (out.json) out.object(found);
  else showFindings(context, name, found.findings);
  if (found.worst !== undefined) process.exitCode = statuses[found.worst];
}

function asksForLaunch({ type, repair, subnet, address, securityGroup }: LaunchOptions): boolean {
  return [type, subnet, address, securityGroup].some((one) => one !== undefined) || !repair;
}

function showFindings(context: Context, name: string, findings: readonly FindingView[]): void {
  const { out, say, language } = context;
  if (findings.length === 0) {
    out.line(say("check nothing", { name }));
    return;
  }
  out.table(
    [say("WEIGHT"), say("ROW"), say("WHAT"), say("SEEN"), say("ALLOWED")],
    findings.map(({ severity, row, words }) => [
      ...[severityWords[severity][language], row, words.thing, words.seen, words.allowed],
    ]),
  );
  out.line("");
  for (const { severity, row, words } of findings) {
    if (severity !== "NOTE") out.line(`${row} ${words.thing}: ${words.todo}`);
  }
  const count = (weight: Severity) => findings.filter(({ severity }) => severity === weight).length;
  const counts = { blocks: count("BLOCK"), warnings: count("WARN"), notes: count("NOTE") };
  out.line(say("check counts", { name, ...counts }));
}
