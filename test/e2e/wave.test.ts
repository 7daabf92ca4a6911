import { afterEach, beforeEach, expect, test } from "vitest";
import {
  buildSite,
  openRunningSite,
  type RunningProcess,
  type RunningSite,
  removeSite,
  type Site,
  startAgent,
  until,
} from "./site.ts";

interface WaveSeen {
  state: string;
  waitsFor?: string;
  error?: { code: string; params: Record<string, string | number> };
  members: {
    serverId: string;
    result: string;
    copy?: { startedAt: string; endedAt?: string; error?: { code: string } };
    cutover?: { startedAt: string };
  }[];
}

let site: RunningSite;
let others: { folder: Site; agent: RunningProcess }[];

beforeEach(async () => {
  others = [];
  site = await openRunningSite();
});

afterEach(async () => {
  for (const { agent } of others) await agent.kill("SIGTERM");
  await site.close();
  for (const { folder } of others) await removeSite(folder);
});

/** @returns the ids of all servers, the site's own first */
async function register(more: number): Promise<string[]> {
  const { operator } = site;
  for (let index = 0; index < more; index++) {
    const folder = await buildSite();
    const { code, consoleUrl } = await operator.registrationCode();
    others.push({ folder, agent: startAgent(folder, { url: consoleUrl }, code) });
  }
  const servers = await until("all servers to register", async () => {
    const seen = await operator.servers();
    return seen.length === more + 1 && seen;
  });
  const ids = servers.map(({ id }) => id).filter((id) => id !== site.serverId);
  return [site.serverId, ...ids];
}

/** No agent calls for it any more, so its run is refused at once. */
async function silence(serverId: string): Promise<void> {
  const long = new Date(Date.now() - 3600_000).toISOString();
  for (const { agent } of others) await agent.kill("SIGTERM");
  const { servers } = site.standalone.deps.store;
  await servers.update(serverId, (server) => ({ ...server, lastSeenAt: long }));
}

const start = (body: Record<string, unknown>) =>
  site.operator.call<{ id: string }>("POST", "/v1/waves", { targetId: site.targetId, ...body });
const wave = (id: string) => site.operator.call<WaveSeen>("GET", `/v1/waves/${id}`);

test("no server of a wave is cut over before all are copied and the time has come; a tolerated failure stays behind", async () => {
  const [first = "", second = ""] = await register(1);
  const broken = second;
  await silence(broken);
  const at = Date.now() + 15_000;

  const { id } = await start({
    servers: [broken, { serverId: first, instanceType: "virtio-scsi" }],
    concurrency: 2,
    toleratedFailures: 1,
    cutover: { at: new Date(at).toISOString(), repair: false },
  });
  const held = await until("the wave to wait for its time", async () => {
    const seen = await wave(id);
    return seen.waitsFor?.startsWith("the time of the cutover") ? seen : undefined;
  });
  await site.operator.succeeded(id);
  const ended = await wave(id);

  expect(held.members.map(({ result }) => result)).toEqual(["failed", "copied"]);
  expect(ended.members.map(({ result }) => result)).toEqual(["failed", "cut-over"]);
  expect(ended.members[0]?.copy?.error?.code).toBe("server.disconnected");
  const begun = Date.parse(ended.members[1]?.cutover?.startedAt ?? "");
  expect(begun).toBeGreaterThanOrEqual(at);
  expect(begun).toBeGreaterThan(Date.parse(ended.members[1]?.copy?.endedAt ?? ""));
  const server = await site.operator.server(first);
  expect(server.state).toBe("cut-over");
  expect(server.launches).toMatchObject([{ instanceType: "virtio-scsi" }]);
  expect(server.activeRunId).toBeUndefined();
}, 180_000);

test("more failures than tolerated end the wave: it says which, begins no other server and cuts none over", async () => {
  const [first = "", broken = ""] = await register(1);
  await silence(broken);

  const { id } = await start({ servers: [broken, first], concurrency: 1, cutover: {} });
  await site.operator.ended(id);
  const ended = await wave(id);

  expect(ended.state).toBe("failed");
  expect(ended.error).toMatchObject({
    code: "wave.too-many-failures",
    params: { failed: 1, servers: 2, tolerated: 0, names: "tiny" },
  });
  expect(ended.members.map(({ result }) => result)).toEqual(["failed", "waiting"]);
  expect((await site.operator.server(first)).state).toBe("registered");
}, 120_000);

test("a wave that is stopped stops its servers' runs and frees them; a second wave takes them up", async () => {
  const servers = await register(1);

  const { id } = await start({ servers });
  await until("both copies to begin", async () =>
    (await wave(id)).members.every(({ result }) => result === "copying"),
  );
  await site.operator.call("POST", `/v1/runs/${id}/stop`);
  const stopped = await wave(id);
  const { deps } = site.standalone;
  const stillRunning: string[] = [];
  for await (const run of deps.store.runs.all())
    if (run.state === "running") stillRunning.push(run.id);

  expect(stopped.state).toBe("stopped");
  expect(stillRunning).toEqual([]);
  for (const server of await site.operator.servers()) expect(server.activeRunId).toBeUndefined();

  const again = await start({ servers });
  await site.operator.succeeded(again.id);
  expect((await wave(again.id)).members.map(({ result }) => result)).toEqual(["copied", "copied"]);
}, 180_000);

test("a list that can't be moved is refused whole, before anything is begun", async () => {
  const { serverId } = site;
  const past = "2020-01-01T00:00:00Z";

  for (const [body, problem] of [
    [{ servers: [] }, /servers/],
    [{ servers: [serverId, serverId] }, /named twice/],
    [{ servers: [serverId], cutover: { at: past } }, /is past/],
    [{ servers: [serverId], cutover: { at: "tonight" } }, /at/],
    [{ servers: { s3Key: "list.json" } }, /no bucket/],
    [{ servers: [serverId], concurrency: 0 }, /concurrency/],
  ] as const) {
    const refused = await start(body).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "input.invalid" });
    expect(String((refused as Error).message)).toMatch(problem);
  }
  await expect(start({ servers: ["srv-unknown"] })).rejects.toMatchObject({
    code: "record.not-found",
  });
  expect((await site.operator.server(serverId)).activeRunId).toBeUndefined();
}, 60_000);
