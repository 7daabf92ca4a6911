/** What HyperDoor calls. The messages are in `domain/protocol/hyperdoor.ts`. */
import { createRoute } from "@hono/zod-openapi";
import { hyperDoorAnswer, hyperDoorReport } from "#domain/protocol/hyperdoor.ts";
import type { Deps } from "../../deps.ts";
import { hyperDoorPath } from "../../hyperdoor.ts";
import { allowCode, bearer } from "../auth/guard.ts";
import { byHyperDoor, jsonAnswer, jsonBody, newRouter, type Router, refusals } from "../router.ts";
import { takeReport } from "./take.ts";

const reportRoute = createRoute({
  method: "post",
  path: hyperDoorPath,
  tags: ["hyperdoor"],
  summary: "Report on the copy of a system disk; answers what to do next",
  security: byHyperDoor,
  middleware: allowCode(),
  request: { body: jsonBody(hyperDoorReport) },
  responses: { 200: jsonAnswer("What to do", hyperDoorAnswer), ...refusals },
});

export function hyperDoorRoutes(deps: Deps): Router {
  const router = newRouter();
  router.openapi(reportRoute, async (c) =>
    c.json(await takeReport(deps, bearer(c) ?? "", c.req.valid("json")), 200),
  );
  return router;
}
