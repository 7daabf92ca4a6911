/**
 * CTyun on loopback, as far as a target of ours sees it: one account in one resource pool of two zones, each product
 * on a port of its own, as it is on a host of its own. Requests are taken one after the other.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { FakeCloud, Inventory } from "../fake-cloud.ts";
import { Calls, type Fault } from "../faults.ts";
import { openGuests } from "../guests.ts";
import { openHyperDoors } from "../hyperdoor.ts";
import type { Machines } from "../machines.ts";
import type { Call } from "./api.ts";
import { diskHandlers, letDisksHappen } from "./disks.ts";
import { whyNotSigned } from "./eop.ts";
import { instanceHandlers, letServersHappen } from "./instances.ts";
import { networkHandlers } from "./network.ts";
import { type Handler, queryOrder } from "./orders.ts";
import { priceHandlers } from "./prices.ts";
import { findCall, Refusal, readAsked } from "./request.ts";
import { letSnapshotsHappen, snapshotHandlers } from "./snapshots.ts";
import { type Delays, Pool, type Quotas } from "./state.ts";

export interface FakeCtyun extends FakeCloud {
  readonly pool: Pool;
  readonly keys: { readonly accessKey: string; readonly secretKey: string };
}

export interface FakeCtyunOptions {
  readonly machines?: Machines;
  readonly delays?: Partial<Delays>;
  readonly quotas?: Partial<Quotas>;
  /** Its calendar is ahead of ours. */
  readonly skewMs?: number;
  /** Of HyperDoor's image. */
  readonly firmware?: "bios" | "uefi";
  /** The pool has one zone, and so no zone by name. */
  readonly oneZone?: boolean;
}

const quick: Delays = {
  orderMs: 20,
  attachMs: 20,
  bootMs: 50,
  stopMs: 50,
  snapshotMs: 20,
  shownAfterMs: 0,
};

/** Eight data disks on a server. Source: create-instance, dataDiskList. */
const usual: Quotas = { volumes: 1_000, addresses: 20, disksPerServer: 8 };

const products = ["ecs", "ebs", "vpc", "image"] as const;
type Product = Call["product"];

const handlers: Record<string, Handler> = {
  ...diskHandlers,
  ...snapshotHandlers,
  ...instanceHandlers,
  ...networkHandlers,
  ...priceHandlers,
  QueryOrderUuid: queryOrder,
};

interface Answer {
  readonly status: number;
  readonly outcome: string;
  readonly json: object;
}

