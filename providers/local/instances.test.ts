/** What becomes of instances when the console, their keeper or they themselves are killed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import { type LocalTarget, openLocalTarget, until } from "#test/fixtures/local-target.ts";
import { instanceVariable, lookAtKeeper } from "./keeping.ts";
import { isRunning, type ProcessIdentity, processesWith, signal } from "./processes.ts";

let target: LocalTarget;
beforeEach(async () => {
  target = await openLocalTarget();
});
afterEach(() => target.close());

const processesOf = (id: string) => processesWith(instanceVariable, target.instanceFolder(id));

async function keeperOf(id: string) {
  const keeping = await lookAtKeeper(target.instanceFolder(id));
  if (keeping.state !== "running") throw new Error(`the keeper of ${id} is ${keeping.state}`);
  return keeping.keeper;
}

/** The gateway's own process, once there is one beside those given. */
async function daemonOf(id: string, except: readonly ProcessIdentity[] = []) {
  const { pid } = await keeperOf(id);
  const known = [pid, ...except.map((process) => process.pid)];
  return until(`a daemon of ${id}`, async () =>
    processesOf(id).find((process) => !known.includes(process.pid)),
  );
}

async function bootsShown(id: string, count: number): Promise<string[]> {
  return until(`${count} starts of ${id}`, async () => {
    const shown = await target.provider.compute.readConsole(id);
    const boots = [...shown.matchAll(/^boot (\S+)$/gm)].map(([, bootId]) => bootId ?? "");
    return boots.length >= count ? boots : undefined;
  });
}

test("a gateway's daemon that is killed is started again, within the same start of its instance", async () => {
  const id = await target.makeGateway("gateway");
  await bootsShown(id, 1);
  const daemon = await daemonOf(id);

  signal(daemon, "SIGKILL");

  const [first, second] = await bootsShown(id, 2);
  expect(second).toBe(first);
  expect((await target.provider.compute.findInstance(id))?.state).toBe("running");
});

test("a gateway whose keeper is killed is started anew, with another boot id and one daemon", async () => {
  const id = await target.makeGateway("gateway");
  await bootsShown(id, 1);
  const daemon = await daemonOf(id);

  signal(await keeperOf(id), "SIGKILL");
  await until("the keeper to be seen gone", async () =>
    (await lookAtKeeper(target.instanceFolder(id))).state === "lost" ? true : undefined,
  );
  const found = await target.provider.compute.findInstance(id);

  const [first, second] = await bootsShown(id, 2);
  expect(found?.state).toBe("running");
  expect(second).not.toBe(first);
  expect(isRunning(daemon)).toBe(false);
  expect(processesOf(id)).toHaveLength(2);
});

test("an instance runs again after a restart of this machine, with its ports as before", async () => {
  const id = await target.makeGateway("gateway");
  const [before = ""] = await bootsShown(id, 1);
  const userData = join(target.instanceFolder(id), "user-data.json");
  const { ports } = JSON.parse(await readFile(userData, "utf8"));
  for (const process of processesOf(id)) signal(process, "SIGKILL");
  const file = join(target.instanceFolder(id), "process.json");
  const keeper = JSON.parse(await readFile(file, "utf8"));
  await writeFile(file, JSON.stringify({ ...keeper, machineBootId: "the start before" }));

  await target.provider.compute.findInstance(id);

  const [, after] = await bootsShown(id, 2);
  expect(after).not.toBe(before);
  expect(JSON.parse(await readFile(userData, "utf8")).ports).toEqual(ports);
});

test("a console that is killed leaves its gateway running, and the next one finds it", async () => {
  const registry = new URL("../registry.ts", import.meta.url).href;
  const script = `
    const { openProvider } = await import(${JSON.stringify(registry)});
    const { options, group, gateway } = JSON.parse(process.env.UNDER_TEST);
    const provider = await openProvider("local", options);
    const { id } = await provider.network.ensureSecurityGroup(group);
    const made = await provider.compute.createGateway({ ...gateway, securityGroupId: id });
    console.log(made.id);
    setInterval(() => undefined, 1000);
  `;
  const bootstrap = gatewayBootstrap.parse({
    gatewayId: "gateway",
    consoleUrl: "https://console.invalid",
    enrolmentCode: "not-a-real-code-0000",
    ports: {},
  });
  const order = {
    options: target.options,
    group: { ...target.naming("group"), rules: [] },
    gateway: { ...target.naming("gateway"), bootstrap },
  };
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...process.env, UNDER_TEST: JSON.stringify(order) },
  });
  const [output] = await once(child.stdout, "data");
  const id = String(output).trim();
  const daemon = await daemonOf(id);

  child.kill("SIGKILL");
  await once(child, "exit");

  expect(await target.makeGateway("gateway")).toBe(id);
  expect(isRunning(daemon)).toBe(true);
  expect(processesOf(id)).toHaveLength(2);
});

