import fc from "fast-check";
import { expect, test } from "vitest";
import { type Move, nextMove, type Wanted } from "./boot.ts";

/** ZStack as `boot.ts` sees it: every order takes effect, after a while. */
class Vm {
  state = "Created";
  readonly groups = new Set<string>();
  readonly attached = new Set<string>(["root"]);
  private order: Move | undefined;
  /** What was there when its guest started, and how often that did. */
  startedWith: readonly string[] = [];
  starts = 0;

  goOn(): void {
    const { order } = this;
    this.order = undefined;
    if (this.state === "Created") this.state = "Stopped";
    if (order?.move === "join") this.groups.add(order.groupId);
    if (order?.move === "attach") this.attached.add(order.volumeId);
    if (order?.move === "start") {
      this.state = "Running";
      this.starts += 1;
      this.startedWith = [...this.attached, ...this.groups];
    }
  }

  /** A repeated order is the same one. */
  carryOut(move: Move): void {
    expect(this.state).toBe("Stopped");
    if (this.order !== undefined) expect(move).toEqual(this.order);
    this.order = move;
  }
}

test("a server starts once, in its groups and with all its volumes, in whatever rhythm ZStack works", () => {
  const ids = (prefix: string) =>
    fc.uniqueArray(fc.stringMatching(new RegExp(`^${prefix}-[a-z]{3}$`)), { maxLength: 5 });
  const cases = fc.record({
    dataVolumeIds: ids("data"),
    groupIds: ids("group"),
    rhythm: fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
  });
  fc.assert(
    fc.property(cases, ({ rhythm, ...wanted }) => {
      const vm = new Vm();
      for (let look = 0; look < 100; look += 1) {
        if (rhythm[look % rhythm.length] || look > 50) vm.goOn();
        const move = nextMove(vm, wanted satisfies Wanted);
        if (move.move === "done") break;
        if (move.move !== "wait") vm.carryOut(move);
      }

      const all = [...wanted.dataVolumeIds, ...wanted.groupIds];
      return vm.starts === 1 && all.every((id) => vm.startedWith.includes(id));
    }),
    { numRuns: 1_000 },
  );
});

test("what is taken off a running server stays off, and one that crashed ends the launch", () => {
  const wanted = { groupIds: [], dataVolumeIds: ["clone"] };
  const bare = { groups: new Set<string>(), attached: new Set<string>() };

  expect(nextMove({ ...bare, state: "Running" }, wanted).move).toBe("done");
  expect(nextMove({ ...bare, state: "Crashed" }, wanted).move).toBe("fail");
  expect(nextMove({ ...bare, state: "Unknown" }, wanted).move).toBe("wait");
});
