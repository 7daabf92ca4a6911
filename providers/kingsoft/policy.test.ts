import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { kingsoftPolicy } from "./policy.ts";

/** Every call this folder makes, read from its code; what is only tried is made elsewhere too. */
function actionsCalled(): string[] {
  const folder = new URL(".", import.meta.url);
  const files = readdirSync(folder).filter((name) => /^(?!.*\.test\.ts$).*\.ts$/.test(name));
  const calls = files.flatMap((name) => [
    ...readFileSync(new URL(name, folder), "utf8").matchAll(/"(kec|ebs|vpc|eip)",\s*"([A-Z]\w+)"/g),
  ]);
  return [...new Set(calls.map(([, service, action]) => `${service}:${action}`))].sort();
}

const allowed = kingsoftPolicy.Statement.flatMap(({ Action }) => Action);

test("the policy allows every call the code makes, and no other (S-13)", () => {
  expect(actionsCalled().length).toBeGreaterThan(25);
  expect([...allowed].sort()).toEqual(actionsCalled());
});

test("looking and changing are two statements, and neither has a wildcard among its actions", () => {
  const [looking, changing] = kingsoftPolicy.Statement.map(({ Action }) => Action);
  const isLook = (action: string) => /^\w+:(Describe|Get)/.test(action);

  expect(looking?.every(isLook)).toBe(true);
  expect(changing?.some(isLook)).toBe(false);
  expect(allowed.some((action) => action.includes("*"))).toBe(false);
});
