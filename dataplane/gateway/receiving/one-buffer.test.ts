import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import { createIdentity } from "#dataplane/wire/identity.ts";
import { pinnedTls } from "#dataplane/wire/pinned-tls.ts";
import { takeBytes } from "./one-buffer.ts";

const sent = randomBytes(8 * 1024 * 1024 + 12_345);

/** All of `sent` to a server that `prepare` was asked for, which stops reading for a while half way. */
async function receive(prepare: (socket: TLSSocket) => void) {
  const server = createServer({ ...pinnedTls(await createIdentity("gateway")), requestCert: true });
  const received = createHash("sha256");
  let bytes = 0;
  let isOneBuffer: boolean | undefined;
  let takenWhilePaused = 0;
  const memories = new Set<ArrayBufferLike>();
  const ended = Promise.withResolvers<void>();
  server.on("secureConnection", (socket: TLSSocket) => {
    prepare(socket);
    let isPaused = false;
    let hasPaused = false;
    isOneBuffer = takeBytes(socket, (piece) => {
      if (isPaused) takenWhilePaused += piece.length;
      received.update(piece);
      bytes += piece.length;
      memories.add(piece.buffer);
      if (hasPaused || bytes < sent.length / 2) return;
      socket.pause();
      hasPaused = true;
      setTimeout(() => {
        isPaused = true;
        setTimeout(() => {
          isPaused = false;
          socket.resume();
        }, 50);
      }, 50);
    });
    socket.on("end", () => {
      socket.end();
      ended.resolve();
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a listener without a port");
  const client = connect({
    ...pinnedTls(await createIdentity("agent")),
    port: address.port,
  });
  client.end(sent);
  await ended.promise;
  client.destroy();
  server.close();
  return { hash: received.digest("hex"), bytes, isOneBuffer, takenWhilePaused, memories };
}

const whole = { hash: createHash("sha256").update(sent).digest("hex"), bytes: sent.length };

test("what a peer sends comes whole and in order in one buffer, stops while the socket is paused, and ends", async () => {
  const { memories, ...got } = await receive(() => undefined);

  // Where this is false a release of Node has changed: docs/decisions/0015-one-buffer-for-reading.md.
  expect(got).toEqual({ ...whole, isOneBuffer: true, takenWhilePaused: 0 });
  expect(memories.size).toBe(1);
});

test("it comes just as well from a socket that takes no buffer", async () => {
  const { memories, ...got } = await receive((socket) => {
    const { _handle } = socket as unknown as { _handle: object };
    Object.defineProperty(_handle, "useUserBuffer", { value: undefined });
  });

  expect(got).toEqual({ ...whole, isOneBuffer: false, takenWhilePaused: 0 });
  expect(memories.size).toBeGreaterThan(1);
});
