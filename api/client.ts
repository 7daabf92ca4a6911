/** The one client of the console's API. The command line uses it; so can any program of the operator's. */
import { z } from "@hono/zod-openapi";
import { errorFromFacts, type Language, MigrationError } from "#domain/errors.ts";
import { loginResponse, signInView, userView, userWithPassword } from "./auth.ts";
import { type AcknowledgeRequest, type CheckRequest, serverCheckView } from "./checks.ts";
import { healthView } from "./console.ts";
import { errorBody } from "./errors.ts";
import { eventView } from "./events.ts";
import { gatewayView } from "./gateways.ts";
import { type ChangeLimit, targetLimitsView } from "./limits.ts";
import { pageOf } from "./paging.ts";
import { type PlanRequest, planView } from "./plans.ts";
import { runDetails, runView } from "./runs.ts";
import { type ScheduleRequest, scheduleView } from "./schedules.ts";
import {
  type ChangeServer,
  codeView,
  type Launch,
  type Migrate,
  recoveryPointView,
  rescueView,
  serverDetails,
  serverView,
  softwareView,
  type VerifyWish,
} from "./servers.ts";
import { type EventSource, parseEventStream } from "./stream.ts";
import {
  type ChoicesRequest,
  type CreateTarget,
  checkView,
  choicesView,
  deepCheckPlan,
  instanceTypeView,
  platformView,
  targetView,
} from "./targets.ts";
import { type WaveRequest, waveView } from "./waves.ts";
import { newWebhookView, type WebhookRequest, webhookView } from "./webhooks.ts";

