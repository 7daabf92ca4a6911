import { once } from "node:events";
import { createServer as createPlainServer, type Server, type Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { callPinned } from "./pinned-https.ts";
import { createIdentity, type Identity } from "./wire/identity.ts";

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server = undefined;
});

async function listen(started: Server): Promise<string> {
  server = started;
  started.listen(0, "127.0.0.1");
  await once(started, "listening");
  const address = started.address();
  return `https://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

/** A TLS server that answers each connection with these bytes, and counts what it was sent. */
async function serve(identity: Identity, answer: (socket: TLSSocket) => void) {
  const heard = { bytes: 0 };
  const url = await listen(
    createServer({ key: identity.privateKeyPem, cert: identity.certificatePem }, (socket) => {
      socket.on("error", () => socket.destroy());
      socket.on("data", (chunk) => {
        heard.bytes += chunk.length;
        answer(socket);
      });
    }),
  );
  return { url, heard };
}

const call = { method: "POST", body: { secret: "s" }, token: "t", timeoutMs: 5_000 } as const;

describe("a call to a pinned peer", () => {
  it("sends nothing at all to another certificate", async () => {
    const identity = await createIdentity("other");
    const { url, heard } = await serve(identity, (socket) => socket.end());

    await expect(callPinned({ url, fingerprint: "0".repeat(64) }, call)).rejects.toMatchObject({
      code: "auth.wrong-certificate",
    });

    expect(heard.bytes).toBe(0);
  });

  it("trusts no self-signed certificate when no fingerprint is known", async () => {
    const { url, heard } = await serve(await createIdentity("peer"), (socket) => socket.end());

    await expect(callPinned({ url }, call)).rejects.toMatchObject({ code: "console.unreachable" });

    expect(heard.bytes).toBe(0);
  });

  it("gives any status and a parsed body, and undefined for a body that is not JSON", async () => {
    const identity = await createIdentity("peer");
    const { url } = await serve(identity, (socket) =>
      socket.end("HTTP/1.1 418 no\r\ncontent-length: 6\r\n\r\n<html>"),
    );

    const answer = await callPinned({ url, fingerprint: identity.fingerprint }, call);

    expect(answer).toEqual({ status: 418, body: undefined });
  });

  it.each([
    ["ends without an answer", (socket: Socket) => socket.end()],
    [
      "cuts its answer short",
      (socket: Socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"),
    ],
    ["speaks no HTTP", (socket: Socket) => socket.end("220 mail ready\r\n\r\n")],
    [
      "answers without end",
      (socket: Socket) => {
        socket.write(
          `HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n${"x".repeat(5 * 1024 * 1024)}`,
        );
      },
    ],
  ])("is unreachable when the peer %s", async (_, answer) => {
    const identity = await createIdentity("peer");
    const { url } = await serve(identity, answer);

    await expect(
      callPinned({ url, fingerprint: identity.fingerprint }, call),
    ).rejects.toMatchObject({
      code: "console.unreachable",
    });
  });

  it("is given up after its time, also when the peer never finishes the handshake", async () => {
    const sockets: Socket[] = [];
    const url = await listen(createPlainServer((socket) => sockets.push(socket)));

    const result = callPinned({ url, fingerprint: "0".repeat(64) }, { ...call, timeoutMs: 200 });

    await expect(result).rejects.toThrow("no answer within 0.2 s");
    for (const socket of sockets) socket.destroy();
  });
});
