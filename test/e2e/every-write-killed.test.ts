import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { errorFromFacts } from "#domain/errors.ts";
import {
  buildSite,
  copies,
  Operator,
  type RunningProcess,
  readJson,
  removeSite,
  runNode,
  type Site,
  sha256,
  startAgent,
  until,
} from "./site.ts";

let site: Site;
let agent: RunningProcess | undefined;
let console: RunningProcess | undefined;

afterEach(async () => {
  await agent?.kill("SIGTERM");
  await console?.kill("SIGKILL");
  await endInstances(site);
  await removeSite(site);
});

/** Ends gateways and servers that a failed test left, by the processes whose folder is this site's. */
async function endInstances({ targetFolder }: Site): Promise<void> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const command = await readCommand(pid);
    if (command.includes(targetFolder)) process.kill(Number(pid), "SIGKILL");
  }
}

async function readCommand(pid: string): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  // A process that ended meanwhile has no command any more.
  return readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
}

const consoleProgram = "test/e2e/console-process.ts";

/** Starts a console and waits until it is up or dead. */
async function startConsole(dieAfterWrites?: number): Promise<RunningProcess> {
  const started = runNode([
    consoleProgram,
    ...["--data", join(site.folder, "console")],
    ...(dieAfterWrites === undefined ? [] : ["--die-after-writes", String(dieAfterWrites)]),
  ]);
  console = started;
  await until("the console to be up or dead", async () => {
    return (
      started.output().includes("\n") ||
      started.child.exitCode !== null ||
      started.child.signalCode !== null
    );
  });
  return started;
}

async function urlOfConsole(): Promise<string> {
  return (await readJson<{ url: string }>(join(site.folder, "console", "console.json"))).url;
}

test("a console killed after every single write of a migration ends where an undisturbed one ends", async () => {
  site = await buildSite();
  const first = await startConsole();
  const { url, newPassword } = JSON.parse(first.output());
  let address = url as string;
  const operator = new Operator(() => address);
  await operator.login(newPassword.user, newPassword.password);
  const targetId = await operator.addLocalTarget(site);
  const { code, consoleUrl } = await operator.registrationCode();
  agent = startAgent(site, { url: consoleUrl }, code);
  const { id: serverId } = await until(
    "the server to register",
    async () => (await operator.servers())[0],
  );

  /** Starts a run and kills the console at each of its writes until the run has ended. */
  async function dieThrough(
    start: () => Promise<string>,
  ): Promise<{ runId: string; deaths: number }> {
    await console?.kill("SIGKILL");
    let deaths = 0;
    let runId: string | undefined;
    for (;;) {
      const life = await startConsole(1);
      const died = once(life.child, "exit");
      const isDead = () => life.child.exitCode !== null || life.child.signalCode !== null;
      address = await urlOfConsole();
      let ended = false;
      while (!isDead() && !ended) {
        try {
          if (runId === undefined) runId = await latestRun(operator, serverId, start);
          ended = runId !== undefined && (await operator.run(runId)).state !== "running";
        } catch {
          // It died while it was asked. That is the test.
        }
        await Promise.race([died, new Promise((resolve) => setTimeout(resolve, 100))]);
      }
      if (ended && runId !== undefined) {
        await life.kill("SIGKILL");
        return { runId, deaths };
      }
      deaths += 1;
      expect(deaths, life.output()).toBeLessThan(600);
    }
  }

  const migration = await dieThrough(() =>
    operator.start(serverId, "migrate", { targetId, launch: { kind: "cutover", repair: false } }),
  );
  await startConsole();
  address = await urlOfConsole();
  const run = await operator.run(migration.runId);
  if (run.error !== undefined) throw errorFromFacts(run.error);
  const server = await operator.server(serverId);
  const exact = await Promise.all(
    copies(site, server).map(async ({ disk, volume, sizeBytes }) => {
      return (await sha256(disk)) === (await sha256(volume, sizeBytes));
    }),
  );
  const instances = await readdir(join(site.targetFolder, "instances"));
  const volumes = await readdir(join(site.targetFolder, "volumes"));
  const snapshots = await readdir(join(site.targetFolder, "snapshots"));

  expect(run.state).toBe("succeeded");
  expect(server.state).toBe("cut-over");
  expect(server.activeRunId).toBeUndefined();
  expect(exact).toEqual([true, true]);
  // Nothing doubled: one gateway, one launched server; a replica and a clone of each disk; two recovery points.
  expect(instances.filter((name) => name.endsWith(".json"))).toHaveLength(2);
  expect(volumes.filter((name) => name.endsWith(".json"))).toHaveLength(4);
  expect(snapshots.filter((name) => name.endsWith(".json"))).toHaveLength(4);
  expect(new Set(run.history.filter(({ type }) => type === "ExecutionSucceeded")).size).toBe(1);
  // It did die at every write: there is at least one for each of the states that were entered.
  const nested = await Promise.all(
    ["gateway", "launch"].map((name) => operator.run(`${run.id}-${name}`)),
  );
  const entered = [run, ...nested].flatMap(({ history }) =>
    history.filter(({ type }) => type.endsWith("StateEntered")),
  );
  expect(migration.deaths).toBeGreaterThanOrEqual(entered.length);

  const cleaning = await dieThrough(() => operator.start(serverId, "clean-up"));
  await startConsole();
  address = await urlOfConsole();
  const cleaned = await operator.run(cleaning.runId);
  const left = await readdir(join(site.targetFolder, "volumes"));

  expect(cleaned.error).toBeUndefined();
  expect(cleaned.state).toBe("succeeded");
  expect((await operator.server(serverId)).state).toBe("finalized");
  expect(left.filter((name) => name.endsWith(".json"))).toHaveLength(2);
  expect(await readdir(join(site.targetFolder, "snapshots"))).toEqual([]);
}, 900_000);

/** The run that an interrupted call may have begun; else begins it. */
async function latestRun(
  operator: Operator,
  serverId: string,
  start: () => Promise<string>,
): Promise<string | undefined> {
  const { items } = await operator.call<{
    items: { id: string; state: string; parentRunId?: string }[];
  }>("GET", `/v1/runs?serverId=${serverId}&state=running`);
  const begun = items.find((run) => run.parentRunId === undefined);
  return begun?.id ?? (await start());
}
