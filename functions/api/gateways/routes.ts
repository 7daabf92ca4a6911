import { createRoute } from "@hono/zod-openapi";
import { gatewayView } from "#api/gateways.ts";
import { pageOf, pageQuery } from "#api/paging.ts";
import type { Deps } from "../../deps.ts";
import { allow } from "../auth/guard.ts";
import { listOptions } from "../paging.ts";
import { byPerson, idParam, jsonAnswer, newRouter, type Router, refusals } from "../router.ts";
import { restartGateway } from "./restart.ts";

const tags = ["gateways"];

export function gatewayRoutes(deps: Deps): Router {
  const router = newRouter();
  const middleware = [allow(deps, "viewer")];
  const list = createRoute({
    method: "get",
    path: "/v1/gateways",
    tags,
    summary: "List gateways, newest first",
    security: byPerson,
    middleware,
    request: { query: pageQuery },
    responses: { 200: jsonAnswer("Gateways", pageOf(gatewayView)), ...refusals },
  });
  const show = createRoute({
    method: "get",
    path: "/v1/gateways/{id}",
    tags,
    summary: "Show a gateway",
    security: byPerson,
    middleware,
    request: { params: idParam },
    responses: { 200: jsonAnswer("The gateway", gatewayView), ...refusals },
  });
  const restart = createRoute({
    method: "post",
    path: "/v1/gateways/{id}/restart",
    tags,
    summary: "Restart a gateway's machine; refused while a run would be harmed by it",
    security: byPerson,
    middleware: [allow(deps, "operator")],
    request: { params: idParam },
    responses: { 202: jsonAnswer("It is being restarted", gatewayView), ...refusals },
  });
  router.openapi(list, async (c) => {
    const page = await deps.store.gateways.list(listOptions(c.req.valid("query")));
    return c.json({ ...page, items: page.items.map((found) => gatewayView.parse(found)) }, 200);
  });
  router.openapi(show, async (c) =>
    c.json(gatewayView.parse(await deps.store.gateways.get(c.req.valid("param").id)), 200),
  );
  router.openapi(restart, async (c) => {
    const gateway = await deps.store.gateways.get(c.req.valid("param").id);
    await restartGateway(deps, gateway);
    return c.json(gatewayView.parse(gateway), 202);
  });
  return router;
}
