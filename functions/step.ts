/**
 * What every step has around it, once: input and output are parsed, the run's record says which step
 * is under way and what it waits for, errors get the name that state machines retry on and catch.
 *
 * A step is called by Lambda and by the local engine through the same export, and may run twice.
 */
import middy from "@middy/core";
import type { z } from "zod";
import { factsOf, MigrationError, stepErrorName } from "#domain/errors.ts";
import { problemsOf } from "#domain/zod-problems.ts";
import { type Deps, hostedDeps } from "./deps.ts";

export interface StepSpec<I extends z.ZodType, O extends z.ZodType> {
  readonly name: string;
  readonly input: I;
  readonly output: O;
  /** True for the step that tells why a run failed: it must not overwrite what it is to tell. */
  readonly leavesRecord?: true;
  readonly run: (request: z.output<I>, deps: Deps) => Promise<z.input<O>>;
}

/** What leaves a step when it fails. The facts are in the run's record; this is for people and ASL. */
class StepError extends Error {
  constructor(cause: unknown) {
    const hint = cause instanceof MigrationError ? ` ${cause.hint}` : "";
    super(`${cause instanceof Error ? cause.message : String(cause)}.${hint}`, { cause });
    this.name = stepErrorName(cause);
  }
}

/** The handler that Lambda and the engine call; `spec` is there for the contract test to read. */
export function step<I extends z.ZodType, O extends z.ZodType>(spec: StepSpec<I, O>) {
  const handler = middy(
    async (event: unknown): Promise<z.output<O>> => runStep(spec, event, hostedDeps()),
  );
  return Object.assign(handler, { spec });
}

async function runStep<I extends z.ZodType, O extends z.ZodType>(
  spec: StepSpec<I, O>,
  event: unknown,
  deps: Deps,
): Promise<z.output<O>> {
  const runId = runIdOf(event);
  const log = deps.log.child({ step: spec.name, runId });
  try {
    const parsed = spec.input.safeParse(event);
    if (!parsed.success) {
      throw new MigrationError("input.invalid", {
        where: `input of step ${spec.name}`,
        problem: problemsOf(parsed.error),
      });
    }
    if (spec.leavesRecord !== true) await noteRun(deps, runId, { step: spec.name });
    const result = await spec.run(parsed.data, deps);
    log.info("done");
    return spec.output.parse(result);
  } catch (error) {
    const facts = factsOf(error);
    const waits = error instanceof MigrationError && error.code === "not-ready";
    if (waits) {
      log.info({ waitsFor: facts.params }, "waiting");
      await noteRun(deps, runId, { step: spec.name, waitsFor: error.message });
    } else {
      log.error({ err: error, facts }, "failed");
      await noteRun(deps, runId, { step: spec.name, error: facts });
    }
    throw new StepError(error);
  }
}

function runIdOf(event: unknown): string | undefined {
  if (typeof event !== "object" || event === null || !("runId" in event)) return undefined;
  return typeof event.runId === "string" ? event.runId : undefined;
}

interface Note {
  step: string;
  waitsFor?: string;
  error?: { code: string; params: Record<string, string | number> };
}

/** Keeps the run's record telling what goes on. A run started by hand gets its record in Precheck. */
async function noteRun(deps: Deps, runId: string | undefined, note: Note): Promise<void> {
  if (runId === undefined || (await deps.store.runs.find(runId)) === undefined) return;
  await deps.store.runs.update(runId, (run) => {
    // A step that looks again still waits for what it waited for; what an earlier try met and got over
    // is no error of the run.
    const { waitsFor: before, error: _, ...rest } = run;
    const waitsFor = note.waitsFor ?? (run.step === note.step ? before : undefined);
    return {
      ...rest,
      step: note.step,
      ...(waitsFor === undefined ? {} : { waitsFor }),
      ...(note.error === undefined
        ? {}
        : { error: { ...note.error, runId, at: deps.now().toISOString() } }),
    };
  });
}
