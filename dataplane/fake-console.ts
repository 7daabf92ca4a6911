/**
 * A console for tests: a real HTTPS server that speaks `domain/protocol/` to agents and gateways, keeps
 * what it was told, and can be stopped and started again on the same port.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import type { z } from "zod";
import {
  inventoryRequest,
  registerRequest,
  type SessionReport,
  type SyncOrder,
  sessionReport,
} from "#domain/protocol/agent.ts";
import { type CallbackBody, callbackBody, enrolRequest } from "#domain/protocol/gateway.ts";
import { createIdentity, type Identity } from "./wire/identity.ts";

export interface FakeConsole {
  readonly identity: Identity;
  /** Known from the first start on. */
  port: number;
  readonly url: string;
  readonly secret: string;
  /** What an operator would hand to an agent: secret and fingerprint. */
  readonly code: string;
  readonly token: string;
  readonly registrations: z.output<typeof registerRequest>[];
  readonly inventories: z.output<typeof inventoryRequest>[];
  readonly reports: { sessionId: string; report: SessionReport }[];
  readonly enrolments: z.output<typeof enrolRequest>[];
  readonly callbacks: { token: string; body: CallbackBody }[];
  /** Answers these statuses in place of the usual ones, by path prefix. */
  readonly refusals: Map<string, number>;
  setOrders(orders: SyncOrder[]): void;
  /** Orders are answered at once and with this, as by a console that keeps nobody waiting. */
  askAgainSeconds: number | undefined;
  /** How often orders were asked for. */
  polls: number;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Resolves when it holds; asked after every request. */
  until(what: string, holds: () => boolean): Promise<void>;
}

export async function createFakeConsole(): Promise<FakeConsole> {
  const identity = await createIdentity("console");
  const secret = randomBytes(18).toString("base64url");
  let orders: SyncOrder[] = [];
  let revision = 1;
  let server: Server | undefined;
  const changed = new EventTarget();
  const tellChanged = () => changed.dispatchEvent(new Event("change"));

  const console: FakeConsole = {
    identity,
    port: 0,
    get url() {
      return `https://127.0.0.1:${console.port}`;
    },
    secret,
    code: `${secret}.${identity.fingerprint}`,
    token: randomBytes(18).toString("base64url"),
    registrations: [],
    inventories: [],
    reports: [],
    enrolments: [],
    callbacks: [],
    askAgainSeconds: undefined,
    polls: 0,
    refusals: new Map(),
    setOrders(next) {
      orders = next;
      revision++;
      tellChanged();
    },
    async start() {
      const options = { key: identity.privateKeyPem, cert: identity.certificatePem };
      server = createServer(options, (request, response) => {
        void answer(request).then(({ status, body }) => {
          response.writeHead(status, { "content-type": "application/json" });
          response.end(body === undefined ? "" : JSON.stringify(body));
          tellChanged();
        });
      });
      server.listen(console.port, "127.0.0.1");
      await once(server, "listening");
      const address = server.address();
      if (typeof address === "object" && address !== null) console.port = address.port;
    },
    async stop() {
      const closing = server;
      server = undefined;
      if (closing === undefined) return;
      closing.close();
      closing.closeAllConnections();
      tellChanged();
      await once(closing, "close");
    },
    async until(what, holds) {
      const deadline = AbortSignal.timeout(150_000);
      while (!holds()) {
        await new Promise<void>((resolve, reject) => {
          changed.addEventListener("change", () => resolve(), { once: true });
          deadline.addEventListener("abort", () => reject(new Error(`waited in vain for ${what}`)));
        });
      }
    },
  };

  async function answer(request: IncomingMessage): Promise<{ status: number; body?: unknown }> {
    const url = new URL(request.url ?? "/", console.url);
    const body = await readJson(request);
    for (const [prefix, status] of console.refusals) {
      if (url.pathname.startsWith(prefix)) return { status };
    }
    const [, , kind, first, second, third] = url.pathname.split("/");
    if (kind === "callbacks" && first !== undefined) {
      console.callbacks.push({ token: first, body: callbackBody.parse(body) });
      return { status: 204 };
    }
    if (kind === "gateways") return enrolled(body);
    if (first === "register") return registered(body);
    if (request.headers.authorization !== `Bearer ${console.token}`) return { status: 401 };
    if (second === "inventory") {
      console.inventories.push(inventoryRequest.parse(body));
      return { status: 204 };
    }
    if (second === "sessions" && third !== undefined) {
      console.reports.push({ sessionId: third, report: sessionReport.parse(body) });
      return { status: 204 };
    }
    return listed(url);
  }

  function registered(body: unknown) {
    const request = registerRequest.parse(body);
    if (request.code !== console.code) return { status: 403 };
    console.registrations.push(request);
    return { status: 200, body: { serverId: "srv-1", token: console.token } };
  }

  function enrolled(body: unknown) {
    const request = enrolRequest.parse(body);
    if (request.code !== secret) return { status: 403 };
    console.enrolments.push(request);
    return { status: 200, body: { gatewayId: request.gatewayId } };
  }

  async function listed(url: URL) {
    console.polls += 1;
    const { askAgainSeconds } = console;
    if (askAgainSeconds !== undefined) {
      return { status: 200, body: { revision: String(revision), orders, askAgainSeconds } };
    }
    const serving = server;
    while (url.searchParams.get("revision") === String(revision) && server === serving) {
      await once(changed, "change");
    }
    return { status: 200, body: { revision: String(revision), orders } };
  }

  await console.start();
  return console;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString("utf8");
  return text === "" ? undefined : JSON.parse(text);
}
