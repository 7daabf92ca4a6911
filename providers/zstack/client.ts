/**
 * The connection to one management node: plain JSON over HTTP, signed with an access key or under a session.
 *
 * What changes something is an order. It is taken as a job whose id we choose, and the job is followed; where an
 * answer is lost, the job tells whether the order was taken. Source: zstack 5.2.1, RestServer.java, handleApi
 * (X-Job-UUID), handleJobQuery.
 */
import { createHash, randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import { openTransport } from "../transport.ts";
import type { ZstackConfig, ZstackSecrets } from "./config.ts";
import {
  isAmbiguous,
  isNotOffered,
  isSessionOver,
  wordsOf,
  type ZstackErrorCode,
  ZstackRefusal,
} from "./errors.ts";
import { type OrderName, orders, type QueryName, queries } from "./operations.ts";
import { authorization, dateOf } from "./signature.ts";

interface OrderOptions {
  /** What stands in braces in the path. */
  readonly path?: Readonly<Record<string, string>>;
  /** Sent in the body, or, where something is taken away, behind the path. */
  readonly params?: object;
  readonly systemTags?: readonly string[];
}

export interface ZstackClient {
  /** All that fit every condition, such as `uuid=…`; `~=` is SQL's LIKE. */
  list<T>(query: QueryName, conditions?: readonly string[]): Promise<T[]>;
  /**
   * @returns whether the job is done; it may still be running after our patience
   * @throws ZstackRefusal where it failed, NoAnswer
   */
  order(name: OrderName, options?: OrderOptions): Promise<boolean>;
  /** Whether this ZStack knows the call: an order without parameters, which does nothing. */
  offers(name: OrderName): Promise<boolean>;
  /** Whose the credentials are. */
  accountUuid(): Promise<string>;
}

const answerTimeoutMs = 30_000;
const pageSize = 100;
const longestPauseMs = 2_000;

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export function openClient(
  config: ZstackConfig,
  secrets: ZstackSecrets,
  clock: Clock,
): ZstackClient {
  // The path that is signed begins with /v1; what stands before it is the context path.
  const base = config.endpoint.replace(/\/+$/, "").replace(/\/v1$/, "");
  const exchange = openTransport({
    proxy: config.proxy,
    ca: config.certificateAuthority,
    answerTimeoutMs,
  });
  let session: Promise<{ uuid: string; accountUuid: string }> | undefined;

  async function send(
    operation: string,
    method: string,
    path: string,
    given: { query?: URLSearchParams; body?: object; jobId?: string; isLogin?: true } = {},
  ): Promise<Answer> {
    const signed = `/v1${path}`;
    const url = new URL(`${base}${signed}`);
    for (const [name, value] of given.query ?? []) url.searchParams.append(name, value);
    const body = given.body === undefined ? "" : JSON.stringify(given.body);
    const headers = {
      accept: "application/json",
      ...(body === "" ? {} : { "content-type": "application/json;charset=utf-8" }),
      ...(given.jobId === undefined ? {} : { "x-job-uuid": given.jobId }),
      ...(given.isLogin ? {} : await credentials(method, signed)),
    };
    const answer = await exchange(url, { method, headers, body });
    return read(operation, answer.status, answer.body);
  }

  async function credentials(method: string, path: string): Promise<Record<string, string>> {
    if ("accessKeyId" in secrets) {
      const date = dateOf(new Date());
      return { date, authorization: authorization({ method, date, path }, secrets) };
    }
    return { authorization: `OAuth ${(await logIn()).uuid}` };
  }

  function logIn() {
    session ??= askForSession().catch((error: unknown) => {
      session = undefined;
      throw error;
    });
    return session;
  }

  async function askForSession() {
    if ("accessKeyId" in secrets) throw new Error("an access key needs no session");
    const password = createHash("sha512").update(secrets.password).digest("hex");
    const body = { logInByAccount: { accountName: secrets.account, password } };
    const answer = await send("LogInByAccount", "PUT", "/accounts/login", { body, isLogin: true });
    return answer.body.inventory as { uuid: string; accountUuid: string };
  }

  /** Sessions end by themselves; then another is begun, once. */
  async function inSession<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if ("accessKeyId" in secrets || !isSessionOver(error)) throw error;
      session = undefined;
      return ask();
    }
  }

  async function findJob(operation: string, jobId: string): Promise<Answer | undefined> {
    try {
      return await send(operation, "GET", `/api-jobs/${jobId}`);
    } catch (error) {
      // Not begun, or forgotten by now: jobs are kept for some time only.
      if (error instanceof ZstackRefusal && error.status === 404) return undefined;
      throw error;
    }
  }

  async function begin(
    name: OrderName,
    options: OrderOptions,
    jobId: string,
  ): Promise<Answer | undefined> {
    const { method, path: template } = orders[name];
    const path = template.replaceAll(/\{(\w+)\}/g, (_, key: string) => options.path?.[key] ?? "");
    const params = options.params ?? {};
    const given = {
      jobId,
      ...(method === "DELETE"
        ? { query: new URLSearchParams(Object.entries(params)) }
        : {
            body: {
              [method === "PUT" ? name[0]?.toLowerCase() + name.slice(1) : "params"]: params,
              ...(options.systemTags === undefined ? {} : { systemTags: options.systemTags }),
            },
          }),
    };
    try {
      return await send(name, method, path, given);
    } catch (error) {
      if (!isAmbiguous(error)) throw error;
      const taken = await findJob(name, jobId);
      if (taken === undefined) throw error;
      return taken;
    }
  }

  async function carryOut(name: OrderName, options: OrderOptions): Promise<boolean> {
    const jobId = randomUUID().replaceAll("-", "");
    let seen = await begin(name, options, jobId);
    const until = clock.now() + config.jobPatienceMs;
    for (let pauseMs = 20; seen?.status === 202; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      if (clock.now() >= until) return false;
      await clock.sleep(pauseMs);
      seen = await findJob(name, jobId);
    }
    // One that is forgotten already was done or failed: what it made is looked for.
    return seen !== undefined;
  }

  const client: ZstackClient = {
    async list<T>(name: QueryName, conditions: readonly string[] = []) {
      const all: T[] = [];
      for (;;) {
        const query = new URLSearchParams(
          conditions.map((condition): [string, string] => ["q", condition]),
        );
        query.set("limit", String(pageSize));
        query.set("start", String(all.length));
        query.set("sort", "uuid");
        const { body } = await inSession(() => send(name, "GET", queries[name], { query }));
        const page = (body.inventories ?? []) as T[];
        all.push(...page);
        if (page.length < pageSize) return all;
      }
    },

    order: (name, options = {}) => inSession(() => carryOut(name, options)),

    async offers(name) {
      const { method, path } = orders[name];
      try {
        await inSession(() => send(name, method, path, { body: { params: {} } }));
      } catch (error) {
        if (isNotOffered(error)) return false;
        if (!(error instanceof ZstackRefusal) || isAmbiguous(error)) throw error;
      }
      return true;
    },

    async accountUuid() {
      if (!("accessKeyId" in secrets)) return (await inSession(logIn)).accountUuid;
      const [key] = await client.list<{ accountUuid: string }>("QueryAccessKey", [
        `AccessKeyID=${secrets.accessKeyId}`,
      ]);
      return key?.accountUuid ?? "";
    },
  };
  return client;
}

/** Refusals are words where the request itself was wrong, JSON where what it asked for failed. */
function read(operation: string, status: number, body: string): Answer {
  const parsed = parse(body);
  if (status < 300 && parsed !== undefined && parsed.error == null) return { status, body: parsed };
  const error = parsed?.error as ZstackErrorCode | undefined;
  const words = error == null ? "" : wordsOf(error);
  throw new ZstackRefusal(operation, status, {
    ...(error == null ? {} : { error }),
    words: words || body.slice(0, 500) || `HTTP ${status}`,
  });
}

function parse(body: string): Record<string, unknown> | undefined {
  if (body.trim() === "") return {};
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null
      ? (parsed as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
