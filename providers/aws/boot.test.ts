import fc from "fast-check";
import { expect, test } from "vitest";
import { type Move, nextMove, type Seen, type Wanted } from "./boot.ts";

/** EC2 as `boot.ts` sees it: every order takes effect, tasks may fail. */
class Ec2 {
  state = "pending";
  root: string | undefined = "vol-shell";
  task: Seen["task"] = "none";
  readonly attached = new Map<string, boolean>();
  /** Which disks the guest found when its own root first started. */
  started: ReadonlySet<string> | undefined;
  private readonly ours: string | undefined;
  private readonly taskFails: boolean;

  constructor(ours: string | undefined, taskFails: boolean) {
    this.ours = ours;
    this.taskFails = taskFails;
    if (ours === undefined) this.root = "vol-of-image";
    this.attached.set(this.root ?? "", true);
  }

  seen(): Seen {
    const { state, root, task, attached } = this;
    return { state, rootVolumeId: root, task, attached };
  }

  /** What happens by itself. */
  goOn(): void {
    if (this.state === "pending") this.running();
    if (this.state === "stopping") this.state = "stopped";
    if (this.task !== "under way") return;
    this.task = this.taskFails ? "failed" : "done";
    if (!this.taskFails && this.ours !== undefined) {
      this.attached.delete(this.root ?? "");
      this.root = this.ours;
      this.attached.set(this.ours, false);
      this.running();
    }
  }

  private running(): void {
    this.state = "running";
    const guest = this.ours === undefined || this.root === this.ours;
    if (guest) this.started = new Set(this.attached.keys());
  }

  carryOut(move: Move): void {
    switch (move.move) {
      case "replace-root":
        expect(this.state).toBe("running");
        this.task = "under way";
        return;
      case "stop":
        expect(this.state).toBe("running");
        this.state = "stopping";
        return;
      case "start":
        expect(this.state).toBe("stopped");
        this.running();
        return;
      case "detach-root":
        expect(this.state).toBe("stopped");
        this.attached.delete(move.volumeId);
        this.root = undefined;
        return;
      case "attach-root":
        expect(this.state).toBe("stopped");
        this.root = this.ours;
        this.attached.set(this.ours ?? "", false);
        return;
      case "attach":
        this.attached.set(move.volumeId, false);
        return;
      case "bind-lives":
        for (const id of move.volumeIds) this.attached.set(id, true);
        return;
      default:
        return;
    }
  }
}

const cases = fc.record({
  ours: fc.constantFrom("vol-ours", undefined),
  data: fc.uniqueArray(fc.stringMatching(/^vol-[a-z]{3}$/), { maxLength: 5 }),
  way: fc.constantFrom("task", "swap", "auto") as fc.Arbitrary<Wanted["way"]>,
  taskFails: fc.boolean(),
  /** Before which looks EC2's own doings have come about. */
  rhythm: fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
});

test("every way ends with the guest running from our disk, with all volumes there when it last started", () => {
  fc.assert(
    fc.property(cases, ({ ours, data, way, taskFails, rhythm }) => {
      const ec2 = new Ec2(ours, taskFails);
      const wanted: Wanted = { rootVolumeId: ours, dataVolumeIds: data, way };
      let move: Move = { move: "wait", for: "" };
      for (let look = 0; look < 60; look += 1) {
        if (rhythm[look % rhythm.length] || look > 30) ec2.goOn();
        move = nextMove(ec2.seen(), wanted);
        if (move.move === "done" || move.move === "fail") break;
        ec2.carryOut(move);
      }

      if (ours !== undefined && way === "task" && taskFails) return move.move === "fail";
      const all = [...(ours === undefined ? [] : [ours]), ...data];
      return (
        move.move === "done" &&
        ec2.state === "running" &&
        (ours === undefined || ec2.root === ours) &&
        all.every((id) => ec2.started?.has(id) === true && ec2.attached.get(id) === true)
      );
    }),
    { numRuns: 2000 },
  );
});

test("while EC2 is at work nothing is ordered", () => {
  const wanted: Wanted = { rootVolumeId: "vol-ours", dataVolumeIds: [], way: "auto" };
  const seen = { rootVolumeId: "vol-shell", attached: new Map([["vol-shell", true]]) };

  for (const state of ["pending", "stopping"]) {
    expect(nextMove({ ...seen, state, task: "none" }, wanted).move).toBe("wait");
  }
  expect(nextMove({ ...seen, state: "running", task: "under way" }, wanted).move).toBe("wait");
});
