/** Settings of a target as options and files give them. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { readAll } from "./ask.ts";
import { badInput, type Context } from "./context.ts";

/** A JSON object in a file, or piped in (`-`). @throws `input.invalid` */
export async function readObject(
  context: Context,
  option: string,
  file: string | undefined,
): Promise<Record<string, unknown>> {
  if (file === undefined) return {};
  const { say } = context;
  let text: string;
  try {
    text = file === "-" ? await readAll(context.stdin) : await readFile(file, "utf8");
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw badInput(`${option} ${file}`, say("can't be read", { problem }), cause);
  }
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    // The parser's words may repeat a secret; ours do not.
    throw badInput(`${option} ${file}`, say("is not JSON"));
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
