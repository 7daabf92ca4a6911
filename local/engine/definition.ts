import { z } from "zod";
import type { Json } from "./payload.ts";

/**
 * The shape of a JSONata state machine: every field the engine implements, and no other. The schemas
 * are strict, so a field of JSONPath or one we do not implement is found by name.
 *
 * Source: https://states-language.net/spec.html and the Step Functions guide, "Amazon States Language".
 */

const json = z.custom<Json>(() => true);
const expression = z
  .string()
  .regex(/^\{%[\s\S]*%\}$/, "must be a number or {% a JSONata expression %}");
const stateName = z.string().min(1).max(80);
const seconds = (least: number) => z.int().min(least).max(99_999_999).or(expression);

const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,79}$/)
  .refine((name) => name !== "states", "states is reserved");
const assign = z.record(variableName, json);

const common = { Comment: z.string().optional(), QueryLanguage: z.literal("JSONata").optional() };
const transition = { Next: stateName.optional(), End: z.literal(true).optional() };
const errorEquals = z.array(z.string().min(1)).min(1);

const retrier = z.strictObject({
  Comment: z.string().optional(),
  ErrorEquals: errorEquals,
  IntervalSeconds: z.int().min(1).max(99_999_999).optional(),
  MaxAttempts: z.int().min(0).max(99_999_999).optional(),
  BackoffRate: z.number().min(1).optional(),
  MaxDelaySeconds: z.int().min(1).max(31_622_399).optional(),
  JitterStrategy: z.enum(["FULL", "NONE"]).optional(),
});
const catcher = z.strictObject({
  Comment: z.string().optional(),
  ErrorEquals: errorEquals,
  Next: stateName,
  Assign: assign.optional(),
  Output: json.optional(),
});
const failureHandling = { Retry: z.array(retrier).optional(), Catch: z.array(catcher).optional() };
const shaping = { Assign: assign.optional(), Output: json.optional() };

const taskState = z.strictObject({
  Type: z.literal("Task"),
  ...common,
  ...transition,
  ...shaping,
  ...failureHandling,
  Resource: z.string(),
  Arguments: json.optional(),
  TimeoutSeconds: seconds(1).optional(),
  HeartbeatSeconds: seconds(1).optional(),
});
const passState = z.strictObject({ Type: z.literal("Pass"), ...common, ...transition, ...shaping });
const waitState = z.strictObject({
  Type: z.literal("Wait"),
  ...common,
  ...transition,
  ...shaping,
  Seconds: seconds(0).optional(),
  Timestamp: z.string().optional(),
});
const choiceRule = z.strictObject({
  Comment: z.string().optional(),
  Condition: z.boolean().or(expression),
  Next: stateName,
  ...shaping,
});
const choiceState = z.strictObject({
  Type: z.literal("Choice"),
  ...common,
  ...shaping,
  Choices: z.array(choiceRule).min(1),
  Default: stateName.optional(),
});
const succeedState = z.strictObject({
  Type: z.literal("Succeed"),
  ...common,
  Output: json.optional(),
});
const failState = z.strictObject({
  Type: z.literal("Fail"),
  ...common,
  Error: z.string().optional(),
  Cause: z.string().optional(),
});
const parallelState = z.strictObject({
  Type: z.literal("Parallel"),
  ...common,
  ...transition,
  ...shaping,
  ...failureHandling,
  Arguments: json.optional(),
  Branches: z.array(z.lazy((): z.ZodType<Scope> => branch)).min(1),
});
const mapState = z.strictObject({
  Type: z.literal("Map"),
  ...common,
  ...transition,
  ...shaping,
  ...failureHandling,
  Items: z.array(json).or(expression).optional(),
  ItemSelector: json.optional(),
  ItemProcessor: z.lazy((): z.ZodType<ItemProcessor> => itemProcessor),
  Label: z.string().max(40).optional(),
  MaxConcurrency: z.int().min(0).or(expression).optional(),
  ToleratedFailureCount: z.int().min(0).or(expression).optional(),
  ToleratedFailurePercentage: z.number().min(0).max(100).or(expression).optional(),
});

const state = z.discriminatedUnion("Type", [
  taskState,
  passState,
  waitState,
  choiceState,
  succeedState,
  failState,
  parallelState,
  mapState,
]);

const scope = {
  Comment: z.string().optional(),
  StartAt: stateName,
  States: z.record(stateName, state),
};
const branch = z.strictObject(scope);
const itemProcessor = z.strictObject({
  ...scope,
  ProcessorConfig: z
    .discriminatedUnion("Mode", [
      z.strictObject({ Mode: z.literal("INLINE") }),
      z.strictObject({ Mode: z.literal("DISTRIBUTED"), ExecutionType: z.literal("STANDARD") }),
    ])
    .optional(),
});
export const definitionSchema = z.strictObject({
  ...scope,
  QueryLanguage: z.literal("JSONata"),
  Version: z.literal("1.0").optional(),
  TimeoutSeconds: z.int().min(1).max(99_999_999).optional(),
});

export type Retrier = z.output<typeof retrier>;
export type TaskState = z.output<typeof taskState>;
export type WaitState = z.output<typeof waitState>;
export type ChoiceState = z.output<typeof choiceState>;
export type FailState = z.output<typeof failState>;
export type ParallelState = z.output<typeof parallelState>;
export type MapState = z.output<typeof mapState>;
export type State =
  | TaskState
  | z.output<typeof passState>
  | WaitState
  | ChoiceState
  | z.output<typeof succeedState>
  | FailState
  | ParallelState
  | MapState;

/** A set of states with one entrance: the whole machine, a branch, or what a Map does to an item. */
export interface Scope {
  readonly Comment?: string | undefined;
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}
interface ItemProcessor extends Scope {
  readonly ProcessorConfig?: { readonly Mode: "INLINE" | "DISTRIBUTED" } | undefined;
}
export type Definition = z.output<typeof definitionSchema>;
