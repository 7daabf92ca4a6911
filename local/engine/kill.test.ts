import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  CreateStateMachineCommand,
  type HistoryEvent,
  SendTaskSuccessCommand,
  type SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { expect, test } from "vitest";
import { executionArn } from "./arn.ts";
import { startEngine } from "./engine.ts";
import { killOptions, main, nested, type Victim } from "./kill-machines.ts";
import { clientFor, readHistory, roleArn, temporaryFolder, waitForEnd } from "./test-kit.ts";

const arn = executionArn("main", "the-one");
const expected = { together: [2, "token", 7, "caught"], doubled: [2, 4, 6] };

/** All that an operator does, and may do again: make the machines, start, answer the token. */
async function drive(client: SFNClient, victim: Victim, signal: AbortSignal): Promise<void> {
  const create = (name: string, definition: object) =>
    client.send(
      new CreateStateMachineCommand({ name, definition: JSON.stringify(definition), roleArn }),
    );
  await create("nested", nested);
  const { stateMachineArn } = await create("main", main);
  const input = JSON.stringify({ numbers: [1, 2, 3] });
  await client
    .send(new StartExecutionCommand({ stateMachineArn, name: "the-one", input }))
    .catch((error: Error) => {
      if (error.name !== "ExecutionAlreadyExists") throw error;
    });
  const answered = new Set<string>();
  while (!signal.aborted) {
    for (const taskToken of tokensIn(victim.tokenFile)) {
      if (answered.has(taskToken)) continue;
      answered.add(taskToken);
      await client
        .send(new SendTaskSuccessCommand({ taskToken, output: '"token"' }))
        .catch((error: Error) => {
          if (error.name !== "TaskTimedOut") throw error;
        });
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function tokensIn(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
}

/** Runs until the execution has ended; true, or until the engine is gone: false. */
async function runUntilEnd(endpoint: string, victim: Victim): Promise<boolean> {
  const client = clientFor(endpoint);
  const stop = new AbortController();
  const driving = drive(client, victim, stop.signal);
  try {
    // Whichever fails first: both do when the engine is killed.
    await Promise.race([driving, driveToEnd(client)]);
    return true;
  } catch {
    return false;
  } finally {
    stop.abort();
    await driving.catch(() => {});
    client.destroy();
  }
}

async function driveToEnd(client: SFNClient): Promise<void> {
  for (;;) {
    try {
      await waitForEnd(client, arn);
      return;
    } catch (error) {
      if ((error as Error).name !== "ExecutionDoesNotExist") throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** True when the victim lived to see the end of the execution. */
async function runVictim(victim: Victim, killAt: number): Promise<boolean> {
  const file = fileURLToPath(new URL("kill-victim.ts", import.meta.url));
  const { journalFile, tokenFile, epochMs } = victim;
  const child = fork(file, [journalFile, tokenFile, String(epochMs), String(killAt)], {
    execArgv: [],
    // Two dozen processes load the same code: let them share the compiled form.
    env: { ...process.env, NODE_COMPILE_CACHE: join(dirname(journalFile), "compiled") },
  });
  const exited = once(child, "exit");
  const endpoint = await Promise.race([
    once(child, "message").then(([message]) => String(message)),
    exited.then(() => undefined),
  ]);
  const lived = endpoint !== undefined && (await runUntilEnd(endpoint, victim));
  if (lived) child.disconnect();
  await exited;
  return lived;
}

/** What happened, in no order: a kill may change the order of branches, but nothing else. */
function happenings(events: readonly HistoryEvent[]): string[] {
  return events
    .filter((event) => event.type !== "TaskSubmitted")
    .map((event) => {
      const details = event.stateEnteredEventDetails ?? event.stateExitedEventDetails;
      return `${event.type} ${details?.name ?? ""}`;
    })
    .toSorted();
}

function expectSound(events: readonly HistoryEvent[]): void {
  expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
  for (const { id = 0, previousEventId = 0 } of events) expect(previousEventId).toBeLessThan(id);
  expect(events.at(0)?.type).toBe("ExecutionStarted");
  expect(events.at(-1)?.type).toBe("ExecutionSucceeded");
}

async function finish(victim: Victim): Promise<HistoryEvent[]> {
  const engine = await startEngine(killOptions(victim));
  const client = clientFor(engine.endpoint);
  try {
    expect(await runUntilEnd(engine.endpoint, victim)).toBe(true);
    expect(await waitForEnd(client, arn)).toMatchObject({ status: "SUCCEEDED", output: expected });
    return await readHistory(client, arn);
  } finally {
    client.destroy();
    await engine.close();
  }
}

test("killed after any write to the journal, an execution ends as if nothing had happened", async () => {
  const folder = await temporaryFolder();
  const victimOf = (name: string): Victim => ({
    journalFile: join(folder, `${name}.sqlite`),
    tokenFile: join(folder, `${name}.tokens`),
    epochMs: Date.now(),
  });
  const undisturbed = happenings(await finish(victimOf("undisturbed")));

  let kills = 0;
  let lived = false;
  // Two at a time: each spends most of its time waiting.
  async function killOneAfterAnother(): Promise<void> {
    while (!lived) {
      const killAt = ++kills;
      const victim = victimOf(String(killAt));
      const didLive = await runVictim(victim, killAt);
      lived ||= didLive;
      const events = await finish(victim);
      expectSound(events);
      expect(happenings(events), `killed after write ${killAt}`).toEqual(undisturbed);
    }
  }
  await Promise.all([killOneAfterAnother(), killOneAfterAnother()]);

  expect(kills).toBeGreaterThan(15);
}, 120_000);
