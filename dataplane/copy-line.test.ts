import { once } from "node:events";
import { connect } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import {
  copy,
  makePair,
  makeScene,
  receiverOrderOf,
  type Scene,
  scribble,
  sha256,
  startGateway,
} from "./copy-harness.ts";
import { type Crossing, type Direction, FaultyLine } from "./faulty-line.ts";
import { protocolWaits, type Waits } from "./wire/limits.ts";
import { pinnedTls } from "./wire/pinned-tls.ts";

const mib = 1024 * 1024;
/** What one connection may have on its way when it breaks: the most credit a gateway gives. */
const onTheWay = 8 * mib;
/** Silence is noticed within the test's time; the share of the parts is the protocol's. */
const shortWaits: Waits = { greetingMs: 1500, keepAliveMs: 400, silenceMs: 2000 };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

interface Plan {
  /** The protocol's unless given. */
  waits?: Waits;
  direction: Direction;
  fault: (crossing: Crossing) => void;
}

/** Inside a data frame; inside the answers to it. */
const faultAfterBytes: Record<Direction, number> = { up: 5 * mib + 4321, down: 1200 };

/** Copies three ranges; the first connection that is in full swing has the fault. */
async function copyOver({ waits, direction, fault }: Plan) {
  const scene = await makeScene();
  cleanups.push(() => scene[Symbol.asyncDispose]());
  const filled = [0, 64, 128].map((at) => ({ offsetBytes: at * mib, lengthBytes: 8 * mib }));
  const pair = await makePair(scene, "a", 130 * mib + 4097, filled);
  const receiver = await startGateway(scene, { waits });
  cleanups.push(() => receiver.close());
  await receiver.open("s1", receiverOrderOf(scene, [pair]));
  let faults = 0;
  const line = await FaultyLine.start(receiver.port, (crossing) =>
    crossing[direction].after(faultAfterBytes[direction], () => {
      faults += 1;
      if (faults === 1) fault(crossing);
    }),
  );
  cleanups.push(() => line[Symbol.dispose]());
  const acknowledged: number[] = [];

  await copy(scene, [pair], {
    sessionId: "s1",
    port: line.port,
    waits,
    onAcknowledged: (_, range) => acknowledged.push(range),
  });

  expect(faults).toBeGreaterThan(0);
  expect(receiver.state("s1")?.state).toBe("done");
  expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(
    await sha256(pair.diskPath, pair.sizeBytes),
  );
  expect(acknowledged.sort()).toEqual([0, 1, 2]);
  // Nothing that was acknowledged crosses again: only what the faulty connection had on its way.
  expect(line.carriedBytes.up).toBeLessThan(24 * mib + onTheWay + 2 * mib);
  return scene;
}

function shutBoth(line: Crossing): void {
  for (const way of line.ways) way.shut();
}

const lineFaults: [string, Plan][] = [
  ["is cut inside a frame", { direction: "up", fault: (line) => line.cut() }],
  ["is reset inside a frame", { direction: "up", fault: (line) => line.reset() }],
  ["is reset inside the gateway's answer", { direction: "down", fault: (line) => line.reset() }],
  [
    "is half-open: neither side hears that the other has gone",
    { waits: shortWaits, direction: "up", fault: shutBoth },
  ],
  [
    "stops carrying what the agent sends, and for ever",
    { waits: shortWaits, direction: "up", fault: (line) => line.up.shut() },
  ],
  [
    "stops carrying what the gateway sends, and for ever",
    { waits: shortWaits, direction: "down", fault: (line) => line.down.shut() },
  ],
  [
    "loses all that the agent sends from a moment on",
    { waits: shortWaits, direction: "up", fault: (line) => line.up.lose() },
  ],
  [
    "loses all that the gateway sends from a moment on",
    { waits: shortWaits, direction: "down", fault: (line) => line.down.lose() },
  ],
];

/** With the protocol's own waits: the connection lives through it. */
const passing: [string, Plan][] = [
  [
    "carries nothing of the agent's for a while",
    {
      direction: "up",
      fault: ({ up }) => {
        up.shut();
        setTimeout(() => up.open(), 1500);
      },
    },
  ],
  [
    "carries nothing of the gateway's for a while",
    {
      direction: "down",
      fault: ({ down }) => {
        down.shut();
        setTimeout(() => down.open(), 1500);
      },
    },
  ],
  [
    "is slow for a while, both ways",
    {
      direction: "up",
      fault: ({ ways }) => {
        for (const way of ways) way.slowDown(4096);
        setTimeout(() => {
          for (const way of ways) way.slowDown(Number.POSITIVE_INFINITY);
        }, 2000);
      },
    },
  ],
];