test("the gateway gets its start-up configuration with its volumes' folder, and none of the console's environment", async () => {
  process.env.SECRET_OF_THE_CONSOLE = "hidden";
  const id = await target.makeGateway("gateway");
  const daemon = await daemonOf(id);

  const userData = await readFile(join(target.instanceFolder(id), "user-data.json"), "utf8");
  const environment = await readFile(`/proc/${daemon.pid}/environ`, "utf8");

  expect(JSON.parse(userData)).toMatchObject({
    gatewayId: "gateway",
    listen: "127.0.0.1",
    volumeRoot: join(target.instanceFolder(id), "volumes"),
  });
  expect(environment).toContain("HYPERMOTION_BOOT_ID=");
  expect(environment).not.toContain("SECRET_OF_THE_CONSOLE");
  delete process.env.SECRET_OF_THE_CONSOLE;
});

test("two gateways on this machine have ports of their own", async () => {
  const ids = [await target.makeGateway("one"), await target.makeGateway("two")];

  const ports = await Promise.all(
    ids.map(async (id) => {
      const text = await readFile(join(target.instanceFolder(id), "user-data.json"), "utf8");
      return Object.values<number>(JSON.parse(text).ports);
    }),
  );

  expect(new Set(ports.flat()).size).toBe(4);
});

test("stopping or deleting an instance leaves a stranger alone that got its keeper's number", async () => {
  const id = await target.makeGateway("gateway");
  for (const process of processesOf(id)) signal(process, "SIGKILL");
  const stranger = spawn("/bin/sleep", ["600"]);
  const file = join(target.instanceFolder(id), "process.json");
  const keeper = JSON.parse(await readFile(file, "utf8"));
  await writeFile(file, JSON.stringify({ ...keeper, pid: stranger.pid }));

  await target.provider.compute.stopInstance(id);
  await target.provider.compute.deleteInstance(id);

  expect([stranger.exitCode, stranger.signalCode]).toEqual([null, null]);
  expect(await target.provider.compute.findInstance(id)).toBeUndefined();
  stranger.kill("SIGKILL");
});

test("deleting a gateway ends what it started, also in sessions of their own", async () => {
  await target.close();
  target = await openLocalTarget({
    gatewayCommand: ["/bin/sh", "-c", "setsid sleep 600 & sleep 600 & echo boot x; wait"],
  });
  const id = await target.makeGateway("gateway");
  const all = await until("all its processes", async () => {
    const seen = processesOf(id);
    return seen.length >= 4 ? seen : undefined;
  });

  await target.provider.compute.deleteInstance(id);

  expect(all.filter(isRunning)).toEqual([]);
});

test("an instance whose folder was removed behind our back ends", async () => {
  const id = await target.makeGateway("gateway");
  const daemon = await daemonOf(id);

  await rm(target.instanceFolder(id), { recursive: true });

  await until("its processes to end", async () =>
    processesOf(id).length === 0 ? true : undefined,
  );
  expect(isRunning(daemon)).toBe(false);
});

test("a gateway's log is cut when it has grown too long, and still shows its end", async () => {
  await target.close();
  target = await openLocalTarget({
    maxLogBytes: 100_000,
    gatewayCommand: ["/bin/sh", "-c", "seq 1 60000; echo the end; exec sleep 600"],
  });
  const id = await target.makeGateway("gateway");
  const log = join(target.instanceFolder(id), "console.log");

  await until("the log to be cut", async () =>
    (await readFile(`${log}.1`).catch(() => undefined)) === undefined ? undefined : true,
  );

  const shown = await target.provider.compute.readConsole(id);
  expect(shown.trimEnd().endsWith("the end")).toBe(true);
  expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(256 * 1024);
});
