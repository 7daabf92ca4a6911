/** What gateways call. The messages are in `domain/protocol/gateway.ts`. */
import { createRoute, z } from "@hono/zod-openapi";
import { callbackBody, enrolRequest, enrolResponse } from "#domain/protocol/gateway.ts";
import type { Deps } from "../../deps.ts";
import { enrol } from "../gateways/enrol.ts";
import { jsonAnswer, jsonBody, newRouter, type Router, refusals } from "../router.ts";
import { takeCallback } from "./take.ts";

const tags = ["gateways"];

const enrolRoute = createRoute({
  method: "post",
  path: "/v1/gateways/enrol",
  tags,
  summary: "Enrol a gateway with its one-time code",
  request: { body: jsonBody(enrolRequest) },
  responses: { 200: jsonAnswer("Enrolled", enrolResponse), ...refusals },
});

const callbackRoute = createRoute({
  method: "post",
  path: "/v1/callbacks/{token}",
  tags,
  summary: "Report on long work; the token is the permission",
  request: {
    params: z.object({ token: z.string().min(1).max(200) }),
    body: jsonBody(callbackBody),
  },
  responses: { 204: { description: "Taken" }, ...refusals },
});

export function callbackRoutes(deps: Deps): Router {
  const router = newRouter();
  router.openapi(enrolRoute, async (c) => c.json(await enrol(deps, c.req.valid("json")), 200));
  router.openapi(callbackRoute, async (c) => {
    await takeCallback(deps, c.req.valid("param").token, c.req.valid("json"));
    return c.body(null, 204);
  });
  return router;
}
