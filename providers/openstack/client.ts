/**
 * The connection to one project: plain JSON over HTTPS with a token of Keystone's, to the services that its
 * catalogue names, in a microversion that both sides know. No SDK on npm covers all five services.
 */
import { MigrationError } from "#domain/errors.ts";
import type { OpenstackConfig, OpenstackSecrets } from "./config.ts";
import { endpointOf, logIn, type Session } from "./identity.ts";
import { type OperationName, operations, type Service } from "./operations.ts";
import { OpenstackRefusal, refusalOf } from "./refusal.ts";
import { type JsonAnswer, openJsonTransport } from "./transport.ts";

export interface CallOptions {
  /** What stands in braces in the path. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
}

export interface OpenstackClient {
  /** @throws `OpenstackRefusal`, or what Node says of the line */
  call<T>(operation: OperationName, options?: CallOptions): Promise<T>;
  /** Cheap after the first call. */
  session(): Promise<Session>;
  /** The minor version calls are made in; 0 where the service tells none. Cheap after the first call. */
  microversion(service: Versioned): Promise<number>;
}

type Versioned = "compute" | "volume";

/**
 * The newest we know, which a service may be too old for: Nova since 2.37 wants networks named, since 2.67 takes
 * volume types, since 2.79 a volume's end with the server; Cinder since 3.1 makes private images. Source: "REST API
 * Version History" of Nova and of Cinder.
 */
const known = {
  compute: { path: "v2.1", major: 2, minor: 79 },
  volume: { path: "v3", major: 3, minor: 59 },
} as const;

/** Behind an address that names no version. */
const versions: Readonly<Record<Service, (projectId: string) => string>> = {
  compute: () => "/v2.1",
  volume: (projectId) => `/v3/${projectId}`,
  image: () => "/v2",
  network: () => "/v2.0",
};

export function openClient(
  config: OpenstackConfig,
  secrets: OpenstackSecrets,
  now: () => number = () => performance.now(),
): OpenstackClient {
  const send = openJsonTransport(config);
  let current: Promise<Session> | undefined;
  const negotiated = new Map<Versioned, Promise<number>>();

  async function session(): Promise<Session> {
    const held = current;
    if (held !== undefined && (await held).renewAtMs > now()) return held;
    // Of several that find it ended, one logs in.
    if (current === held) {
      current = logIn(send, config, secrets, now);
      current.catch(() => {
        current = undefined;
      });
    }
    return current ?? session();
  }

  function addressOf(held: Session, service: Service): URL {
    const url = endpointOf(held, config, service);
    // The path of an address without one is a slash.
    const path = url.pathname.replace(/\/+$/, "");
    url.pathname = /\/v\d/.test(path) ? path : `${path}${versions[service](held.projectId)}`;
    return url;
  }

  function microversion(service: Versioned): Promise<number> {
    const asked = negotiated.get(service) ?? session().then((held) => negotiate(held, service));
    negotiated.set(service, asked);
    asked.catch(() => negotiated.delete(service));
    return asked;
  }

  /** What the service says at its root, or where no root is shown at its version's. */
  async function negotiate(held: Session, service: Versioned): Promise<number> {
    const { path, major, minor } = known[service];
    const url = addressOf(held, service);
    const root = url.pathname.replace(/\/v\d.*$/, "");
    for (const place of [`${root}/`, `${root}/${path}/`]) {
      const headers = { "x-auth-token": held.token };
      const shown = await send({ method: "GET", url: new URL(place, url), headers });
      if (shown.status >= 500) throw refusalOf("ShowLimits", shown);
      const newest = newestOf(shown, major);
      if (newest !== undefined) return Math.min(newest, minor);
    }
    return 0;
  }

  async function once(operation: OperationName, options: CallOptions): Promise<JsonAnswer> {
    const { service, method, path: template } = operations[operation];
    const held = await session();
    const url = addressOf(held, service);
    url.pathname += template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(options.path?.[name] ?? ""),
    );
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.append(name, String(value));
    }
    const headers = { "x-auth-token": held.token, ...(await versionHeader(service)) };
    const answer = await send({ method, url, headers, body: options.body });
    // Somebody may have withdrawn the token; a new one may hold.
    if (answer.status === 401 && (await current) === held) current = undefined;
    return answer;
  }

  async function leftOut(operation: OperationName): Promise<MigrationError> {
    const { service, method, path } = operations[operation];
    const root = addressOf(await session(), service).pathname.replace(/^.*(?=\/v\d)/, "");
    const action = `${method} ${root}${path} by the access rules of the application credential`;
    return new MigrationError("cloud.forbidden", { platform: "openstack", action });
  }

  async function versionHeader(service: Service): Promise<Record<string, string>> {
    if (service !== "compute" && service !== "volume") return {};
    const minor = await microversion(service);
    if (minor === 0) return {};
    return { "openstack-api-version": `${service} ${known[service].major}.${minor}` };
  }

  return {
    session,
    microversion,
    async call<T>(operation: OperationName, options: CallOptions = {}): Promise<T> {
      let answer = await once(operation, options);
      if (answer.status === 401) answer = await once(operation, options);
      // A new token is not refused for itself: its access rules leave this call out (keystonemiddleware, auth_token).
      if (answer.status === 401 && secrets.applicationCredentialSecret !== undefined) {
        throw await leftOut(operation);
      }
      return readAnswer(operation, answer) as T;
    },
  };
}

/** Roots answer 200 or 300. */
function newestOf({ status, body }: JsonAnswer, major: number): number | undefined {
  if (status !== 200 && status !== 300) return undefined;
  const { versions: several = [], version: one } = Object(body) as {
    versions?: { id?: string; version?: string }[];
    version?: { id?: string; version?: string };
  };
  const all = Array.isArray(several) ? several : [];
  for (const { id = "", version = "" } of one === undefined ? all : [one, ...all]) {
    const [, theirs, minor] = /^(\d+)\.(\d+)$/.exec(version) ?? [];
    if (id.startsWith(`v${major}`) && Number(theirs) === major) return Number(minor);
  }
  return undefined;
}

function readAnswer(operation: OperationName, answer: JsonAnswer): unknown {
  const { status, body, text } = answer;
  if (status < 200 || status >= 300) throw refusalOf(operation, answer);
  if (body !== undefined) return body;
  throw new OpenstackRefusal(operation, status, "", `not JSON: ${text.slice(0, 200)}`);
}
