/** The two doors of the console: HTTP on loopback for people, HTTPS for agents and gateways. */
import { createServer, type Server } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { getRequestListener } from "@hono/node-server";
import type { Identity } from "#dataplane/wire/identity.ts";
import { MigrationError } from "#domain/errors.ts";

type Fetch = (request: Request) => Response | Promise<Response>;

export interface Door {
  readonly port: number;
  close(): Promise<void>;
}

export interface Place {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Tried first when the port is 0: who knew us there finds us again. */
  readonly preferredPort?: number | undefined;
}

/** @throws `console.port-taken` */
export function openPeoplesDoor(place: Place, fetch: Fetch): Promise<Door> {
  return open(() => createServer(getRequestListener(fetch)), place);
}

/** @throws `console.port-taken` */
export function openMachinesDoor(place: Place, fetch: Fetch, identity: Identity): Promise<Door> {
  const { certificatePem: cert, privateKeyPem: key } = identity;
  const options = { cert, key, minVersion: "TLSv1.3" } as const;
  return open(() => createHttpsServer(options, getRequestListener(fetch)), place);
}

/** The address others reach us at, where we listen on all. */
export function addressToTell(listen: string): string {
  if (listen !== "0.0.0.0" && listen !== "::") return listen;
  for (const addresses of Object.values(networkInterfaces())) {
    const found = addresses?.find(({ internal, family }) => !internal && family === "IPv4");
    if (found !== undefined) return found.address;
  }
  return "127.0.0.1";
}

export function urlOf(scheme: "http" | "https", host: string, port: number): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

async function open(create: () => Server | HttpsServer, place: Place): Promise<Door> {
  const { host, port, preferredPort } = place;
  const ports = port === 0 && preferredPort !== undefined ? [preferredPort, 0] : [port];
  for (const [index, wanted] of ports.entries()) {
    const server = create();
    try {
      return doorOf(server, await listen(server, host, wanted));
    } catch (cause) {
      if (index < ports.length - 1) continue;
      const problem = cause instanceof Error ? cause.message : String(cause);
      const address = `${host}:${wanted}`;
      throw new MigrationError("console.port-taken", { address, problem }, { cause });
    }
  }
  throw new Error("there is always a port to try");
}

function listen(server: Server | HttpsServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** How long answers under way may take once the console stops. */
const patienceMs = 2000;

function doorOf(server: Server | HttpsServer, port: number): Door {
  return {
    port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), patienceMs);
      await closed;
      clearTimeout(late);
    },
  };
}
