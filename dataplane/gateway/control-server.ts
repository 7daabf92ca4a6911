import { createServer, type Server } from "node:https";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import type { Identity } from "../wire/identity.ts";

export interface ControlServer {
  readonly port: number;
  /** Returns when open requests are cut and the port is free. */
  readonly close: () => Promise<void>;
}

/** Only the console calls, a few times a second at most; whoever else knocks finds little room. */
const mostConnections = 100;

/** Serves an app over TLS 1.3. @throws the system's error when the port is taken */
export async function startControlServer(
  app: Hono,
  identity: Identity,
  at: { readonly listen: string; readonly port: number },
): Promise<ControlServer> {
  const server = createServer(
    {
      key: identity.privateKeyPem,
      cert: identity.certificatePem,
      minVersion: "TLSv1.3",
      handshakeTimeout: 10_000,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
    },
    getRequestListener(app.fetch),
  );
  server.maxConnections = mostConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.listen, () => {
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
      }),
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}
