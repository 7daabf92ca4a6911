/** A gateway that says what a test wants, to a real agent. */
import { once } from "node:events";
import { createServer, type TLSSocket } from "node:tls";
import { RawStream } from "./raw-agent.ts";
import { agentFrameLimits } from "./wire/frames.ts";
import type { Identity } from "./wire/identity.ts";
import { pinnedTls } from "./wire/pinned-tls.ts";

export interface RawGateway extends AsyncDisposable {
  readonly port: number;
  /** Of all connections so far. */
  readonly streams: readonly RawStream[];
}

/** @param onStream called with each connection, before its first byte */
export async function startRawGateway(
  identity: Identity,
  onStream: (stream: RawStream) => Promise<void>,
): Promise<RawGateway> {
  const streams: RawStream[] = [];
  const server = createServer({ ...pinnedTls(identity), requestCert: true });
  server.on("secureConnection", (socket: TLSSocket) => {
    // An agent that closes is what these tests are about.
    socket.on("error", () => socket.destroy());
    const stream = new RawStream(socket, agentFrameLimits);
    streams.push(stream);
    void onStream(stream);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a listener without a port");
  return {
    port: address.port,
    streams,
    async [Symbol.asyncDispose]() {
      for (const { socket } of streams) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
