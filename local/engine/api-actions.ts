import { type ApiError, apiErrors } from "./api-errors.ts";
import type { Action, Request } from "./api-requests.ts";
import { executionArn, machineArn } from "./arn.ts";
import type { Clock } from "./clock.ts";
import { DefinitionError } from "./diagnostics.ts";
import { ExecutionNameTaken, type Executions } from "./executions.ts";
import type { Journal } from "./journal.ts";
import { loadMachine } from "./load.ts";
import { isTooLarge, type Json } from "./payload.ts";
import type { EventRecord, ExecutionRecord, MachineRecord } from "./records.ts";
import { completeTask, failTask } from "./states.ts";

/** What each action of the API does. Answers are in AWS's shape: times in seconds, fields left out. */

export interface Backstage {
  readonly journal: Journal;
  readonly executions: Executions;
  readonly clock: Clock;
  readonly uuid: () => string;
}

type Handlers = { [A in Action]: (request: Request<A>) => Json | Promise<Json> };

// Source: API reference: "The default is 100 and the maximum allowed page size is 1000. A value of
// 0 uses the default."
const defaultPage = 100;
// Source: RedriveExecution: within 14 days, and at most 1000 times.
const redrivableMs = 14 * 24 * 3_600_000;
const mostRedrives = 1_000;

