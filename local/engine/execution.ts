import type { Evaluator } from "./expressions.ts";
import { type Failure, StateFailure } from "./failure.ts";
import type { Machine } from "./load.ts";
import { Progress } from "./progress.ts";
import type { Activity, Branch, Change, ExecutionRecord, TaskActivity } from "./records.ts";
import { startState } from "./states.ts";
import { Tree } from "./tree.ts";
import { type Host, Undertaking } from "./undertaking.ts";
import type { World } from "./world.ts";

/**
 * One running execution: an actor. Whatever happens to it (an answer, a deadline, a token, a stop)
 * is a message; messages are worked on one after the other, and end in one write to the journal.
 * Only when that write is on disk are functions called and timers set, always from what was
 * written, so that a restart does exactly what would have been done.
 */

// A message may lead through states that need no waiting. After so many, the journal is written.
const statesPerStep = 100;
const messagesPerStep = 100;
/** Source: Step Functions quotas, "Maximum execution history size". */
const mostEvents = 25_000;

type Message = () => void | Promise<void>;

export class Execution implements Host {
  readonly record: ExecutionRecord;
  readonly world: World;
  readonly #tree: Tree;
  readonly #progress: Progress;
  readonly #write: (change: Change) => Promise<void>;
  readonly #undertakings = new Map<number, Undertaking>();
  #mailbox: { readonly message: Message; readonly done: () => void }[] = [];
  #working: Promise<void> | undefined;
  #callOffTimeout = () => {};
  #isClosed = false;
  #end: (record: ExecutionRecord) => void = () => {};
  /** Settles when the end of the execution is on disk. */
  readonly ended = new Promise<ExecutionRecord>((resolve) => {
    this.#end = resolve;
  });

  constructor(
    record: ExecutionRecord,
    machine: Machine,
    evaluator: Evaluator,
    world: World,
    write: (change: Change) => Promise<void>,
  ) {
    this.record = record;
    this.world = world;
    this.#write = write;
    this.#tree = new Tree(record, () => world.clock.now());
    this.#progress = new Progress(this.#tree, machine, evaluator, world);
  }

  get isRunning(): boolean {
    return this.record.status === "RUNNING";
  }

  /** Resolves when the first states are on disk. */
  start(): Promise<void> {
    return this.#step(() => this.#progress.start());
  }

