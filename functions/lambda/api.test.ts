import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTestConsole, place, registerAgent, type TestConsole } from "#test/fixtures/console.ts";
import { openCallback } from "../callbacks.ts";
import { apiHandler } from "./api.ts";

const signIn = { issuer: "https://people.example.com", clientId: "abc" };
let local: TestConsole;
let lambda: ReturnType<typeof apiHandler>;

beforeEach(async () => {
  local = await openTestConsole();
  lambda = apiHandler({ ...local.deps, signIn }, 1_000);
});

afterEach(() => local.close());

interface Call {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** What the JWT authorizer found. */
  readonly claims?: Record<string, string>;
}

/** As API Gateway gives it, payload version 2.0. Source: API Gateway developer guide, "Payload format version". */
function eventOf({ method = "GET", path, body, headers = {}, claims }: Call) {
  const [rawPath = "", rawQueryString = ""] = path.split("?");
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath,
    rawQueryString,
    headers: {
      host: "abc.execute-api.eu-central-1.amazonaws.com",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    isBase64Encoded: false,
    requestContext: {
      accountId: "123456789012",
      apiId: "abc",
      domainName: "abc.execute-api.eu-central-1.amazonaws.com",
      http: { method, path: rawPath, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "t" },
      requestId: "r",
      routeKey: "$default",
      stage: "$default",
      time: "23/Nov/2026:00:00:00 +0000",
      timeEpoch: 0,
      ...(claims === undefined ? {} : { authorizer: { jwt: { claims, scopes: [] } } }),
    },
  };
}

async function call(what: Call): Promise<{ status: number; text: string; body: never }> {
  const event = eventOf(what) as unknown as Parameters<typeof lambda>[0];
  const { statusCode, body, isBase64Encoded } = await lambda(event);
  const text = isBase64Encoded ? Buffer.from(body, "base64").toString("utf8") : body;
  return {
    status: statusCode,
    text,
    body: (text.startsWith("{") ? JSON.parse(text) : {}) as never,
  };
}

const operator = { sub: "1-2-3", username: "mei", "cognito:groups": "[viewer operator]" };

test("the OpenAPI document is the same in both editions, byte for byte", async () => {
  const here = await (await local.fetch("/openapi.json")).text();

  const there = await call({ path: "/openapi.json" });

  expect(there.text).toBe(here);
  expect(here.length).toBeGreaterThan(10_000);
});

test("people are who the front door says, with the highest role of their groups", async () => {
  const me = await call({ path: "/v1/me", claims: operator });
  const code = await call({ method: "POST", path: "/v1/codes", body: {}, claims: operator });
  const target = await call({
    method: "POST",
    path: "/v1/targets",
    body: { name: "x", platform: "local" },
    claims: operator,
  });

  expect(me.body).toEqual({ name: "mei", role: "operator", oneTime: false });
  expect(code.status).toBe(201);
  expect([target.status, target.body]).toMatchObject([403, { error: { code: "auth.forbidden" } }]);
});

test("without claims nobody passes, whatever token he brings", async () => {
  const bearer = await call({
    path: "/v1/servers",
    headers: { authorization: "Bearer anything.at-all", "x-amzn-oidc-data": "x" },
  });
  const nobody = await call({ path: "/v1/servers", claims: { sub: "1" } });

  expect(bearer.body).toMatchObject({ error: { code: "auth.required" } });
  expect(bearer.status).toBe(401);
  expect(nobody.body).toMatchObject({ error: { code: "auth.no-role" } });
});

test("users and passwords of our own are kept elsewhere, and that is said", async () => {
  const login = await call({
    method: "POST",
    path: "/v1/login",
    body: { user: "admin", password: "does not matter" },
  });
  const users = await call({
    path: "/v1/users",
    claims: { ...operator, "cognito:groups": "administrator" },
  });

  for (const { status, body } of [login, users]) {
    expect(status).toBe(403);
    expect(body).toMatchObject({
      error: { code: "auth.elsewhere", hint: expect.stringContaining("people.example.com") },
    });
  }
});

test("where to sign in is told to whoever asks", async () => {
  const there = await call({ path: "/v1/sign-in" });
  const here = await local.fetch("/v1/sign-in");

  expect(there.body).toEqual({ elsewhere: signIn });
  expect(await here.json()).toEqual({});
});

test("a wrong body is refused alike in both editions", async () => {
  const body = { uses: "many" };

  const there = await call({ method: "POST", path: "/v1/codes", body, claims: operator });

  expect(there.status).toBe(400);
  expect(there.body).toMatchObject({ error: { code: "input.invalid" } });
});

test("a callback is known by its token alone, may come twice, and answers at once", async () => {
  const { order } = await openCallback(local.deps, {
    taskToken: "task-1",
    purpose: "repair",
    runId: "run-1",
  });
  const path = new URL(order.url).pathname;
  const report = { method: "POST", path, body: { kind: "heartbeat", doing: "mounting" } };

  const startedAt = performance.now();
  const first = await call(report);
  const tookMs = performance.now() - startedAt;
  const second = await call(report);
  const stranger = await call({ ...report, path: path.replace(/.$/, "_") });

  expect([first.status, second.status]).toEqual([204, 204]);
  expect(local.machines.of("heartbeat")).toHaveLength(2);
  expect(stranger.status).toBe(404);
  expect(tookMs).toBeLessThan(10_000);
});

test("a stream ends before API Gateway gives up, with what there was", async () => {
  const streaming = call({ path: "/v1/events/stream", claims: operator });

  const early = await Promise.race([streaming, sleep(300).then(() => "still open")]);

  expect(early).toBe("still open");
  expect((await streaming).text).toContain(": here");
});

test("an agent is answered at once and told when to ask again, since a Lambda that waits is paid for", async () => {
  const { serverId, token } = await registerAgent(local);
  const ask = () =>
    call({
      path: "/v1/agents/me/orders?revision=x&wait=25",
      headers: { authorization: `Bearer ${token}` },
    });

  const { revision } = (await ask()).body as { revision: string };
  const startedAt = performance.now();
  const idle = await call({
    path: `/v1/agents/me/orders?revision=${revision}&wait=25`,
    headers: { authorization: `Bearer ${token}` },
  });
  const tookMs = performance.now() - startedAt;
  await place(local, serverId, { activeRunId: "run-1" });
  const busy = await ask();

  expect(idle.body).toEqual({ revision, orders: [], askAgainSeconds: 60 });
  expect(tookMs).toBeLessThan(10_000);
  expect(busy.body).toMatchObject({ askAgainSeconds: 10 });
});
