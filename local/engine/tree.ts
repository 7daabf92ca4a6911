import { type NewEvent, plainEvent } from "./history.ts";
import type { Json } from "./payload.ts";
import type { Activity, Branch, Change, EventRecord, ExecutionRecord } from "./records.ts";

/**
 * An execution's branches and the changes made to them since the last write. Changes are taken all
 * at once, so that the journal never holds half a step.
 */
export class Tree {
  readonly record: ExecutionRecord;
  readonly #branches = new Map<number, Branch>();
  readonly #children = new Map<number, Branch[]>();
  readonly #ready = new Set<Branch>();
  readonly #now: () => number;
  #input: { readonly value: Json } | undefined;
  #lastEventId = 0;
  #keptEventId = 0;
  #nextBranchId = 0;
  #events: EventRecord[] = [];
  #touched = new Set<Branch>();
  #removed: number[] = [];
  #recordChanged = false;

  constructor(record: ExecutionRecord, now: () => number) {
    this.record = record;
    this.#now = now;
  }

  restore(branches: readonly Branch[], lastEventId: number): void {
    this.#lastEventId = lastEventId;
    this.#keptEventId = lastEventId;
    for (const branch of branches) this.#adopt(branch);
  }

  /** The execution's input, parsed once. */
  get input(): Json {
    this.#input ??= { value: JSON.parse(this.record.input) };
    return this.#input.value;
  }

  get eventCount(): number {
    return this.#lastEventId;
  }

  get branches(): Iterable<Branch> {
    return this.#branches.values();
  }

  find(id: number): Branch | undefined {
    return this.#branches.get(id);
  }

  parentOf(branch: Branch): Branch | undefined {
    return branch.parent === null ? undefined : this.#branches.get(branch.parent);
  }

  childrenOf(branch: Branch): readonly Branch[] {
    return this.#children.get(branch.id) ?? [];
  }

  /** A branch that waits for its turn. The first one made is the execution's own, with id 0. */
  add(parent: Branch | null, index: number, item: Json, input: Json): Branch {
    const branch: Branch = {
      id: this.#nextBranchId,
      parent: parent?.id ?? null,
      index,
      item,
      status: "pending",
      state: null,
      input,
      variables: {},
      enteredAt: 0,
      enteredEvent: 0,
      lastEvent: parent?.lastEvent ?? 0,
      retries: [],
      activity: { kind: "ready" },
      output: null,
      failure: null,
    };
    this.#adopt(branch);
    this.touch(branch);
    return branch;
  }

  /** Forgets what ran inside a state that is left or tried again. */
  removeChildren(branch: Branch): void {
    for (const child of this.childrenOf(branch)) {
      this.removeChildren(child);
      this.#branches.delete(child.id);
      this.#touched.delete(child);
      this.#ready.delete(child);
      this.#removed.push(child.id);
    }
    this.#children.delete(branch.id);
  }

  touch(branch: Branch): void {
    this.#touched.add(branch);
  }

  /** The execution's own record changed. */
  touchRecord(): void {
    this.#recordChanged = true;
  }

  setActivity(branch: Branch, activity: Activity): void {
    branch.activity = activity;
    this.touch(branch);
    if (activity.kind === "ready") this.#ready.add(branch);
    else this.#ready.delete(branch);
  }

  rest(branch: Branch, status: Branch["status"]): void {
    branch.status = status;
    this.touch(branch);
    this.#ready.delete(branch);
  }

  /** The next branch that has work it can do at once. */
  takeReady(): Branch | undefined {
    for (const branch of this.#ready) {
      this.#ready.delete(branch);
      return branch;
    }
    return undefined;
  }

  /** Adds an event behind the branch's last one. Returns its id. */
  append(branch: Branch, event: NewEvent): number {
    branch.lastEvent = this.appendAside(event, branch.lastEvent);
    this.touch(branch);
    return branch.lastEvent;
  }

  /** Adds an event that no later one of the branch refers to. Returns its id. */
  appendAside(event: NewEvent | string, previousEventId: number): number {
    const { type, details } = typeof event === "string" ? plainEvent(event) : event;
    const id = ++this.#lastEventId;
    this.#events.push({ id, previousEventId, at: this.#now(), type, details });
    return id;
  }

  /** Forgets every branch: the execution succeeded and will not be redriven. */
  clear(): void {
    this.#removed.push(...this.#branches.keys());
    this.#ready.clear();
    this.#branches.clear();
    this.#children.clear();
  }

  /** The change last taken is on disk. */
  keepChange(): void {
    this.#keptEventId = this.#lastEventId;
  }

  /** Undoes what was not kept, as far as events go. */
  dropChange(): void {
    this.takeChange();
    this.#lastEventId = this.#keptEventId;
  }

  /** Everything changed since the last call, or undefined. */
  takeChange(): Change | undefined {
    const change = {
      execution: this.record,
      executionChanged: this.#recordChanged,
      events: this.#events,
      branches: [...this.#touched],
      removed: this.#removed,
    };
    this.#events = [];
    this.#touched = new Set();
    this.#removed = [];
    this.#recordChanged = false;
    const { executionChanged, events, branches, removed } = change;
    const isEmpty = !executionChanged && events.length + branches.length + removed.length === 0;
    return isEmpty ? undefined : change;
  }

  #adopt(branch: Branch): void {
    this.#branches.set(branch.id, branch);
    this.#nextBranchId = Math.max(this.#nextBranchId, branch.id + 1);
    if (branch.parent === null) return;
    const siblings = this.#children.get(branch.parent);
    if (siblings === undefined) this.#children.set(branch.parent, [branch]);
    else siblings.push(branch);
  }
}
