import { createRoute } from "@hono/zod-openapi";
import { pageOf, pageQuery } from "#api/paging.ts";
import {
  newWebhookView,
  type WebhookView,
  webhookRequest,
  webhookView as webhookViewSchema,
} from "#api/webhooks.ts";
import { MigrationError } from "#domain/errors.ts";
import { eventTable } from "#domain/events.ts";
import type { Webhook } from "#domain/records.ts";
import { webhookKeyName } from "../../deliveries.ts";
import type { Deps } from "../../deps.ts";
import { newId } from "../../ids.ts";
import { tell } from "../../tell.ts";
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

const tags = ["webhooks"];
const params = idParam;
const security = byPerson;

/** Where events go may hold names and addresses of servers, so only administrators say it. */
function routes(deps: Deps) {
  const middleware = [allow(deps, "administrator")];
  return {
    list: createRoute({
      method: "get",
      path: "/v1/webhooks",
      tags,
      summary: "List webhooks, newest first",
      security,
      middleware,
      request: { query: pageQuery },
      responses: { 200: jsonAnswer("Webhooks", pageOf(webhookViewSchema)), ...refusals },
    }),
    create: createRoute({
      method: "post",
      path: "/v1/webhooks",
      tags,
      summary: "Send what happens to a URL; the key that signs it is shown this once",
      security,
      middleware,
      request: { body: jsonBody(webhookRequest) },
      responses: { 201: jsonAnswer("Made", newWebhookView), ...refusals },
    }),
    test: createRoute({
      method: "post",
      path: "/v1/webhooks/{id}/test",
      tags,
      summary: "Send an event that says nothing",
      security,
      middleware,
      request: { params },
      responses: { 202: jsonAnswer("On its way", webhookViewSchema), ...refusals },
    }),
    remove: createRoute({
      method: "delete",
      path: "/v1/webhooks/{id}",
      tags,
      summary: "Remove a webhook; what it has not yet got is dropped",
      security,
      middleware,
      request: { params },
      responses: { 204: { description: "Removed" }, ...refusals },
    }),
  };
}

export function webhookRoutes(deps: Deps): Router {
  const router = newRouter();
  const route = routes(deps);
  router.openapi(route.list, async (c) => {
    const page = await deps.store.webhooks.list(listOptions(c.req.valid("query")));
    return c.json({ ...page, items: page.items.map(view) }, 200);
  });
  router.openapi(route.create, async (c) => {
    const request = c.req.valid("json");
    requireSafe(request.url);
    requireKnown(request.types);
    const id = newId("hook", deps.random);
    const key = Buffer.from(deps.random(32)).toString("base64url");
    await deps.secrets.put(webhookKeyName(id), key);
    const webhook = await deps.store.webhooks.create({ ...request, id });
    return c.json({ ...view(webhook), key }, 201);
  });
  router.openapi(route.test, async (c) => {
    const webhook = await deps.store.webhooks.get(c.req.valid("param").id);
    await tell(deps, webhook.id, "webhook.test", { by: c.var.person.name });
    return c.json(view(webhook), 202);
  });
  router.openapi(route.remove, async (c) => {
    const { id } = await deps.store.webhooks.get(c.req.valid("param").id);
    await deps.store.webhooks.delete(id);
    await deps.secrets.delete(webhookKeyName(id));
    return c.body(null, 204);
  });
  return router;
}

/** @throws `input.invalid` for a way on which events could be read by others */
function requireSafe(text: string): void {
  const { protocol, hostname, username } = new URL(text);
  const isHere = hostname === "localhost" || hostname === "127.0.0.1" || hostname === "[::1]";
  const isSafe = protocol === "https:" || (protocol === "http:" && isHere);
  if (isSafe && username === "") return;
  throw new MigrationError("input.invalid", {
    where: "url",
    problem: "must be https (http only to the console's own machine), without a user in it",
  });
}

function requireKnown(types: readonly string[]): void {
  const unknown = types.filter((type) => !(type in eventTable));
  if (unknown.length === 0) return;
  throw new MigrationError("input.invalid", {
    where: "types",
    problem: `there is no ${unknown.join(", ")}; there are ${Object.keys(eventTable).join(", ")}`,
  });
}

function view({ version: _, updatedAt: __, ...shown }: Webhook): WebhookView {
  return shown;
}
