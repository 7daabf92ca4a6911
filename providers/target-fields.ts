/**
 * The settings and credentials of a platform one by one, as a person is asked for them: read from its
 * schemas, with words from its `words.ts`. A group such as `gateway` is its fields.
 */
import { z } from "zod";
import { commonWords, type FieldWords } from "./field-words.ts";
import { targetSchemas } from "./registry.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface TargetField {
  /** Within settings or credentials, such as `gateway.diskGiB`. */
  readonly path: string;
  readonly in: "config" | "credentials";
  readonly required: boolean;
  /** Not shown while it is typed, nor ever after. */
  readonly secret: boolean;
  /** Absent where nobody wrote them; a test says so. */
  readonly words: FieldWords | undefined;
  /** Of the field alone, with its default. */
  readonly schema: JsonSchema;
}

const group = z.object({
  properties: z.record(z.string(), z.record(z.string(), z.unknown())),
  required: z.array(z.string()).default([]),
});
type Group = z.output<typeof group>;
const ways = z.object({ anyOf: z.array(group).min(1) });

/** Where there are several ways, such as a key or a password, all of them; then only what each needs is needed. */
function findGroup(schema: JsonSchema): Group | undefined {
  const plain = group.safeParse(schema);
  if (plain.success) return plain.data;
  const several = ways.safeParse(schema).data?.anyOf;
  return several?.reduce((all, one) => ({
    properties: { ...all.properties, ...one.properties },
    required: all.required.filter((name) => one.required.includes(name)),
  }));
}

/** @throws `target.unknown-platform` */
export function targetFields(platform: string): TargetField[] {
  return fieldsOf(targetSchemas(platform));
}

export function fieldsOf({
  config,
  secrets,
  words = {},
}: Pick<ReturnType<typeof targetSchemas>, "config" | "secrets" | "words">): TargetField[] {
  const find = (path: string) => {
    const all = `${path.slice(0, path.lastIndexOf("."))}.*`;
    return words[path] ?? words[all] ?? commonWords[path] ?? commonWords[all];
  };
  const settings = leavesOf(jsonSchemaOf(config)).map(
    (leaf): TargetField => ({ ...leaf, in: "config", secret: false, words: find(leaf.path) }),
  );
  const credentials = leavesOf(jsonSchemaOf(secrets)).map((leaf): TargetField => {
    const found = find(`credentials.${leaf.path}`);
    return { ...leaf, in: "credentials", secret: found?.shown !== true, words: found };
  });
  return [...settings, ...credentials];
}

/** As an operator writes it: with what has a default left out. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
}

type Leaf = Pick<TargetField, "path" | "required" | "schema">;

function leavesOf(schema: JsonSchema, prefix = "", isNeeded = true): Leaf[] {
  const { properties, required } = findGroup(schema) ?? { properties: {}, required: [] };
  return Object.entries(properties).flatMap(([name, property]) => {
    const path = `${prefix}${name}`;
    const needed = isNeeded && required.includes(name);
    return findGroup(property) === undefined
      ? [{ path, required: needed, schema: property }]
      : leavesOf(property, `${path}.`, needed);
  });
}
