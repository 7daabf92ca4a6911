import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { RunDetails } from "#api/runs.ts";
import {
  buildSite,
  Operator,
  type RunningProcess,
  readJson,
  removeSite,
  runNode,
  type Site,
  startAgent,
  until,
} from "./site.ts";

let site: Site;
let agent: RunningProcess | undefined;
let console: RunningProcess | undefined;

afterEach(async () => {
  await agent?.kill("SIGTERM");
  await console?.kill("SIGKILL");
  await endGateways();
  await removeSite(site);
});

/** What a failed test left running, known by its folder. */
async function endGateways(): Promise<void> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    // A process that ended meanwhile has no command any more.
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (command.includes(site.targetFolder)) process.kill(Number(pid), "SIGKILL");
  }
}

const isDead = ({ child }: RunningProcess) => child.exitCode !== null || child.signalCode !== null;

async function startConsole(...args: string[]): Promise<RunningProcess> {
  const folder = join(site.folder, "console");
  const started = runNode(["test/e2e/console-process.ts", "--data", folder, ...args]);
  console = started;
  await until(
    "the console to be up or dead",
    async () => started.output().includes("\n") || isDead(started),
  );
  return started;
}

test("a check goes on through a console that is killed at each of its writes, and leaves what was there before", async () => {
  site = await buildSite();
  const first = await startConsole();
  const { url, newPassword } = JSON.parse(first.output());
  let address = url as string;
  const operator = new Operator(() => address);
  await operator.login(newPassword.user, newPassword.password);
  const targetId = await operator.addLocalTarget(site);
  const { code, consoleUrl } = await operator.registrationCode();
  agent = startAgent(site, { url: consoleUrl }, code);
  const [server] = await until("the server to register", async () => {
    const servers = await operator.servers();
    return servers.length > 0 && servers;
  });
  await operator.succeeded(await operator.start(server?.id ?? "", "migrate", { targetId }));
  const volumes = () => readdir(join(site.targetFolder, "volumes"));
  const snapshots = () => readdir(join(site.targetFolder, "snapshots"));
  const before = [await volumes(), await snapshots()];
  await first.kill("SIGTERM");

  let deaths = 0;
  let run: RunDetails | undefined;
  while (run?.state !== "succeeded") {
    const life = await startConsole("--die-after-writes", "1");
    const died = once(life.child, "exit");
    address = (await readJson<{ url: string }>(join(site.folder, "console", "console.json"))).url;
    while (!isDead(life) && run?.state !== "succeeded") {
      try {
        const { items } = await operator.call<{ items: RunDetails[] }>("GET", "/v1/runs");
        const begun = items.find(({ kind }) => kind === "check-target");
        if (begun === undefined) {
          await operator.call("POST", `/v1/targets/${targetId}/deep-check`);
        } else run = (await operator.run(begun.id)) as unknown as RunDetails;
      } catch {
        // It died while it was asked. That is the test.
      }
      await Promise.race([died, new Promise((resolve) => setTimeout(resolve, 100))]);
    }
    if (isDead(life)) deaths += 1;
    else await life.kill("SIGTERM");
    expect(run?.state, JSON.stringify(run?.error)).not.toBe("failed");
    expect(deaths, life.output()).toBeLessThan(200);
  }
  await startConsole();
  address = (await readJson<{ url: string }>(join(site.folder, "console", "console.json"))).url;

  const results = run.checked?.filter(({ part }) => part !== "gateway-size");
  expect(results?.map(({ result }) => result)).toEqual(Array(8).fill("proved"));
  expect([await volumes(), await snapshots()]).toEqual(before);
  const [gateway] = (
    await operator.call<{ items: { slots: Record<string, string> }[] }>("GET", "/v1/gateways")
  ).items;
  expect(new Set(Object.values(gateway?.slots ?? {}))).toEqual(new Set([server?.id]));
  // Once at least for each of its steps.
  const steps = run.history.filter(({ type }) => type === "TaskStateEntered");
  expect(steps).toHaveLength(7);
  expect(deaths).toBeGreaterThanOrEqual(steps.length);
  await operator.succeeded(await operator.start(server?.id ?? "", "clean-up"));
}, 600_000);
