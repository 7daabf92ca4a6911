import { randomUUID } from "node:crypto";
import { apiActions, type Backstage } from "./api-actions.ts";
import { listen } from "./api-server.ts";
import { type Clock, runningClock } from "./clock.ts";
import { Executions } from "./executions.ts";
import { Journal } from "./journal.ts";
import type { Invoke } from "./world.ts";

/**
 * The standalone edition's state machine engine: Amazon States Language with JSONata, driven through
 * the Step Functions API, so that `@aws-sdk/client-sfn` and the `aws` command need not know.
 *
 *   client ── HTTP ──▶ api-server ─▶ api-actions ─▶ executions ─▶ execution (one actor each)
 *                        requests       errors          │             │  ▲
 *                                                       │   step      │  │ answers, deadlines,
 *   definition ─▶ load ─▶ checks                        │             ▼  │ tokens
 *                  └▶ expressions (compiled once)       │   progress, states, tree
 *                                                       ▼             │
 *                                                    journal ◀────────┘ one write per step
 *                                                       │
 *                                                       └─ on disk ─▶ undertakings: timers,
 *                                                                     functions, nested executions
 *
 * A step is worked out in memory, written whole, and only then acted upon; what is done is read from
 * what was written. So the process may be killed at any moment: the next one finds every execution
 * in a state it had really reached, and does what was due. A function whose answer was not yet
 * written is called again, which is why every step of the product may run twice.
 *
 * Beyond AWS's documents: a Map in distributed mode runs inside its own execution, like an inline
 * one, and heartbeats are counted anew after a restart, because nobody could be heard meanwhile.
 */
export interface EngineOptions {
  /** Made when it is not there. One engine at a time may use it. */
  readonly journalFile: string;
  /** On 127.0.0.1; 0 for any that is free. */
  readonly port?: number;
  /** Runs a function. Called again after a crash when its answer had not been written. */
  readonly invoke: Invoke;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly ids?: () => string;
  /** For tests that kill: called after each transaction is on disk and before it is acted upon. */
  readonly afterWrite?: (writeNumber: number) => void;
}

export interface Engine {
  readonly endpoint: string;
  readonly port: number;
  /** Running functions get their signal; the next engine on the journal takes their work up again. */
  close(): Promise<void>;
}

/** Resolves when the API can be reached and everything that was running has been taken up. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { clock = runningClock(), random = Math.random, ids: uuid = randomUUID } = options;
  const journal = new Journal({ file: options.journalFile, afterWrite: options.afterWrite });
  const executions = new Executions(journal, { clock, random, uuid, invoke: options.invoke });
  const backstage: Backstage = { journal, executions, clock, uuid };
  const actions = apiActions(backstage);
  const { server, port } = await listen(
    options.port ?? 0,
    (action, request) => actions[action](request),
    uuid,
  );
  await executions.resume();
  let closing: Promise<void> | undefined;
  const close = async () => {
    server.close();
    await executions.close();
    server.closeAllConnections();
    journal.close();
  };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    close() {
      closing ??= close();
      return closing;
    },
  };
}
