import { createRoute } from "@hono/zod-openapi";
import { acknowledgeRequest, checkRequest, serverCheckView } from "#api/checks.ts";
import { pageOf, pageQuery } from "#api/paging.ts";
import { runView } from "#api/runs.ts";
import {
  changeServerRequest,
  launchRequest,
  migrateRequest,
  recoveryPointView,
  rescueView,
  serverDetails as serverDetailsSchema,
  serverView as serverViewSchema,
  verifyRequest,
} from "#api/servers.ts";
import { type Action, checkAction } from "#domain/actions.ts";
import { limits } from "#domain/copy-limits.ts";
import { MigrationError } from "#domain/errors.ts";
import type { Run, RunKind } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import { startRun } from "../../runs.ts";
import { allow } from "../auth/guard.ts";
import { listOptions } from "../paging.ts";
import {
  byPerson,
  idParam,
  jsonAnswer,
  jsonBody,
  newRouter,
  type Router,
  refusals,
} from "../router.ts";
import { runView as viewRun } from "../runs/view.ts";
import { acknowledge, checkServer, findingsShown } from "./check.ts";
import { recoveryPoints } from "./recovery-points.ts";
import { rescue } from "./rescue.ts";
import { serverDetails, serverView } from "./view.ts";

const tags = ["servers"];
const params = idParam;
const started = { 202: jsonAnswer("Started", runView), ...refusals };

function readRoutes(deps: Deps) {
  const middleware = [allow(deps, "viewer")];
  return {
    list: createRoute({
      method: "get",
      path: "/v1/servers",
      tags,
      summary: "List source servers, newest first",
      security: byPerson,
      middleware,
      request: { query: pageQuery },
      responses: { 200: jsonAnswer("Servers", pageOf(serverViewSchema)), ...refusals },
    }),
    show: createRoute({
      method: "get",
      path: "/v1/servers/{id}",
      tags,
      summary: "Show a source server with its inventory and volumes",
      security: byPerson,
      middleware,
      request: { params },
      responses: { 200: jsonAnswer("The server", serverDetailsSchema), ...refusals },
    }),
    check: createRoute({
      method: "post",
      path: "/v1/servers/{id}/check",
      tags,
      summary: "Say what stops a server's move or is to be minded; changes nothing",
      security: byPerson,
      middleware,
      request: { params, body: jsonBody(checkRequest) },
      responses: { 200: jsonAnswer("The findings", serverCheckView), ...refusals },
    }),
    points: createRoute({
      method: "get",
      path: "/v1/servers/{id}/recovery-points",
      tags,
      summary: "List a server's recovery points, newest first",
      security: byPerson,
      middleware,
      request: { params },
      responses: {
        200: jsonAnswer("Its recovery points", pageOf(recoveryPointView)),
        ...refusals,
      },
    }),
  };
}

function changeRoutes(deps: Deps) {
  const security = byPerson;
  const middleware = [allow(deps, "operator")];
  return {
    change: createRoute({
      method: "patch",
      path: "/v1/servers/{id}",
      tags,
      summary: "Rename a server or limit its rate",
      security,
      middleware,
      request: { params, body: jsonBody(changeServerRequest) },
      responses: { 200: jsonAnswer("Changed", serverViewSchema), ...refusals },
    }),
    acknowledge: createRoute({
      method: "post",
      path: "/v1/servers/{id}/acknowledgements",
      tags,
      summary: "Take a row upon oneself that would stop the server, with the reason",
      security,
      middleware,
      request: { params, body: jsonBody(acknowledgeRequest) },
      responses: { 200: jsonAnswer("Acknowledged", serverViewSchema), ...refusals },
    }),
    migrate: createRoute({
      method: "post",
      path: "/v1/servers/{id}/migrate",
      tags,
      summary: "Copy the disks to a target; on request go on to a launch",
      security,
      middleware,
      request: { params, body: jsonBody(migrateRequest) },
      responses: started,
    }),
    sync: createRoute({
      method: "post",
      path: "/v1/servers/{id}/sync",
      tags,
      summary: "Copy what changed and take a recovery point",
      security,
      middleware,
      request: { params },
      responses: started,
    }),
    verify: createRoute({
      method: "post",
      path: "/v1/servers/{id}/verify",
      tags,
      summary:
        "Read the volumes again and prove what they hold; on request compare with the source",
      security,
      middleware,
      request: { params, body: jsonBody(verifyRequest) },
      responses: started,
    }),
    launch: createRoute({
      method: "post",
      path: "/v1/servers/{id}/launch",
      tags,
      summary: "Launch at the target: a rehearsal, or for good",
      security,
      middleware,
      request: { params, body: jsonBody(launchRequest) },
      responses: started,
    }),
    rescue: createRoute({
      method: "post",
      path: "/v1/servers/{id}/rescue",
      tags,
      summary: "Give the key that lets into a launch's HyperDoor while it copies; is noted",
      security,
      middleware,
      request: { params },
      responses: { 200: jsonAnswer("The way in", rescueView), ...refusals },
    }),
    revert: createRoute({
      method: "post",
      path: "/v1/servers/{id}/revert",
      tags,
      summary: "Remove what was launched; the replica stays",
      security,
      middleware,
      request: { params },
      responses: started,
    }),
    accept: createRoute({
      method: "post",
      path: "/v1/servers/{id}/accept",
      tags,
      summary: "Accept a test launch: remove it and get ready for the cutover",
      security,
      middleware,
      request: { params },
      responses: started,
    }),
    cleanUp: createRoute({
      method: "post",
      path: "/v1/servers/{id}/clean-up",
      tags,
      summary: "Give back everything at the target that is not to stay",
      security,
      middleware,
      request: { params },
      responses: started,
    }),
    remove: createRoute({
      method: "delete",
      path: "/v1/servers/{id}",
      tags,
      summary: "Forget a server that has nothing at a target",
      security,
      middleware,
      request: { params },
      responses: { 204: { description: "Removed" }, ...refusals },
    }),
  };
}

