import { executionArn } from "./arn.ts";
import type { Clock } from "./clock.ts";
import { DefinitionError } from "./diagnostics.ts";
import { Execution } from "./execution.ts";
import { Evaluator } from "./expressions.ts";
import { type Failure, StateFailure } from "./failure.ts";
import { executionEnded } from "./history.ts";
import type { Journal } from "./journal.ts";
import { jsonataFunctions } from "./jsonata-functions.ts";
import { loadMachine, type Machine } from "./load.ts";
import type { ExecutionRecord, MachineRecord } from "./records.ts";
import { readToken } from "./states.ts";
import type { Call } from "./tasks.ts";
import type { Invoke, NestedExecution, NestedExecutions, World } from "./world.ts";

/** All executions: those running in memory, those that ended in the journal. */

// Source: Step Functions quotas, "Execution history retention time".
const keptMs = 90 * 24 * 3_600_000;
const sweepEveryMs = 6 * 3_600_000;

export class ExecutionNameTaken extends Error {}

export class Executions implements NestedExecutions {
  readonly #journal: Journal;
  readonly #world: World;
  readonly #running = new Map<string, Execution>();
  readonly #byId = new Map<number, Execution>();
  readonly #machines = new Map<string, { machine: Machine; evaluator: Evaluator }>();
  #lastId: number;
  #callOffSweep = () => {};

  constructor(
    journal: Journal,
    outside: { clock: Clock; random: () => number; uuid: () => string; invoke: Invoke },
  ) {
    this.#journal = journal;
    this.#world = { ...outside, nested: this };
    this.#lastId = journal.lastExecutionId();
  }

  /** Takes up everything that was running when the engine stopped, however it stopped. */
  async resume(): Promise<void> {
    const records = this.#journal.listRunning().filter((record) => this.#canLoad(record));
    for (const record of records) this.#adopt(record);
    await Promise.all(
      records.map((record) => {
        const branches = this.#journal.listBranches(record.id);
        return this.#byId.get(record.id)?.resume(branches, this.#journal.lastEventId(record.id));
      }),
    );
    await this.#stopOrphans(records);
    this.#sweep();
  }

  find(arn: string): Execution | undefined {
    return this.#running.get(arn);
  }

