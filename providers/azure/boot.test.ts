import fc from "fast-check";
import { expect, test } from "vitest";
import { type Move, nextMove, type Seen, type Way } from "./boot.ts";

/** Azure as `boot.ts` sees it: orders take effect, and their work ends when told. */
class Azure {
  disk: Seen["disk"] = "original";
  isReady = true;
  snapshot: Seen["snapshot"] = "none";
  fits: boolean;

  constructor(fits: boolean) {
    this.fits = fits;
  }

  seen(): Seen {
    const { disk, isReady, fits, snapshot } = this;
    return { disk, isReady, fits, snapshot };
  }

  goOn(): void {
    this.isReady = this.disk !== "absent";
    if (this.snapshot === "pending") this.snapshot = "ready";
  }

  carryOut({ move }: Move): void {
    switch (move) {
      case "take-snapshot":
        expect(this.snapshot).toBe("none");
        this.snapshot = "pending";
        return;
      case "delete-original":
        // The only thing that holds the guest's bytes from now on.
        expect(this.snapshot).toBe("ready");
        this.disk = "absent";
        return;
      case "make-copy":
        expect(this.snapshot).toBe("ready");
        this.disk = "copy";
        this.isReady = false;
        this.fits = true;
        return;
      default:
        return;
    }
  }
}

const cases = fc.record({
  fits: fc.boolean(),
  way: fc.constantFrom<Way>("auto", "attach", "copy"),
  /** Before which looks Azure's own doings have come about. */
  rhythm: fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
});

test("every way ends with a disk made for its firmware, or says that it can't", () => {
  fc.assert(
    fc.property(cases, ({ fits, way, rhythm }) => {
      const azure = new Azure(fits);
      let move: Move = { move: "wait", for: "" };
      for (let look = 0; look < 40; look += 1) {
        if (rhythm[look % rhythm.length] || look > 20) azure.goOn();
        move = nextMove(azure.seen(), way);
        if (move.move === "attach" || move.move === "fail") break;
        azure.carryOut(move);
      }

      if (way === "attach" && !fits) return move.move === "fail" && azure.disk === "original";
      const wanted = way === "copy" || !fits ? "copy" : "original";
      return move.move === "attach" && azure.isReady && azure.fits && azure.disk === wanted;
    }),
    { numRuns: 1000 },
  );
});

test("a disk is never deleted before its snapshot is ready", () => {
  for (const snapshot of ["none", "pending", "failed"] as const) {
    for (const way of ["auto", "attach", "copy"] as const) {
      const seen: Seen = { disk: "original", isReady: true, fits: false, snapshot };
      expect(nextMove(seen, way).move).not.toBe("delete-original");
    }
  }
});
