import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import type { Identity } from "../wire/identity.ts";
import type { TurnedAway } from "./turned-away.ts";

export interface ControlServer {
  readonly port: number;
  /** Returns when open requests are cut and the port is free. */
  readonly close: () => Promise<void>;
}

export interface ControlDoor {
  readonly listen: string;
  readonly port: number;
  /** Whether a request's authorization header is the console's. */
  readonly letsIn: (authorization: string | undefined) => boolean;
  readonly turnedAway: TurnedAway;
}

/**
 * Strangers at once; one more, and the one that has been here longest goes. Turning the newcomer away
 * would let whoever keeps them all open shut the console out.
 */
const mostStrangers = 100;

/** Serves an app over TLS 1.3. @throws the system's error when the port is taken */
export async function startControlServer(
  app: Hono,
  identity: Identity,
  door: ControlDoor,
): Promise<ControlServer> {
  const { turnedAway } = door;
  /** Who has shown no token yet, by where it calls from: TLS has another socket than TCP. */
  const strangers = new Map<string, Socket>();
  const refused = new WeakSet<Socket>();
  const serve = getRequestListener(app.fetch);
  const server = createServer(
    {
      key: identity.privateKeyPem,
      cert: identity.certificatePem,
      minVersion: "TLSv1.3",
      handshakeTimeout: 10_000,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      // Node looks every 30 s, else.
      connectionsCheckingInterval: 2_000,
      maxHeaderSize: 16 * 1024,
    },
    (request: IncomingMessage, response: ServerResponse) => {
      const address = addressOf(request.socket);
      // What else it sends is neither waited for nor answered.
      if (refused.has(request.socket)) return;
      if (door.letsIn(request.headers.authorization)) {
        strangers.delete(address);
      } else {
        turnedAway.note(address, "no token of the console's");
        refused.add(request.socket);
        response.setHeader("connection", "close");
        response.once("finish", () => request.socket.destroySoon());
      }
      void serve(request, response);
    },
  );
  server.on("connection", (socket: Socket) => {
    const address = addressOf(socket);
    strangers.set(address, socket);
    socket.once("close", () => {
      if (strangers.get(address) === socket) strangers.delete(address);
    });
    if (strangers.size <= mostStrangers) return;
    const [[oldest, oldestSocket] = [address, socket]] = strangers;
    turnedAway.note(oldest, `one of more than ${mostStrangers} connections without a token`);
    oldestSocket.destroy();
  });
  server.on("tlsClientError", (error, socket) => {
    turnedAway.note(addressOf(socket), `no TLS 1.3 handshake: ${error.message}`);
    socket.destroy();
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    if (refused.has(socket)) return;
    turnedAway.note(addressOf(socket), `no HTTP request: ${error.message}`);
    if (!socket.writable || error.code === "ECONNRESET") {
      socket.destroy();
      return;
    }
    socket.end(`HTTP/1.1 ${refusals[error.code ?? ""] ?? badRequest}\r\nConnection: close\r\n\r\n`);
    socket.destroySoon();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(door.port, door.listen, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return {
    port: portOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of strangers.values()) socket.destroy();
      }),
  };
}

const badRequest = "400 Bad Request";
/** As Node itself answers. Source: lib/_http_server.js, socketOnError. */
const refusals: Record<string, string> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

function addressOf(socket: Socket): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}
