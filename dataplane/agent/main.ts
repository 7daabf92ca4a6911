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
import { MigrationError } from "#domain/errors.ts";
import { languageOf, runProgram } from "../run-program.ts";
import { createQuietable } from "./events.ts";
import { helpText, parseAgentOptions } from "./options.ts";
import { runAgent } from "./run-agent.ts";
import { createShow, statusText } from "./show.ts";
import { findStatus } from "./status.ts";

async function main(): Promise<void> {
  const options = parseAgentOptions(process.argv.slice(2), process.getuid?.() === 0);
  if (options.help) {
    process.stdout.write(helpText);
    return;
  }
  if (options.status) {
    const status = await findStatus(options.stateFolder);
    process.stdout.write(
      options.json ? `${JSON.stringify(status)}\n` : statusText(status, languageOf(process.env)),
    );
    if (!status.isRunning) throw new MigrationError("agent.not-running", {});
    return;
  }
  const show = createShow({
    json: options.json,
    stdout: process.stdout,
    stderr: process.stderr,
    language: languageOf(process.env),
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

await runProgram(main);
