import { createRoute, type z } from "@hono/zod-openapi";
import { pageOf } from "#api/paging.ts";
import { runDetails as runDetailsSchema, runQuery, runView as runViewSchema } from "#api/runs.ts";
import type { Run } from "#domain/records.ts";
import type { Page } from "#store/store.ts";
import type { Deps } from "../../deps.ts";
import { stopRun } from "../../runs.ts";
import { allow } from "../auth/guard.ts";
import { listOptions } from "../paging.ts";
import { byPerson, idParam, jsonAnswer, newRouter, type Router, refusals } from "../router.ts";
import { runDetails, runView } from "./view.ts";

const tags = ["runs"];
const params = idParam;

function routes(deps: Deps) {
  const middleware = [allow(deps, "viewer")];
  return {
    list: createRoute({
      method: "get",
      path: "/v1/runs",
      tags,
      summary: "List runs, newest first",
      security: byPerson,
      middleware,
      request: { query: runQuery },
      responses: { 200: jsonAnswer("Runs", pageOf(runViewSchema)), ...refusals },
    }),
    show: createRoute({
      method: "get",
      path: "/v1/runs/{id}",
      tags,
      summary: "Show a run with its history",
      security: byPerson,
      middleware,
      request: { params },
      responses: { 200: jsonAnswer("The run", runDetailsSchema), ...refusals },
    }),
    stop: createRoute({
      method: "post",
      path: "/v1/runs/{id}/stop",
      tags,
      summary: "Stop a run; what was copied stays",
      security: byPerson,
      middleware: [allow(deps, "operator")],
      request: { params },
      responses: { 200: jsonAnswer("Stopped", runViewSchema), ...refusals },
    }),
  };
}

export function runRoutes(deps: Deps): Router {
  const router = newRouter();
  const route = routes(deps);
  router.openapi(route.list, async (c) => {
    const page = await listRuns(deps, c.req.valid("query"));
    return c.json({ ...page, items: page.items.map((run) => runView(run, c.var.language)) }, 200);
  });
  router.openapi(route.show, async (c) => {
    const run = await deps.store.runs.get(c.req.valid("param").id);
    const history = await deps.machines.history(run.kind, run.id);
    return c.json(runDetails(run, history, c.var.language), 200);
  });
  router.openapi(route.stop, async (c) => {
    const run = await stopRun(deps, c.req.valid("param").id, c.var.person.name);
    return c.json(runView(run, c.var.language), 200);
  });
  return router;
}

/** Runs are not listed by server, so pages are read until enough of them fit. */
async function listRuns(deps: Deps, query: z.output<typeof runQuery>): Promise<Page<Run>> {
  const fits = (run: Run) =>
    (query.serverId === undefined || run.serverId === query.serverId) &&
    (query.state === undefined || run.state === query.state);
  const items: Run[] = [];
  let { cursor } = query;
  do {
    // Never more than still fit the answer, so that its cursor skips none.
    const limit = query.limit - items.length;
    const page = await deps.store.runs.list(listOptions({ limit, cursor }));
    items.push(...page.items.filter(fits));
    cursor = page.cursor;
  } while (cursor !== undefined && items.length < query.limit);
  return cursor === undefined ? { items } : { items, cursor };
}
