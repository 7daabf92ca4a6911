import { checkScope } from "./checks.ts";
import { type Definition, definitionSchema } from "./definition.ts";
import { DefinitionError, type Diagnostic } from "./diagnostics.ts";
import { compileExpression, type Expressions, isExpression } from "./expressions.ts";
import type { Json } from "./payload.ts";

/** Turns the text of a definition into a machine that can run, or says everything that is wrong. */
export interface Machine {
  readonly definition: Definition;
  readonly expressions: Expressions;
}

/** Source: Step Functions quotas, "Maximum state machine size". */
export const maxDefinitionBytes = 1_048_576;

/** Throws DefinitionError. */
export function loadMachine(text: string): Machine {
  const refuse = (message: string): never => {
    throw new DefinitionError([{ code: "SCHEMA_VALIDATION_FAILED", message, location: "/" }]);
  };
  let document: Json = null;
  try {
    document = JSON.parse(text);
  } catch {
    refuse("Definition must be a valid JSON object");
  }
  try {
    return loadDocument(document);
  } catch (thrown) {
    if (thrown instanceof RangeError) return refuse("Definition is nested too deeply");
    throw thrown;
  }
}

function loadDocument(document: Json): Machine {
  const parsed = definitionSchema.safeParse(document);
  if (!parsed.success) throw new DefinitionError(parsed.error.issues.flatMap(diagnosticsOf));
  const expressions = new Map<string, ReturnType<typeof compileExpression>>();
  const diagnostics = [...checkScope(parsed.data), ...compileAll(document, "", expressions)];
  if (diagnostics.length > 0) throw new DefinitionError(diagnostics);
  return { definition: parsed.data, expressions };
}

const jsonPathFields = new Set([
  "InputPath",
  "Parameters",
  "Result",
  "ResultSelector",
  "ResultPath",
  "OutputPath",
  "Iterator",
]);

interface Issue {
  readonly code: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
}

function diagnosticsOf(issue: Issue): Diagnostic[] {
  const location = locationOf(issue.path);
  if (issue.code !== "unrecognized_keys") {
    return [{ code: "SCHEMA_VALIDATION_FAILED", message: issue.message, location }];
  }
  return (issue.keys ?? []).map((key) => ({
    code: "SCHEMA_VALIDATION_FAILED",
    message:
      jsonPathFields.has(key) || key.endsWith("Path")
        ? `The field '${key}' is JSONPath, which is not supported`
        : `The field '${key}' is not supported`,
    location,
  }));
}

function locationOf(path: readonly PropertyKey[]): string {
  const parts = path.map((part) => (typeof part === "number" ? `[${part}]` : `/${String(part)}`));
  return parts.length === 0 ? "/" : parts.join("");
}

/** Compiles every `{% … %}` string of the document, wherever it stands. */
function compileAll(
  node: Json,
  location: string,
  into: Map<string, ReturnType<typeof compileExpression>>,
): Diagnostic[] {
  if (typeof node === "string") {
    if (!isExpression(node) || into.has(node)) return [];
    try {
      into.set(node, compileExpression(node));
      return [];
    } catch (thrown) {
      const message = `Invalid JSONata expression: ${(thrown as Error).message}`;
      return [{ code: "INVALID_JSONATA_EXPRESSION", message, location }];
    }
  }
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key === "Comment"
      ? []
      : compileAll(value, Array.isArray(node) ? `${location}[${key}]` : `${location}/${key}`, into),
  );
}