export function serverRoutes(deps: Deps): Router {
  const router = newRouter();
  addReading(router, deps);
  addChanging(router, deps);
  addMoving(router, deps);
  return router;
}

function addReading(router: Router, deps: Deps): void {
  const route = readRoutes(deps);
  router.openapi(route.list, async (c) => {
    const page = await deps.store.servers.list(listOptions(c.req.valid("query")));
    const items = page.items.map((server) => serverView(server, c.var.language, deps.now()));
    return c.json({ ...page, items }, 200);
  });
  router.openapi(route.show, async (c) => {
    const server = await deps.store.servers.get(c.req.valid("param").id);
    const findings = await findingsShown(deps, server, c.var.language);
    return c.json(serverDetails(server, findings, c.var.language, deps.now()), 200);
  });
  router.openapi(route.check, async (c) => {
    const server = await deps.store.servers.get(c.req.valid("param").id);
    return c.json(await checkServer(deps, server, c.req.valid("json"), c.var.language), 200);
  });
  router.openapi(route.points, async (c) => {
    const server = await deps.store.servers.get(c.req.valid("param").id);
    return c.json({ items: await recoveryPoints(deps, server) }, 200);
  });
}

function addChanging(router: Router, deps: Deps): void {
  const route = changeRoutes(deps);
  router.openapi(route.change, async (c) => {
    const change = c.req.valid("json");
    const server = await deps.store.servers.update(c.req.valid("param").id, (old) => {
      const { lagTargetSeconds: before, ...rest } = old;
      const lagTargetSeconds = change.lagTargetSeconds ?? before;
      return {
        ...rest,
        name: change.name ?? old.name,
        limits: limits.parse({ ...old.limits, ...change.limits }),
        ...(lagTargetSeconds === undefined || lagTargetSeconds === 0 ? {} : { lagTargetSeconds }),
      };
    });
    return c.json(serverView(server, c.var.language, deps.now()), 200);
  });
  router.openapi(route.acknowledge, async (c) => {
    const { id } = c.req.valid("param");
    const server = await acknowledge(deps, id, c.req.valid("json"), c.var.person.name);
    return c.json(serverView(server, c.var.language, deps.now()), 200);
  });
  router.openapi(route.rescue, async (c) => {
    const server = await deps.store.servers.get(c.req.valid("param").id);
    return c.json(await rescue(deps, server, c.var.person.name), 200);
  });
  router.openapi(route.remove, async (c) => {
    const server = await deps.store.servers.get(c.req.valid("param").id);
    checkAction(server, "remove");
    if (server.state === "registered" && server.volumes.length > 0) {
      throw new MigrationError("target.in-use", {
        target: server.targetId ?? "",
        server: server.name,
      });
    }
    await deps.store.servers.delete(server.id);
    return c.body(null, 204);
  });
}

function addMoving(router: Router, deps: Deps): void {
  const route = changeRoutes(deps);
  router.openapi(route.migrate, async (c) => {
    const input = c.req.valid("json");
    await deps.store.targets.get(input.targetId);
    const { id } = c.req.valid("param");
    return c.json(
      viewRun(await move(deps, id, "migrate", "migrate-server", input), c.var.language),
      202,
    );
  });
  router.openapi(route.sync, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(viewRun(await move(deps, id, "sync", "sync-server"), c.var.language), 202);
  });
  router.openapi(route.verify, async (c) => {
    const { id } = c.req.valid("param");
    const run = await move(deps, id, "verify", "verify-server", c.req.valid("json"));
    return c.json(viewRun(run, c.var.language), 202);
  });
  router.openapi(route.launch, async (c) => {
    const input = c.req.valid("json");
    const action = input.kind === "test" ? "test launch" : "cutover";
    const { id } = c.req.valid("param");
    return c.json(
      viewRun(await move(deps, id, action, "launch-server", input), c.var.language),
      202,
    );
  });
  router.openapi(route.revert, async (c) => {
    const run = await move(deps, c.req.valid("param").id, "revert", "clean-up", {
      scope: "launch",
    });
    return c.json(viewRun(run, c.var.language), 202);
  });
  router.openapi(route.accept, async (c) => {
    const input = { scope: "launch", accept: true };
    const run = await move(deps, c.req.valid("param").id, "accept", "clean-up", input);
    return c.json(viewRun(run, c.var.language), 202);
  });
  router.openapi(route.cleanUp, async (c) => {
    const run = await move(deps, c.req.valid("param").id, "clean-up", "clean-up", { scope: "all" });
    return c.json(viewRun(run, c.var.language), 202);
  });
}

/** Refuses early what the state machine's Precheck would refuse a moment later. */
async function move(
  deps: Deps,
  serverId: string,
  action: Action,
  kind: RunKind,
  input: Record<string, unknown> = {},
): Promise<Run> {
  checkAction(await deps.store.servers.get(serverId), action);
  return startRun(deps, kind, serverId, input);
}
