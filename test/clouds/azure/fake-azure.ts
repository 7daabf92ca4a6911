/**
 * Entra ID and ARM on loopback, as far as a target of ours sees them: one subscription in one location,
 * spoken to by the real clients over TLS. Requests are taken one after the other.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { FakeCloud, Inventory } from "../fake-cloud.ts";
import { Calls } from "../faults.ts";
import type { Machines } from "../machines.ts";
import { type Answer, type Handler, json, type Shown } from "./answers.ts";
import { checkBody } from "./bodies.ts";
import { loopbackCertificate } from "./certificate.ts";
import { diskHandlers, letDisksGo } from "./disks.ts";
import { Directory } from "./entra.ts";
import { blobKey, letMachinesGoOn, machineHandlers, serialLog } from "./machines.ts";
import { letNetworkGo, networkHandlers } from "./network.ts";
import { type OperationTable, operations } from "./operations.ts";
import { placeHandlers } from "./places.ts";
import { pricesPath, servePrices } from "./prices.ts";
import { errorBody, Refusal } from "./refusal.ts";
import { skuHandlers } from "./skus.ts";
import { type Delays, type Quotas, Subscription } from "./state.ts";

export interface FakeAzure extends FakeCloud {
  readonly url: string;
  readonly subscription: Subscription;
  readonly directory: Directory;
}

export interface FakeAzureOptions {
  readonly machines?: Machines;
  readonly cloud?: "public" | "china";
  readonly delays?: Partial<Delays>;
  readonly quotas?: Partial<Quotas>;
  readonly now?: () => number;
}

const quick: Delays = {
  createMs: 20,
  attachMs: 20,
  bootMs: 50,
  stopMs: 50,
  snapshotMs: 20,
  deleteMs: 20,
  interfaceMs: 0,
};

/** What this caller may do at a place: all, less what is denied. Source: Authorization REST API, Permissions. */
const listPermissions: Handler = ({ denied }) => ({
  status: 200,
  body: {
    value: [{ actions: ["*"], notActions: [...denied], dataActions: [], notDataActions: [] }],
  },
});

const handlers: Readonly<Record<string, Handler>> = {
  ...{ ...diskHandlers, ...machineHandlers, ...networkHandlers, ...skuHandlers },
  ...placeHandlers,
  "LIST permissions": listPermissions,
  "LIST permissions of a group": listPermissions,
};

interface Route {
  readonly action: string;
  readonly table: OperationTable;
  readonly pattern: RegExp;
}

const scopes: Readonly<Record<OperationTable["scope"], string>> = {
  tenant: "",
  subscription: "/subscriptions/(?<subscription>[^/]+)",
  group: "/subscriptions/(?<subscription>[^/]+)/resourceGroups/(?<group>[^/]+)",
};

const routes: readonly Route[] = Object.entries(operations).map(([action, table]) => {
  // What Resource Manager itself keeps has no provider in its path.
  const provider = table.provider === "Microsoft.Resources" ? "" : `/providers/${table.provider}`;
  const path = table.path.replaceAll("{}", "([^/]+)");
  const pattern = `^${scopes[table.scope]}${provider}${path}$`;
  return { action, table, pattern: new RegExp(pattern, "i") };
});

