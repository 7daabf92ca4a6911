/** What people call: servers, targets, runs, events, and how the console refuses. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { errorTable } from "#domain/errors.ts";
import { resumeRuns, startRun } from "#functions/runs.ts";
import { tell } from "#functions/tell.ts";
import { openTestConsole, place, registerAgent, type TestConsole } from "#test/fixtures/console.ts";
import { httpStatusOf } from "./errors.ts";

let console: TestConsole;
let viewer: string;
let operator: string;
let admin: string;
beforeAll(async () => {
  console = await openTestConsole();
  viewer = await console.personOf("viewer");
  operator = await console.personOf("operator");
  admin = await console.personOf("administrator");
});
afterAll(() => console.close());

const get = (path: string, token = viewer) => console.call("GET", path, { token });
const post = (path: string, body: unknown = undefined, token = operator) =>
  console.call("POST", path, { token, body });

/** As at the end of a run, when another may take the server. */
async function free(serverId: string) {
  await console.deps.store.servers.update(serverId, ({ activeRunId: _, ...server }) => server);
}

async function addTarget(name: string) {
  const config = { folder: `${console.folder}/${name}`, minFreeBytes: 0 };
  return post("/v1/targets", { name, platform: "local", config }, admin);
}

test("a target is added after its check, listed, checked, and removed when nothing uses it (R-004)", async () => {
  const added = await addTarget("here");
  const { id } = added.body;

  expect([added.status, added.body.platform]).toEqual([201, "local"]);
  expect((await get(`/v1/targets/${id}`)).body.name).toBe("here");
  expect((await post(`/v1/targets/${id}/check`)).body).toEqual({ ok: true });
  expect((await get(`/v1/targets/${id}/instance-types`)).body.items.length).toBeGreaterThan(0);
  const again = await addTarget("here");
  expect([again.status, again.body.error.code]).toEqual([409, "record.exists"]);

  const { serverId } = await registerAgent(console, "uses-target");
  const volume = {
    diskId: "d",
    deviceName: "sda",
    role: "system" as const,
    diskBytes: 1,
    sizeBytes: 1,
  };
  await place(console, serverId, { targetId: id, volumes: [volume] });
  const inUse = await console.call("DELETE", `/v1/targets/${id}`, { token: admin });
  expect([inUse.status, inUse.body.error.code]).toEqual([409, "target.in-use"]);
  await place(console, serverId, { volumes: [] });
  const removed = await console.call("DELETE", `/v1/targets/${id}`, { token: admin });
  expect(removed.status).toBe(204);
  expect((await get(`/v1/targets/${id}`)).status).toBe(404);
});

test("a target whose settings are wrong or whose platform is unknown is not kept", async () => {
  const wrong = await post("/v1/targets", { name: "bad", platform: "local", config: {} }, admin);
  const unknown = await post("/v1/targets", { name: "bad", platform: "moon" }, admin);

  expect([wrong.status, wrong.body.error.code]).toEqual([400, "input.invalid"]);
  expect([unknown.status, unknown.body.error.code]).toEqual([400, "target.unknown-platform"]);
  const { items } = (await get("/v1/targets")).body;
  expect(items.map(({ name }: { name: string }) => name)).not.toContain("bad");
});

test("platforms say what a target on them needs: settings, credentials and their least permissions (R-004, R-138, S-09)", async () => {
  const { items } = (await get("/v1/platforms")).body;
  const of = (name: string) =>
    items.find(({ platform }: { platform: string }) => platform === name);

  expect(of("local").config.properties).toHaveProperty("folder");
  expect(Object.keys(of("aws").config.properties)).toEqual(
    expect.arrayContaining(["region", "subnetId"]),
  );
  expect(Object.keys(of("aws").credentials.properties)).toEqual(
    expect.arrayContaining(["accessKeyId", "secretAccessKey"]),
  );
  expect(JSON.stringify(of("aws").policy)).toContain("ec2:RunInstances");
  for (const { config, credentials } of items) {
    // Some can be told in several ways, such as OpenStack's.
    const ways = credentials.anyOf ?? [credentials];
    for (const { type } of [config, ...ways]) expect(type).toBe("object");
  }
});