export function apiActions({ journal, executions, clock, uuid }: Backstage): Handlers {
  function getMachine(arn: string): MachineRecord {
    requireArn(arn);
    const machine = journal.findMachine(arn);
    if (machine === undefined) throw apiErrors.noMachine(arn);
    return machine;
  }

  function getExecution(arn: string): ExecutionRecord {
    requireArn(arn);
    const execution = journal.findExecution(arn);
    if (execution === undefined) throw apiErrors.noExecution(arn);
    return execution;
  }

  function getTask(token: string) {
    const task = executions.findTask(token);
    if (task === undefined) throw apiErrors.invalidToken("Invalid token");
    if (task === "gone") throw apiErrors.taskGone();
    return task;
  }

  // What is read about a machine must still be so when it is written.
  let machineWrites: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = machineWrites.then(work);
    machineWrites = done.catch(() => {});
    return done;
  }

  async function createMachine(name: string, definition: string, roleArn: string): Promise<Json> {
    const arn = machineArn(name);
    const before = journal.findMachine(arn);
    if (before !== undefined) {
      const isEqual = before.definition === definition && before.roleArn === roleArn;
      if (!isEqual) throw apiErrors.machineExists(arn);
      return { stateMachineArn: arn, creationDate: seconds(before.createdAt) };
    }
    const now = clock.now();
    const times = { createdAt: now, updatedAt: now, revisionId: null };
    await journal.writeMachine({ arn, name, roleArn, definition, ...times });
    return { stateMachineArn: arn, creationDate: seconds(now) };
  }

  return {
    CreateStateMachine({ name, definition, roleArn, type }) {
      requireName(name);
      if (type === "EXPRESS") throw apiErrors.unsupportedType();
      requireDefinition(definition);
      return inTurn(() => createMachine(name, definition, roleArn));
    },

    UpdateStateMachine({ stateMachineArn, definition, roleArn, ...settings }) {
      getMachine(stateMachineArn);
      if (definition === undefined && roleArn === undefined && Object.keys(settings).length === 0) {
        throw apiErrors.missingParameter(
          "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
        );
      }
      if (definition !== undefined) requireDefinition(definition);
      return inTurn(async () => {
        const machine = getMachine(stateMachineArn);
        const changed = {
          ...machine,
          definition: definition ?? machine.definition,
          roleArn: roleArn ?? machine.roleArn,
          updatedAt: clock.now(),
          revisionId: uuid(),
        };
        await journal.writeMachine(changed);
        return { updateDate: seconds(changed.updatedAt), revisionId: changed.revisionId };
      });
    },

    DescribeStateMachine({ stateMachineArn }) {
      const machine = getMachine(stateMachineArn);
      return {
        stateMachineArn: machine.arn,
        name: machine.name,
        status: "ACTIVE",
        definition: machine.definition,
        roleArn: machine.roleArn,
        type: "STANDARD",
        creationDate: seconds(machine.createdAt),
        loggingConfiguration: { level: "OFF", includeExecutionData: false },
        tracingConfiguration: { enabled: false },
        ...(machine.revisionId === null ? {} : { revisionId: machine.revisionId }),
      };
    },

    /** Its running executions are stopped, as AWS does at their next state. */
    async DeleteStateMachine({ stateMachineArn }) {
      requireArn(stateMachineArn);
      await inTurn(() => journal.removeMachine(stateMachineArn));
      const cause = "The state machine was deleted";
      const running = executions.listRunningOf(stateMachineArn);
      await Promise.all(running.map((arn) => executions.stop(arn, { cause })));
      return {};
    },

    ListStateMachines({ maxResults, nextToken }) {
      const page = readPage(maxResults, nextToken, "");
      const machines = journal.listMachines(page.from, page.size + 1);
      return paged(
        machines,
        page.size,
        "stateMachines",
        (machine) => machine.arn,
        (machine) => ({
          stateMachineArn: machine.arn,
          name: machine.name,
          type: "STANDARD",
          creationDate: seconds(machine.createdAt),
        }),
      );
    },

    ValidateStateMachineDefinition({ definition, maxResults }) {
      const problems = diagnose(definition);
      const most = maxResults || 100;
      return {
        result: problems.length === 0 ? "OK" : "FAIL",
        diagnostics: problems.slice(0, most).map((each) => ({ severity: "ERROR", ...each })),
        truncated: problems.length > most,
      };
    },

    async StartExecution({ stateMachineArn, name = uuid(), input = "{}" }) {
      requireName(name);
      const machine = getMachine(stateMachineArn);
      requireInput(input);
      try {
        const { arn, startedAt } = await executions.begin(machine, name, input);
        return { executionArn: arn, startDate: seconds(startedAt) };
      } catch (thrown) {
        if (!(thrown instanceof ExecutionNameTaken)) throw thrown;
        throw apiErrors.executionExists(executionArn(machine.name, name));
      }
    },

    StartSyncExecution() {
      throw apiErrors.unsupportedType();
    },

    DescribeExecution({ executionArn: arn, includedData }) {
      const execution = getExecution(arn);
      const withData = includedData !== "METADATA_ONLY";
      return {
        ...listed(execution),
        ...(withData ? { input: execution.input, inputDetails: { included: true } } : {}),
        ...(withData && execution.output !== null
          ? { output: execution.output, outputDetails: { included: true } }
          : {}),
        ...(execution.error === null ? {} : { error: execution.error }),
        ...(execution.cause === null ? {} : { cause: execution.cause }),
        ...redriveStatus(execution, clock.now()),
      };
    },

    ListExecutions({ stateMachineArn, statusFilter, maxResults, nextToken }) {
      const { arn } = getMachine(stateMachineArn);
      const page = readPage(maxResults, nextToken, String(Number.MAX_SAFE_INTEGER));
      const before = readNumber(page.from);
      const found = journal.listExecutions(arn, statusFilter, before, page.size + 1);
      return paged(found, page.size, "executions", ({ id }) => String(id), listed);
    },

    GetExecutionHistory({
      executionArn: arn,
      maxResults,
      reverseOrder = false,
      nextToken,
      ...rest
    }) {
      const { id } = getExecution(arn);
      const start = String(reverseOrder ? Number.MAX_SAFE_INTEGER : 0);
      const page = readPage(maxResults, nextToken, start);
      const from = readNumber(page.from);
      const events = journal.listEvents(id, from, reverseOrder, page.size + 1);
      const withData = rest.includeExecutionData ?? true;
      return paged(
        events,
        page.size,
        "events",
        (event) => String(event.id),
        (event) => shown(event, withData),
      );
    },

    async StopExecution({ executionArn: arn, error, cause }) {
      getExecution(arn);
      const failure = {
        ...(error === undefined ? {} : { error }),
        ...(cause === undefined ? {} : { cause }),
      };
      await executions.stop(arn, failure);
      return { stopDate: seconds(getExecution(arn).stoppedAt ?? clock.now()) };
    },

    async RedriveExecution({ executionArn: arn }) {
      const execution = getExecution(arn);
      const now = clock.now();
      const { redriveStatus: status } = redriveStatus(execution, now);
      if (status !== "REDRIVABLE" || executions.find(arn) !== undefined) {
        throw apiErrors.notRedrivable(arn);
      }
      await executions.redrive(execution);
      return { redriveDate: seconds(now) };
    },

    async SendTaskSuccess({ taskToken, output }) {
      const { execution, branch, activity } = getTask(taskToken);
      const result = parsed(output, apiErrors.invalidOutput);
      const wasWaiting = await execution.answer(branch, activity, (progress) =>
        completeTask(progress, branch, result),
      );
      if (!wasWaiting) throw apiErrors.taskGone();
      return {};
    },

    async SendTaskFailure({ taskToken, error, cause }) {
      const { execution, branch, activity } = getTask(taskToken);
      const failure = {
        ...(error === undefined ? {} : { error }),
        ...(cause === undefined ? {} : { cause }),
      };
      const wasWaiting = await execution.answer(branch, activity, (progress) =>
        failTask(progress, branch, failure),
      );
      if (!wasWaiting) throw apiErrors.taskGone();
      return {};
    },

    async SendTaskHeartbeat({ taskToken }) {
      const { execution, branch, activity } = getTask(taskToken);
      const wasWaiting = await execution.answer(branch, activity, ({ tree, now }) => {
        if (activity.heartbeatMs === null) return;
        activity.heartbeatAt = now + activity.heartbeatMs;
        tree.touch(branch);
      });
      if (!wasWaiting) throw apiErrors.taskGone();
      return {};
    },
  };
}

