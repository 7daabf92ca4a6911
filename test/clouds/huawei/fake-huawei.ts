/**
 * Huawei Cloud on loopback, as far as a target of ours sees it: one project in one region, each service on a port
 * of its own, as it is on a host of its own. Requests are taken one after the other.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { FakeCloud, Inventory } from "../fake-cloud.ts";
import { Calls } from "../faults.ts";
import { openGuests } from "../guests.ts";
import { openHyperDoors } from "../hyperdoor.ts";
import type { Machines } from "../machines.ts";
import type { Call } from "./api.ts";
import { imageHandlers, letImagesHappen } from "./images.ts";
import { networkHandlers } from "./network.ts";
import { priceHandlers } from "./prices.ts";
import { checkRequest, type Json, Refusal, routeOf } from "./request.ts";
import { letServersHappen, serverHandlers } from "./servers.ts";
import { parseAuthorization, sign } from "./signature.ts";
import { type Delays, type Job, Project, type Quotas } from "./state.ts";
import { type Handler, letVolumesHappen, volumeHandlers } from "./volumes.ts";

export interface FakeHuawei extends FakeCloud {
  readonly project: Project;
  readonly endpoints: Readonly<Record<Call["service"], string>>;
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** A temporary key, good only together with its token. */
  readonly temporary: FakeHuawei["keys"] & { readonly securityToken: string };
}

export interface FakeHuaweiOptions {
  readonly machines?: Machines;
  readonly delays?: Partial<Delays>;
  readonly quotas?: Partial<Quotas>;
  /** Of the target: how servers are launched. */
  readonly launch?: Readonly<Record<string, unknown>>;
  readonly now?: () => number;
  /** Its calendar is ahead of ours. */
  readonly skewMs?: number;
}

const quick: Delays = {
  createMs: 20,
  attachMs: 20,
  bootMs: 50,
  stopMs: 50,
  snapshotMs: 20,
  imageMs: 50,
  shownAfterMs: 0,
  interfaceMs: 0,
};

const services = ["iam", "ecs", "evs", "ims", "vpc", "bss", "bssintl"] as const;

/** What says whose a call is, and is signed. Source: huaweicloud-sdk-go-v3, core/auth. */
const scopes: Readonly<Partial<Record<Call["service"], string | undefined>>> = {
  iam: undefined,
  bss: "x-domain-id",
  bssintl: "x-domain-id",
};

/** Source: AK/SK Signing and Authentication Guide, "Common Errors" (15 minutes). */
const mostSkewMs = 15 * 60_000;

/** A job is known at the host of the service that began it. */
const showJob =
  (service: Job["service"]): Handler =>
  (project, { path }) => {
    const job = project.jobs.get(path.job_id ?? "");
    if (job === undefined || job.service !== service) {
      throw new Refusal(404, "Common.0011", "jobId does not exist");
    }
    const { id, type, entities, failure } = job;
    const facts = { job_id: id, job_type: type, begin_time: "2026-11-23T00:00:00.000Z" };
    if (project.now() < job.doneAt) return { ...facts, status: "RUNNING", entities: {} };
    const ended = { ...facts, end_time: job.endsAt.toISOString(), entities };
    if (failure === undefined) return { ...ended, status: "SUCCESS" };
    return { ...ended, status: "FAIL", error_code: failure.code, fail_reason: failure.reason };
  };

/** Source: IAM API reference, KeystoneListRegions. */
const regionJson = (id: string, en: string, zh: string): Json => ({
  ...{ id, type: "public", description: "", parent_region_id: null },
  locales: { "en-us": en, "zh-cn": zh },
});

const handlers: Record<string, Handler> = {
  ...volumeHandlers,
  ...serverHandlers,
  ...imageHandlers,
  ...networkHandlers,
  ...priceHandlers,
  EcsShowJob: showJob("ecs"),
  EvsShowJob: showJob("evs"),
  ImsShowJob: showJob("ims"),
  KeystoneListAuthProjects: ({ region, projectId }) => ({
    projects: [
      { id: "0".repeat(32), name: "MOS", enabled: true },
      { id: projectId, name: region, enabled: true },
      { id: "1".repeat(32), name: `${region}_dev`, enabled: true },
      { id: "2".repeat(32), name: "cn-east-3", enabled: true },
      { id: "3".repeat(32), name: "cn-north-1", enabled: false },
    ],
  }),
  KeystoneListAuthDomains: ({ domainId }) => ({
    domains: [{ id: domainId, name: "fake", enabled: true, description: "" }],
    links: { self: "fake" },
  }),
  KeystoneListRegions: () => ({
    regions: [
      regionJson("cn-north-4", "CN North-Beijing4", "华北-北京四"),
      regionJson("cn-east-3", "CN East-Shanghai1", "华东-上海一"),
      // The key's user has no project there.
      regionJson("ap-southeast-3", "AP-Singapore", "亚太-新加坡"),
    ],
  }),
};

