import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import {
  copy,
  makePair,
  makeScene,
  type Pair,
  receiverOrderOf,
  type Scene,
  sha256,
  startGateway,
} from "./copy-harness.ts";
import type { Receiver } from "./gateway/receiver.ts";
import { closed, dial, greet, hello } from "./raw-agent.ts";
import { createIdentity } from "./wire/identity.ts";

const mib = 1024 * 1024;
const yearMs = 365 * 24 * 3600 * 1000;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function openSession(): Promise<{ scene: Scene; pair: Pair; receiver: Receiver }> {
  const scene = await makeScene();
  cleanups.push(() => scene[Symbol.asyncDispose]());
  const pair = await makePair(scene, "a", 24 * mib, [{ offsetBytes: 0, lengthBytes: 24 * mib }]);
  const receiver = await startGateway(scene);
  cleanups.push(() => receiver.close());
  await receiver.open("s1", receiverOrderOf(scene, [pair]));
  return { scene, pair, receiver };
}

async function expectSame({ volumePath, diskPath, sizeBytes }: Pair): Promise<void> {
  expect(await sha256(volumePath, sizeBytes)).toBe(await sha256(diskPath, sizeBytes));
}

const newPass = () => randomBytes(16).toString("hex");
const said = (scene: Scene, what: string) => scene.logged.filter((line) => line.includes(what));
const welcome = expect.objectContaining({ type: "welcome" });
const notReady = { type: "error", body: expect.objectContaining({ code: "not-ready" }) };

describe("without the session's certificate not a byte is given", () => {
  test("to a recorded hello, whether its sender is a stranger, expired, not yet valid or another session's agent", async () => {
    const { scene, pair, receiver } = await openSession();
    const recorded = hello("s1", newPass());
    const present = await greet(scene.agent, receiver.port, recorded);
    const neighbour = await createIdentity("agent");
    const otherPair = await makePair(scene, "b", mib, []);
    await receiver.open("s2", {
      ...receiverOrderOf(scene, [otherPair]),
      agentFingerprint: neighbour.fingerprint,
    });
    const visitors = [
      await createIdentity("agent"),
      await createIdentity("agent", Date.now() - 30 * yearMs),
      await createIdentity("agent", Date.now() + yearMs),
      neighbour,
    ];

    for (const visitor of visitors) {
      const socket = await dial(visitor, receiver.port);
      let heard = 0;
      socket.on("data", (chunk: Buffer) => {
        heard += chunk.length;
      });
      socket.write(recorded);
      await closed(socket);
      expect(heard).toBe(0);
    }

    expect(said(scene, "belongs to no session")).toHaveLength(3);
    expect(said(scene, "a session of another agent")).toHaveLength(1);
    expect(present.socket.closed).toBe(false);
    present.socket.destroy();
    await copy(scene, [pair], { sessionId: "s1", port: receiver.port });
    await expectSame(pair);
  });

  test("and a connection ends when a new order names another certificate", async () => {
    const { scene, pair, receiver } = await openSession();
    const { socket, answer } = await greet(scene.agent, receiver.port, hello("s1"));
    const next = await createIdentity("agent");

    await receiver.open("s1", {
      ...receiverOrderOf(scene, [pair]),
      agentFingerprint: next.fingerprint,
    });
    await closed(socket);

    expect(answer).toEqual(welcome);
    await copy(scene, [pair], { sessionId: "s1", port: receiver.port, identity: next });
    await expectSame(pair);
  });
});

test.each([
  ["expired ten years ago", -30 * yearMs],
  ["is valid from next year on", yearMs],
])(
  "the session's own certificate is let in when it %s: clocks are not trusted, fingerprints are",
  async (_, fromNowMs) => {
    const { scene, pair, receiver } = await openSession();
    const identity = await createIdentity("agent", Date.now() + fromNowMs);
    await receiver.open("s1", {
      ...receiverOrderOf(scene, [pair]),
      agentFingerprint: identity.fingerprint,
    });

    await copy(scene, [pair], { sessionId: "s1", port: receiver.port, identity });

    await expectSame(pair);
  },
);

describe("a hello that comes again", () => {
  test("joins its pass, as another stream does", async () => {
    const { scene, receiver } = await openSession();
    const recorded = hello("s1", newPass());

    const first = await greet(scene.agent, receiver.port, recorded);
    const second = await greet(scene.agent, receiver.port, recorded);

    expect([first.answer, second.answer]).toEqual([welcome, welcome]);
    expect([first.socket.closed, second.socket.closed]).toEqual([false, false]);
    for (const { socket } of [first, second]) socket.destroy();
  });

  test("of a former pass is put off while a newer one is there, which is said once, and let in afterwards", async () => {
    const { scene, receiver } = await openSession();
    const [former, newer] = [hello("s1", newPass()), hello("s1", newPass())];
    const first = await greet(scene.agent, receiver.port, former);
    const second = await greet(scene.agent, receiver.port, newer);
    await closed(first.socket);

    const knocks = [];
    for (let time = 0; time < 3; time += 1) {
      knocks.push(await greet(scene.agent, receiver.port, former));
    }
    expect(second.socket.closed).toBe(false);
    second.socket.destroy();
    let again = await greet(scene.agent, receiver.port, former);
    // Until the gateway has seen the newer one go.
    while (again.answer !== "nothing" && again.answer.type === "error") {
      again = await greet(scene.agent, receiver.port, former);
    }
    const back = await greet(scene.agent, receiver.port, newer);
    await closed(again.socket);

    expect(knocks.map(({ answer }) => answer)).toEqual([notReady, notReady, notReady]);
    expect(again.answer).toEqual(welcome);
    expect(back.answer).toEqual(welcome);
    expect(said(scene, "do two agents share one identity?")).toHaveLength(1);
    back.socket.destroy();
  });

  test("to a session that was stopped hears that, and to one that is done, that there is nothing to do", async () => {
    const { scene, pair, receiver } = await openSession();
    const otherPair = await makePair(scene, "b", mib, []);
    await receiver.open("s2", receiverOrderOf(scene, [otherPair]));
    await receiver.stop("s2");
    await copy(scene, [pair], { sessionId: "s1", port: receiver.port });

    const stopped = await greet(scene.agent, receiver.port, hello("s2"));
    const done = await greet(scene.agent, receiver.port, hello("s1"));

    expect(stopped.answer).toEqual({
      type: "error",
      body: expect.objectContaining({ code: "sync.stopped" }),
    });
    expect(done.answer).toMatchObject({ type: "welcome", body: { volumes: [{ done: true }] } });
    done.socket.destroy();
  });
});

test("two agents with one identity end with one copy, and the log says once that there are two", async () => {
  const { scene, pair, receiver } = await openSession();
  const isHalfway = Promise.withResolvers<void>();
  const first = copy(scene, [pair], {
    sessionId: "s1",
    port: receiver.port,
    rate: 8 * mib,
    onProgress: ({ volumes }) => {
      if ((volumes[0]?.doneBytes ?? 0) > 4 * mib) isHalfway.resolve();
    },
  });
  await isHalfway.promise;

  const second = copy(scene, [pair], { sessionId: "s1", port: receiver.port, rate: 8 * mib });
  await Promise.all([first, second]);

  expect(receiver.state("s1")?.state).toBe("done");
  expect(said(scene, "do two agents share one identity?")).toHaveLength(1);
  await expectSame(pair);
});
