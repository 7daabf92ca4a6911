/**
 * A ZStack on loopback, as far as a target of ours sees it: one management node with one zone and cluster. Requests
 * are taken one after the other; what changes something becomes a job. Source: zstack 5.2.1, RestServer.java.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { FakeCloud, Inventory } from "../fake-cloud.ts";
import { Calls } from "../faults.ts";
import { openGuests } from "../guests.ts";
import { openHyperDoors } from "../hyperdoor.ts";
import type { Machines } from "../machines.ts";
import { queries } from "./api.ts";
import { imageHandlers, imageJson, letImagesHappen } from "./images.ts";
import { eipJson, groupJson, networkHandlers, vipJson } from "./network.ts";
import {
  actionOf,
  checkParams,
  conditionOf,
  Failure,
  queryAt,
  Refusal,
  type Request,
  routeOf,
} from "./request.ts";
import { hashed, momentOf, mostSkewMs, signatureOf } from "./signature.ts";
import { Cloud, type Delays, newUuid } from "./state.ts";
import { letVmsHappen, vmHandlers, vmJson } from "./vms.ts";
import {
  type Handler,
  letVolumesHappen,
  snapshotJson,
  volumeHandlers,
  volumeJson,
} from "./volumes.ts";

export interface FakeZstack extends FakeCloud {
  readonly cloud: Cloud;
  readonly keys: { readonly accessKeyId: string; readonly accessKeySecret: string };
  readonly account: { readonly account: string; readonly password: string };
}

export interface FakeZstackOptions {
  readonly machines?: Machines;
  readonly delays?: Partial<Delays>;
  /** Of the target: how servers are launched, and what its gateways are. */
  readonly launch?: Readonly<Record<string, unknown>>;
  readonly gateway?: Readonly<Record<string, unknown>>;
  /** Whether the target names the account's image of HyperDoor. */
  readonly hasHyperDoor?: boolean;
  /** Before the API's own path. */
  readonly contextPath?: string;
  readonly now?: () => number;
  /** Its calendar is ahead of ours. */
  readonly skewMs?: number;
}

const quick: Delays = {
  createMs: 5,
  attachMs: 5,
  bootMs: 20,
  snapshotMs: 5,
  imageMs: 20,
  deleteMs: 5,
};

const handlers: Record<string, Handler> = {
  ...volumeHandlers,
  ...vmHandlers,
  ...imageHandlers,
  ...networkHandlers,
};

interface Answer {
  readonly status: number;
  /** Text where it is no JSON. */
  readonly body: object | string;
}

