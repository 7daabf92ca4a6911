/** The state machines through the Step Functions API: AWS's own, or the local engine's on loopback. */
import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  InvalidToken,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
  TaskDoesNotExist,
  TaskTimedOut,
} from "@aws-sdk/client-sfn";
import { MigrationError } from "#domain/errors.ts";
import type { RunKind } from "#domain/records.ts";
import type { HistoryEntry, Machines } from "./deps.ts";

/** Limits of SendTaskFailure. Source: Step Functions API reference, SendTaskFailure. */
const longestError = 256;
const longestCause = 32_768;

/** @param machineArn of the state machine of a kind of run */
export function sfnMachines(client: SFNClient, machineArn: (kind: RunKind) => string): Machines {
  const executionArn = (kind: RunKind, name: string) =>
    `${machineArn(kind).replace(":stateMachine:", ":execution:")}:${name}`;

  return {
    async start(kind, name, input) {
      try {
        await client.send(
          new StartExecutionCommand({
            stateMachineArn: machineArn(kind),
            name,
            input: JSON.stringify(input),
          }),
        );
      } catch (error) {
        // The name is the run's id, so an execution of that name is this run, started before.
        if (!(error instanceof ExecutionAlreadyExists)) throw error;
      }
    },
    async status(kind, name) {
      try {
        const { status } = await client.send(
          new DescribeExecutionCommand({ executionArn: executionArn(kind, name) }),
        );
        return status === "RUNNING" || status === "PENDING_REDRIVE" ? "running" : "ended";
      } catch (error) {
        if (error instanceof ExecutionDoesNotExist) return undefined;
        throw error;
      }
    },
    async stop(kind, name, cause) {
      try {
        await client.send(
          new StopExecutionCommand({
            executionArn: executionArn(kind, name),
            error: "run.stopped",
            cause,
          }),
        );
      } catch (error) {
        // What never began, or is forgotten by now, is stopped.
        if (!(error instanceof ExecutionDoesNotExist)) throw error;
      }
    },
    history: (kind, name) => readHistory(client, executionArn(kind, name)),
    async succeed(taskToken, output) {
      await report(
        client.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) })),
      );
    },
    async fail(taskToken, error, cause) {
      await report(
        client.send(
          new SendTaskFailureCommand({
            taskToken,
            error: error.slice(0, longestError),
            cause: cause.slice(0, longestCause),
          }),
        ),
      );
    },
    async heartbeat(taskToken) {
      await report(client.send(new SendTaskHeartbeatCommand({ taskToken })));
    },
  };
}

/** @throws `record.not-found` when the task waits no more: it ended, ran out of time, or was stopped */
async function report(sent: Promise<unknown>): Promise<void> {
  try {
    await sent;
  } catch (cause) {
    if (
      cause instanceof TaskTimedOut ||
      cause instanceof TaskDoesNotExist ||
      cause instanceof InvalidToken
    ) {
      throw new MigrationError("record.not-found", { kind: "task", id: cause.name }, { cause });
    }
    throw cause;
  }
}

async function readHistory(client: SFNClient, executionArn: string): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  let nextToken: string | undefined;
  try {
    do {
      const page = await client.send(
        new GetExecutionHistoryCommand({ executionArn, nextToken, maxResults: 1000 }),
      );
      entries.push(...(page.events ?? []).map(entryOf));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  } catch (error) {
    if (!(error instanceof ExecutionDoesNotExist)) throw error;
  }
  return entries;
}

function entryOf(event: HistoryEvent): HistoryEntry {
  const state = event.stateEnteredEventDetails?.name ?? event.stateExitedEventDetails?.name;
  const failure =
    event.taskFailedEventDetails ??
    event.executionFailedEventDetails ??
    event.executionAbortedEventDetails ??
    event.taskTimedOutEventDetails ??
    event.executionTimedOutEventDetails;
  return {
    at: (event.timestamp ?? new Date(0)).toISOString(),
    type: event.type ?? "Unknown",
    ...(state === undefined ? {} : { state }),
    ...(failure?.error === undefined
      ? {}
      : { detail: [failure.error, failure.cause].filter(Boolean).join(": ") }),
  };
}
