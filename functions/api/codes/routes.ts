import { createRoute } from "@hono/zod-openapi";
import { codeView, createCodeRequest, softwareView } from "#api/servers.ts";
import type { Deps } from "../../deps.ts";
import { hashSecret } from "../../ids.ts";
import { allow } from "../auth/guard.ts";
import { byPerson, jsonAnswer, jsonBody, newRouter, type Router, refusals } from "../router.ts";

/** What a server needs to register: a code, shown once and kept as a hash, and the program. */
export function codeRoutes(deps: Deps): Router {
  const router = newRouter();
  const create = createRoute({
    method: "post",
    path: "/v1/codes",
    tags: ["servers"],
    summary: "Make a code with which agents register",
    security: byPerson,
    middleware: [allow(deps, "operator")],
    request: { body: jsonBody(createCodeRequest) },
    responses: { 201: jsonAnswer("Made; shown only now", codeView), ...refusals },
  });
  router.openapi(create, async (c) => {
    const { uses, validHours } = c.req.valid("json");
    const secret = Buffer.from(deps.random(24)).toString("base64url");
    const expiresAt = new Date(deps.now().getTime() + validHours * 3600_000).toISOString();
    await deps.store.codes.create({
      id: hashSecret(secret),
      purpose: "agent",
      expiresAt,
      usesLeft: uses,
      usedBy: [],
    });
    // The agent pins the console by it from its first call on.
    const { url: consoleUrl, fingerprint } = deps.console;
    const code = fingerprint === undefined ? secret : `${secret}.${fingerprint}`;
    return c.json({ code, consoleUrl, uses, expiresAt }, 201);
  });
  const software = createRoute({
    method: "get",
    path: "/v1/software",
    tags: ["servers"],
    summary: "Where a source server gets the agent's program",
    security: byPerson,
    middleware: [allow(deps, "operator")],
    responses: { 200: jsonAnswer("The program of agent and gateway", softwareView), ...refusals },
  });
  router.openapi(software, async (c) => c.json(await deps.software(), 200));
  return router;
}