export async function startFakeAzure(options: FakeAzureOptions = {}): Promise<FakeAzure> {
  const cloud = options.cloud ?? "public";
  const subscription = new Subscription({
    backing: options.machines,
    delays: { ...quick, ...options.delays },
    quotas: { disks: 1000, addresses: 5, cores: 64, ...options.quotas },
    now: options.now ?? (() => performance.now()),
    location: cloud === "china" ? "chinanorth3" : "westeurope",
  });
  const calls = new Calls();
  const directory = new Directory(
    cloud === "china" ? "https://management.chinacloudapi.cn" : "https://management.azure.com",
  );
  const certificate = await loopbackCertificate();
  let queue: Promise<unknown> = Promise.resolve();
  let url = "";

  /** @throws Refusal as ARM words it */
  async function arm(request: IncomingMessage, route: Route, body: string): Promise<Answer> {
    const { pathname, searchParams: query } = new URL(request.url ?? "", url);
    const { action, table, pattern } = route;
    directory.requireToken(request.headers.authorization);
    if (subscription.throttled > 0) {
      subscription.throttled -= 1;
      throw new Refusal(429, "TooManyRequests", "The request is being throttled.");
    }
    const match = pattern.exec(pathname);
    const { group = "", subscription: id } = match?.groups ?? {};
    if (table.scope !== "tenant" && id?.toLowerCase() !== subscription.id) {
      throw new Refusal(
        404,
        "SubscriptionNotFound",
        `The subscription '${id}' could not be found.`,
      );
    }
    const groups = [subscription.resourceGroup, subscription.networkGroup];
    if (table.scope === "group" && !groups.includes(group.toLowerCase())) {
      throw new Refusal(
        404,
        "ResourceGroupNotFound",
        `Resource group '${group}' could not be found.`,
      );
    }
    checkVersion(query, table);
    if (subscription.denied.has(table.action)) {
      throw new Refusal(
        403,
        "AuthorizationFailed",
        `The client '${directory.clientId}' with object id '0000' does not have authorization to perform action '${table.action}' over scope '${pathname}' or the scope is invalid.`,
      );
    }
    const parsed = bodyOf(table, body, action);
    const names = [...(match ?? [])]
      .slice(1)
      .filter((part) => part !== id && part !== group)
      .map(decodeURIComponent);
    await letThingsHappen(subscription);
    const handler = handlers[action];
    if (handler === undefined) throw new Error(`no handler for ${action}`);
    return handler(subscription, {
      name: names.at(-1) ?? "",
      ...{ names, group, query, body: parsed },
      url: `${url}${pathname}`,
    });
  }

  function checkVersion(
    query: URLSearchParams,
    { versions, query: known = [], provider }: OperationTable,
  ) {
    const version = query.get("api-version");
    const offered = cloud === "china" ? versions.filter((one) => one < "2025") : versions;
    if (version === null) {
      throw new Refusal(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter is required.",
      );
    }
    if (!offered.includes(version)) {
      throw new Refusal(
        400,
        "NoRegisteredProviderFound",
        `No registered resource provider found for location '${subscription.location}' and API version '${version}' for ${provider}. The supported api-versions are '${offered.join(", ")}'.`,
      );
    }
    for (const name of query.keys()) {
      if (name === "api-version" || known.includes(name)) continue;
      throw new Refusal(400, "InvalidQueryParameter", `Query parameter ${name} is not known.`);
    }
  }

  /** Of operations that go on. */
  function operationStatus(id: string): object {
    const operation = subscription.operations.get(id);
    if (operation === undefined) throw new Refusal(404, "NotFound", `No operation ${id}.`);
    const status =
      subscription.now() < operation.doneAt
        ? "InProgress"
        : operation.failure === undefined
          ? "Succeeded"
          : "Failed";
    return {
      name: id,
      startTime: "2026-11-23T00:00:00Z",
      status,
      ...(status === "Failed" ? { error: operation.failure } : {}),
    };
  }

  async function serve(request: IncomingMessage, body: string): Promise<Served> {
    const { pathname } = new URL(request.url ?? "", url);
    const { method = "" } = request;
    const token = directory.serve(method, pathname, body);
    if (token !== undefined) return { action: "POST token", run: async () => token() };
    const blob = /^\/bootdiagnostics\/(.+)\.serialconsole\.log$/.exec(pathname)?.[1];
    if (blob !== undefined) return { action: "GET blob", run: () => readBlob(request, blob) };
    if (pathname === pricesPath) return { action: "LIST prices", run: () => listPrices(request) };
    const operation = /\/operations\/([^/]+)$/i.exec(pathname)?.[1];
    if (operation !== undefined) {
      return {
        action: "GET operation",
        run: async () => {
          directory.requireToken(request.headers.authorization);
          await letThingsHappen(subscription);
          return json(200, operationStatus(operation));
        },
      };
    }
    const route = routes.find(
      ({ table, pattern }) => table.method === method && pattern.test(pathname),
    );
    return {
      action: route?.action ?? `${method} ${pathname}`,
      async run() {
        if (route === undefined) {
          throw new Refusal(404, "InvalidResourceType", `${method} ${pathname} is nothing we use.`);
        }
        const { status, body: shown, operation: going } = await arm(request, route, body);
        return { ...json(status, shown), headers: headersOf(route, going?.id) };
      },
    };
  }

  /** Compute gives both; Network too. Source: ARM docs, "Track asynchronous Azure operations". */
  function headersOf({ table }: Route, operation: string | undefined): Record<string, string> {
    if (operation === undefined) return {};
    const place = `/subscriptions/${subscription.id}/providers/${table.provider}/locations/${subscription.location}/operations/${operation}`;
    return { "azure-asyncoperation": `${url}${place}?api-version=${table.versions[0]}` };
  }

  async function listPrices({ method, url: asked = "", headers }: IncomingMessage): Promise<Shown> {
    if (method !== "GET" || headers.authorization !== undefined) {
      throw new Error("the list of prices is read, and our token is not for it");
    }
    return servePrices(subscription, new URL(asked, url));
  }

  async function readBlob(request: IncomingMessage, name: string): Promise<Shown> {
    const { search } = new URL(request.url ?? "", url);
    if (request.headers.authorization !== undefined || search !== `?${blobKey}`) {
      return {
        status: 403,
        type: "application/xml",
        text: "<Error><Code>AuthenticationFailed</Code></Error>",
      };
    }
    const said = await serialLog(subscription, name);
    return said === undefined
      ? { status: 404, type: "application/xml", text: "<Error><Code>BlobNotFound</Code></Error>" }
      : { status: 200, type: "text/plain", text: said };
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ): Promise<void> {
    const { action, run } = await serve(request, body);
    const fault = calls.next(action);
    let outcome = "ok";
    let shown: Shown;
    try {
      if (fault?.when === "before") throw new FaultHit();
      shown = await run();
      if (fault?.when === "after") throw new FaultHit();
    } catch (error) {
      const refusal = error instanceof Refusal ? error : refusalFor(error);
      outcome = fault === undefined ? refusal.code : fault.how;
      shown = json(refusal.status, errorBody(refusal));
      if (refusal.status === 429) shown = { ...shown, headers: { "retry-after": "1" } };
    }
    calls.made.push({ action, outcome });
    if (fault?.how === "cut") {
      request.socket.destroy();
      return;
    }
    const headers = { "content-type": shown.type, ...shown.headers };
    response.writeHead(shown.status, headers).end(shown.text);
  }

  const server = createServer(certificate, (request, response) => {
    // One at a time, and in the order in which they came.
    queue = queue
      .then(async () => answer(request, response, await text(request)))
      .catch(() => request.socket.destroy());
  });
  // A client on a busy machine must not write into a connection that is just being closed.
  server.keepAliveTimeout = 120_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    subscription,
    directory,
    calls,
    target: {
      platform: "azure",
      config: {
        cloud,
        subscriptionId: subscription.id,
        resourceGroup: subscription.resourceGroup,
        location: subscription.location,
        subnetId: subscription.subnetId,
        endpoints: { arm: url, login: url, prices: url },
        caCertificates: certificate.cert,
        pollMs: 25,
      },
      credentials: {
        tenantId: directory.tenantId,
        clientId: directory.clientId,
        clientSecret: directory.clientSecret,
      },
    },
    inventory: () => inventoryOf(subscription),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await queue;
    },
  };
}