function seconds(ms: number): number {
  return ms / 1_000;
}

function requireArn(arn: string): void {
  if (!/^arn:aws[\w-]*:states:[^:]*:\d{12}:(stateMachine|execution):.+$/.test(arn)) {
    throw apiErrors.invalidArn(arn);
  }
}

/** Source: API reference, "name": no white space, brackets, wildcards, quotes or control characters. */
function requireName(name: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]/.test(name)) {
    throw apiErrors.invalidName(name);
  }
}

function diagnose(definition: string) {
  try {
    loadMachine(definition);
    return [];
  } catch (thrown) {
    if (thrown instanceof DefinitionError) return thrown.diagnostics;
    throw thrown;
  }
}

function requireDefinition(definition: string): void {
  const problems = diagnose(definition);
  if (problems.length === 0) return;
  const words = problems.map((each) => `${each.code}: ${each.message} at ${each.location}`);
  throw apiErrors.invalidDefinition(words.join(", "));
}

function parsed(text: string, refuse: (problem: string) => ApiError): Json {
  if (isTooLarge(text)) throw apiErrors.invalid("The payload is larger than 262144 bytes");
  try {
    const value: Json = JSON.parse(text);
    // What is nested too deeply to be written again could not be kept.
    JSON.stringify(value);
    return value;
  } catch (thrown) {
    throw refuse((thrown as Error).message);
  }
}

function requireInput(input: string): void {
  parsed(input, apiErrors.invalidInput);
}

function listed(execution: ExecutionRecord): { [key: string]: Json } {
  return {
    executionArn: execution.arn,
    stateMachineArn: execution.machineArn,
    name: execution.name,
    status: execution.status,
    startDate: seconds(execution.startedAt),
    redriveCount: execution.redriveCount,
    ...(execution.stoppedAt === null ? {} : { stopDate: seconds(execution.stoppedAt) }),
    ...(execution.redrivenAt === null ? {} : { redriveDate: seconds(execution.redrivenAt) }),
  };
}

function redriveStatus(execution: ExecutionRecord, now: number): { [key: string]: Json } {
  const refused = (why: string) => ({ redriveStatus: "NOT_REDRIVABLE", redriveStatusReason: why });
  const { status, stoppedAt, redriveCount } = execution;
  if (status === "RUNNING" || status === "SUCCEEDED") {
    return refused(`Execution is ${status} and cannot be redriven`);
  }
  if (now - (stoppedAt ?? now) > redrivableMs) return refused("Execution ended over 14 days ago");
  if (redriveCount >= mostRedrives) return refused("Execution was redriven too often");
  return { redriveStatus: "REDRIVABLE" };
}

function shown(event: EventRecord, withData: boolean): Json {
  const members = Object.entries(event.details).map(([member, details]) => [
    member,
    withData ? details : withoutData(details),
  ]);
  return {
    timestamp: seconds(event.at),
    type: event.type,
    id: event.id,
    previousEventId: event.previousEventId,
    ...Object.fromEntries(members),
  };
}

const dataFields = new Set([
  "input",
  "inputDetails",
  "output",
  "outputDetails",
  "assignedVariables",
  "assignedVariablesDetails",
]);

function withoutData(details: Json): Json {
  const kept = Object.entries(details as object).filter(([name]) => !dataFields.has(name));
  return Object.fromEntries(kept);
}

function readPage(maxResults: number | undefined, nextToken: string | undefined, start: string) {
  const size = maxResults || defaultPage;
  if (nextToken === undefined) return { size, from: start };
  return { size, from: Buffer.from(nextToken, "base64url").toString() };
}

function readNumber(from: string): number {
  const value = Number(from);
  if (!Number.isSafeInteger(value)) throw apiErrors.invalidToken("Invalid token");
  return value;
}

/** One row more than the page was read, to know whether there is a next one. */
function paged<T>(
  rows: readonly T[],
  size: number,
  member: string,
  placeOf: (row: T) => string,
  show: (row: T) => Json,
): Json {
  const page = rows.slice(0, size);
  const last = page.at(-1);
  const nextToken =
    rows.length > size && last !== undefined
      ? { nextToken: Buffer.from(placeOf(last)).toString("base64url") }
      : {};
  return { [member]: page.map(show), ...nextToken };
}