describe("a copy ends as the source is, and nothing acknowledged crosses twice, when the line", () => {
  test.each(lineFaults)("%s", async (_, plan) => {
    await copyOver(plan);
  });

  test.each(passing)("%s", async (_, plan) => {
    const scene = await copyOver(plan);

    expect(scene.logged.filter((said) => said.includes("silent"))).toEqual([]);
  });

  test("is given up, and then carries on after all: what comes late overwrites nothing", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", 48 * mib, [{ offsetBytes: 0, lengthBytes: 48 * mib }]);
    // Only the agent gives up: what it left behind is stopped by the range's next owner alone.
    const receiver = await startGateway(scene, { waits: protocolWaits });
    cleanups.push(() => receiver.close());
    await receiver.open("s1", receiverOrderOf(scene, [pair]));
    const rewritten = Promise.withResolvers<void>();
    const line = await FaultyLine.start(receiver.port, (crossing, number) => {
      if (number === 1) {
        crossing.up.shut();
        void rewritten.promise.then(() => {
          crossing.up.open();
          // The new connection has sent some of the range when the old one's bytes come.
          crossing.up.after(6 * mib, () => line.crossings[0]?.up.open());
        });
      }
      if (number > 0) return;
      crossing.up.after(faultAfterBytes.up, () => {
        shutBoth(crossing);
        void scribble(pair.diskPath, 0, 24 * mib).then(rewritten.resolve, rewritten.reject);
      });
    });
    cleanups.push(() => line[Symbol.dispose]());

    await copy(scene, [pair], { sessionId: "s1", port: line.port, waits: shortWaits });

    expect(receiver.state("s1")?.state).toBe("done");
    expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(
      await sha256(pair.diskPath, pair.sizeBytes),
    );
  });
});

/** What crosses until both sides know each other, before the hello. */
async function handshakeBytes(scene: Scene, port: number): Promise<{ up: number; down: number }> {
  using line = await FaultyLine.start(port);
  const socket = connect({ ...pinnedTls(scene.agent), host: "127.0.0.1", port: line.port });
  await once(socket, "secureConnect");
  socket.end();
  await once(socket.resume(), "close");
  return { ...line.carriedBytes };
}

describe("a copy begins all the same when the first connection", () => {
  const openings: [string, (line: Crossing, handshake: { up: number; down: number }) => void][] = [
    ["is reset at once", (line) => line.reset()],
    ["is reset inside the agent's TLS handshake", (line) => line.up.after(100, () => line.reset())],
    [
      "is reset inside the gateway's TLS handshake",
      (line) => line.down.after(400, () => line.reset()),
    ],
    ["is cut inside the hello", (line, { up }) => line.up.after(up + 20, () => line.cut())],
    [
      "is reset inside the welcome",
      (line, { down }) => line.down.after(down + 20, () => line.reset()),
    ],
    ["takes the TLS handshake and never answers", (line) => line.down.shut()],
    [
      "takes the hello and never answers",
      (line, { down }) => line.down.after(down, () => line.down.shut()),
    ],
  ];

  test.each(openings)("%s", async (_, fault) => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", 2 * mib, [{ offsetBytes: 0, lengthBytes: mib }]);
    const receiver = await startGateway(scene, { waits: shortWaits });
    cleanups.push(() => receiver.close());
    await receiver.open("s1", receiverOrderOf(scene, [pair]));
    const handshake = await handshakeBytes(scene, receiver.port);
    using line = await FaultyLine.start(receiver.port, (crossing, number) => {
      if (number === 0) fault(crossing, handshake);
    });

    await copy(scene, [pair], { sessionId: "s1", port: line.port, waits: shortWaits });

    expect(line.crossings.length).toBeGreaterThan(1);
    expect(line.carriedBytes.up).toBeLessThan(2 * mib);
    expect(receiver.state("s1")?.state).toBe("done");
    expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(
      await sha256(pair.diskPath, pair.sizeBytes),
    );
  });
});
