import { createRoute, type z } from "@hono/zod-openapi";
import { pageOf, pageQuery } from "#api/paging.ts";
import {
  changeScheduleRequest,
  type ScheduleView,
  scheduleRequest,
  scheduleView as scheduleViewSchema,
} from "#api/schedules.ts";
import { MigrationError } from "#domain/errors.ts";
import type { Schedule } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import { newId } from "../../ids.ts";
import { nextDue } from "../../schedules.ts";
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

const tags = ["schedules"];
const params = idParam;
const security = byPerson;

function routes(deps: Deps) {
  const middleware = [allow(deps, "operator")];
  return {
    list: createRoute({
      method: "get",
      path: "/v1/schedules",
      tags,
      summary: "List schedules, newest first",
      security,
      middleware: [allow(deps, "viewer")],
      request: { query: pageQuery },
      responses: { 200: jsonAnswer("Schedules", pageOf(scheduleViewSchema)), ...refusals },
    }),
    create: createRoute({
      method: "post",
      path: "/v1/schedules",
      tags,
      summary: "Sync a server, or all of a target, again and again",
      security,
      middleware,
      request: { body: jsonBody(scheduleRequest) },
      responses: { 201: jsonAnswer("Made", scheduleViewSchema), ...refusals },
    }),
    change: createRoute({
      method: "patch",
      path: "/v1/schedules/{id}",
      tags,
      summary: "Pause a schedule, or take it up again",
      security,
      middleware,
      request: { params, body: jsonBody(changeScheduleRequest) },
      responses: { 200: jsonAnswer("Changed", scheduleViewSchema), ...refusals },
    }),
    remove: createRoute({
      method: "delete",
      path: "/v1/schedules/{id}",
      tags,
      summary: "Remove a schedule; what it started goes on",
      security,
      middleware,
      request: { params },
      responses: { 204: { description: "Removed" }, ...refusals },
    }),
  };
}

export function scheduleRoutes(deps: Deps): Router {
  const router = newRouter();
  const route = routes(deps);
  router.openapi(route.list, async (c) => {
    const page = await deps.store.schedules.list(listOptions(c.req.valid("query")));
    return c.json({ ...page, items: page.items.map(view) }, 200);
  });
  router.openapi(route.create, async (c) => {
    return c.json(view(await createSchedule(deps, c.req.valid("json"))), 201);
  });
  router.openapi(route.change, async (c) => {
    const { enabled } = c.req.valid("json");
    const now = deps.now();
    const schedule = await deps.store.schedules.update(c.req.valid("param").id, (found) => {
      if (found.enabled === enabled) return found;
      const { nextDueAt: _, ...rest } = found;
      // What was due while it was paused was not wished for.
      return enabled ? { ...rest, enabled, ...firstDue(found, now) } : { ...rest, enabled };
    });
    return c.json(view(schedule), 200);
  });
  router.openapi(route.remove, async (c) => {
    const { id } = await deps.store.schedules.get(c.req.valid("param").id);
    await deps.store.schedules.delete(id);
    return c.body(null, 204);
  });
  return router;
}

async function createSchedule(
  deps: Deps,
  request: z.output<typeof scheduleRequest>,
): Promise<Schedule> {
  const { serverId, targetId } = request;
  if ((serverId === undefined) === (targetId === undefined)) {
    throw new MigrationError("input.invalid", {
      where: "serverId, targetId",
      problem: "name one of them",
    });
  }
  if (serverId !== undefined) await deps.store.servers.get(serverId);
  if (targetId !== undefined) await deps.store.targets.get(targetId);
  return deps.store.schedules.create({
    ...request,
    id: newId("sch", deps.random),
    enabled: true,
    ...firstDue(request, deps.now()),
    lastRunIds: [],
    skippedBusy: 0,
  });
}

/** @throws `input.invalid` where it never comes */
function firstDue(
  timing: Pick<Schedule, "expression" | "timeZone">,
  now: Date,
): { nextDueAt: string } {
  const due = nextDue(timing, now, now);
  if (due !== undefined) return { nextDueAt: due.toISOString() };
  const where = `schedule ${timing.expression}`;
  throw new MigrationError("input.invalid", { where, problem: "is past and will not come again" });
}

function view({ version: _, updatedAt: __, ...shown }: Schedule): ScheduleView {
  return shown;
}
