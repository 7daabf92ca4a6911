import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TargetFieldView } from "#api/targets.ts";
import {
  answersIn,
  choicesOf,
  fieldBlamed,
  firstFields,
  lacksAnswers,
  optionalGroups,
  readAnswer,
  targetOf,
} from "./target-form.ts";

function field(path: string, more: Partial<TargetFieldView> = {}): TargetFieldView {
  const secret = more.in === "credentials";
  return {
    ...{ path, in: "config", required: false, secret, text: path, schema: { type: "string" } },
    hasChoices: false,
    ...more,
  };
}

const fields = [
  field("proxy"),
  field("gateway.image", {
    schema: {
      anyOf: [
        { type: "string", pattern: "^img-" },
        { type: "array", minItems: 1, items: { type: "string", enum: ["a", "b"] } },
      ],
    },
  }),
  field("region", { required: true }),
  field("gateway.diskGiB", { schema: { type: "integer", minimum: 40, default: 100 } }),
  field("token", { in: "credentials" }),
  field("key", { in: "credentials", required: true }),
];
const paths = (some: readonly TargetFieldView[]) => some.map(({ path }) => path);

describe("the order of the questions", () => {
  test("credentials come first, by which the platform tells the choices of what must be said", () => {
    expect(paths(firstFields(fields))).toEqual(["key", "token", "region"]);
  });

  test("a region that may be left out is asked for with what must be said, where there are some to choose from", () => {
    const more = [field("region", { hasChoices: true }), field("networkId", { required: true })];

    expect(paths(firstFields(more))).toEqual(["region", "networkId"]);
    expect(optionalGroups(more)).toEqual([]);
  });

  test("the other settings come in their groups, those that stand alone first", () => {
    const groups = optionalGroups(fields).map(([group, all]) => [group, paths(all)]);

    expect(groups).toEqual([
      ["", ["proxy"]],
      ["gateway", ["gateway.image", "gateway.diskGiB"]],
    ]);
  });
});

describe("what was typed", () => {
  const [, image, region, disk] = fields as [
    TargetFieldView,
    TargetFieldView,
    TargetFieldView,
    TargetFieldView,
  ];

  test("is a text, a figure, a list or JSON, as the field takes it", () => {
    const pools = field("pools", {
      schema: { type: "object", additionalProperties: { type: "integer" } },
    });

    expect(readAnswer(region, " 12 ", "en")).toEqual({ value: "12" });
    expect(readAnswer(disk, "64", "en")).toEqual({ value: 64 });
    expect(readAnswer(image, "img-1", "en")).toEqual({ value: "img-1" });
    expect(readAnswer(image, "a, b", "en")).toEqual({ value: ["a", "b"] });
    expect(readAnswer(pools, '{"fast": 5}', "en")).toEqual({ value: { fast: 5 } });
  });

  test("is one of a list where there is one, of figures too", () => {
    const kind = field("kind", { schema: { type: "number", enum: [101, 202] } });

    expect(choicesOf(kind)).toEqual(["101", "202"]);
    expect(readAnswer(kind, "202", "en")).toEqual({ value: 202 });
    expect(readAnswer(kind, "303", "en")).toHaveProperty("problem");
  });

  test("is refused with the reason in the language chosen", () => {
    expect(readAnswer(disk, "12", "en")).toEqual({ problem: expect.stringContaining(">=40") });
    expect(readAnswer(disk, "12", "zh")).toEqual({ problem: expect.stringMatching(/40/) });
    expect(readAnswer(disk, "12", "zh")).toEqual({
      problem: expect.stringMatching(/\p{Script=Han}/u),
    });
    expect(readAnswer(disk, "much", "en")).toHaveProperty("problem");
  });

  test("may be nothing where the field need not be said, and only there", () => {
    expect(readAnswer(disk, "  ", "en")).toEqual({ value: undefined });
    expect(readAnswer(region, "", "en")).toEqual({ problem: "" });
  });

  test("is never repeated by the reason, which may be about a secret", () => {
    const secret = field("key", {
      in: "credentials",
      schema: { type: "string", pattern: "^[0-9]{40}$" },
    });

    fc.assert(
      fc.property(fc.stringMatching(/^[g-z]{12,30}$/), (typed) => {
        const read = readAnswer(secret, typed, "en");
        expect("problem" in read && !read.problem.includes(typed)).toBe(true);
      }),
    );
  });
});

test("answers become settings and credentials, and settings answers again", () => {
  const answers = new Map<string, unknown>([
    ["region", "r"],
    ["gateway.diskGiB", 64],
    ["gateway.image", undefined],
    ["credentials.key", "k"],
  ]);

  const target = targetOf({ name: "n", platform: "aws" }, fields, answers);

  expect(target).toEqual({
    ...{ name: "n", platform: "aws" },
    ...{ config: { region: "r", gateway: { diskGiB: 64 } }, credentials: { key: "k" } },
  });
  expect(
    answersIn(fields, { config: target.config ?? {}, credentials: target.credentials ?? {} }),
  ).toEqual(new Map([...answers].filter(([, value]) => value !== undefined)));
  expect(lacksAnswers(fields, { config: { region: "r" }, credentials: { key: "k" } })).toBe(false);
  expect(lacksAnswers(fields, { config: { region: "r" }, credentials: {} })).toBe(true);
});

test("a refusal leads back to the field it names, the longest name first", () => {
  expect(fieldBlamed(fields, "gateway.diskGiB: too small")?.path).toBe("gateway.diskGiB");
  expect(fieldBlamed(fields, "there is no region nowhere-1")?.path).toBe("region");
  expect(fieldBlamed(fields, "the moon is full")).toBeUndefined();
});
