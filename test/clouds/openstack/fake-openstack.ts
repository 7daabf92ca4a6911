/**
 * OpenStack on loopback, as far as a target of ours sees it: one project in one region, all services behind one port
 * as an installation by its own scripts has them. Requests are taken one after the other.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { FakeCloud, Inventory } from "../fake-cloud.ts";
import { Calls } from "../faults.ts";
import type { Machines } from "../machines.ts";
import type { Service } from "./api.ts";
import { Identity, type IdentityOptions, places } from "./identity.ts";
import { imageHandlers, letImagesHappen } from "./images.ts";
import { networkHandlers } from "./network.ts";
import { checkRequest, type Json, Refusal, type Route, routeOf } from "./request.ts";
import { letServersHappen, serverHandlers } from "./servers.ts";
import { type Backend, type Delays, Project, type Quotas } from "./state.ts";
import { type Handler, letVolumesHappen, volumeHandlers } from "./volumes.ts";

export interface FakeOpenstack extends FakeCloud {
  readonly project: Project;
  readonly identity: Identity;
}

export interface FakeOpenstackOptions extends Partial<IdentityOptions> {
  readonly machines?: Machines;
  readonly delays?: Partial<Delays>;
  readonly quotas?: Partial<Quotas>;
  readonly backend?: Backend;
  /** The newest minor versions; those of Zed unless told. */
  readonly versions?: { readonly compute: number; readonly volume: number };
  /** Of the target: how servers are launched. */
  readonly launch?: Readonly<Record<string, unknown>>;
  /** The target names HyperDoor's image. */
  readonly hyperDoor?: true;
  /** Behind HTTPS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly now?: () => number;
}

const quick: Delays = {
  ...{ createMs: 20, attachMs: 20, bootMs: 50, stopMs: 50 },
  ...{ snapshotMs: 20, imageMs: 50, flattenMs: 100 },
};

const plenty: Quotas = {
  ...{ volumes: 1000, perVolumeGiB: -1, cores: 64, floatingIps: 10, imageGiB: 10_000 },
};

const handlers: Record<string, Handler> = {
  ...volumeHandlers,
  ...serverHandlers,
  ...imageHandlers,
  ...networkHandlers,
};

interface Answer {
  readonly status: number;
  readonly body?: Json;
  readonly headers?: Readonly<Record<string, string>>;
}

const majors = { compute: 2, volume: 3 } as const;

export async function startFakeOpenstack(
  options: FakeOpenstackOptions = {},
): Promise<FakeOpenstack> {
  const calls = new Calls();
  const newest = options.versions ?? { compute: 93, volume: 70 };
  let queue: Promise<unknown> = Promise.resolve();

  /** At a service's root, and of Nova's at its version's: 300 or 200 (seen on Zed). */
  function versionsOf(service: "compute" | "volume", path: string): Answer | undefined {
    const id = service === "compute" ? "v2.1" : "v3.0";
    const major = majors[service];
    const one = {
      ...{ id, status: "CURRENT", min_version: service === "compute" ? "2.1" : "3.0" },
      ...{ version: `${major}.${newest[service]}`, links: [] },
    };
    if (path === "/") {
      const old = { id: "v2.0", status: "SUPPORTED", version: "", min_version: "", links: [] };
      return { status: service === "compute" ? 200 : 300, body: { versions: [old, one] } };
    }
    if (service === "compute" && path === "/v2.1/") return { status: 200, body: { version: one } };
    return undefined;
  }

  /** @throws Refusal for a minor version that is not there */
  function minorOf(service: Service, headers: IncomingMessage["headers"]): number {
    if (service !== "compute" && service !== "volume") return 0;
    const asked = headers["openstack-api-version"];
    // Without the header it is the oldest.
    if (asked === undefined) return service === "compute" ? 1 : 0;
    const [, word, major, minor] = /^(\w+) (\d+)\.(\d+)$/.exec(String(asked)) ?? [];
    const known = word === service && Number(major) === majors[service];
    if (known && Number(minor) <= newest[service]) return Number(minor);
    throw new Refusal(406, "computeFault", `Version ${asked} is not supported by the API.`);
  }

  async function carryOut(
    route: Route,
    request: IncomingMessage,
    url: URL,
    body: unknown,
  ): Promise<Answer> {
    const { name, call } = route;
    const query = new Map(url.searchParams);
    const minor = minorOf(call.service, request.headers);
    checkRequest(call, query, body);
    if (project.denied.has(name)) throw denial(call.service, name);
    await letVolumesHappen(project);
    await letServersHappen(project);
    letImagesHappen(project);
    const answered = await handlers[name]?.(project, { ...route, query, body, minor });
    return { status: call.status, body: answered };
  }

  function tokens(request: IncomingMessage, body: unknown): Answer {
    if (request.method === "POST") {
      const { token, body: answered } = identity.logIn(body);
      return { status: 201, body: answered, headers: { "x-subject-token": token } };
    }
    const subject = String(request.headers["x-subject-token"] ?? "");
    const shown = identity.show(subject);
    return { status: 200, body: shown, headers: { "x-subject-token": subject } };
  }

  interface Wish {
    readonly action: string;
    readonly service: Service | "identity";
    answer(): Promise<Answer> | Answer;
  }

  /** What is asked, and what becomes of it. */
  function wishOf(request: IncomingMessage, written: string): Wish {
    const url = new URL(request.url ?? "/", "http://fake");
    const body = written === "" ? undefined : JSON.parse(written);
    const method = request.method ?? "";
    if (url.pathname === "/identity/v3/auth/tokens") {
      const action = method === "POST" ? "LogIn" : "ShowToken";
      return { action, service: "identity", answer: () => tokens(request, body) };
    }
    const found = (Object.entries(places) as [Service, (typeof places)[Service]][]).find(
      ([, place]) => url.pathname.startsWith(`${place.root}/`),
    );
    if (found === undefined) {
      const answer = () => {
        throw new Refusal(404, "", "The resource could not be found.");
      };
      return { action: "unknown", service: "identity", answer };
    }
    const [service, { root, at }] = found;
    const path = url.pathname.slice(root.length);
    if (service === "compute" || service === "volume") {
      const shown = versionsOf(service, path);
      const action = service === "compute" ? "ShowComputeVersions" : "ShowVolumeVersions";
      if (shown !== undefined) return { action, service, answer: () => shown };
    }
    const version = { image: "/v2", network: "/v2.0" }[service as string] ?? at;
    const behind = path.slice(version.replace("%p", project.projectId).length);
    const route = routeOf(service, method, decodeURIComponent(behind), body);
    return {
      action: route?.name ?? "unknown",
      service,
      answer() {
        const token = String(request.headers["x-auth-token"] ?? "");
        identity.authorize(token, service, method, url.pathname);
        if (project.throttled > 0) {
          project.throttled -= 1;
          throw new Refusal(413, "overLimit", "This request was rate-limited.", 1);
        }
        if (route !== undefined) return carryOut(route, request, url, body);
        throw new Refusal(404, "", "The resource could not be found.");
      },
    };
  }

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
    written: string,
  ): Promise<void> {
    const { action, service, answer } = wishOf(request, written);
    const fault = calls.next(action);
    let outcome = "ok";
    let answered: Answer;
    try {
      if (fault?.when === "before") throw new FaultHit();
      answered = await answer();
      if (fault?.when === "after") throw new FaultHit();
    } catch (error) {
      const refusal = error instanceof Refusal ? error : failureFor(error);
      outcome = fault?.how ?? `${refusal.status} ${refusal.kind}`;
      answered = refusalAnswer(service, refusal);
    }
    calls.made.push({ action, outcome });
    if (fault?.how === "cut") {
      request.socket.destroy();
      return;
    }
    const { status, body, headers } = answered;
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(body === undefined ? "" : JSON.stringify(body));
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    // One at a time, and in the order in which they came.
    queue = queue
      .then(async () => serve(request, response, await text(request)))
      .catch(() => request.socket.destroy());
  };
  const { tls } = options;
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const base = `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`;
  const project = new Project({
    ...{ machines: options.machines, backend: options.backend ?? "independent" },
    ...{ delays: { ...quick, ...options.delays }, quotas: { ...plenty, ...options.quotas } },
    now: options.now ?? (() => performance.now()),
  });
  const identity = new Identity(project, base, {
    ...{ roles: options.roles ?? ["member", "reader"], accessRules: options.accessRules },
    ...{ tokenMs: options.tokenMs ?? 3_600_000, regions: options.regions ?? [project.region] },
    archiveRegion: options.archiveRegion,
  });

  return {
    project,
    identity,
    calls,
    target: {
      platform: "openstack",
      config: {
        identityUrl: `${base}/identity/v3`,
        ...{ networkId: project.networkId, subnetId: project.subnetId },
        // Consoles show what its servers do; nobody listens there.
        launch: { sshPort: port, ...options.launch },
        ...(options.hyperDoor && { hyperDoor: { image: project.imageNamed("HyperDoor").id } }),
        lostAnswerMs: 500,
      },
      credentials: {
        applicationCredentialId: identity.application.id,
        applicationCredentialSecret: identity.application.secret,
      },
    },
    inventory: () => inventoryOf(project),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await queue;
      await project.doors?.close();
    },
  };
}