export interface ClientOptions {
  /** Such as `http://127.0.0.1:18088`. */
  readonly baseUrl: string;
  /** Of a login; asked for at every call. */
  readonly token?: () => string | undefined;
  readonly language?: Language;
  readonly fetch?: typeof fetch;
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
type Query = Record<string, string | number | undefined>;

const patienceMs = 30_000;
/** Where the console asks a cloud before it answers. */
const cloudPatienceMs = 120_000;

export type Client = ReturnType<typeof openClient>;

/**
 * Every method throws what the console refused, as the MigrationError it was there;
 * `console.unreachable` when nothing that is a console answers.
 */
export function openClient(options: ClientOptions) {
  const { baseUrl, language = "en" } = options;
  const send = options.fetch ?? fetch;

  function unreachable(problem: string, cause?: unknown): MigrationError {
    return new MigrationError("console.unreachable", { address: baseUrl, problem }, { cause });
  }

  async function request(method: Method, path: string, body: unknown, signal: AbortSignal) {
    const token = options.token?.();
    let response: Response;
    try {
      response = await send(new URL(path, baseUrl), {
        method,
        signal,
        headers: {
          "accept-language": language,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      throw unreachable(innermost(cause), cause);
    }
    if (response.ok) return response;
    const told = errorBody.safeParse(await json(response));
    if (told.success) throw errorFromFacts(told.data.error);
    throw unreachable(`status ${response.status}`);
  }

  async function call<S extends z.ZodType>(
    schema: S,
    method: Method,
    path: string,
    body?: unknown,
    limitMs = patienceMs,
  ): Promise<z.output<S>> {
    const response = await request(method, path, body, AbortSignal.timeout(limitMs));
    const answer = schema.safeParse(response.status === 204 ? undefined : await json(response));
    if (answer.success) return answer.data;
    throw unreachable("its answer isn't what this version expects", answer.error);
  }

  async function* pages<S extends z.ZodType>(
    item: S,
    path: string,
    query: Query = {},
    limitMs = patienceMs,
  ): AsyncGenerator<z.output<S>> {
    let cursor: string | undefined;
    do {
      const next = withQuery(path, { ...query, cursor });
      const page = await call(pageOf(item), "GET", next, undefined, limitMs);
      yield* page.items;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  const nothing = z.undefined();
  const at = (kind: string, id: string, more = "") =>
    `/v1/${kind}/${encodeURIComponent(id)}${more}`;

  return {
    health: () => call(healthView, "GET", "/healthz"),
    signIn: () => call(signInView, "GET", "/v1/sign-in"),
    login: (user: string, password: string) =>
      call(loginResponse, "POST", "/v1/login", { user, password }),
    changePassword: (oldPassword: string, newPassword: string) =>
      call(loginResponse, "POST", "/v1/me/password", { oldPassword, newPassword }),
    me: () => call(userView, "GET", "/v1/me"),

    listUsers: () => pages(userView, "/v1/users"),
    createUser: (name: string, role: string) =>
      call(userWithPassword, "POST", "/v1/users", { name, role }),
    changeUser: (name: string, change: { role?: string; resetPassword?: boolean }) =>
      call(userWithPassword, "PATCH", at("users", name), change),
    removeUser: (name: string) => call(nothing, "DELETE", at("users", name)),

    listPlatforms: () => pages(platformView, "/v1/platforms"),
    listChoices: (platform: string, request: ChoicesRequest) =>
      call(choicesView, "POST", at("platforms", platform, "/choices"), request, cloudPatienceMs),
    listTargets: () => pages(targetView, "/v1/targets"),
    createTarget: (target: CreateTarget) =>
      call(targetView, "POST", "/v1/targets", target, cloudPatienceMs),
    /** Everything that adding it would check; keeps nothing. */
    checkNewTarget: (target: CreateTarget) =>
      call(checkView, "POST", "/v1/targets/check", target, cloudPatienceMs),
    getTarget: (id: string) => call(targetView, "GET", at("targets", id)),
    checkTarget: (id: string) =>
      call(checkView, "POST", at("targets", id, "/check"), undefined, cloudPatienceMs),
    planDeepCheck: (id: string) =>
      call(deepCheckPlan, "GET", at("targets", id, "/deep-check"), undefined, cloudPatienceMs),
    startDeepCheck: (id: string) => call(runView, "POST", at("targets", id, "/deep-check")),
    planTarget: (id: string, request: PlanRequest) =>
      call(planView, "POST", at("targets", id, "/plan"), request, cloudPatienceMs),
    listInstanceTypes: (id: string) =>
      pages(instanceTypeView, at("targets", id, "/instance-types"), {}, cloudPatienceMs),
    /** Where a launched server can be put. */
    listSubnets: (id: string) =>
      call(choicesView, "GET", at("targets", id, "/subnets"), undefined, cloudPatienceMs),
    listSecurityGroups: (id: string) =>
      call(choicesView, "GET", at("targets", id, "/security-groups"), undefined, cloudPatienceMs),
    targetLimits: (id: string) =>
      call(targetLimitsView, "GET", at("targets", id, "/limits"), undefined, cloudPatienceMs),
    changeLimit: (id: string, name: string, change: ChangeLimit) => {
      const path = at("targets", id, `/limits/${encodeURIComponent(name)}`);
      return call(targetLimitsView, "PUT", path, change, cloudPatienceMs);
    },
    removeTarget: (id: string) => call(nothing, "DELETE", at("targets", id)),

    listServers: () => pages(serverView, "/v1/servers"),
    getServer: (id: string) => call(serverDetails, "GET", at("servers", id)),
    checkServer: (id: string, request: CheckRequest) =>
      call(serverCheckView, "POST", at("servers", id, "/check"), request, cloudPatienceMs),
    acknowledge: (id: string, request: AcknowledgeRequest) =>
      call(serverView, "POST", at("servers", id, "/acknowledgements"), request),
    createCode: (code: { uses?: number; validHours?: number }) =>
      call(codeView, "POST", "/v1/codes", code),
    /** Packed when it is first asked for, which takes some seconds. */
    getSoftware: () => call(softwareView, "GET", "/v1/software", undefined, cloudPatienceMs),
    changeServer: (id: string, change: ChangeServer) =>
      call(serverView, "PATCH", at("servers", id), change),
    removeServer: (id: string) => call(nothing, "DELETE", at("servers", id)),
    migrate: (id: string, request: Migrate) =>
      call(runView, "POST", at("servers", id, "/migrate"), request),
    sync: (id: string) => call(runView, "POST", at("servers", id, "/sync")),
    verify: (id: string, request: VerifyWish) =>
      call(runView, "POST", at("servers", id, "/verify"), request),
    listRecoveryPoints: (id: string) =>
      pages(recoveryPointView, at("servers", id, "/recovery-points")),
    launch: (id: string, request: Launch) =>
      call(runView, "POST", at("servers", id, "/launch"), request),
    rescue: (id: string) => call(rescueView, "POST", at("servers", id, "/rescue")),
    revert: (id: string) => call(runView, "POST", at("servers", id, "/revert")),
    accept: (id: string) => call(runView, "POST", at("servers", id, "/accept")),
    cleanUp: (id: string) => call(runView, "POST", at("servers", id, "/clean-up")),

    startWave: (wave: WaveRequest) => call(runView, "POST", "/v1/waves", wave),
    getWave: (id: string) => call(waveView, "GET", at("waves", id)),

    listSchedules: () => pages(scheduleView, "/v1/schedules"),
    createSchedule: (schedule: ScheduleRequest) =>
      call(scheduleView, "POST", "/v1/schedules", schedule),
    changeSchedule: (id: string, change: { enabled: boolean }) =>
      call(scheduleView, "PATCH", at("schedules", id), change),
    removeSchedule: (id: string) => call(nothing, "DELETE", at("schedules", id)),

    listWebhooks: () => pages(webhookView, "/v1/webhooks"),
    createWebhook: (webhook: WebhookRequest) =>
      call(newWebhookView, "POST", "/v1/webhooks", webhook),
    testWebhook: (id: string) => call(webhookView, "POST", at("webhooks", id, "/test")),
    removeWebhook: (id: string) => call(nothing, "DELETE", at("webhooks", id)),

    listGateways: () => pages(gatewayView, "/v1/gateways"),
    getGateway: (id: string) => call(gatewayView, "GET", at("gateways", id)),
    restartGateway: (id: string) =>
      call(gatewayView, "POST", at("gateways", id, "/restart"), undefined, cloudPatienceMs),

    listRuns: (query: { serverId?: string; state?: string } = {}) =>
      pages(runView, "/v1/runs", query),
    getRun: (id: string) => call(runDetails, "GET", at("runs", id)),
    stopRun: (id: string) => call(runView, "POST", at("runs", id, "/stop")),

    listEvents: async (query: { serverId?: string; after?: string; limit?: number } = {}) => {
      const list = z.object({ items: z.array(eventView) });
      return (await call(list, "GET", withQuery("/v1/events", query))).items;
    },
    /**
     * What happened after an event, and what happens, until the signal aborts. Ends when the console
     * ends it; begin again with `after` the last event then.
     */
    async *followEvents(
      query: EventSource,
      signal: AbortSignal,
    ): AsyncGenerator<z.output<typeof eventView>> {
      const { serverId, after } = query;
      const path = withQuery("/v1/events/stream", { serverId, after });
      const response = await request("GET", path, undefined, signal);
      if (response.body === null) throw unreachable("an empty stream");
      try {
        for await (const data of parseEventStream(response.body)) {
          yield eventView.parse(JSON.parse(data));
        }
      } catch (cause) {
        if (signal.aborted) return;
        throw unreachable(innermost(cause), cause);
      }
    },
  };
}

function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const pairs = given.map(([name, value]): [string, string] => [name, String(value)]);
  const text = new URLSearchParams(pairs).toString();
  return text === "" ? path : `${path}?${text}`;
}

async function json(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    // Not JSON is no answer of a console; the schema says so.
    return undefined;
  }
}

/** fetch says "fetch failed" and keeps why (ECONNREFUSED …) as the cause. */
function innermost(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0]);
  if (error instanceof Error) {
    return error.cause === undefined ? error.message : innermost(error.cause);
  }
  return String(error);
}
