import { expect, test } from "vitest";
import { z } from "zod";
import { problemsOf } from "./zod-problems.ts";

const schema = z.strictObject({
  zone: z.string(),
  gateway: z.strictObject({ diskGiB: z.number().min(40) }).optional(),
  key: z.string().regex(/^k-/).optional(),
});

const told = (value: unknown) => problemsOf(schema.safeParse(value).error ?? { issues: [] });

test("each field is named by its path, what is missing as missing, and no value is repeated", () => {
  expect(told({})).toBe("zone: must be given");
  expect(told({ zone: "a", gateway: { diskGiB: 4 } })).toMatch(/^gateway\.diskGiB: Too small/);
  expect(told({ zone: "a", key: "my-secret" })).toMatch(/^key: Invalid string/);
  expect(told({ zone: "a", key: "my-secret" })).not.toContain("my-secret");
  expect(told("text")).toMatch(/expected object/);
});

test("of many problems the first five are told, and how many there are", () => {
  const many = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`field${n}`, z.string()]));

  const { error } = z.object(many).safeParse({});

  expect(problemsOf(error ?? { issues: [] })).toBe(
    `${[0, 1, 2, 3, 4].map((n) => `field${n}: must be given`).join("; ")}; and 3 more`,
  );
});
