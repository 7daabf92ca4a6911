import { afterEach, describe, expect, test } from "vitest";
import {
  copy,
  kill,
  makePair,
  makeScene,
  receiverOrderOf,
  type Scene,
  sha256,
  startGateway,
  startProcess,
} from "./copy-harness.ts";
import { FaultyLine } from "./faulty-line.ts";

const mib = 1024 * 1024;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

/** A fixed sequence, so that a failure comes again. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

function forProcess({ folder, gateway, agent }: Scene) {
  return { folder, gateway, agent };
}

describe("a copy goes on", () => {
  test("over a line that is cut again and again, and little is sent twice", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", 200 * mib + 4097, [
      { offsetBytes: 0, lengthBytes: 150 * mib },
    ]);
    const receiver = await startGateway(scene);
    cleanups.push(() => receiver.close());
    const random = sequence(7);
    let cuts = 0;
    using line = await FaultyLine.start(receiver.port, (crossing) => {
      crossing.up.after(Math.floor((3 + random() * 12) * mib), () => {
        if (cuts === 10) return;
        cuts += 1;
        crossing.cut();
      });
    });
    await receiver.open("s1", receiverOrderOf(scene, [pair]));

    const progress = await copy(scene, [pair], { sessionId: "s1", port: line.port });

    expect(cuts).toBeGreaterThan(5);
    expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(
      await sha256(pair.diskPath, pair.sizeBytes),
    );
    // Each cut can lose what was on the way, and that is bounded by the credit of one stream.
    expect(progress.volumes[0]?.sentBytes).toBeLessThan(150 * mib + 10 * 12 * mib);
    expect(receiver.state("s1")?.state).toBe("done");
  });

  test("after the gateway was killed in the middle, without beginning anew", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", 96 * mib, [{ offsetBytes: 0, lengthBytes: 96 * mib }]);
    const task = {
      role: "gateway" as const,
      scene: forProcess(scene),
      pairs: [pair],
      sessionId: "s1",
    };
    const first = startProcess({ ...task, port: 0 });
    cleanups.push(() => first.child.kill("SIGKILL"));
    const listening = await first.next("listening");
    const port = listening.kind === "listening" ? listening.port : 0;
    const half = Promise.withResolvers<void>();

    const copying = copy(scene, [pair], {
      sessionId: "s1",
      port,
      rate: 24 * mib,
      onProgress: ({ volumes }) => {
        if ((volumes[0]?.doneBytes ?? 0) > 40 * mib) half.resolve();
      },
    });
    await half.promise;
    await kill(first.child);
    const second = startProcess({ ...task, port });
    cleanups.push(() => second.child.kill("SIGKILL"));
    const progress = await copying;

    expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(
      await sha256(pair.diskPath, pair.sizeBytes),
    );
    // Beginning anew would be 136 MiB and more.
    expect(progress.volumes[0]?.sentBytes).toBeLessThan(128 * mib);
  });

  test("after the agent was killed in the middle, without beginning anew", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", 96 * mib, [{ offsetBytes: 0, lengthBytes: 96 * mib }]);
    const receiver = await startGateway(scene);
    cleanups.push(() => receiver.close());
    await receiver.open("s1", receiverOrderOf(scene, [pair]));
    const task = {
      role: "agent" as const,
      scene: forProcess(scene),
      pairs: [pair],
      sessionId: "s1",
      port: receiver.port,
    };
    const first = startProcess({ ...task, rate: 24 * mib });
    cleanups.push(() => first.child.kill("SIGKILL"));
    for (;;) {
      const news = await first.next("progress");
      if (news.kind === "progress" && (news.progress.volumes[0]?.doneBytes ?? 0) > 40 * mib) break;
    }

    await kill(first.child);
    const progress = await copy(scene, [pair], { sessionId: "s1", port: receiver.port });

    expect(receiver.state("s1")?.state).toBe("done");
    expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(
      await sha256(pair.diskPath, pair.sizeBytes),
    );
    expect(progress.volumes[0]?.sentBytes).toBeLessThan(80 * mib);
    expect(progress.volumes[0]?.doneBytes).toBe(pair.sizeBytes);
  });
});
