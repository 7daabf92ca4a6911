import fc from "fast-check";
import { expect, test } from "vitest";
import { type Move, mostAtOnce, nextMove, type SeenVolume } from "./boot.ts";

const instanceId = "ins-1";

/** CVM and CBS as `boot.ts` sees them: every order takes effect, some time later. */
class Tencent {
  state = "PENDING";
  readonly volumes: Map<string, { state: string; instanceId: string | undefined; bound: boolean }>;
  /** Which volumes the guest found when it last started. */
  started: ReadonlySet<string> = new Set();

  constructor(volumeIds: readonly string[]) {
    const free = () => ({ state: "UNATTACHED", instanceId: undefined, bound: false });
    this.volumes = new Map(volumeIds.map((id) => [id, free()]));
  }

  seen() {
    const volumes = [...this.volumes].map(([id, volume]): SeenVolume => ({ id, ...volume }));
    return { instanceId, state: this.state, volumes };
  }

  /** What happens by itself. */
  goOn(): void {
    if (this.state === "PENDING" || this.state === "STARTING") {
      this.state = "RUNNING";
      this.started = new Set(
        [...this.volumes].filter(([, one]) => one.state === "ATTACHED").map(([id]) => id),
      );
    }
    if (this.state === "STOPPING") this.state = "STOPPED";
    for (const volume of this.volumes.values()) {
      if (volume.state === "ATTACHING") volume.state = "ATTACHED";
    }
  }

  carryOut(move: Move): void {
    switch (move.move) {
      case "stop":
        expect(this.state).toBe("RUNNING");
        this.state = "STOPPING";
        return;
      case "start":
        expect(this.state).toBe("STOPPED");
        this.state = "STARTING";
        return;
      case "attach":
        expect(this.state).toBe("STOPPED");
        expect(move.volumeIds.length).toBeLessThanOrEqual(mostAtOnce);
        // Now and then Tencent forgets that they are to end with the instance.
        for (const id of move.volumeIds) {
          const bound = !id.endsWith("x");
          this.volumes.set(id, { state: "ATTACHING", instanceId, bound });
        }
        return;
      case "bind-lives":
        for (const id of move.volumeIds) {
          this.volumes.set(id, { state: "ATTACHED", instanceId, bound: true });
        }
        return;
      default:
        return;
    }
  }
}

const cases = fc.record({
  ids: fc.uniqueArray(fc.stringMatching(/^disk-[a-z]{3}$/), { maxLength: 20 }),
  /** Before which looks Tencent's own doings have come about. */
  rhythm: fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
});

test("a launch ends with all volumes hanging, bound to the instance's life and seen by the guest when it started, ten at a time", () => {
  fc.assert(
    fc.property(cases, ({ ids, rhythm }) => {
      const tencent = new Tencent(ids);
      let move: Move = { move: "wait", for: "" };
      for (let look = 0; look < 80; look += 1) {
        if (rhythm[look % rhythm.length] || look > 40) tencent.goOn();
        move = nextMove(tencent.seen());
        if (move.move === "done" || move.move === "fail") break;
        tencent.carryOut(move);
      }
      tencent.goOn();

      return (
        move.move === "done" &&
        tencent.state === "RUNNING" &&
        ids.every((id) => tencent.started.has(id) && tencent.volumes.get(id)?.bound === true)
      );
    }),
    { numRuns: 2000 },
  );
});

const hanging: SeenVolume = { id: "disk-1", state: "ATTACHED", instanceId, bound: true };

test.each(["PENDING", "STARTING", "STOPPING", "REBOOTING"])(
  "while the instance is %s nothing is ordered",
  (state) => {
    const free = { ...hanging, state: "UNATTACHED", instanceId: undefined };

    expect(nextMove({ instanceId, state, volumes: [free] }).move).toBe("wait");
  },
);

test("a launch that Tencent gave up, or whose volume is gone, fails; one whose volume hangs elsewhere waits", () => {
  const gone = { ...hanging, state: undefined, instanceId: undefined };
  const elsewhere = { ...hanging, instanceId: "ins-2" };

  const moves = [
    nextMove({ instanceId, state: "LAUNCH_FAILED", volumes: [] }),
    nextMove({ instanceId, state: "STOPPED", volumes: [gone] }),
    nextMove({ instanceId, state: "STOPPED", volumes: [elsewhere] }),
  ];

  expect(moves.map(({ move }) => move)).toEqual(["fail", "fail", "wait"]);
});

test("HyperDoor's instance is never stopped: what it copies is hung on it while it runs, and bound to it", () => {
  const free = { ...hanging, state: "UNATTACHED", instanceId: undefined, bound: false };
  const next = (volume: SeenVolume) =>
    nextMove({ instanceId, state: "RUNNING", volumes: [volume], waitsForVolumes: true });

  expect([next(free), next({ ...hanging, bound: false }), next(hanging)]).toEqual([
    { move: "attach", volumeIds: ["disk-1"] },
    { move: "bind-lives", volumeIds: ["disk-1"] },
    { move: "done" },
  ]);
});
