import { createRoute } from "@hono/zod-openapi";
import { runView as runViewSchema } from "#api/runs.ts";
import { waveRequest, waveView as waveViewSchema } from "#api/waves.ts";
import { MigrationError } from "#domain/errors.ts";
import type { Deps } from "../../deps.ts";
import { checkedServers, memberRunsOf, startWave } from "../../waves.ts";
import { allow } from "../auth/guard.ts";
import {
  byPerson,
  idParam,
  jsonAnswer,
  jsonBody,
  newRouter,
  type Router,
  refusals,
} from "../router.ts";
import { runView } from "../runs/view.ts";
import { memberView } from "./view.ts";

const tags = ["waves"];

export function waveRoutes(deps: Deps): Router {
  const router = newRouter();
  const start = createRoute({
    method: "post",
    path: "/v1/waves",
    tags,
    summary: "Copy many servers, and cut them over together when all are copied",
    security: byPerson,
    middleware: [allow(deps, "operator")],
    request: { body: jsonBody(waveRequest) },
    responses: { 202: jsonAnswer("Started", runViewSchema), ...refusals },
  });
  const show = createRoute({
    method: "get",
    path: "/v1/waves/{id}",
    tags,
    summary: "Show a wave with what became of each server",
    security: byPerson,
    middleware: [allow(deps, "viewer")],
    request: { params: idParam },
    responses: { 200: jsonAnswer("The wave", waveViewSchema), ...refusals },
  });
  router.openapi(start, async (c) => {
    const input = c.req.valid("json");
    await checkedServers(deps, input, deps.now());
    return c.json(runView(await startWave(deps, input), c.var.language), 202);
  });
  router.openapi(show, async (c) => {
    const { id } = c.req.valid("param");
    const wave = await deps.store.runs.get(id);
    if (wave.kind !== "migrate-wave")
      throw new MigrationError("record.not-found", { kind: "wave", id });
    const runs = await memberRunsOf(deps, wave);
    const members = await Promise.all(
      runs.map(async (run) =>
        memberView(run, await deps.store.servers.find(run.member.serverId), c.var.language),
      ),
    );
    return c.json({ ...runView(wave, c.var.language), members }, 200);
  });
  return router;
}