test("a server is shown without its agent's secrets, and found connected until its agent is silent (S-26)", async () => {
  const { serverId } = await registerAgent(console, "shown");
  const fresh = (await get(`/v1/servers/${serverId}`)).body;
  const kept = await console.deps.store.servers.get(serverId);
  console.pass(151);
  const silent = (await get("/v1/servers")).body.items.find(
    ({ id }: { id: string }) => id === serverId,
  );

  expect(fresh).toMatchObject({ name: "shown", state: "registered", connected: true });
  expect(fresh.next).toEqual(["migrate"]);
  expect(silent.connected).toBe(false);
  expect(JSON.stringify([fresh, silent])).not.toContain(kept.agentTokenHash);
});

test("a migration starts an execution named like its run, and a second is refused while it holds the server", async () => {
  const { body: target } = await addTarget("away");
  const { serverId } = await registerAgent(console, "moves");
  const request = { targetId: target.id, launch: { kind: "test" } };

  const started = await post(`/v1/servers/${serverId}/migrate`, request);
  const second = await post(`/v1/servers/${serverId}/migrate`, request);

  expect([started.status, started.body.kind, started.body.state]).toEqual([
    202,
    "migrate-server",
    "running",
  ]);
  expect(console.machines.of("start").at(-1)?.args).toEqual([
    "migrate-server",
    started.body.id,
    { serverId, targetId: target.id, launch: { kind: "test", repair: true } },
  ]);
  expect([second.status, second.body.error.code]).toEqual([409, "server.busy"]);
});

test("what a server's state does not allow is refused with the states that do", async () => {
  const { serverId } = await registerAgent(console, "too-early");

  for (const [path, body] of [
    ["sync", undefined],
    ["launch", { kind: "test" }],
    ["launch", { kind: "cutover" }],
    ["revert", undefined],
    ["accept", undefined],
  ] as const) {
    const answer = await post(`/v1/servers/${serverId}/${path}`, body);
    expect([path, answer.status, answer.body.error.code]).toEqual([
      path,
      409,
      "server.wrong-state",
    ]);
  }
  await place(console, serverId, { state: "ready-for-test" });
  const unsynced = await post(`/v1/servers/${serverId}/launch`, { kind: "test" });
  expect(unsynced.body.error.code).toBe("server.not-synced");
});

test("revert, accept and clean-up are one machine with different scopes", async () => {
  const { serverId } = await registerAgent(console, "tested");
  await place(console, serverId, { state: "testing" });

  for (const path of ["revert", "accept", "clean-up"]) {
    expect((await post(`/v1/servers/${serverId}/${path}`)).status).toBe(202);
    await free(serverId);
  }

  const inputs = console.machines
    .of("start")
    .slice(-3)
    .map(({ args }) => args[2]);
  expect(inputs).toEqual([
    { serverId, scope: "launch" },
    { serverId, scope: "launch", accept: true },
    { serverId, scope: "all" },
  ]);
});

test("a server is renamed, limited, and removed once it has nothing at a target", async () => {
  const { serverId } = await registerAgent(console, "old-name");
  const path = `/v1/servers/${serverId}`;
  const change = (body: unknown) => console.call("PATCH", path, { token: operator, body });

  const renamed = await change({ name: "new name", limits: { rateBytesPerSecond: 5 } });
  expect(renamed.body).toMatchObject({ name: "new name", limits: { rateBytesPerSecond: 5 } });
  expect((await change({ name: "\u001b[31mred" })).status).toBe(400);
  await place(console, serverId, { state: "testing" });
  expect((await console.call("DELETE", path, { token: operator })).status).toBe(409);
  await place(console, serverId, { state: "finalized" });
  expect((await console.call("DELETE", path, { token: operator })).status).toBe(204);
  expect((await get(path)).body.error.code).toBe("record.not-found");
});

test("runs are listed by server and state, page by page, and shown with their history", async () => {
  const { serverId } = await registerAgent(console, "busy");
  for (let index = 0; index < 5; index++) {
    await startRun(console.deps, "sync-server", serverId, {});
    await free(serverId);
    console.pass(1);
  }
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const more: string = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await get(`/v1/runs?serverId=${serverId}&state=running&limit=2${more}`);
    expect(page.body.items.length).toBeLessThanOrEqual(2);
    seen.push(...page.body.items.map(({ id }: { id: string }) => id));
    cursor = page.body.cursor;
  } while (cursor !== undefined);

  expect(new Set(seen).size).toBe(5);
  expect(seen).toHaveLength(5);
  const shown = await get(`/v1/runs/${seen[0]}`);
  expect(shown.body).toMatchObject({
    input: { serverId },
    history: [{ type: "ExecutionStarted" }],
  });
});