  /** Throws ExecutionNameTaken, unless the execution of that name runs with the same input. */
  async begin(
    machine: MachineRecord,
    name: string,
    input: string,
    parent: string | null = null,
  ): Promise<ExecutionRecord> {
    const arn = executionArn(machine.name, name);
    const running = this.#running.get(arn);
    if (running !== undefined || this.#journal.findExecution(arn) !== undefined) {
      if (running?.record.input === input && parent === null) return running.record;
      throw new ExecutionNameTaken(arn);
    }
    const execution = this.#adopt({
      id: ++this.#lastId,
      arn,
      machineArn: machine.arn,
      name,
      roleArn: machine.roleArn,
      definition: machine.definition,
      input,
      startedAt: this.#world.clock.now(),
      parent,
      status: "RUNNING",
      timeoutAt: null,
      stoppedAt: null,
      output: null,
      error: null,
      cause: null,
      redriveCount: 0,
      redrivenAt: null,
    });
    await execution.start();
    return execution.record;
  }

  async redrive(record: ExecutionRecord): Promise<void> {
    const branches = this.#journal.listBranches(record.id);
    await this.#adopt(record).redrive(branches, this.#journal.lastEventId(record.id));
  }

  /** Stops an execution and waits until that is on disk. Nothing happens when it has ended. */
  async stop(arn: string, failure: Failure): Promise<void> {
    await this.#running.get(arn)?.stop(failure);
  }

  listRunningOf(machineArn: string): string[] {
    const running = [...this.#running.values()].map(({ record }) => record);
    return running.filter((each) => each.machineArn === machineArn).map(({ arn }) => arn);
  }

  async start(call: Call & { to: "execution" }, parent: string): Promise<NestedExecution> {
    const machine = this.#journal.findMachine(call.machineArn);
    if (machine === undefined) {
      throw nestedFailure(
        "StateMachineDoesNotExist",
        `State Machine Does Not Exist: '${call.machineArn}'`,
      );
    }
    const arn = executionArn(machine.name, call.name);
    const before = this.#running.get(arn)?.record ?? this.#journal.findExecution(arn);
    if (before !== undefined && before.parent !== parent) {
      throw nestedFailure("ExecutionAlreadyExists", `Execution Already Exists: '${arn}'`);
    }
    const record = before ?? (await this.begin(machine, call.name, call.input, parent));
    return {
      arn,
      started: { ExecutionArn: arn, StartDate: record.startedAt },
      ended: this.#running.get(arn)?.ended ?? Promise.resolve(record),
    };
  }

  /** Which task a token belongs to: the task, "gone" when it no longer waits, undefined if invented. */
  findTask(token: string) {
    const place = readToken(token);
    if (place === undefined) return undefined;
    const execution = this.#byId.get(place.execution);
    const task = execution?.findTask(place.branch, token);
    if (execution !== undefined && task !== undefined) return { execution, ...task };
    return this.#journal.hasExecution(place.execution) ? "gone" : undefined;
  }

  async close(): Promise<void> {
    this.#callOffSweep();
    await Promise.all([...this.#running.values()].map((execution) => execution.close()));
  }

  #adopt(record: ExecutionRecord): Execution {
    const { machine, evaluator } = this.#load(record.definition);
    const execution = new Execution(record, machine, evaluator, this.#world, (change) =>
      this.#journal.writeChange(change),
    );
    this.#running.set(record.arn, execution);
    this.#byId.set(record.id, execution);
    void execution.ended.then(() => {
      this.#running.delete(record.arn);
      this.#byId.delete(record.id);
    });
    return execution;
  }

  /** Each definition is parsed and its expressions compiled once, however many executions run it. */
  #load(definition: string) {
    let loaded = this.#machines.get(definition);
    if (loaded === undefined) {
      const machine = loadMachine(definition);
      const functions = jsonataFunctions(this.#world.random, this.#world.uuid);
      loaded = { machine, evaluator: new Evaluator(machine.expressions, functions) };
      this.#machines.set(definition, loaded);
    }
    return loaded;
  }

  /** A definition that another version accepted and this one refuses fails, and nothing else. */
  #canLoad(record: ExecutionRecord): boolean {
    try {
      this.#load(record.definition);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof DefinitionError)) throw thrown;
      Object.assign(record, { status: "FAILED", stoppedAt: this.#world.clock.now() });
      Object.assign(record, { error: "States.Runtime", cause: thrown.message, timeoutAt: null });
      const id = this.#journal.lastEventId(record.id) + 1;
      const event = executionEnded("FAILED", { error: "States.Runtime", cause: thrown.message });
      void this.#journal.writeChange({
        execution: record,
        executionChanged: true,
        events: [{ id, previousEventId: 0, at: this.#world.clock.now(), ...event }],
        branches: [],
        removed: [],
      });
      return false;
    }
  }

  /** A crash may fall between stopping an execution and stopping the ones it had started. */
  async #stopOrphans(records: readonly ExecutionRecord[]): Promise<void> {
    for (const { arn, parent } of records) {
      if (parent === null || this.#byId.get(Number(parent.split(".")[0]))?.isAwaiting(parent))
        continue;
      await this.stop(arn, { cause: "The execution that waited for this one has ended" });
    }
  }

  #sweep(): void {
    const { clock } = this.#world;
    void this.#journal.removeStoppedBefore(clock.now() - keptMs);
    this.#callOffSweep = clock.callAt(clock.now() + sweepEveryMs, () => this.#sweep());
  }
}

/** As AWS names what its own service refused. */
function nestedFailure(code: string, message: string): StateFailure {
  return new StateFailure({
    error: `StepFunctions.${code}Exception`,
    cause: `${message} (Service: AWSStepFunctions; Status Code: 400; Error Code: ${code})`,
  });
}
