/**
 * The gateway (HyperGate): a daemon at the target that receives blocks onto attached volumes and
 * repairs the drivers of their clones.
 *
 *   console ──HTTPS, token──▶ control-api.ts ─▶ sessions.ts ─▶ receiver.ts ◀──TLS, blocks── agents
 *      ▲                                     └▶ repairs.ts  ─▶ repair/
 *      └───────── callbacks.ts: heartbeats, success, failure ──┘
 */
import { runProgram } from "../run-program.ts";
import { readBootId } from "./boot-id.ts";
import { runGateway } from "./daemon.ts";
import { createLog } from "./log.ts";
import { helpText, parseGatewayOptions, readBootstrap } from "./options.ts";
import { probeCarriers, runRepair } from "./repair/repair.ts";

async function main(): Promise<void> {
  const options = parseGatewayOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(helpText);
    return;
  }
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => ending.abort());
  }
  await runGateway({
    bootstrap: await readBootstrap(options.configFile),
    stateFolder: options.stateFolder,
    bootId: await readBootId(process.env),
    log: createLog({
      json: options.json,
      write: (text) => process.stderr.write(text),
      now: () => new Date(),
    }),
    signal: ending.signal,
    repairWith: { probeCarriers, runRepair },
  });
}

await runProgram(main);
// A thread of the receiver that hangs on a volume would keep the process alive.
process.exit();