export async function startFakeHuawei(options: FakeHuaweiOptions = {}): Promise<FakeHuawei> {
  const calls = new Calls();
  const keys = { accessKeyId: "FAKEFAKEFAKEFAKEFAKE", secretAccessKey: "fake/secret+key" };
  const temporary = {
    accessKeyId: "TEMPTEMPTEMPTEMPTEMP",
    secretAccessKey: "temporary-secret",
    securityToken: "token-of-the-temporary-key",
  };
  let queue: Promise<unknown> = Promise.resolve();

  /** @throws Refusal. Source: AK/SK Signing and Authentication Guide; "Error Codes", APIGW.0301, APIGW.0303 */
  function authenticate(service: Call["service"], request: IncomingMessage, body: string): void {
    const wrong = (problem: string): Refusal =>
      new Refusal(401, "APIGW.0301", `Incorrect IAM authentication information: ${problem}`);
    const { method = "", url = "", headers } = request;
    const by = parseAuthorization(headers.authorization);
    if (by === undefined) throw wrong("authorization header is missing or malformed");
    const key = [keys, temporary].find(({ accessKeyId }) => accessKeyId === by.accessKeyId);
    if (key === undefined) throw wrong("get secretKey failed, ak not found");
    const token = key === temporary ? temporary.securityToken : undefined;
    if (headers["x-security-token"] !== token) throw wrong("security token is invalid");
    const stamp = String(headers["x-sdk-date"] ?? "");
    const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp) ?? [];
    const sentAt = Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
    const ours = Date.now() + (options.skewMs ?? 0);
    if (!(Math.abs(ours - sentAt) < mostSkewMs)) {
      throw new Refusal(401, "APIGW.0303", `signature expired: signature time:${stamp}`);
    }
    const scope = service in scopes ? scopes[service] : "x-project-id";
    for (const needed of ["host", "x-sdk-date", ...(scope === undefined ? [] : [scope])]) {
      if (!by.signedHeaders.includes(needed)) throw wrong(`${needed} is not signed`);
    }
    if (sign({ method, url, headers, body }, by, key.secretAccessKey) !== by.signature) {
      throw wrong("verify aksk signature fail");
    }
    const whose = { "x-project-id": project.projectId, "x-domain-id": project.domainId };
    for (const [name, id] of Object.entries(whose)) {
      if (name === scope && headers[name] !== id) throw wrong(`${name} is not this key's`);
    }
  }

  async function carryOut(
    service: Call["service"],
    request: IncomingMessage,
    text: string,
    route: ReturnType<typeof routeOf>,
  ): Promise<Json> {
    const { name, call, path } = route;
    const url = new URL(request.url ?? "", "http://fake");
    const query = new Map(url.searchParams);
    const body = text === "" ? undefined : JSON.parse(text);
    const token = request.headers["x-client-token"];
    const clientToken = typeof token === "string" ? token : undefined;
    checkRequest(call, query, body, clientToken);
    if (path.project_id !== undefined && path.project_id !== project.projectId) {
      throw new Refusal(400, `${service}.0001`, "invalid tenant id");
    }
    if (project.denied.has(name)) {
      // Source: Customer Operation Capabilities, FAQ, "CBC.0151".
      if (service === "bss" || service === "bssintl") {
        const needed = "user access denied.checkCustomerPermission,correct permission code is ";
        throw new Refusal(403, "CBC.0151", `${needed}billing:contract:viewDiscount`);
      }
      const message = `Policy doesn't allow ${service}:${name} to be performed.`;
      throw new Refusal(403, `${service}.403`, message);
    }
    const remembered = clientToken === undefined ? undefined : `${name} ${clientToken}`;
    const earlier = remembered === undefined ? undefined : project.tokens.get(remembered);
    if (earlier !== undefined) {
      if (earlier.body === text) return earlier.answer as Json;
      throw new Refusal(400, `${service}.0001`, "X-Client-Token was used for another order");
    }
    await letVolumesHappen(project);
    await letServersHappen(project);
    letImagesHappen(project);
    const handler = handlers[name];
    if (handler === undefined) throw new Error(`the fake has no ${name}`);
    const answer = await handler(project, { name, call, path, query, body, clientToken });
    if (remembered !== undefined) {
      project.tokens.set(remembered, { body: text, answer: answer as object });
    }
    return answer;
  }

  async function answer(
    service: Call["service"],
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ): Promise<void> {
    const [path = ""] = (request.url ?? "").split("?");
    const route = named(() => routeOf(service, request.method ?? "", decodeURIComponent(path)));
    const action = actionOf(route?.name, body);
    const fault = calls.next(action);
    let outcome = "ok";
    let status = 200;
    let answered: Json;
    try {
      if (fault?.when === "before") throw new FaultHit();
      authenticate(service, request, body);
      if (project.throttled > 0) {
        project.throttled -= 1;
        throw new Refusal(429, "APIGW.0308", "The throttling threshold has been reached");
      }
      if (route === undefined) routeOf(service, request.method ?? "", path);
      else answered = await carryOut(service, request, body, route);
      if (answered === undefined) status = 204;
      if (fault?.when === "after") throw new FaultHit();
    } catch (error) {
      const refusal = error instanceof Refusal ? error : failureFor(service, error);
      ({ status } = refusal);
      outcome = fault?.how ?? refusal.code;
      answered = errorJson(service, refusal);
    }
    calls.made.push({ action, outcome });
    if (fault?.how === "cut") {
      request.socket.destroy();
      return;
    }
    response.writeHead(status, { "content-type": "application/json" });
    response.end(answered === undefined ? "" : JSON.stringify(answered));
  }

  async function serve(service: Call["service"]): Promise<Server> {
    const server = createServer((request, response) => {
      // One at a time, and in the order in which they came.
      queue = queue
        .then(async () => answer(service, request, response, await text(request)))
        .catch(() => request.socket.destroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
  }

  const servers: Server[] = [];
  const ports = new Map<Call["service"], number>();
  for (const service of services) {
    const server = await serve(service);
    servers.push(server);
    ports.set(service, (server.address() as AddressInfo).port);
  }
  const endpoints = Object.fromEntries(
    [...ports].map(([service, port]) => [service, `http://127.0.0.1:${port}`]),
  ) as Record<Call["service"], string>;
  // Free on the addresses of servers too: nobody else listens there.
  const sshPort = ports.get("ecs") ?? 0;
  const guests = openGuests(options.machines, sshPort);
  const doors = options.machines && openHyperDoors(options.machines);
  const project = new Project({
    machines: options.machines,
    ...{ guests, doors },
    delays: { ...quick, ...options.delays },
    quotas: { volumes: 1000, addresses: 5, vcpus: 64, images: 50, ...options.quotas },
    now: options.now ?? (() => performance.now()),
  });

  return {
    project,
    calls,
    keys,
    temporary,
    endpoints,
    target: {
      platform: "huawei",
      config: {
        region: project.region,
        zone: project.zone,
        subnetId: project.subnetId,
        endpoints,
        launch: { sshPort, ...options.launch },
        lostAnswerMs: 500,
      },
      credentials: keys,
    },
    inventory: () => inventoryOf(project),
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
        await once(server, "close");
      }
      await queue;
      await doors?.close();
      await guests.closeAll();
    },
  };
}