test("a stopped run ends its execution, gives the server free and says who stopped it", async () => {
  const { serverId } = await registerAgent(console, "stopped");
  const run = await startRun(console.deps, "launch-server", serverId, { kind: "cutover" });
  await place(console, serverId, {
    state: "cutting-over",
    stateBeforeRun: "ready-for-test",
    activeRunId: run.id,
  });

  console.pass(1);

  const stopped = await post(`/v1/runs/${run.id}/stop`);
  const again = await post(`/v1/runs/${run.id}/stop`);

  expect(stopped.body).toMatchObject({ state: "stopped", error: { code: "run.stopped" } });
  expect(again.body.state).toBe("stopped");
  expect(console.machines.of("stop").filter(({ args }) => args[1] === run.id)).toHaveLength(1);
  const server = await console.deps.store.servers.get(serverId);
  expect([server.state, server.activeRunId]).toEqual(["ready-for-test", undefined]);
  const events = (await get(`/v1/events?serverId=${serverId}`)).body.items;
  expect(events.at(-1)).toMatchObject({ type: "run.stopped", text: expect.stringContaining("by") });
});

test("a run with a record but no execution is started after a crash; one that ended silently is failed", async () => {
  const { serverId } = await registerAgent(console, "crashed");
  const lost = await startRun(console.deps, "sync-server", serverId, {});
  console.machines.executions.delete(lost.id);
  await free(serverId);
  const silent = await startRun(console.deps, "sync-server", serverId, {});
  console.machines.executions.set(silent.id, "ended");
  await place(console, serverId, { activeRunId: silent.id });
  console.pass(61);

  await resumeRuns(console.deps);

  expect(console.machines.executions.get(lost.id)).toBe("running");
  expect((await console.deps.store.runs.get(silent.id)).state).toBe("failed");
  const server = await console.deps.store.servers.get(serverId);
  expect([server.activeRunId, server.lastError?.runId]).toEqual([undefined, silent.id]);
});

test("events are told in the language asked for, after the one last seen", async () => {
  const { serverId } = await registerAgent(console, "told");
  console.pass(1);
  await tell(console.deps, serverId, "run.started", { kind: "sync-server" });
  const path = `/v1/events?serverId=${serverId}`;

  const all = (await get(path)).body.items;
  const rest = (await get(`${path}&after=${encodeURIComponent(all[0].id)}`)).body.items;
  const chinese = await console.call("GET", path, {
    token: viewer,
    headers: { "accept-language": "zh-CN,zh;q=0.9,en;q=0.8" },
  });

  expect(all.map(({ text }: { text: string }) => text)).toEqual([
    "Registered with 1 disks",
    "sync-server started",
  ]);
  expect(rest).toEqual([all[1]]);
  expect(chinese.body.items[1].text).toBe("sync-server 已开始");
});

