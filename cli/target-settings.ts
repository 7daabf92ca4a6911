/** Settings of a target as options and files give them. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { problemsOf } from "#domain/zod-problems.ts";
import { readAll } from "./ask.ts";
import { badInput, type Context } from "./context.ts";

const object = z.record(z.string(), z.unknown());

/** A whole target: what the options of `target add` say one by one, in the API's names. */
const targetFile = z
  .strictObject({
    ...{ name: z.string(), platform: z.string(), config: object, credentials: object },
    ...{ maxGateways: z.number(), gatewayMaxVolumes: z.number(), gatewayIdleMinutes: z.number() },
    gatewayInstanceType: z.string(),
  })
  .partial();
export type TargetFile = Partial<Required<z.output<typeof targetFile>>>;

/** From JSON or YAML, of which JSON is a part; piped in with `-`. @throws `input.invalid` */
export async function readTarget(context: Context, file: string): Promise<TargetFile> {
  const where = `--file ${file}`;
  const text = await readText(context, where, file);
  let content: unknown;
  try {
    const { parse } = await import("yaml");
    content = parse(text);
  } catch {
    // The parser's words repeat the line, which may be a secret; ours do not.
    throw badInput(where, context.say("is not YAML"));
  }
  const parsed = targetFile.safeParse(content);
  if (parsed.success) return parsed.data;
  throw badInput(where, problemsOf(parsed.error));
}

/** A JSON object in a file, or piped in (`-`). @throws `input.invalid` */
export async function readObject(
  context: Context,
  option: string,
  file: string | undefined,
): Promise<Record<string, unknown>> {
  if (file === undefined) return {};
  const where = `${option} ${file}`;
  const text = await readText(context, where, file);
  try {
    return object.parse(JSON.parse(text));
  } catch {
    // The parser's words may repeat a secret; ours do not.
    throw badInput(where, context.say("is not JSON"));
  }
}

async function readText({ stdin, say }: Context, where: string, file: string): Promise<string> {
  try {
    return file === "-" ? await readAll(stdin) : await readFile(file, "utf8");
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw badInput(where, say("can't be read", { problem }), cause);
  }
}

/** `a.b=1` sets a number inside an object; what is no JSON is a text. */
export function setValue(context: Context, config: Record<string, unknown>, pair: string): void {
  const index = pair.indexOf("=");
  const path = pair.slice(0, index).split(".");
  const isSafe = path.every((part) => /^\w+$/.test(part) && part !== "__proto__");
  if (index < 1 || !isSafe) throw badInput(`--set ${pair}`, context.say("must be key=value"));
  const last = path.pop() ?? "";
  let place = config;
  for (const part of path) {
    const inner = z.record(z.string(), z.unknown()).safeParse(place[part]);
    const next = inner.success ? inner.data : {};
    place[part] = next;
    place = next;
  }
  place[last] = parseValue(pair.slice(index + 1));
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Most values are plain texts.
    return text;
  }
}