interface Served {
  readonly action: string;
  run(): Promise<Shown>;
}

function bodyOf(table: OperationTable, text: string, action: string): unknown {
  if (table.body === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Refusal(400, "InvalidRequestContent", "The request content was invalid.");
  }
  checkBody(parsed, table.body, action.split(" ")[1] ?? "");
  return parsed;
}

async function letThingsHappen(subscription: Subscription): Promise<void> {
  await letMachinesGoOn(subscription);
  await letDisksGo(subscription);
  letNetworkGo(subscription);
}

/** What is being deleted counts no more. */
function inventoryOf(subscription: Subscription): Inventory {
  const there = <T extends { deletedAt?: number }>(things: { all(): T[] }) =>
    things.all().filter(({ deletedAt }) => deletedAt === undefined);
  const machines = there(subscription.machines);
  const free = there(subscription.interfaces).filter(({ machine }) => machine === undefined);
  return {
    // An interface that nothing has counts as the machine it was made for.
    instances: machines.length + free.length,
    volumes: there(subscription.disks).length,
    snapshots: there(subscription.snapshots).length,
    images: 0,
    addresses: there(subscription.addresses).length,
    groups: there(subscription.groups).length,
  };
}

class FaultHit extends Error {}

/** What a handler did not expect is a failure of the service's own, as it is at Azure. */
function refusalFor(error: unknown): Refusal {
  if (error instanceof FaultHit) {
    return new Refusal(500, "InternalServerError", "An internal error occurred.");
  }
  const stack = error instanceof Error ? (error.stack ?? "") : String(error);
  process.stderr.write(`the fake Azure failed: ${stack}\n`);
  return new Refusal(500, "InternalServerError", stack);
}
