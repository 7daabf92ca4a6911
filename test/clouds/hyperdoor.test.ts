import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createIdentity } from "#dataplane/wire/identity.ts";
import type { Deps } from "#functions/deps.ts";
import { hyperDoorOrdersFor, noteCopy } from "#functions/hyperdoor.ts";
import { copySystemDisk } from "#functions/steps/copy-system-disk/index.ts";
import { openMachinesDoor } from "#local/listen.ts";
import type { Provider } from "#providers/provider.ts";
import { until } from "../e2e/site.ts";
import { openTestConsole, registerAgent, type TestConsole } from "../fixtures/console.ts";
import { type HyperDoors, openHyperDoors } from "./hyperdoor.ts";

const MiB = 1024 ** 2;
const runId = "run-1";
let folder: string;
let console: TestConsole;
let deps: Deps;
let serverId: string;
let machinesDoor: Awaited<ReturnType<typeof openMachinesDoor>>;
let doors: HyperDoors;

const path = (id: string) => join(folder, id);
/** Ends after the boot sector, in the middle of what HyperDoor copies last, and in the middle of a page. */
const disk = Buffer.concat([randomBytes(MiB), Buffer.alloc(2 * MiB), randomBytes(MiB + 512)]);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-door-"));
  console = await openTestConsole();
  const identity = await createIdentity("console");
  machinesDoor = await openMachinesDoor(
    { host: "127.0.0.1", port: 0 },
    (request) => console.fetch(new URL(request.url).pathname, request),
    identity,
  );
  const url = `https://127.0.0.1:${machinesDoor.port}`;
  deps = {
    ...console.deps,
    console: { ...console.deps.console, url, fingerprint: identity.fingerprint },
  };
  ({ serverId } = await registerAgent(console));
  await deps.store.targets.create({
    ...{ id: "tgt-1", name: "t", platform: "local", config: { folder: join(folder, "target") } },
    ...{ maxGateways: 1, gatewayIdleMinutes: 30, gatewayIds: [], gatewaysMade: 0 },
  });
  await deps.store.servers.update(serverId, (server) => ({
    ...server,
    targetId: "tgt-1",
    launches: [
      {
        ...{ kind: "test", runId, instanceType: "nvme", repaired: true, instanceId: "ins-1" },
        ...{ volumeIds: ["clone", "data"], launchedAt: deps.now().toISOString() },
      },
    ],
  }));
  await deps.store.runs.create({
    ...{ id: runId, kind: "launch-server", serverId, state: "running", input: {} },
  });
  await writeFile(path("clone"), disk);
  await truncate(path("clone"), 8 * MiB);
  // Of another life: nothing of it may stay.
  await writeFile(path("system"), randomBytes(16 * MiB));
  doors = openHyperDoors({ pathOf: path });
});

afterEach(async () => {
  await doors.close();
  await machinesDoor.close();
  await console.close();
  await rm(folder, { recursive: true });
});

function launched(attached: string[], boot: () => Promise<void>) {
  const orders = hyperDoorOrdersFor(deps, runId, {
    volumeBytes: 8 * MiB,
    diskBytes: disk.length,
  });
  return {
    ...{ id: "ins-1", systemVolumeId: "system", userData: JSON.stringify(orders) },
    attached: () => attached,
    boot,
  };
}

const copyOf = async () =>
  (await deps.store.servers.get(serverId)).launches.find((one) => one.runId === runId)?.copy;

async function expectCopied(): Promise<void> {
  const system = await readFile(path("system"));
  expect(system.subarray(0, disk.length).equals(disk)).toBe(true);
}

