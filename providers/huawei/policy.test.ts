import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { operations } from "./operations.ts";
import { huaweiPolicy } from "./policy.ts";

function sources(): string {
  const folder = new URL(".", import.meta.url);
  const files = readdirSync(folder).filter((name) => /^(?!.*\.test\.ts$).*\.ts$/.test(name));
  return files
    .filter((name) => name !== "operations.ts")
    .map((name) => readFileSync(new URL(name, folder), "utf8"))
    .join("\n");
}

const [looking, changing] = huaweiPolicy.Statement.map(({ Action }) => Action);

test("every call that is allowed for is made somewhere", () => {
  const text = sources();

  const unused = Object.keys(operations).filter((name) => !text.includes(`"${name}"`));

  expect(unused).toEqual([]);
});

test("every call that changes something brings the right to change it, and none more", () => {
  const needed = Object.values(operations).flatMap(({ actions }) => actions as readonly string[]);

  expect(needed.length).toBeGreaterThan(20);
  expect(changing).toEqual([...new Set(needed)].sort());
});

test("only looking is allowed for a service as a whole, and IAM not at all", () => {
  expect(looking?.every((action) => /^(ecs|evs|ims|vpc):\*:(get|list)\*$/.test(action))).toBe(true);
  expect(changing?.some((action) => action.includes("*") || action.startsWith("iam:"))).toBe(false);
});
