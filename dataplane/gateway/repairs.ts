/** Driver repairs from order to callback, as many at once as the gateway has vCPUs. */
import { z } from "zod";
import { factsOf, MigrationError } from "#domain/errors.ts";
import {
  type RepairOrder,
  type RepairReport,
  type RepairState,
  repairOrder,
  repairState,
} from "#domain/protocol/gateway.ts";
import { createJobs, type JobControl, type JobDeps, type Jobs, type Outcome } from "./jobs.ts";
import type { RepairControl } from "./repair/repair.ts";
import { createWorkers } from "./workers.ts";

export const repairRecord = z.object({
  order: repairOrder,
  outcome: repairState.optional(),
  delivered: z.boolean().default(false),
});

export interface RepairDeps extends JobDeps<RepairOrder, RepairState, never> {
  /** Resolves the order's devices and repairs. */
  readonly repair: (order: RepairOrder, control: RepairControl) => Promise<RepairReport>;
  readonly workers: number;
}

/** Begun again after a restart: a repair may be done twice. */
export type Repairs = Jobs<RepairOrder, RepairState>;

/** The end of a failed repair's log is what tells why. */
const keptLogCharacters = 90_000;

export function createRepairs(deps: RepairDeps): Repairs {
  const workers = createWorkers(deps.workers);
  return createJobs<RepairOrder, RepairState>(
    {
      name: "repair",
      atFirst: { state: "running", doing: "waiting for a free repair worker" },
      afterRestart: { state: "running", doing: "beginning again after a restart of the gateway" },
      carryOut: (order, control) =>
        workers.run(() => carryOut(deps, order, control), control.signal),
      stopped,
      failed: (error) => ({ state: "failed", error: factsOf(error), log: "" }),
      heartbeat: ({ doing }) => ({ kind: "heartbeat", doing }),
      report: (outcome) =>
        outcome.state === "done"
          ? { kind: "repair-done", report: outcome.report }
          : { kind: "failed", error: outcome.error, log: outcome.log },
      mayBeginAnew: () => false,
    },
    deps,
  );
}

async function carryOut(
  deps: RepairDeps,
  order: RepairOrder,
  { signal, onState }: JobControl<RepairState, never>,
): Promise<Outcome<RepairState>> {
  let lines = "";
  const note = (line: string) => {
    lines = `${lines}${line}\n`.slice(-keptLogCharacters);
  };
  const onDoing = (doing: string) => {
    onState({ state: "running", doing: doing.slice(0, 500) });
    note(doing);
  };
  try {
    return { state: "done", report: await deps.repair(order, { log: note, signal, onDoing }) };
  } catch (error) {
    return { state: "failed", error: factsOf(error), log: lines };
  }
}

function stopped(repairId: string): Outcome<RepairState> {
  const error = new MigrationError("repair.failed", {
    action: `repair ${repairId}`,
    problem: "it was stopped before a worker was free",
  });
  return { state: "failed", error: error.facts, log: "" };
}