test("a stream tells what was, what comes, of all servers, and nothing twice", async () => {
  const one = await registerAgent(console, "stream-1");
  const two = await registerAgent(console, "stream-2");
  const gone = new AbortController();
  const response = await console.fetch("/v1/events/stream", {
    headers: { authorization: `Bearer ${viewer}` },
    signal: gone.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const readUntil = async (wanted: string) => {
    while (!text.includes(wanted)) text += (await reader?.read())?.value ?? "";
  };

  await readUntil(two.serverId);
  console.pass(1);
  await tell(console.deps, one.serverId, "run.started", { kind: "first" });
  await readUntil("first started");
  console.pass(1);
  await tell(console.deps, two.serverId, "run.started", { kind: "second" });
  await readUntil("second started");

  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const ids = [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  await reader?.cancel();
  gone.abort();
});

test("an event stream of an unknown server is refused before it begins", async () => {
  expect((await get("/v1/events/stream?serverId=srv-none")).status).toBe(404);
});

test("an error has code, facts, and words in the language asked for", async () => {
  const chinese = await console.call("GET", "/v1/servers/srv-none", {
    token: viewer,
    headers: { "accept-language": "zh" },
  });

  expect((await get("/v1/servers/srv-none")).body.error).toEqual({
    code: "record.not-found",
    params: { kind: "server", id: "srv-none" },
    message: "There is no server srv-none",
    hint: "List what exists with: hypermotion server list",
  });
  expect(chinese.body.error.message).toBe("server srv-none 不存在");
});

test("hostile bodies are refused as bad input and change nothing", async () => {
  const send = (body: string, headers: Record<string, string> = {}) =>
    console.fetch("/v1/codes", {
      method: "POST",
      body,
      headers: {
        authorization: `Bearer ${operator}`,
        "content-type": "application/json",
        ...headers,
      },
    });
  const codeOf = async (answer: Response) =>
    ((await answer.json()) as { error: { code: string } }).error.code;

  for (const body of ["", "{", "null", "[]", '"x"', '{"uses":"many"}', '{"uses":1e99}']) {
    const answer = await send(body);
    expect([body, answer.status, await codeOf(answer)]).toEqual([body, 400, "input.invalid"]);
  }
  expect((await send("{}", { "content-type": "text/plain" })).status).toBe(400);
  const huge = await send(JSON.stringify({ uses: 1, padding: "x".repeat(300_000) }));
  expect([huge.status, await codeOf(huge)]).toEqual([413, "input.too-large"]);
  const proto = await send('{"__proto__":{"uses":5},"constructor":{"prototype":{}}}');
  expect(proto.status).toBe(201);
});

test("a bad query or cursor is bad input", async () => {
  expect((await get("/v1/servers?limit=0")).status).toBe(400);
  expect((await get("/v1/servers?limit=x")).status).toBe(400);
  expect((await get("/v1/servers?cursor=%00")).status).toBe(400);
});

test("what does not exist is answered with a typed error", async () => {
  const answer = await get("/v1/nowhere");

  expect([answer.status, answer.body.error.code]).toEqual([404, "input.no-route"]);
});

test("a fault of ours tells a stranger nothing about it", async () => {
  const broken = await openTestConsole();
  Object.assign(broken.machines, {
    history: () => Promise.reject(new Error("secret inner workings")),
  });
  const token = await broken.personOf("viewer");
  const { serverId } = await registerAgent(broken);
  const { id } = await startRun(broken.deps, "sync-server", serverId, {});

  const answer = await broken.call("GET", `/v1/runs/${id}`, { token });

  expect([answer.status, answer.body.error.code]).toEqual([500, "internal.unexpected"]);
  expect(JSON.stringify(answer.body)).not.toContain("inner workings");
  await broken.close();
});

test("every error code has an HTTP status of its kind", () => {
  for (const code of Object.keys(errorTable) as (keyof typeof errorTable)[]) {
    expect(httpStatusOf(code), code).toBeGreaterThanOrEqual(400);
  }
  expect(httpStatusOf("auth.required")).toBe(401);
  expect(httpStatusOf("auth.forbidden")).toBe(403);
  expect(httpStatusOf("record.not-found")).toBe(404);
  expect(httpStatusOf("server.busy")).toBe(409);
  expect(httpStatusOf("gateway.no-slot")).toBe(422);
  expect(httpStatusOf("cloud.throttled")).toBe(502);
  expect(httpStatusOf("gateway.unreachable")).toBe(503);
});

test("every route but the open ones refuses who shows no token", async () => {
  const open = [
    "GET /healthz",
    "GET /v1/sign-in",
    "POST /v1/login",
    "POST /v1/agents/register",
    "POST /v1/gateways/enrol",
    "POST /v1/callbacks/{token}",
  ];
  const { body: document } = await console.call("GET", "/openapi.json");
  let checked = 0;
  for (const [path, methods] of Object.entries<Record<string, { security?: unknown[] }>>(
    document.paths,
  )) {
    for (const [verb, described] of Object.entries(methods)) {
      const method = verb.toUpperCase();
      if (open.includes(`${method} ${path}`)) {
        expect(described.security, path).toBeUndefined();
        continue;
      }
      const answer = await console.call(method, path.replace(/\{\w+\}/g, "x"), {
        ...(method === "GET" || method === "DELETE" ? {} : { body: {} }),
      });
      const machine = path === "/v1/hyperdoor" ? "hyperDoor" : "agent";
      const caller =
        path === "/v1/hyperdoor" || path.startsWith("/v1/agents/") ? machine : "person";
      expect(answer.status, `${method} ${path}`).toBe(401);
      expect(described.security, path).toEqual([{ [caller]: [] }]);
      checked += 1;
    }
  }
  expect(checked).toBeGreaterThan(30);
});
