/** What agents call. The messages are in `domain/protocol/agent.ts`. */
import { createRoute, z } from "@hono/zod-openapi";
import { shouldNoteCall } from "#domain/connection.ts";
import {
  inventoryRequest,
  ordersResponse,
  registerRequest,
  registerResponse,
  sessionReport,
} from "#domain/protocol/agent.ts";
import type { SourceServer } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import { allowAgent } from "../auth/guard.ts";
import { byAgent, jsonAnswer, jsonBody, newRouter, type Router, refusals } from "../router.ts";
import { presentOrders, waitForOrders } from "./orders.ts";
import { register, tellFindings } from "./register.ts";
import { takeReport } from "./report.ts";

const tags = ["agents"];
const noContent = { 204: { description: "Taken" }, ...refusals };

const registerRoute = createRoute({
  method: "post",
  path: "/v1/agents/register",
  tags,
  summary: "Register a source server with a one-time code",
  request: { body: jsonBody(registerRequest) },
  responses: { 200: jsonAnswer("Registered", registerResponse), ...refusals },
});

function routes(deps: Deps) {
  const middleware = [allowAgent(deps)];
  return {
    inventory: createRoute({
      method: "put",
      path: "/v1/agents/me/inventory",
      tags,
      summary: "Report what the source server is made of",
      security: byAgent,
      middleware,
      request: { body: jsonBody(inventoryRequest) },
      responses: noContent,
    }),

    orders: createRoute({
      method: "get",
      path: "/v1/agents/me/orders",
      tags,
      summary: "Wait for orders",
      security: byAgent,
      middleware,
      request: {
        query: z.object({
          revision: z.string().max(100).optional(),
          wait: z.coerce.number().min(0).max(25).default(0),
        }),
      },
      responses: { 200: jsonAnswer("What should be running now", ordersResponse), ...refusals },
    }),

    report: createRoute({
      method: "post",
      path: "/v1/agents/me/sessions/{sessionId}/report",
      tags,
      summary: "Report on a session",
      security: byAgent,
      middleware,
      request: {
        params: z.object({ sessionId: z.string().min(1).max(100) }),
        body: jsonBody(sessionReport),
      },
      responses: noContent,
    }),
  };
}

/**
 * @param stopping aborted when the console stops, so that waiting calls end
 * @param mayWait whether a call may be kept waiting until there is something to say
 */
export function agentRoutes(deps: Deps, stopping: AbortSignal, mayWait: boolean): Router {
  const router = newRouter();
  const route = routes(deps);
  router.openapi(registerRoute, async (c) =>
    c.json(await register(deps, c.req.valid("json")), 200),
  );
  router.openapi(route.inventory, async (c) => {
    const server = c.var.agent;
    const told = c.req.valid("json");
    const now = await deps.store.servers.update(server.id, (old) => ({
      ...old,
      ...told,
      lastSeenAt: deps.now().toISOString(),
    }));
    await tellFindings(deps, now, server);
    return c.body(null, 204);
  });
  router.openapi(route.orders, async (c) => {
    const server = c.var.agent;
    await noteCall(deps, server);
    if (!mayWait) return c.json(await presentOrders(deps, server.id), 200);
    const { revision, wait } = c.req.valid("query");
    const patience = AbortSignal.any([c.req.raw.signal, stopping]);
    return c.json(await waitForOrders(deps, server.id, { revision, seconds: wait, patience }), 200);
  });
  router.openapi(route.report, async (c) => {
    const server = c.var.agent;
    await noteCall(deps, server);
    await takeReport(deps, server, c.req.valid("param").sessionId, c.req.valid("json"));
    return c.body(null, 204);
  });
  return router;
}

async function noteCall(deps: Deps, server: SourceServer): Promise<void> {
  if (!shouldNoteCall(server, deps.now())) return;
  await deps.store.servers.update(server.id, (old) => ({
    ...old,
    lastSeenAt: deps.now().toISOString(),
  }));
}
