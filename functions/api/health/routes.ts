import { createRoute } from "@hono/zod-openapi";
import { healthView } from "#api/console.ts";
import { version } from "#domain/version.ts";
import type { Deps } from "../../deps.ts";
import { jsonAnswer, newRouter, type Router, refusals } from "../router.ts";

export function healthRoutes(deps: Deps): Router {
  const router = newRouter();
  const health = createRoute({
    method: "get",
    path: "/healthz",
    tags: ["console"],
    summary: "Whether the console works: it answers after asking its store",
    responses: { 200: jsonAnswer("It does", healthView), ...refusals },
  });
  router.openapi(health, async (c) => {
    await deps.store.targets.list({ limit: 1 });
    return c.json({ status: "ok" as const, consoleId: deps.console.id, version }, 200);
  });
  return router;
}