export async function startFakeZstack(options: FakeZstackOptions = {}): Promise<FakeZstack> {
  const { contextPath = "/zstack" } = options;
  const calls = new Calls();
  const keys = { accessKeyId: "FakeFakeFakeFakeFake", accessKeySecret: "fake/secret+key" };
  const account = { account: "admin", password: "fake password" };
  let queue: Promise<unknown> = Promise.resolve();

  /** @throws Refusal, Failure */
  function authenticate(request: IncomingMessage, path: string): void {
    const { method = "", headers } = request;
    const given = headers.authorization;
    if (given === undefined) throw new Refusal(400, "missing header 'Authorization'");
    const [, session] = /^OAuth (.*)$/.exec(given) ?? [];
    if (session !== undefined) {
      if (cloud.sessions.has(session)) return;
      throw new Failure("ID.1001", "Session expired");
    }
    const [, id, signature] = /^ZStack ([^:]+):([^:]+)$/.exec(given) ?? [];
    if (id === undefined) {
      throw new Refusal(400, "accessKey format is 'ZStack AccessKeyId:Signature'");
    }
    const { date = "" } = headers;
    const sentAt = momentOf(date);
    if (sentAt === undefined) throw new Refusal(400, "'Date' format error");
    if (Math.abs(Date.now() + (options.skewMs ?? 0) - sentAt) > mostSkewMs) {
      throw new Refusal(403, "requestTimeTooSkewed");
    }
    const isRight = signatureOf(method, date, path, keys.accessKeySecret) === signature;
    // That of the open source has no access keys; the code is a guess.
    if (id !== keys.accessKeyId || !isRight) throw new Failure("ID.1000", "wrong access key");
  }

  function logIn(body: Record<string, unknown> | undefined): Answer {
    const { accountName, password } = Object(body?.logInByAccount);
    if (accountName !== account.account || password !== hashed(account.password)) {
      throw new Failure("ID.1000", "wrong account or password");
    }
    const uuid = newUuid();
    cloud.sessions.add(uuid);
    return { status: 200, body: { inventory: { uuid, accountUuid: cloud.account } } };
  }

  async function letThingsHappen(): Promise<void> {
    letVolumesHappen(cloud);
    letImagesHappen(cloud);
    await letVmsHappen(cloud);
  }

  function listed(query: string): Record<string, unknown>[] {
    const lists: Record<string, () => Record<string, unknown>[]> = {
      QueryZone: () => cloud.zones,
      QueryCluster: () => cloud.clusters,
      QueryHost: () => cloud.hosts,
      QueryPrimaryStorage: () =>
        cloud.pools.map(({ isChain: _, ...pool }) => ({
          ...pool,
          ...{ state: "Enabled", status: "Connected", attachedClusterUuids: [cloud.cluster.uuid] },
        })),
      QueryBackupStorage: () => cloud.imageServers,
      QueryL3Network: () =>
        cloud.networks.map((network) => ({
          ...network,
          "l2Network.cluster.uuid": cloud.clustersOf(network),
        })),
      QueryInstanceOffering: () => cloud.offerings,
      QueryImage: () => [...cloud.images.values()].map(imageJson),
      QueryVmInstance: () => [...cloud.vms.values()].map((vm) => vmJson(cloud, vm)),
      QueryVolume: () => [...cloud.volumes.values()].map(volumeJson),
      QueryVolumeSnapshot: () => [...cloud.snapshots.values()].map(snapshotJson),
      QuerySecurityGroup: () => [...cloud.groups.values()].map(groupJson),
      QueryVmNicInSecurityGroup: () =>
        [...cloud.vms.values()].flatMap(({ uuid, nic, groups }) =>
          [...groups].map((securityGroupUuid) => ({
            ...{ uuid: securityGroupUuid, vmNicUuid: nic.uuid },
            ...{ vmInstanceUuid: uuid, securityGroupUuid },
          })),
        ),
      QueryVip: () => [...cloud.vips.values()].map(vipJson),
      QueryEip: () => [...cloud.eips.values()].map((eip) => eipJson(cloud, eip)),
      QueryAccount: () => [{ uuid: cloud.account, name: account.account, type: cloud.accountType }],
      QueryAccessKey: () => [
        { uuid: newUuid(), accountUuid: cloud.account, AccessKeyID: keys.accessKeyId },
      ],
    };
    return lists[query]?.() ?? [];
  }

  function ask(query: string, parameters: URLSearchParams): Answer {
    if (cloud.denied.has(query)) throw new Failure("ID.1002", `operation[API:${query}] is denied`);
    const conditions = parameters
      .getAll("q")
      .map((text) => conditionOf(text, queries[query]?.fields ?? []));
    for (const name of parameters.keys()) {
      if (!["q", "limit", "start", "sort", "replyWithCount"].includes(name)) {
        throw new Refusal(400, `this fake knows no ${name}`);
      }
    }
    const sorted = parameters.get("sort") ?? "uuid";
    const found = listed(query)
      .filter((thing) => conditions.every((holds) => holds(thing)))
      .sort((a, b) => (String(a[sorted]) < String(b[sorted]) ? -1 : 1));
    const start = Number(parameters.get("start") ?? 0);
    const inventories = found
      .slice(start, start + Number(parameters.get("limit") ?? 1_000))
      .map(withoutOthers);
    return { status: 200, body: { inventories, schema: {} } };
  }

  /** The order is taken, whatever comes of it. */
  async function take(request: Request, jobId: string): Promise<Answer> {
    try {
      if (cloud.denied.has(request.name)) {
        throw new Failure("ID.1002", `operation[API:${request.name}] is denied`);
      }
      checkParams(request.params, request.call.params);
      if (request.systemTags.length > 0 && !request.call.creates) {
        throw new Failure("SYS.1007", "system tags are for what is created");
      }
      const handler = handlers[request.name];
      if (handler === undefined) throw new Error(`the fake has no ${request.name}`);
      const { ms, inventory } = await handler(cloud, request);
      cloud.jobs.set(jobId, { doneAt: cloud.now() + ms, failure: undefined, inventory });
    } catch (error) {
      const failure = error instanceof Failure ? error : internal(error);
      cloud.jobs.set(jobId, { doneAt: cloud.now(), failure, inventory: undefined });
    }
    const location = `http://10.255.255.1:8080/zstack/v1/api-jobs/${jobId}`;
    return { status: 202, body: { location } };
  }

  function findJob(jobId: string): Answer {
    const job = cloud.jobs.get(jobId);
    if (job === undefined) throw new Refusal(404, "the job has been expired");
    if (cloud.now() < job.doneAt) return { status: 202, body: {} };
    if (job.failure !== undefined) throw job.failure;
    return { status: 200, body: job.inventory === undefined ? {} : { inventory: job.inventory() } };
  }

  async function carryOut(
    request: IncomingMessage,
    url: URL,
    path: string,
    body: Record<string, unknown> | undefined,
  ): Promise<Answer> {
    await letThingsHappen();
    const { method = "" } = request;
    const [, asked] = /^\/v1\/api-jobs\/(.+)$/.exec(path) ?? [];
    if (asked !== undefined) return findJob(asked);
    if (method === "PUT" && path === "/v1/accounts/login") return logIn(body);
    const query = method === "GET" ? queryAt(path) : undefined;
    if (path.startsWith("/v1/vm-instances/from/volume") && !cloud.bootsFromVolumes) {
      throw new Refusal(404, `no api mapping to ${path}`);
    }
    const route = query === undefined ? routeOf(method, path, body) : undefined;
    authenticate(request, path);
    if (query !== undefined) return ask(query, url.searchParams);
    if (route === undefined) throw new Refusal(404, `no api mapping to ${path}`);
    const jobId = String(request.headers["x-job-uuid"] ?? newUuid());
    if (jobId.length !== 32) throw new Refusal(400, "Invalid header[X-Job-UUID]");
    if (cloud.jobs.has(jobId)) throw new Refusal(400, `Duplicate job uuid[${jobId}]`);
    const params =
      method === "DELETE"
        ? Object.fromEntries(url.searchParams)
        : (body?.[method === "PUT" ? actionOf(route.name) : "params"] ?? {});
    const systemTags = (body?.systemTags ?? []) as string[];
    return take({ ...route, params, systemTags }, jobId);
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    given: string,
  ): Promise<void> {
    const url = new URL(request.url ?? "", "http://fake");
    const whole = decodeURIComponent(url.pathname);
    const path = whole.startsWith(contextPath) ? whole.slice(contextPath.length) : `?${whole}`;
    const body = given === "" ? undefined : (JSON.parse(given) as Record<string, unknown>);
    const action = nameOf(request.method ?? "", path, body);
    const fault = calls.next(action);
    let outcome = "ok";
    let answered: Answer;
    try {
      if (fault?.when === "before") throw new Refusal(500, "a fault of the test");
      answered = await carryOut(request, url, path, body);
      if (fault?.when === "after") throw new Refusal(500, "a fault of the test");
    } catch (error) {
      answered = refusalOf(error);
      const code = error instanceof Failure ? error.code : String(answered.status);
      outcome = fault?.how ?? code;
    }
    calls.made.push({ action, outcome });
    if (fault?.how === "cut") {
      request.socket.destroy();
      return;
    }
    const isText = typeof answered.body === "string";
    response.writeHead(answered.status, {
      "content-type": isText ? "text/plain" : "application/json",
    });
    response.end(isText ? answered.body : JSON.stringify(answered.body));
  }

  const server = createServer((request, response) => {
    // One at a time, and in the order in which they came.
    queue = queue
      .then(async () => answer(request, response, await text(request)))
      .catch(() => request.socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  // Free on the addresses of VMs too: nobody else listens there.
  const guests = openGuests(options.machines, port);
  const doors = options.machines && openHyperDoors(options.machines);
  const cloud = new Cloud({
    machines: options.machines,
    guests,
    doors,
    delays: { ...quick, ...options.delays },
    now: options.now ?? (() => performance.now()),
  });

  return {
    cloud,
    calls,
    keys,
    account,
    target: {
      platform: "zstack",
      config: {
        endpoint: `http://127.0.0.1:${port}${contextPath}/v1`,
        zoneId: cloud.zone.uuid,
        clusterId: cloud.cluster.uuid,
        networkId: cloud.network.uuid,
        imageServerId: cloud.imageServer.uuid,
        gateway: { publicNetworkId: cloud.publicNetwork.uuid, ...options.gateway },
        launch: { sshPort: port, ...options.launch },
        ...(options.hasHyperDoor ? { hyperDoor: { image: cloud.hyperDoorImage.uuid } } : {}),
      },
      credentials: keys,
    },
    inventory: () => inventoryOf(cloud),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await queue;
      await doors?.close();
      await guests.closeAll();
    },
  };
}

function nameOf(method: string, path: string, body: Record<string, unknown> | undefined): string {
  if (path.startsWith("/v1/api-jobs/")) return "api-jobs";
  if (path === "/v1/accounts/login") return "LogInByAccount";
  const query = method === "GET" ? queryAt(path) : undefined;
  if (query !== undefined) return query;
  try {
    return routeOf(method, path, body).name;
  } catch {
    return "unknown";
  }
}

/** Of other things, such as a network's clusters, what is asked by is not shown. */
function withoutOthers(thing: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(thing).filter(([field]) => !field.includes(".")));
}

/** What a handler did not expect is a failure of its own, as it is there. */
function internal(error: unknown): Failure {
  return new Failure("SYS.1000", error instanceof Error ? (error.stack ?? "") : String(error));
}

function refusalOf(error: unknown): Answer {
  if (error instanceof Refusal) return { status: error.status, body: error.message };
  const failure = error instanceof Failure ? error : internal(error);
  return { status: 503, body: { error: failure.json } };
}

/** Beside what was there before. What is only deleted, and not expunged, counts: it holds its room. */
function inventoryOf(cloud: Cloud): Inventory {
  const { vms, volumes, snapshots, images, vips, groups } = cloud;
  return {
    instances: vms.size,
    volumes: volumes.size,
    snapshots: snapshots.size,
    images: [...images.values()].filter(({ isOurs }) => isOurs).length,
    addresses: vips.size,
    groups: groups.size,
  };
}
