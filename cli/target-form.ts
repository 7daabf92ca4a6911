/**
 * The questions that make a target, from what the console says of its platform: in which order they are
 * asked, and what a typed answer means. Nothing here touches a terminal.
 */
import { z } from "zod";
import type { ChoiceView, CreateTarget, TargetFieldView } from "#api/targets.ts";
import type { Language } from "#domain/errors.ts";
import type { Say } from "./words.ts";

export type Answers = ReadonlyMap<string, unknown>;

/** Names a field among all of its platform's. */
export function keyOf({ in: place, path }: Pick<TargetFieldView, "in" | "path">): string {
  return place === "credentials" ? `credentials.${path}` : path;
}

/** Credentials, of which some may be left out: by them a platform tells its choices. Then what must be said. */
export function firstFields(fields: readonly TargetFieldView[]): TargetFieldView[] {
  const needed = ({ required }: TargetFieldView) => required;
  // Where it may be left out it still decides what else there is to choose from.
  const isPlace = ({ path, hasChoices }: TargetFieldView) => path === "region" && hasChoices;
  const settings = fields.filter((field) => field.in === "config");
  const credentials = fields.filter((field) => field.in === "credentials");
  return [
    ...credentials.filter(needed),
    ...credentials.filter((field) => !needed(field)),
    ...settings.filter((field) => needed(field) || isPlace(field)),
  ];
}

/** The other settings by their group; those that stand alone come first, under "". */
export function optionalGroups(
  fields: readonly TargetFieldView[],
): [group: string, fields: TargetFieldView[]][] {
  const groups = new Map<string, TargetFieldView[]>([["", []]]);
  for (const field of fields) {
    if (firstFields(fields).includes(field)) continue;
    const [group = ""] = field.path.includes(".") ? field.path.split(".") : [];
    groups.set(group, [...(groups.get(group) ?? []), field]);
  }
  return [...groups].filter(([, members]) => members.length > 0);
}

const choices = z.object({ enum: z.array(z.union([z.string(), z.number()])).min(1) });

/** What a field may be where that is a list, else `undefined`. */
export function choicesOf({ schema }: TargetFieldView): string[] | undefined {
  if (schema.type === "boolean") return ["true", "false"];
  return choices.safeParse(schema).data?.enum.map(String);
}

/** What helps to choose it. */
export function aboutChoice(say: Say, { label, freeAddresses: count }: ChoiceView): string {
  const free = count === undefined ? "" : say("target free addresses", { count });
  return [label, free].filter(Boolean).join(", ");
}

/** As it would be typed. */
export function defaultText({ schema }: TargetFieldView): string | undefined {
  return schema.default === undefined ? undefined : asText(schema.default);
}

export function asText(value: unknown): string {
  if (typeof value === "string") return value;
  const isList = Array.isArray(value) && value.every((item) => typeof item === "string");
  return isList ? value.join(",") : JSON.stringify(value);
}

export type Read = { readonly value: unknown } | { readonly problem: string };

/** What was typed, as the field takes it: a text, a figure, words divided by commas, or JSON. */
export function readAnswer(field: TargetFieldView, typed: string, language: Language): Read {
  const text = typed.trim();
  if (text === "") return field.required ? { problem: "" } : { value: undefined };
  const schema = z.fromJSONSchema(field.schema);
  const meanings = meaningsOf(field, text);
  for (const value of meanings) if (schema.safeParse(value).success) return { value };
  return { problem: problemOf(schema, meanings[0], language) };
}

function meaningsOf({ schema: { type } }: TargetFieldView, text: string): [unknown, ...unknown[]] {
  const list = text.split(",").map((word) => word.trim());
  switch (type) {
    case "string":
      return [text];
    case "integer":
    case "number":
      return [/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text];
    case "array":
      return [list, jsonOf(text)];
    case "boolean":
    case "object":
      return [jsonOf(text)];
    default:
      return [text, list, jsonOf(text)];
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema refuses a text where it wants something else, and says so.
    return text;
  }
}

const sayings = { en: z.locales.en(), zh: z.locales.zhCN() } as const;

/** zod's own words, in the language chosen. They never repeat what was typed, which may be secret. */
function problemOf(schema: z.ZodType, value: unknown, language: Language): string {
  const { localeError } = sayings[language];
  const { issues = [] } = schema.safeParse(value, { error: localeError }).error ?? {};
  return issues.map(({ message }) => message).join("; ");
}

/** The target as the API takes it. */
export function targetOf(
  target: Pick<CreateTarget, "name" | "platform">,
  fields: readonly TargetFieldView[],
  answers: Answers,
): CreateTarget {
  const made = { config: {}, credentials: {} };
  for (const field of fields) {
    const value = answers.get(keyOf(field));
    if (value !== undefined) put(made[field.in], field.path.split("."), value);
  }
  return { ...target, ...made };
}

function put(into: Record<string, unknown>, [name = "", ...rest]: string[], value: unknown): void {
  if (rest.length === 0) {
    into[name] = value;
    return;
  }
  const inner = (into[name] ?? {}) as Record<string, unknown>;
  into[name] = inner;
  put(inner, rest, value);
}

/** What is in settings that were given otherwise, by field. */
export function answersIn(
  fields: readonly TargetFieldView[],
  given: { readonly config: object; readonly credentials: object },
): Map<string, unknown> {
  const answers = new Map<string, unknown>();
  for (const field of fields) {
    let value: unknown = given[field.in];
    for (const name of field.path.split(".")) value = Object(value)[name];
    if (value !== undefined) answers.set(keyOf(field), value);
  }
  return answers;
}

/** Whether something that must be said was not. */
export function lacksAnswers(
  fields: readonly TargetFieldView[],
  given: { readonly config: object; readonly credentials: object },
): boolean {
  const answers = answersIn(fields, given);
  return fields.some((field) => field.required && !answers.has(keyOf(field)));
}

/** The field that a refusal is about, as far as it says so: our own name their field first. */
export function fieldBlamed(
  fields: readonly TargetFieldView[],
  problem: string,
): TargetFieldView | undefined {
  const [named] = problem.split(":");
  return (
    fields.find(({ path }) => path === named) ??
    fields
      .filter(({ path }) => problem.includes(path))
      .sort((a, b) => b.path.length - a.path.length)[0]
  );
}
