import { describe, expect, it } from "vitest";
import { createWorkers } from "./workers.ts";

const never = new AbortController().signal;

describe("repair workers", () => {
  it("no more work runs at once than there are places, and the rest follows in order", async () => {
    const workers = createWorkers(2);
    const began: number[] = [];
    const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    const work = gates.map((gate, index) =>
      workers.run(async () => {
        began.push(index);
        await gate.promise;
      }, never),
    );

    await Promise.resolve();
    expect(began).toEqual([0, 1]);
    gates[1]?.resolve();
    await work[1];
    await Promise.resolve();
    expect(began).toEqual([0, 1, 2]);
    for (const gate of gates) gate.resolve();
    await Promise.all(work);

    expect(began).toEqual([0, 1, 2, 3]);
  });

  it("work that fails gives its place back", async () => {
    const workers = createWorkers(1);

    await expect(workers.run(() => Promise.reject(new Error("no")), never)).rejects.toThrow("no");

    expect(await workers.run(async () => "done", never)).toBe("done");
  });

  it("work that is called off while it waits never begins, and holds no place", async () => {
    const workers = createWorkers(1);
    const gate = Promise.withResolvers<void>();
    const off = new AbortController();
    const first = workers.run(() => gate.promise, never);
    const second = workers.run(async () => "began", off.signal);

    off.abort();
    gate.resolve();
    await first;

    expect(await second).toBeUndefined();
    expect(await workers.run(async () => "done", never)).toBe("done");
  });
});
