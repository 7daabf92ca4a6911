/** Questions at a terminal. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { badInput, type Context } from "./context.ts";

/** @throws `input.invalid` when the answer isn't yes */
export async function confirm(context: Context, question: string): Promise<void> {
  const { say } = context;
  const answer = await ask(context, say("yes or no", { question }), false);
  if (!/^(y|yes|是)$/i.test(answer.trim())) throw badInput(question, say("not confirmed"));
}

/** What is typed is not shown. */
export function askSecret(context: Context, question: string): Promise<string> {
  return ask(context, question, true);
}

/** Everything piped in. */
export async function readAll(input: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

async function ask({ stdin }: Context, question: string, hidden: boolean): Promise<string> {
  // Questions go to stderr, so that an answer in a pipe stays clean.
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({
    input: stdin,
    output: hidden ? nowhere : process.stderr,
    terminal: stdin.isTTY === true,
  });
  try {
    return await lines.question("");
  } finally {
    lines.close();
    if (hidden) process.stderr.write("\n");
  }
}