  /**
   * Takes up an execution that was running when the engine stopped. What is on disk is acted upon as it
   * is, without being written again: a process that is killed at each of its writes still gets on.
   */
  resume(branches: readonly Branch[], lastEventId: number): Promise<void> {
    this.#tree.restore(branches, lastEventId);
    return this.#step(() => {
      const waiting: Branch[] = [];
      for (const branch of this.#tree.branches) {
        if (branch.status !== "running") continue;
        const { activity } = branch;
        // Nobody could be heard while the engine was away, so silence is counted anew.
        if (activity.kind === "task" && activity.heartbeatMs !== null) {
          activity.heartbeatAt = this.world.clock.now() + activity.heartbeatMs;
        }
        if (activity.kind === "ready") this.#tree.setActivity(branch, activity);
        else waiting.push(branch);
      }
      this.#act({ branches: waiting, removed: [] });
    });
  }

  redrive(branches: readonly Branch[], lastEventId: number): Promise<void> {
    this.#tree.restore(branches, lastEventId);
    // At once, so that two redrives at the same moment find one another.
    this.record.status = "RUNNING";
    return this.#step(() => this.#progress.redrive());
  }

  stop(failure: Failure): Promise<void> {
    return this.#step(() => this.#progress.end("ABORTED", failure));
  }

  async answer(
    branch: Branch,
    activity: Activity,
    work: (progress: Progress) => void | Promise<void>,
  ): Promise<boolean> {
    let isWanted = false;
    await this.#step(async () => {
      isWanted = branch.status === "running" && branch.activity === activity;
      if (isWanted) await this.#attempt(branch, () => work(this.#progress));
    });
    return isWanted;
  }

  /** The task that waits for a token, or undefined when it no longer does. */
  findTask(
    branchId: number,
    token: string,
  ): { branch: Branch; activity: TaskActivity } | undefined {
    const branch = this.#tree.find(branchId);
    if (branch?.status !== "running" || branch.activity.kind !== "task") return undefined;
    return branch.activity.token === token ? { branch, activity: branch.activity } : undefined;
  }

  isAwaiting(parent: string): boolean {
    const [, branchId, event] = parent.split(".").map(Number);
    const branch = this.#tree.find(branchId ?? -1);
    if (branch?.status !== "running" || branch.activity.kind !== "task") return false;
    return branch.activity.scheduledEvent === event;
  }

  /** Lets go of everything in flight. The journal says what to take up again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#callOffTimeout();
    for (const undertaking of this.#undertakings.values()) undertaking.abandon();
    await this.#working;
  }

  /** Resolves when what the message did is on disk. */
  #step(message: Message): Promise<void> {
    return new Promise((done) => {
      this.#mailbox.push({ message, done });
      this.#working ??= this.#workOff();
    });
  }

  /** Messages that came while the journal was being written share the next write. */
  async #workOff(): Promise<void> {
    while (this.#mailbox.length > 0) {
      const letters = this.#mailbox.splice(0, messagesPerStep);
      await this.#work(letters.map(({ message }) => message));
      for (const { done } of letters) done();
    }
    this.#working = undefined;
  }

  async #work(messages: readonly Message[]): Promise<void> {
    if (this.#isClosed) return;
    try {
      for (const message of messages) {
        if (this.isRunning) await message();
      }
      await this.#goOn();
      await this.#commit();
    } catch (thrown) {
      // Our own fault. The execution must not hang, and others must not suffer.
      this.#tree.dropChange();
      const cause = thrown instanceof Error ? thrown.message : String(thrown);
      this.#progress.end("FAILED", { error: "States.Runtime", cause });
      await this.#commit();
    }
  }

  /** Walks on in every branch that need not wait. */
  async #goOn(): Promise<void> {
    for (let left = statesPerStep; left > 0 && this.isRunning; left--) {
      const branch = this.#tree.takeReady();
      if (branch === undefined) return;
      await this.#attempt(branch, () => startState(this.#progress, branch));
    }
  }

  async #attempt(branch: Branch, work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      if (!(thrown instanceof StateFailure)) throw thrown;
      await this.#progress.fail(branch, thrown.failure);
    }
    if (this.isRunning && this.#tree.eventCount >= mostEvents - 1) {
      const cause = `The execution reached the maximum number of history events (${mostEvents}).`;
      this.#progress.end("FAILED", { error: "States.Runtime", cause });
    }
  }

  async #commit(): Promise<void> {
    const change = this.#tree.takeChange();
    if (change === undefined) return;
    await this.#write(change);
    this.#tree.keepChange();
    this.#act(change);
  }

  /** Does what the journal now says is to be done, and no longer what it does not say. */
  #act(change: Pick<Change, "branches" | "removed">): void {
    for (const id of change.removed) this.#drop(id);
    for (const branch of change.branches) {
      const current = this.#undertakings.get(branch.id);
      const isWanted = this.isRunning && branch.status === "running";
      if (isWanted && current?.activity === branch.activity) continue;
      this.#drop(branch.id);
      if (!isWanted || this.#isClosed) continue;
      if (branch.activity.kind === "ready") void this.#step(() => {});
      else this.#undertakings.set(branch.id, new Undertaking(this, branch));
    }
    this.#watchTimeLimit();
    if (this.isRunning) return;
    for (const id of this.#undertakings.keys()) this.#drop(id);
    this.#end(this.record);
  }

  #drop(branchId: number): void {
    this.#undertakings.get(branchId)?.cancel();
    this.#undertakings.delete(branchId);
  }

  #watchTimeLimit(): void {
    const { timeoutAt } = this.record;
    this.#callOffTimeout();
    if (timeoutAt === null || this.#isClosed) return;
    this.#callOffTimeout = this.world.clock.callAt(timeoutAt, () => {
      void this.#step(() => this.#progress.end("TIMED_OUT", { error: "States.Timeout" }));
    });
  }
}