test("HyperDoor copies the clone over its own disk, tells the waiting task, and restarts when it is let go", async () => {
  const attached = ["clone"];
  let bootedWith: string[] | undefined;
  doors.start(
    launched(attached, async () => {
      bootedWith = [...attached];
    }),
  );
  await copySystemDisk({ runId, serverId, taskToken: "first-token-of-the-task" }, deps);

  await until("the task to be told", async () => console.machines.of("succeed")[0]);
  await expectCopied();
  expect(doors.isOpen("ins-1")).toBe(true);
  attached.splice(0, 1, "data");
  await noteCopy(deps, serverId, runId, (copy) => ({
    ...copy,
    releasedAt: deps.now().toISOString(),
  }));

  await until("the restart", async () => !doors.isOpen("ins-1"));
  expect(bootedWith).toEqual(["data"]);
  expect(await copyOf()).toMatchObject({ starts: 1, restartedAt: expect.any(String) });
  const told = await deps.store.events.list(serverId, { limit: 100 });
  expect(told.map(({ type }) => type)).toEqual(
    expect.arrayContaining(["hyperdoor.started", "hyperdoor.copied"]),
  );
});

test("after its power was cut HyperDoor comes again and ends well, for a task that was tried again meanwhile", async () => {
  await copySystemDisk({ runId, serverId, taskToken: "token-that-runs-out" }, deps);
  const attached: string[] = [];
  doors.start(launched(attached, async () => {}));
  await until("the first start", async () => ((await copyOf())?.starts ?? 0) > 0);
  console.machines.deadTokens.add("token-that-runs-out");
  attached.push("clone");
  await doors.reset("ins-1");
  await copySystemDisk({ runId, serverId, taskToken: "second-token" }, deps);

  const told = await until("the task to be told", async () => console.machines.of("succeed")[0]);

  expect(told.args[0]).toBe("second-token");
  expect((await copyOf())?.starts).toBeGreaterThan(1);
  await expectCopied();
});

test("a disk that is smaller than the clone's is refused before anything is written, and the task fails by that name", async () => {
  await truncate(path("system"), 2 * MiB);
  const before = await readFile(path("system"));
  await copySystemDisk({ runId, serverId, taskToken: "token" }, deps);
  doors.start(launched(["clone"], async () => {}));

  const told = await until("the task to fail", async () => console.machines.of("fail")[0]);

  expect(told.args).toEqual(["token", "volume.too-small", expect.stringContaining("4")]);
  expect((await readFile(path("system"))).equals(before)).toBe(true);
});

test("HyperDoor that starts where the copied system should have is told to stop, and the launch knows (R-188)", async () => {
  await copySystemDisk({ runId, serverId, taskToken: "token" }, deps);
  await noteCopy(deps, serverId, runId, (copy) => ({
    ...copy,
    copiedAt: deps.now().toISOString(),
    releasedAt: deps.now().toISOString(),
    restartedAt: deps.now().toISOString(),
  }));
  doors.start(launched(["data"], async () => {}));

  await until("the launch to know", async () => (await copyOf())?.reenteredAt);

  await until("its word", async () => doors.console("ins-1").includes("nobody waits"));
  expect(doors.isOpen("ins-1")).toBe(true);
});

test("HyperDoor that never says anything fails the launch, with the console's last line", async () => {
  await copySystemDisk({ runId, serverId, taskToken: "token" }, deps);
  console.pass(16 * 60);

  const compute = {
    readConsole: async () => "HyperDoor: begins\r\nHyperDoor: no way to 10.0.0.5\r\n",
  };
  const shown = {
    ...deps,
    providerFor: async () => ({ compute }) as unknown as Provider,
  };

  const again = copySystemDisk({ runId, serverId, taskToken: "token-2" }, shown);

  await expect(again).rejects.toMatchObject({
    code: "hyperdoor.silent",
    params: { seen: "HyperDoor: no way to 10.0.0.5", minutes: 16 },
  });
});

test("a stranger's code is nobody's, and a person's session is no code", async () => {
  const person = await console.personOf("administrator");
  const body = { state: "started", memoryBytes: 1, systemBytes: 1 };

  for (const token of ["x".repeat(43), person]) {
    const answer = await console.call("POST", "/v1/hyperdoor", { body, token });
    expect([answer.status, answer.body.error.code]).toEqual([404, "record.not-found"]);
  }
  const nobody = await console.call("POST", "/v1/hyperdoor", { body });
  expect([nobody.status, nobody.body.error.code]).toEqual([401, "auth.required"]);
});
