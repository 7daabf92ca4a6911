/** The gateway's control API, for the console alone: every route of `domain/protocol/gateway.ts`. */
import { createHash, timingSafeEqual } from "node:crypto";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { type ErrorFacts, factsOf, MigrationError } from "#domain/errors.ts";
import {
  type DeviceHint,
  type DeviceList,
  deviceSearch,
  repairOrder,
  sessionOrder,
  verificationOrder,
} from "#domain/protocol/gateway.ts";
import type { Log } from "./log.ts";
import type { Repairs } from "./repairs.ts";
import type { Sessions } from "./sessions.ts";
import type { Verifications } from "./verifications.ts";

export interface ControlDeps {
  readonly controlToken: string;
  readonly sessions: Sessions;
  readonly repairs: Repairs;
  readonly verifications: Verifications;
  readonly forgetVolume: (volumeId: string) => Promise<void>;
  readonly health: () => Promise<object>;
  readonly listDevices: () => Promise<DeviceList>;
  readonly findDevice: (volumeId: string, device: DeviceHint) => Promise<string>;
  readonly log: Log;
}

const largestBodyBytes = 1024 * 1024;
const idText = z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/);
/** Clouds name volumes in their own ways, some by paths. */
const volumeIdText = z.string().min(1).max(500);

export function createControlApi(deps: ControlDeps): Hono {
  const app = new Hono();
  // Before anything of the body is read.
  app.use(async (context, next) => {
    if (!hasToken(context.req.header("authorization"), deps.controlToken))
      throw new MigrationError("auth.required", {});
    await next();
  });
  app.use(
    bodyLimit({
      maxSize: largestBodyBytes,
      onError: () => {
        const problem = `it is longer than ${largestBodyBytes} bytes`;
        throw new MigrationError("input.invalid", { where: "body", problem });
      },
    }),
  );

  app.get("/v1/health", async (context) => context.json(await deps.health()));
  app.get("/v1/devices", async (context) => context.json(await deps.listDevices()));
  app.post("/v1/devices/find", async (context) => {
    const { volumeId, device } = await parseBody(context, deviceSearch);
    return context.json({ path: await deps.findDevice(volumeId, device) });
  });
  app.put("/v1/sessions/:id", async (context) => {
    const order = await parseBody(context, sessionOrder);
    return context.json(await deps.sessions.open(idOf(context), order));
  });
  app.get("/v1/sessions/:id", (context) => context.json(deps.sessions.get(idOf(context))));
  app.delete("/v1/sessions/:id", async (context) => {
    await deps.sessions.stop(idOf(context));
    return context.body(null, 204);
  });
  app.put("/v1/verifications/:id", async (context) => {
    const order = await parseBody(context, verificationOrder);
    return context.json(await deps.verifications.start(idOf(context), order));
  });
  app.get("/v1/verifications/:id", (context) =>
    context.json(deps.verifications.get(idOf(context))),
  );
  app.delete("/v1/verifications/:id", async (context) => {
    await deps.verifications.stop(idOf(context));
    return context.body(null, 204);
  });
  app.delete("/v1/volumes/:id", async (context) => {
    await deps.forgetVolume(parse(volumeIdText, context.req.param("id"), "volumeId"));
    return context.body(null, 204);
  });
  app.put("/v1/repairs/:id", async (context) => {
    const order = await parseBody(context, repairOrder);
    return context.json(await deps.repairs.start(idOf(context), order));
  });
  app.get("/v1/repairs/:id", (context) => context.json(deps.repairs.get(idOf(context))));

  app.notFound((context) => {
    const { method, path } = context.req;
    return answerError(context, "record.not-found", { kind: "route", id: `${method} ${path}` });
  });
  app.onError((error, context) => {
    const facts = factsOf(error);
    if (!(error instanceof MigrationError)) {
      deps.log.error(
        { error, stack: error.stack, path: context.req.path },
        "a request failed unexpectedly",
      );
    }
    return answerError(context, facts.code, facts.params);
  });
  return app;
}

/** Digests are compared: they have one length, so that comparing tells nothing of the token's. */
export function hasToken(authorization: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(authorization ?? ""), digest(`Bearer ${token}`));
}

function idOf(context: Context): string {
  return parse(idText, context.req.param("id"), "id");
}

/** Strict: replacing what is not UTF-8 would make one id of two. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

async function parseBody<S extends z.ZodType>(context: Context, schema: S): Promise<z.output<S>> {
  const bytes = await context.req.arrayBuffer();
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new MigrationError(
      "input.invalid",
      { where: "body", problem: "it is not JSON" },
      { cause },
    );
  }
  return parse(schema, value, "body");
}

function parse<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problem = z.prettifyError(parsed.error).slice(0, 1000);
  throw new MigrationError("input.invalid", { where, problem }, { cause: parsed.error });
}

const statusOf: Partial<Record<string, 400 | 401 | 404 | 409>> = {
  "input.invalid": 400,
  "auth.required": 401,
  "record.not-found": 404,
  "record.exists": 409,
  "volume.not-attached": 409,
  "volume.ambiguous": 409,
  "gateway.lost-devices": 409,
  "volume.in-use": 409,
  "not-ready": 409,
  "volume.too-small": 409,
  "volume.swapped": 409,
};

function answerError(
  context: Context,
  code: ErrorFacts["code"],
  params: ErrorFacts["params"],
): Response {
  return context.json({ error: { code, params } }, statusOf[code] ?? 500);
}