class FaultHit extends Error {}

/** What a handler did not expect is a failure of the service's own, as it is there. */
function failureFor(error: unknown): Refusal {
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const message =
    error instanceof FaultHit ? "The server has either erred or is incapable of performing" : told;
  return new Refusal(500, "computeFault", message);
}

/** Sources: nova/policies, cinder/policies; neutron_lib/exceptions, PolicyNotAuthorized; Glance, HTTPForbidden. */
function denial(service: Service, name: string): Refusal {
  if (service === "network") {
    return new Refusal(403, "PolicyNotAuthorized", `rule:${name} is disallowed by policy`);
  }
  const rule = service === "compute" ? `os_compute_api:${name}` : `volume:${name}`;
  return new Refusal(403, "forbidden", `Policy doesn't allow ${rule} to be performed.`);
}

/** Each service words its refusals apart. */
function refusalAnswer(service: Service | "identity", refusal: Refusal): Answer {
  const { status, kind, message, retryAfter } = refusal;
  const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  const answer = (body: Json) => ({ status, headers, body });
  // What guards the services' doors answers for all of them.
  if (service === "identity" || status === 401) {
    return answer({ error: { code: status, message, title: kind } });
  }
  if (service === "network") {
    return answer({ NeutronError: { type: kind || "HTTPNotFound", message, detail: "" } });
  }
  if (service === "image") {
    // As Debian's Glance (25.1, Zed) answers whoever accepts JSON.
    const title = status === 404 ? "Not Found" : "Refused";
    return answer({ message: `${message}<br /><br />\n\n\n`, code: `${status} ${title}`, title });
  }
  return answer({ [kind || "itemNotFound"]: { code: status, message } });
}

/** Beside what was there before; what is being deleted is gone, and a port without a server is an address. */
function inventoryOf(project: Project): Inventory {
  const { servers, volumes, snapshots, images, ports, floatingIps, groups } = project;
  return {
    instances: [...servers.values()].filter(({ task }) => task !== "deleting").length,
    volumes: [...volumes.values()].filter(({ status }) => status !== "deleting").length,
    snapshots: [...snapshots.values()].filter(({ status }) => status !== "deleting").length,
    images: [...images.values()].filter(({ isOurs }) => isOurs).length,
    addresses:
      floatingIps.size + [...ports.values()].filter(({ serverId }) => serverId === "").length,
    groups: groups.size,
  };
}
