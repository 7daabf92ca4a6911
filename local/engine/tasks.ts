import { functionNameOf } from "./arn.ts";
import { StateFailure } from "./failure.ts";
import { isObject, type Json } from "./payload.ts";

/** The resources a Task may name. Source: Step Functions guide, "Integrating services". */
export interface Resource {
  readonly kind: "function" | "invoke" | "execution";
  /** As history events name it. */
  readonly resourceType: string;
  readonly resource: string;
  readonly waitsForToken: boolean;
  /** The fields its Arguments may have; undefined when the Arguments are the payload itself. */
  readonly fields?: { readonly required: readonly string[]; readonly optional: readonly string[] };
}

const invokeFields = { required: ["FunctionName"], optional: ["Payload"] };

const integrations: Readonly<Record<string, Resource>> = {
  "arn:aws:states:::lambda:invoke": {
    kind: "invoke",
    resourceType: "lambda",
    resource: "invoke",
    waitsForToken: false,
    fields: invokeFields,
  },
  "arn:aws:states:::lambda:invoke.waitForTaskToken": {
    kind: "invoke",
    resourceType: "lambda",
    resource: "invoke.waitForTaskToken",
    waitsForToken: true,
    fields: invokeFields,
  },
  "arn:aws:states:::states:startExecution.sync:2": {
    kind: "execution",
    resourceType: "states",
    resource: "startExecution.sync:2",
    waitsForToken: false,
    fields: { required: ["StateMachineArn"], optional: ["Input", "Name"] },
  },
};

export function findResource(arn: string): Resource | undefined {
  if (/^arn:aws[\w-]*:lambda:[^:]*:[^:]*:function:[^:]+(:[^:]+)?$/.test(arn)) {
    return { kind: "function", resourceType: "lambda", resource: arn, waitsForToken: false };
  }
  return Object.hasOwn(integrations, arn) ? integrations[arn] : undefined;
}

export function resourceNames(): string {
  return [...Object.keys(integrations), "a Lambda function's ARN"].join(", ");
}

/** Names the first field of a task's Arguments that is missing or not implemented. */
export function findWrongArgument(resource: Resource, given: Json): string | undefined {
  if (resource.fields === undefined) return undefined;
  if (!isObject(given)) return "Arguments must be an object";
  const { required, optional } = resource.fields;
  const missing = required.find((name) => !Object.hasOwn(given, name));
  if (missing !== undefined) return `Arguments lack the field ${missing}`;
  const unknown = Object.keys(given).find((name) => ![...required, ...optional].includes(name));
  return unknown === undefined ? undefined : `the argument ${unknown} is not supported`;
}

/** What a task does, fixed before it is done, so that a crash repeats the same call. */
export type Call =
  | {
      readonly to: "function";
      readonly name: string;
      readonly payload: Json;
      /** Named by its own ARN, not through lambda:invoke: its answer is the result as it stands. */
      readonly isDirect: boolean;
    }
  | {
      readonly to: "execution";
      readonly machineArn: string;
      readonly name: string;
      readonly input: string;
    };

export function callOf(resource: Resource, arn: string, given: Json, uuid: () => string): Call {
  const wrong = findWrongArgument(resource, given);
  if (wrong !== undefined) throw new StateFailure({ error: "States.Runtime", cause: wrong });
  if (resource.kind === "function") {
    return { to: "function", name: functionNameOf(arn), payload: given, isDirect: true };
  }
  const fields = given as Record<string, Json>;
  if (resource.kind === "invoke") {
    return {
      to: "function",
      name: functionNameOf(String(fields.FunctionName)),
      payload: fields.Payload ?? {},
      isDirect: false,
    };
  }
  return {
    to: "execution",
    machineArn: String(fields.StateMachineArn),
    name: typeof fields.Name === "string" ? fields.Name : uuid(),
    input: JSON.stringify(fields.Input ?? {}),
  };
}

/** What `lambda:invoke` makes of a function's answer, without the HTTP metadata AWS adds. */
export function invokeResult(payload: Json): Json {
  return { ExecutedVersion: "$LATEST", Payload: payload, StatusCode: 200 };
}
