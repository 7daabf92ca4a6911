import { z } from "zod";
import { maxDefinitionBytes } from "./load.ts";
import { maxPayloadBytes } from "./payload.ts";

/** What a client may ask. Source: Step Functions API reference; a field not named here is refused. */

const arn = z.string().min(1).max(256);
const name = z.string().min(1).max(80);
const definition = z.string().min(1).max(maxDefinitionBytes);
const roleArn = z.string().min(1).max(256);
const payload = z.string().max(maxPayloadBytes);
const pageSize = z.int().min(0).max(1_000).optional();
const pageToken = z.string().min(1).max(1_024).optional();
const error = z.string().max(256).optional();
const cause = z.string().max(32_768).optional();
const token = z.string().min(1).max(2_048);
// The engine keeps no logs and traces of its own; what clients send by default is let through.
const noLogging = z.looseObject({ level: z.literal("OFF").optional() }).optional();
const noTracing = z.strictObject({ enabled: z.literal(false).optional() }).optional();
const settings = { loggingConfiguration: noLogging, tracingConfiguration: noTracing };
const includedData = z.enum(["ALL_DATA", "METADATA_ONLY"]).optional();
const machineType = z.enum(["STANDARD", "EXPRESS"]).optional();

export const requests = {
  CreateStateMachine: z.strictObject({
    name,
    definition,
    roleArn,
    type: machineType,
    publish: z.literal(false).optional(),
    ...settings,
  }),
  UpdateStateMachine: z.strictObject({
    stateMachineArn: arn,
    definition: definition.optional(),
    roleArn: roleArn.optional(),
    publish: z.literal(false).optional(),
    ...settings,
  }),
  DescribeStateMachine: z.strictObject({ stateMachineArn: arn, includedData }),
  DeleteStateMachine: z.strictObject({ stateMachineArn: arn }),
  ListStateMachines: z.strictObject({ maxResults: pageSize, nextToken: pageToken }),
  ValidateStateMachineDefinition: z.strictObject({
    definition: z.string().max(maxDefinitionBytes),
    type: machineType,
    severity: z.enum(["ERROR", "WARNING"]).optional(),
    maxResults: z.int().min(0).max(100).optional(),
  }),
  StartExecution: z.strictObject({
    stateMachineArn: arn,
    name: name.optional(),
    input: payload.optional(),
    traceHeader: z.string().max(256).optional(),
  }),
  StartSyncExecution: z.looseObject({}),
  DescribeExecution: z.strictObject({ executionArn: arn, includedData }),
  ListExecutions: z.strictObject({
    stateMachineArn: arn,
    statusFilter: z.enum(["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]).optional(),
    maxResults: pageSize,
    nextToken: pageToken,
  }),
  GetExecutionHistory: z.strictObject({
    executionArn: arn,
    maxResults: pageSize,
    reverseOrder: z.boolean().optional(),
    nextToken: pageToken,
    includeExecutionData: z.boolean().optional(),
  }),
  StopExecution: z.strictObject({ executionArn: arn, error, cause }),
  RedriveExecution: z.strictObject({
    executionArn: arn,
    clientToken: z.string().max(64).optional(),
  }),
  SendTaskSuccess: z.strictObject({ taskToken: token, output: payload }),
  SendTaskFailure: z.strictObject({ taskToken: token, error, cause }),
  SendTaskHeartbeat: z.strictObject({ taskToken: token }),
};

export type Action = keyof typeof requests;
export type Request<A extends Action> = z.output<(typeof requests)[A]>;
