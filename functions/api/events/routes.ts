import { createRoute, z } from "@hono/zod-openapi";
import { streamSSE } from "hono/streaming";
import { type EventView, eventQuery, eventView, streamQuery } from "#api/events.ts";
import type { Language } from "#domain/errors.ts";
import { describeEvent } from "#domain/events.ts";
import type { Event } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import { allow } from "../auth/guard.ts";
import { byPerson, jsonAnswer, newRouter, type Router, refusals } from "../router.ts";
import { followEvents, listEvents, subjectsOf } from "./follow.ts";

const tags = ["events"];

/** A proxy between us and the reader drops a connection that says nothing for long. */
const signOfLifeMs = 15_000;

export function eventRoutes(deps: Deps, stopping: AbortSignal, longestAnswerMs?: number): Router {
  const router = newRouter();
  const middleware = [allow(deps, "viewer")];
  const list = createRoute({
    method: "get",
    path: "/v1/events",
    tags,
    summary: "What happened, oldest first",
    security: byPerson,
    middleware,
    request: { query: eventQuery },
    responses: {
      200: jsonAnswer("Events", z.object({ items: z.array(eventView) })),
      ...refusals,
    },
  });
  const stream = createRoute({
    method: "get",
    path: "/v1/events/stream",
    tags,
    summary: "What happened and happens, as server-sent events; goes on after Last-Event-ID",
    security: byPerson,
    middleware,
    request: { query: streamQuery },
    responses: {
      200: {
        description: "Events, one JSON object each",
        content: { "text/event-stream": { schema: z.string() } },
      },
      ...refusals,
    },
  });
  router.openapi(list, async (c) => {
    const events = await listEvents(deps, c.req.valid("query"));
    return c.json({ items: events.map((event) => view(event, c.var.language)) }, 200);
  });
  router.openapi(stream, async (c) => {
    const { serverId, after = c.req.header("last-event-id") } = c.req.valid("query");
    // Refused as a plain answer while that is still possible.
    await subjectsOf(deps, serverId);
    const { language } = c.var;
    return streamSSE(c, async (sse) => {
      const gone = new AbortController();
      sse.onAbort(() => gone.abort());
      const until = AbortSignal.any([
        gone.signal,
        stopping,
        ...(longestAnswerMs === undefined ? [] : [AbortSignal.timeout(longestAnswerMs)]),
      ]);
      const beat = setInterval(() => void sse.writeln(": here"), signOfLifeMs);
      try {
        await sse.writeln(": here");
        for await (const event of followEvents(deps, { serverId, after }, until)) {
          await sse.writeSSE({ id: event.id, data: JSON.stringify(view(event, language)) });
        }
      } finally {
        clearInterval(beat);
      }
    });
  });
  return router;
}

function view(event: Event, language: Language): EventView {
  return { ...event, text: describeEvent(event, language) };
}
