import fc from "fast-check";
import { expect, test } from "vitest";
import { type Move, nextMove, type Seen, type Wanted } from "./boot.ts";

/** ECS as `boot.ts` sees it: every order takes effect, after a while. */
class Ecs {
  status = "BUILD";
  order: Move | undefined;
  system: string | undefined;
  readonly attached = new Map<string, boolean>();
  readonly moving = new Set<string>();
  /** Which disks the guest found when it last started. */
  started: ReadonlySet<string> | undefined;
  private readonly ours: string | undefined;

  constructor(ours: string | undefined) {
    this.ours = ours;
    this.system = ours === undefined ? "of-the-image" : "of-the-shell";
    this.attached.set(this.system, true);
  }

  seen(): Seen {
    const { status, system, attached, moving, order } = this;
    const busy = order?.move === "stop" || order?.move === "start";
    return { status, busy, systemVolumeId: system, attached, moving };
  }

  /** What happens by itself. */
  goOn(): void {
    const { order } = this;
    this.order = undefined;
    this.moving.clear();
    if (this.status === "BUILD" || order?.move === "start") this.runs();
    if (order?.move === "stop") this.status = "SHUTOFF";
    if (order?.move === "attach") this.attached.set(order.volumeId, false);
    if (order?.move === "attach-system") {
      this.system = this.ours;
      this.attached.set(this.ours ?? "", true);
    }
    if (order?.move === "detach-system") {
      this.attached.delete(order.volumeId);
      this.system = undefined;
    }
  }

  private runs(): void {
    this.status = "ACTIVE";
    const guest = this.ours === undefined || this.system === this.ours;
    if (guest) this.started = new Set(this.attached.keys());
  }

  carryOut(move: Move): void {
    expect(this.order).toBeUndefined();
    if (move.move === "bind-lives") {
      for (const id of move.volumeIds) this.attached.set(id, true);
      return;
    }
    expect(this.status).toBe(move.move === "stop" ? "ACTIVE" : "SHUTOFF");
    // A shell has nothing to lose, a guest has.
    const isShell = this.ours !== undefined && this.system !== this.ours;
    if (move.move === "stop") expect(move.hard).toBe(isShell);
    if (move.move === "attach" || move.move === "detach-system") this.moving.add(move.volumeId);
    if (move.move === "attach-system") this.moving.add(this.ours ?? "");
    this.order = move;
  }
}

const cases = fc.record({
  ours: fc.constantFrom("ours", undefined),
  data: fc.uniqueArray(fc.stringMatching(/^data-[a-z]{3}$/), { maxLength: 5 }),
  /** Before which looks ECS's own doings have come about. */
  rhythm: fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
});

test("both ways end with the guest running from its disk, with all volumes there when it last started", () => {
  fc.assert(
    fc.property(cases, ({ ours, data, rhythm }) => {
      const ecs = new Ecs(ours);
      const wanted: Wanted = { systemVolumeId: ours, dataVolumeIds: data };
      let move: Move = { move: "wait", for: "" };
      for (let look = 0; look < 100; look += 1) {
        if (rhythm[look % rhythm.length] || look > 50) ecs.goOn();
        move = nextMove(ecs.seen(), wanted);
        if (move.move === "done") break;
        if (move.move !== "wait") ecs.carryOut(move);
      }

      return (
        move.move === "done" &&
        ecs.status === "ACTIVE" &&
        (ours === undefined || ecs.system === ours) &&
        data.every((id) => ecs.started?.has(id) === true && ecs.attached.get(id) === true)
      );
    }),
    { numRuns: 2000 },
  );
});

test("while ECS is at work nothing is ordered, and an error ends the launch", () => {
  const wanted: Wanted = { systemVolumeId: "ours", dataVolumeIds: ["data"] };
  const quiet = {
    status: "ACTIVE",
    busy: false,
    systemVolumeId: "of-the-shell",
    attached: new Map([["of-the-shell", true]]),
    moving: new Set<string>(),
  };

  expect(nextMove({ ...quiet, status: "BUILD" }, wanted).move).toBe("wait");
  expect(nextMove({ ...quiet, busy: true }, wanted).move).toBe("wait");
  expect(nextMove({ ...quiet, moving: new Set(["data"]) }, wanted).move).toBe("wait");
  expect(nextMove({ ...quiet, status: "ERROR" }, wanted).move).toBe("fail");
});