export async function startFakeCtyun(options: FakeCtyunOptions = {}): Promise<FakeCtyun> {
  const calls = new Calls();
  const keys = {
    accessKey: "fake0access0key0fake0access0key0",
    secretKey: "fake/secret+key/fake/secret+key/",
  };
  let queue: Promise<unknown> = Promise.resolve();

  async function carryOut(
    product: Product,
    request: IncomingMessage,
    body: string,
  ): Promise<object> {
    const url = new URL(request.url ?? "", "http://fake");
    const route = findCall(product, request.method ?? "", url.pathname);
    if (route === undefined)
      throw new Refusal("Openapi.Path.NotExist", "no such path", { status: 404 });
    const asked = readAsked(route.call, url.searchParams, body);
    if (asked.regionID !== undefined && asked.regionID !== pool.regionId) {
      // Source: ctyun-cli, its list of common codes.
      throw new Refusal("Openapi.RegionInfo.AccessFailed", "regionID is not found or not yours");
    }
    if (pool.denied.has(route.name)) {
      throw new Refusal("CTIAM_0005", `no permission for ${url.pathname} / 无权限`);
    }
    await letServersHappen(pool);
    await letDisksHappen(pool);
    await letSnapshotsHappen(pool);
    const handler = handlers[route.name];
    if (handler === undefined) throw new Error(`the fake has no ${route.name}`);
    return handler(pool, { ...route, asked });
  }

  async function answerTo(
    product: Product,
    request: IncomingMessage,
    body: string,
    fault: Fault | undefined,
  ): Promise<Answer> {
    const failed: Answer = {
      status: 500,
      outcome: fault?.how ?? "",
      json: { statusCode: 900, errorCode: "", message: "internal error" },
    };
    if (fault?.when === "before") return failed;
    const [, query = ""] = (request.url ?? "").split("?");
    const now = Date.now() + (options.skewMs ?? 0);
    const unsigned = whyNotSigned(request.headers, query, body, keys, now);
    if (unsigned !== undefined) {
      const { code, message } = unsigned;
      const json = { error: code, code, message, eopErrCode: code, returnObj: {} };
      const statusCode = `CTAPI_${code}`;
      return {
        status: 200,
        outcome: statusCode,
        json: { requestId: randomUUID(), statusCode, ...json },
      };
    }
    if (pool.throttled > 0) {
      pool.throttled -= 1;
      return { status: 429, outcome: "throttled", json: { message: "too many requests" } };
    }
    try {
      const returnObj = await carryOut(product, request, body);
      if (fault?.when === "after") return failed;
      // A number here and a text there.
      const statusCode = product === "ecs" ? 800 : "800";
      return { status: 200, outcome: "ok", json: { statusCode, message: "SUCCESS", returnObj } };
    } catch (error) {
      if (fault?.when === "after") return failed;
      if (!(error instanceof Refusal)) throw error;
      const { code, message, status, returnObj } = error;
      const json = { statusCode: 900, errorCode: code, error: code, message, returnObj };
      return { status, outcome: code, json };
    }
  }

  async function answer(
    product: Product,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = await text(request);
    const [path = ""] = (request.url ?? "").split("?");
    const action = findCall(product, request.method ?? "", path)?.name ?? "unknown";
    const fault = calls.next(action);
    const { status, outcome, json } = await answerTo(product, request, body, fault).catch(
      (error: unknown): Answer => ({
        status: 500,
        outcome: String(error),
        json: { statusCode: 900, errorCode: "", message: Object(error).stack ?? String(error) },
      }),
    );
    calls.made.push({ action, outcome });
    if (fault?.how === "cut") {
      request.socket.destroy();
      return;
    }
    response.writeHead(status, { "content-type": "application/json;charset=UTF-8" });
    response.end(JSON.stringify(json));
  }

  async function serve(product: Product): Promise<Server> {
    const server = createServer((request, response) => {
      // One at a time, and in the order in which they came.
      queue = queue
        .then(() => answer(product, request, response))
        .catch(() => request.socket.destroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
  }

  const servers = await Promise.all(products.map(serve));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  const endpoints = Object.fromEntries(
    products.map((product, index) => [product, `http://127.0.0.1:${ports[index]}`]),
  );
  // Free on the addresses of servers too: nobody else listens there.
  const [sshPort = 0] = ports;
  const guests = openGuests(options.machines, sshPort);
  const doors = options.machines && openHyperDoors(options.machines);
  const pool = new Pool(
    {
      machines: options.machines,
      doors,
      guests,
      delays: { ...quick, ...options.delays },
      quotas: { ...usual, ...options.quotas },
      now: () => performance.now(),
    },
    { firmware: options.firmware ?? "bios", oneZone: options.oneZone ?? false },
  );

  return {
    pool,
    calls,
    keys,
    target: {
      platform: "ctyun",
      config: {
        region: pool.regionId,
        ...(pool.zones.length === 0 ? {} : { zone: pool.zone }),
        subnetId: pool.subnetId,
        hyperDoor: { image: pool.hyperDoorImageId },
        endpoints,
        launch: { sshPort },
        lostAnswerMs: 300,
      },
      credentials: keys,
    },
    inventory: () => inventoryOf(pool),
    async close() {
      await doors?.close();
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
        await once(server, "close");
      }
      await queue;
      await guests.closeAll();
    },
  };
}

/** Beside what was there before; what is being deleted is gone. */
function inventoryOf({ servers, disks, snapshots, eips, groups }: Pool): Inventory {
  const here = (things: ReadonlyMap<string, { readonly status: string }>, ended: string) =>
    [...things.values()].filter(({ status }) => status !== ended).length;
  return {
    instances: here(servers, "unsubscribing"),
    volumes: here(disks, "deleting"),
    snapshots: here(snapshots, "deleting"),
    images: 0,
    addresses: eips.size,
    groups: groups.size,
  };
}
