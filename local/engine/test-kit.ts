import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { onTestFinished } from "vitest";
import { runningClock } from "./clock.ts";
import { type Engine, type EngineOptions, startEngine } from "./engine.ts";

/** An engine for one test, driven through AWS's own client. */

export const roleArn = "arn:aws:iam::000000000000:role/states";
export const invoke = "arn:aws:states:::lambda:invoke";
export const invokeWithToken = `${invoke}.waitForTaskToken`;
export const startNested = "arn:aws:states:::states:startExecution.sync:2";

/** Fifty seconds a second, so that tests may wait as long as machines do. */
export const fastClock = runningClock(50, Date.now());

export type Handler = (payload: never, signal: AbortSignal) => unknown;

export interface Kit {
  readonly client: SFNClient;
  readonly engine: Engine;
  readonly journalFile: string;
  /** Makes a machine of these states and returns its ARN. */
  create(definition: object, name?: string): Promise<string>;
  start(machineArn: string, input?: unknown, name?: string): Promise<string>;
  /** Makes, starts and waits for the end. */
  run(definition: object, input?: unknown): Promise<Ended>;
  ended(executionArn: string): Promise<Ended>;
  history(executionArn: string): Promise<HistoryEvent[]>;
  /** Another engine on the same journal, after the first has closed. */
  restart(handlers?: Record<string, Handler>): Promise<Kit>;
}

export interface Ended {
  readonly arn: string;
  readonly status: DescribeExecutionOutput["status"];
  readonly output: unknown;
  readonly error: string | undefined;
  readonly cause: string | undefined;
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "engine-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function clientFor(endpoint: string): SFNClient {
  return new SFNClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "any", secretAccessKey: "any" },
    maxAttempts: 1,
  });
}

export async function startKit(
  handlers: Record<string, Handler> = {},
  options: Partial<EngineOptions> = {},
): Promise<Kit> {
  const journalFile = options.journalFile ?? join(await temporaryFolder(), "journal.sqlite");
  const engine = await startEngine({
    invoke: async (name, payload, signal) => {
      const handler = handlers[name];
      if (handler === undefined) throw new Error(`no function ${name}`);
      return handler(payload as never, signal);
    },
    clock: fastClock,
    ...options,
    journalFile,
  });
  const client = clientFor(engine.endpoint);
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    client.destroy();
    await engine.close();
  };
  onTestFinished(close);
  let count = 0;

  const kit: Kit = {
    client,
    engine,
    journalFile,
    async create(definition, name = `machine-${++count}`) {
      const text = JSON.stringify({ QueryLanguage: "JSONata", ...definition });
      const made = await client.send(
        new CreateStateMachineCommand({ name, definition: text, roleArn }),
      );
      return made.stateMachineArn ?? "";
    },
    async start(stateMachineArn, input = {}, name) {
      const started = await client.send(
        new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input), name }),
      );
      return started.executionArn ?? "";
    },
    async run(definition, input) {
      return kit.ended(await kit.start(await kit.create(definition), input));
    },
    ended: (executionArn) => waitForEnd(client, executionArn),
    history: (executionArn) => readHistory(client, executionArn),
    async restart(others = handlers) {
      await close();
      return startKit(others, { ...options, journalFile });
    },
  };
  return kit;
}

export async function waitForEnd(client: SFNClient, executionArn: string): Promise<Ended> {
  for (;;) {
    const found = await client.send(new DescribeExecutionCommand({ executionArn }));
    if (found.status !== "RUNNING") {
      const { status, error, cause } = found;
      const output = found.output === undefined ? undefined : JSON.parse(found.output);
      return { arn: executionArn, status, output, error, cause };
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function readHistory(
  client: SFNClient,
  executionArn: string,
): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000, nextToken }),
    );
    events.push(...(page.events ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return events;
}

/** Waits until something is there, such as a token that a handler noted. */
export async function eventually<T>(
  find: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
