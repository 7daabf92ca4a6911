/** One operator, one console, one agent: what the demo asks of the product, through its API. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Client, openClient } from "#api/client.ts";
import type { RunDetails } from "#api/runs.ts";
import { errorFromFacts } from "#domain/errors.ts";
import type { Standalone } from "../standalone.ts";
import type { StepView } from "./show.ts";

const agentProgram = fileURLToPath(
  new URL("../../dataplane/agent/hypermotion-agent.mjs", import.meta.url),
);

/** Logs in with the one-time password of the first start, and changes it, as everyone has to. */
export async function loggedIn(standalone: Standalone): Promise<Client> {
  let token: string | undefined;
  const client = openClient({ baseUrl: standalone.url, token: () => token });
  const first = standalone.newPassword;
  if (first === undefined) throw new Error("the demo's console is not a new one");
  token = (await client.login(first.user, first.password)).token;
  const changed = await client.changePassword(
    first.password,
    randomBytes(18).toString("base64url"),
  );
  token = changed.token;
  return client;
}

export interface Agent {
  stop(): Promise<void>;
}

/** Starts the agent as a user would; its output goes to a file. */
export function startAgent(
  folder: string,
  code: { code: string; consoleUrl: string },
  disks: readonly { name: string; path: string }[],
): Agent {
  const log = createWriteStream(join(folder, "agent.log"));
  const child: ChildProcess = spawn(
    process.execPath,
    [
      agentProgram,
      ...["--console", code.consoleUrl, "--code", code.code, "--name", "old-server"],
      ...["--state", join(folder, "agent")],
      ...disks.flatMap(({ name, path }) => ["--disk", `${name}=${path}`]),
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  return {
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

export async function registeredServer(client: Client): Promise<string> {
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    for await (const server of client.listServers()) return server.id;
    await sleep(200);
  }
  throw new Error("the agent did not register within a minute; see agent.log in the demo's folder");
}

/** Shows a run until it ends. @returns it, however it ended */
export async function followRun(
  client: Client,
  runId: string,
  serverId: string,
  view: StepView,
): Promise<RunDetails> {
  for (;;) {
    const run = await client.getRun(runId);
    if (run.state !== "running") return run;
    const { replication } = await client.getServer(serverId);
    const copying = run.step === "sync" && replication.status !== "idle";
    view.update({
      doing: run.waitsFor ?? run.step ?? "",
      ...(copying
        ? {
            doneBytes: replication.doneBytes,
            totalBytes: replication.totalBytes,
            rateBytesPerSecond: replication.rateBytesPerSecond,
          }
        : {}),
    });
    await sleep(300);
  }
}

/** @throws the run's own error when it failed */
export async function succeed(
  client: Client,
  started: Promise<{ id: string }>,
  serverId: string,
  view: StepView,
): Promise<RunDetails> {
  const run = await followRun(client, (await started).id, serverId, view);
  if (run.state === "succeeded") return run;
  if (run.error !== undefined) throw errorFromFacts(run.error);
  throw new Error(`${run.kind} ${run.id} ${run.state}`);
}

/** Entered states, and every try of a task beyond its first: what AWS charges. */
export function countTransitions(history: readonly { type: string }[]): number {
  const count = (type: RegExp) => history.filter((entry) => type.test(entry.type)).length;
  const tries = count(/^(Task|LambdaFunction)Scheduled$/);
  return count(/StateEntered$/) + Math.max(0, tries - count(/^TaskStateEntered$/));
}
