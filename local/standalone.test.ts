import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openClient } from "#api/client.ts";
import { consoleFile } from "#api/console.ts";
import { callPinned } from "#dataplane/pinned-https.ts";
import { createIdentity } from "#dataplane/wire/identity.ts";
import { inventory } from "#test/fixtures/console.ts";
import { startStandalone } from "./standalone.ts";

let folder: string;
let children: ChildProcess[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-standalone-"));
  children = [];
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await rm(folder, { recursive: true });
});

const main = fileURLToPath(new URL("main.ts", import.meta.url));

/** The console as a process of its own; its first line of output is what it announces. */
async function startProcess() {
  const args = [main, "--data", folder, "--port", "0", "--machines-port", "0", "--json"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  for await (const line of createInterface(child.stdout)) {
    const announced: { url: string; machinesUrl: string; newPassword?: { password: string } } =
      JSON.parse(line);
    return { child, ...announced };
  }
  throw new Error("the console announced nothing");
}

const options = () => ({ dataFolder: folder, port: 0, machinesPort: 0 });
const password = "a long enough password";

async function logIn(url: string, oneTimePassword: string) {
  const first = await openClient({ baseUrl: url }).login("admin", oneTimePassword);
  const client = openClient({ baseUrl: url, token: () => first.token });
  const { token } = await client.changePassword(oneTimePassword, password);
  return openClient({ baseUrl: url, token: () => token });
}

test("the first start gives one password, later starts none, and all is there again after a kill", async () => {
  const first = await startProcess();
  const client = await logIn(first.url, first.newPassword?.password ?? "");
  const config = { folder: join(folder, "target"), minFreeBytes: 0 };
  const target = await client.createTarget({ name: "here", platform: "local", config });
  const { code } = await client.createCode({});
  const fingerprint = code.split(".")[1];
  const { certificatePem } = await createIdentity("agent");
  const agent = { code, name: "web-1", certificatePem, agentVersion: "1", inventory };
  const register = { method: "POST", path: "/v1/agents/register", timeoutMs: 10_000 } as const;
  const peer = { url: first.machinesUrl, fingerprint };
  const registered = await callPinned(peer, { ...register, body: agent });
  first.child.kill("SIGKILL");
  await once(first.child, "exit");

  const second = await startProcess();
  const again = openClient({ baseUrl: second.url });
  const { token } = await again.login("admin", password);
  const later = openClient({ baseUrl: second.url, token: () => token });

  expect(second.newPassword).toBeUndefined();
  // The ports were any that were free, and are the same again: agents find the console.
  expect([second.url, second.machinesUrl]).toEqual([first.url, first.machinesUrl]);
  expect((await later.getTarget(target.id)).name).toBe("here");
  await later.checkTarget(target.id);
  expect(await callPinned(peer, { ...register, body: agent })).toEqual(registered);
  second.child.kill("SIGTERM");
  expect(await once(second.child, "exit")).toEqual([0, null]);
});

test("a run that was cut off between its record and its execution is started at the next start", async () => {
  const first = await startStandalone(options());
  await first.deps.store.runs.create({
    id: "run-cutoff",
    kind: "sync-server",
    serverId: "srv-none",
    state: "running",
    input: { serverId: "srv-none" },
  });
  await first.close();

  const second = await startStandalone(options());
  const status = await second.deps.machines.status("sync-server", "run-cutoff");
  await second.close();

  expect(status).toBeDefined();
});

test("the data folder belongs to one console at a time", async () => {
  const first = await startStandalone(options());

  await expect(startStandalone(options())).rejects.toMatchObject({ code: "state.in-use" });

  await first.close();
});

test("a port that is taken is refused by name, and nothing is left behind", async () => {
  const other = await mkdtemp(join(tmpdir(), "hypermotion-other-"));
  const first = await startStandalone({ ...options(), dataFolder: other });
  const taken = Number(new URL(first.url).port);

  const refused = startStandalone({ ...options(), port: taken });
  await expect(refused).rejects.toMatchObject({ code: "console.port-taken" });
  await first.close();
  const second = await startStandalone({ ...options(), port: taken });

  expect(second.url).toBe(first.url);
  await second.close();
  await rm(other, { recursive: true });
});

test.each([
  ["people", 18088, "machinesPort"],
  ["agents and gateways", 18766, "port"],
] as const)("unless told, %s come in at port %i (S-21)", async (_, port, other) => {
  // Taken by us, or by a console that runs here: the refusal says which port was wanted.
  const taker = createServer();
  await new Promise((resolve) => {
    taker.once("error", resolve).listen(port, "127.0.0.1", () => resolve(undefined));
  });

  await expect(startStandalone({ dataFolder: folder, [other]: 0 })).rejects.toMatchObject({
    code: "console.port-taken",
    params: { address: `127.0.0.1:${port}` },
  });
  taker.close();
});

test("what comes in from the network reaches nothing that is for people", async () => {
  const standalone = await startStandalone(options());
  const { machinesUrl: url, fingerprint } = standalone;
  const ask = (path: string, method: "GET" | "POST" = "GET") =>
    callPinned({ url, fingerprint }, { method, path, timeoutMs: 5000 });

  expect((await ask("/healthz")).status).toBe(200);
  expect((await ask("/v1/agents/me/orders")).status).toBe(401);
  expect((await ask("/v1/login", "POST")).status).toBe(404);
  expect((await ask("/v1/servers")).status).toBe(404);
  expect((await ask("/v1/agents/../servers")).status).toBe(404);
  expect((await ask("/openapi.json")).status).toBe(404);
  await standalone.close();
});

test("addresses, log and journal are readable by their owner only, and the log holds no password", async () => {
  const standalone = await startStandalone(options());
  const client = await logIn(standalone.url, standalone.newPassword?.password ?? "");
  await client.me();
  const written = consoleFile.parse(
    JSON.parse(await readFile(join(folder, "console.json"), "utf8")),
  );
  const log = await readFile(join(folder, "log", "console.log"), "utf8");

  expect(written.url).toBe(standalone.url);
  expect((await stat(folder)).mode & 0o077).toBe(0);
  expect(log).toContain("the console is up");
  expect(log).not.toContain(standalone.newPassword?.password);
  await standalone.close();
});

test("a user who lost his password gets a one-time one at the next start", async () => {
  const first = await startStandalone(options());
  await logIn(first.url, first.newPassword?.password ?? "");
  await first.close();

  const second = await startStandalone({ ...options(), resetPassword: "admin" });
  const anonymous = openClient({ baseUrl: second.url });
  await expect(anonymous.login("admin", password)).rejects.toMatchObject({
    code: "auth.wrong-password",
  });
  const login = await anonymous.login("admin", second.newPassword?.password ?? "");
  await second.close();

  expect(login.mustChangePassword).toBe(true);
});
