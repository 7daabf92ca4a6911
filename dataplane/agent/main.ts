/**
 * The agent: a daemon on the source server that tells the console what disks there are and copies them
 * to a gateway when told to. It only dials out, and never writes to the source's disks.
 *
 *   state folder ─ identity, token      console ◀─ register, inventory, long poll for orders, reports
 *        │                                 │
 *        └──────────── orders.ts ◀─────────┘
 *                         │ per order: quiesce.ts around replicate.ts ──▶ gateway (blocks)
 */
import { hostname } from "node:os";
import {
  describeError,
  errorTable,
  exitStatus,
  type Language,
  MigrationError,
} from "#domain/errors.ts";
import { createQuietable } from "./events.ts";
import { helpText, parseAgentOptions } from "./options.ts";
import { runAgent } from "./run-agent.ts";
import { createShow } from "./show.ts";

const language: Language = /^zh/.test(process.env.LC_ALL ?? process.env.LANG ?? "") ? "zh" : "en";

async function main(): Promise<void> {
  const options = parseAgentOptions(process.argv.slice(2), process.getuid?.() === 0);
  if (options.help) {
    process.stdout.write(helpText);
    return;
  }
  const show = createShow({
    json: options.json,
    stdout: process.stdout,
    stderr: process.stderr,
    language,
    now: Date.now,
  });
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => ending.abort());
  }
  await runAgent({
    options,
    hostName: hostname(),
    voice: createQuietable(show),
    signal: ending.signal,
  });
}

try {
  await main();
} catch (error) {
  if (!isMigrationError(error)) throw error;
  const words = describeError(error.facts, language);
  process.stderr.write(`${words.message}\n${words.hint}\n`);
  process.exitCode = exitStatus[errorTable[error.code].exit];
}

/** Narrows to any code of the table, which `instanceof` alone does not. */
function isMigrationError(error: unknown): error is MigrationError {
  return error instanceof MigrationError;
}