function named<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}

/** Starting and stopping share a path. */
function actionOf(name: string | undefined, body: string): string {
  if (name !== "ServersAction") return name ?? "unknown";
  return body.includes('"os-start"') ? "BatchStartServers" : "BatchStopServers";
}

class FaultHit extends Error {}

/** What a handler did not expect is a failure of the service's own, as it is there. */
function failureFor(service: Call["service"], error: unknown): Refusal {
  if (error instanceof FaultHit) {
    return new Refusal(500, `${service}.0500`, "An internal error has occurred");
  }
  return new Refusal(
    500,
    `${service}.0500`,
    error instanceof Error ? (error.stack ?? error.message) : String(error),
  );
}

/** Each service words its refusals apart. Sources: "Error Codes" of each API reference. */
function errorJson(service: Call["service"], { code, message }: Refusal): Json {
  if (/^(APIGW|CBC)/.test(code))
    return { error_code: code, error_msg: message, request_id: "fake" };
  if (code === "overLimit") return { overLimit: { code: 413, message } };
  if (service === "vpc") {
    return /^VPC\.06/.test(code)
      ? { error_code: code, error_msg: message, request_id: "fake" }
      : { code, message };
  }
  return { error: { code, message } };
}

/** Beside what was there before; what is being deleted is gone. */
function inventoryOf(project: Project): Inventory {
  const { servers, volumes, snapshots, images, addresses, groups } = project;
  return {
    instances: [...servers.values()].filter(({ task }) => task !== "deleting").length,
    volumes: [...volumes.values()].filter(({ status }) => status !== "deleting").length,
    snapshots: [...snapshots.values()].filter(({ status }) => status !== "deleting").length,
    images: [...images.values()].filter(({ isOurs }) => isOurs).length,
    addresses: addresses.size,
    groups: groups.size,
  };
}
