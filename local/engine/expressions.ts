import jsonata from "jsonata";
import { StateFailure } from "./failure.ts";
import type { JsonataFunctions } from "./jsonata-functions.ts";
import { isObject, type Json } from "./payload.ts";

/**
 * JSONata as Step Functions runs it: `{% … %}` strings anywhere inside a field are replaced by their
 * values, everything else is taken as it stands. Expressions are compiled once per definition.
 */
export type Expressions = ReadonlyMap<string, jsonata.Expression>;

/** What an expression sees: `$states` and the variables in reach. */
export interface Bindings {
  readonly states: Json;
  readonly variables: Readonly<Record<string, Json>>;
}

// About a second of work. An expression that calls itself for ever would stop every execution,
// because JSONata never gives the thread back.
const mostEvaluations = 500_000;
// A space cannot be part of a JSONata name, so no expression can reach this.
const budgetName = "evaluations left";

export function isExpression(text: string): boolean {
  return text.startsWith("{%");
}

function sourceOf(text: string): string {
  return text.slice(2, -2).trim();
}

/** Compiles one `{% … %}` text. Throws an Error in words when it is not JSONata, or not AWS's. */
export function compileExpression(text: string): jsonata.Expression {
  if (!text.endsWith("%}") || text.length < 4) throw new Error("{% is not closed by %}");
  let compiled: jsonata.Expression;
  try {
    compiled = jsonata(sourceOf(text));
  } catch (thrown) {
    throw new Error(messageOf(thrown));
  }
  // Source: Step Functions guide, "Transforming data with JSONata": $eval is not supported.
  if (callsEval(compiled.ast())) throw new Error("$eval is not supported, use $parse");
  compiled.assign(
    Symbol.for("jsonata.__evaluate_entry") as unknown as string,
    (_node: unknown, _input: unknown, environment: jsonata.Environment) => {
      const budget = environment.lookup(budgetName) as { left: number } | undefined;
      if (budget !== undefined && budget.left-- <= 0) throw new Error("it takes too long");
    },
  );
  return compiled;
}

function callsEval(node: unknown): boolean {
  if (typeof node !== "object" || node === null) return false;
  const { type, value } = node as { type?: unknown; value?: unknown };
  if (type === "variable" && value === "eval") return true;
  return Object.values(node).some(callsEval);
}

function messageOf(thrown: unknown): string {
  const { code, message } = thrown as { code?: string; message?: string };
  return [code, message ?? String(thrown)].filter((part) => part !== undefined).join(": ");
}

function evaluationFailure(field: string, cause: string): StateFailure {
  return new StateFailure({ error: "States.QueryEvaluationError", cause, evaluation: { field } });
}

export class Evaluator {
  readonly #expressions: Expressions;
  readonly #functions: JsonataFunctions;

  constructor(expressions: Expressions, functions: JsonataFunctions) {
    this.#expressions = expressions;
    this.#functions = functions;
  }

  /** The value of a field. `field` is its path, for messages. Throws StateFailure. */
  async evaluate(template: Json, field: string, bindings: Bindings): Promise<Json> {
    if (typeof template === "string") {
      return isExpression(template) ? this.#run(template, field, bindings) : template;
    }
    if (Array.isArray(template)) {
      const items: Json[] = [];
      for (const [index, item] of template.entries()) {
        items.push(await this.evaluate(item, `${field}[${index}]`, bindings));
      }
      return items;
    }
    if (!isObject(template)) return template;
    const entries: [string, Json][] = [];
    for (const [key, value] of Object.entries(template)) {
      entries.push([key, await this.evaluate(value, `${field}/${key}`, bindings)]);
    }
    return Object.fromEntries(entries);
  }

  /** A field that must come out as one kind of value, such as an array or a number in a range. */
  async evaluateAs<T extends Json>(
    template: Json,
    field: string,
    bindings: Bindings,
    kind: { name: string; fits: (value: Json) => value is T },
  ): Promise<T> {
    const value = await this.evaluate(template, field, bindings);
    if (kind.fits(value)) return value;
    const shown = JSON.stringify(value).slice(0, 200);
    const found = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
    throw evaluationFailure(
      field,
      `The value for the field '${field}' has an unexpected type. Expected '${kind.name}', but was '${found}' for value: ${shown}`,
    );
  }

  async #run(text: string, field: string, { states, variables }: Bindings): Promise<Json> {
    const source = sourceOf(text);
    const described = `The JSONata expression '${source}' specified for the field '${field}'`;
    let serialised: string | undefined;
    try {
      const expression = this.#expressions.get(text) ?? compileExpression(text);
      const value = await expression.evaluate(undefined, {
        ...this.#functions,
        eval: undefined,
        ...variables,
        states,
        [budgetName]: { left: mostEvaluations },
      });
      // Through text, because JSONata marks its arrays, and a function must count as no value.
      serialised = typeof value === "function" ? undefined : JSON.stringify(plain(value));
    } catch (thrown) {
      throw evaluationFailure(
        field,
        `${described} threw an error during evaluation. ${messageOf(thrown)}`,
      );
    }
    if (serialised === undefined) {
      throw evaluationFailure(field, `${described} returned nothing (undefined).`);
    }
    return JSON.parse(serialised);
  }
}

/** A JSONata function is an object inside; as a value of a field AWS refuses it. */
function plain(value: unknown): unknown {
  const isLambda =
    typeof value === "object" &&
    value !== null &&
    ("_jsonata_lambda" in value || "_jsonata_function" in value);
  return isLambda ? undefined : value;
}
