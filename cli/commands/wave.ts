import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Client } from "#api/client.ts";
import type { WaveRequest, WaveView } from "#api/waves.ts";
import { addCommand, addGroup, type Setting } from "../command.ts";
import { badInput, type Context } from "../context.ts";
import { followOrLeave, type RunOptions } from "../follow.ts";
import { findServer, findTarget } from "../names.ts";
import { wholeNumber } from "../values.ts";
import { detachOption } from "./move.ts";

interface StartOptions extends RunOptions {
  target?: string;
  servers?: string;
  file?: string;
  s3Key?: string;
  concurrency?: string;
  tolerate?: string;
  cutover?: string;
  repair: boolean;
}

export function addWave(program: Command, setting: Setting): void {
  const group = addGroup(program, setting, "wave", "wave").alias("waves");
  addCommand<StartOptions>(group, setting, {
    usage: "start",
    summary: "wave start",
    options: [
      ["--target <target>", "migrate target"],
      ["--servers <names>", "wave servers"],
      ["--file <file>", "wave file"],
      ["--s3-key <key>", "wave s3-key"],
      ["--concurrency <count>", "wave concurrency"],
      ["--tolerate <count>", "wave tolerate"],
      ["--cutover <time>", "wave cutover"],
      ["--no-repair", "launch no-repair"],
      detachOption,
    ],
    examples: [
      "hypermotion wave start --target prod --servers web-1,web-2,db-1",
      "hypermotion wave start --target prod --file monday.json --concurrency 10 --tolerate 2",
      "hypermotion wave start --target prod --servers web-1,web-2 --cutover 2026-12-01T22:00:00+01:00",
    ],
    run: (context, _args, options) => start(context, options),
  });
  addCommand(group, setting, {
    usage: "show <run>",
    summary: "wave show",
    args: ["arg run"],
    examples: ["hypermotion wave show run-k3x9v2mqab"],
    async run(context, [id = ""]) {
      const wave = await (await context.client()).getWave(id);
      if (context.out.json) context.out.object(wave);
      else showWave(context, wave);
    },
  });
}

async function start(context: Context, options: StartOptions): Promise<void> {
  const { say } = context;
  if (options.target === undefined) {
    throw badInput("--target", say("missing argument", { name: "<target>" }));
  }
  const concurrency = wholeNumber(context, "--concurrency", options.concurrency);
  const toleratedFailures = wholeNumber(context, "--tolerate", options.tolerate);
  const client = await context.client();
  const target = await findTarget(client, options.target);
  const run = await client.startWave({
    targetId: target.id,
    servers: await serversOf(context, client, options),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(toleratedFailures === undefined ? {} : { toleratedFailures }),
    ...(options.cutover === undefined ? {} : { cutover: cutoverOf(context, options) }),
  });
  await followOrLeave(context, run, options);
}

/** `now`, or a time with its zone: one without means something else on every machine. */
function cutoverOf({ say }: Context, { cutover = "", repair }: StartOptions) {
  if (cutover === "now") return { repair };
  if (!/(Z|[+-]\d\d:\d\d)$/.test(cutover) || Number.isNaN(Date.parse(cutover))) {
    throw badInput(`--cutover ${cutover}`, say("wave cutover wrong"));
  }
  return { repair, at: new Date(cutover).toISOString() };
}

async function serversOf(
  context: Context,
  client: Client,
  { servers, file, s3Key }: StartOptions,
): Promise<WaveRequest["servers"]> {
  const given = [servers, file, s3Key].filter((value) => value !== undefined);
  if (given.length !== 1) throw badInput("--servers", context.say("wave one list"));
  if (s3Key !== undefined) return { s3Key };
  if (file !== undefined) return readList(file);
  const names = (servers ?? "").split(",").map((name) => name.trim());
  return Promise.all(names.map(async (name) => (await findServer(client, name)).id));
}

/** What is wrong inside of it, the console says. @throws `input.invalid` */
async function readList(file: string): Promise<Extract<WaveRequest["servers"], unknown[]>> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw badInput(`--file ${file}`, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function showWave({ out, say }: Context, wave: WaveView): void {
  const waits = wave.waitsFor ?? wave.step ?? "";
  out.line(`${wave.id}  ${wave.state}  ${waits}`);
  if (wave.error !== undefined) out.line(`${wave.error.message}. ${wave.error.hint}`);
  out.table(
    [say("SERVER"), say("RESULT"), say("STATE"), say("STEP")],
    wave.members.map(({ name, result, state = "-", copy, cutover }) => {
      const run = cutover ?? copy;
      const doing = run?.error?.message ?? run?.waitsFor ?? run?.step ?? "-";
      return [name, say(`wave ${result}`), state, doing];
    }),
  );
}
