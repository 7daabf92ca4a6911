/**
 * The HTTP app of the console: one for API Gateway and for the standalone edition.
 *
 *   people    /v1/login, /v1/servers, …    Bearer <session>             roles, words in their language
 *   agents    /v1/agents/…                 Bearer <serverId>.<token>    orders, reports
 *   gateways  /v1/gateways/enrol           one-time code
 *             /v1/callbacks/<token>        the token is the permission
 *   HyperDoor /v1/hyperdoor                Bearer <code of its launch>
 */
import { bodyLimit } from "hono/body-limit";
import { MigrationError } from "#domain/errors.ts";
import { version } from "#domain/version.ts";
import { agentRoutes } from "./api/agents/routes.ts";
import { authRoutes } from "./api/auth/routes.ts";
import { callbackRoutes } from "./api/callbacks/routes.ts";
import { codeRoutes } from "./api/codes/routes.ts";
import { asMigrationError, httpStatusOf, wordsOf } from "./api/errors.ts";
import { eventRoutes } from "./api/events/routes.ts";
import { gatewayRoutes } from "./api/gateways/routes.ts";
import { healthRoutes } from "./api/health/routes.ts";
import { hyperDoorRoutes } from "./api/hyperdoor/routes.ts";
import { languageOf } from "./api/language.ts";
import { newRouter, type Router } from "./api/router.ts";
import { runRoutes } from "./api/runs/routes.ts";
import { scheduleRoutes } from "./api/schedules/routes.ts";
import { serverRoutes } from "./api/servers/routes.ts";
import { targetRoutes } from "./api/targets/routes.ts";
import { waveRoutes } from "./api/waves/routes.ts";
import { webhookRoutes } from "./api/webhooks/routes.ts";
import type { Deps } from "./deps.ts";

/** An inventory or a repair's log is the longest thing said; a record holds at most 400 KB. */
const maxBodyBytes = 256 * 1024;

/** Whether a path is for agents, gateways and HyperDoor, who come over the network. */
export function isMachinePath(path: string): boolean {
  return /^\/(v1\/agents\/|v1\/gateways\/enrol$|v1\/callbacks\/|v1\/hyperdoor$|healthz$)/.test(
    path,
  );
}

/**
 * @param stopping aborted when the console stops, so that long polls and streams end
 * @param longestAnswerMs where whoever carries the answers gives up on long ones: streams end before and
 *   their readers come back for the rest; agents are not kept waiting, but told when to ask again
 */
export function createApp(
  deps: Deps,
  stopping: AbortSignal = new AbortController().signal,
  longestAnswerMs?: number,
): Router {
  const app = newRouter();
  app.use(async (c, next) => {
    c.set("language", languageOf(c.req.header("accept-language")));
    c.header("cache-control", "no-store");
    c.header("x-content-type-options", "nosniff");
    await next();
  });
  app.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: () => {
        throw new MigrationError("input.too-large", { maxBytes: maxBodyBytes });
      },
    }),
  );
  for (const routes of [
    healthRoutes(deps),
    authRoutes(deps),
    targetRoutes(deps),
    codeRoutes(deps),
    serverRoutes(deps),
    callbackRoutes(deps),
    gatewayRoutes(deps),
    hyperDoorRoutes(deps),
    runRoutes(deps),
    waveRoutes(deps),
    scheduleRoutes(deps),
    webhookRoutes(deps),
    eventRoutes(deps, stopping, longestAnswerMs),
    agentRoutes(deps, stopping, longestAnswerMs === undefined),
  ]) {
    app.route("/", routes);
  }
  describeApi(app);
  answerErrors(app, deps);
  return app;
}

function describeApi(app: Router): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "person", {
    type: "http",
    scheme: "bearer",
    description: "Session token of POST /v1/login",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "agent", {
    type: "http",
    scheme: "bearer",
    description: "Token of POST /v1/agents/register",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "hyperDoor", {
    type: "http",
    scheme: "bearer",
    description: "Code of its orders, which it finds in its instance's user data",
  });
  app.doc31("/openapi.json", { openapi: "3.1.0", info: { title: "HyperMotion", version } });
}

function answerErrors(app: Router, deps: Deps): void {
  app.notFound((c) => {
    throw new MigrationError("input.no-route", { method: c.req.method, path: c.req.path });
  });
  app.onError((error, c) => {
    const known = asMigrationError(error, c);
    if (known === undefined) {
      // What broke is for the log; a stranger learns nothing from it.
      deps.log.error({ err: error, method: c.req.method, path: c.req.path }, "unexpected");
    }
    const shown =
      known ?? new MigrationError("internal.unexpected", { problem: "see the console's log" });
    const status = httpStatusOf(shown.code);
    const language = c.get("language") ?? languageOf(c.req.header("accept-language"));
    const seconds = shown.params.seconds;
    return c.json({ error: wordsOf(shown, language) }, status as 500, {
      ...(status === 429 && seconds !== undefined ? { "retry-after": String(seconds) } : {}),
    });
  });
}
