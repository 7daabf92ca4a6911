import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { aliyunPolicy } from "./policy.ts";

/** Every call this folder makes, read from its code; what is only tried is made elsewhere too. */
function actionsCalled(): string[] {
  const folder = new URL(".", import.meta.url);
  const files = readdirSync(folder).filter((name) => /^(?!.*\.test\.ts$).*\.ts$/.test(name));
  const calls = files.flatMap((name) => [
    ...readFileSync(new URL(name, folder), "utf8").matchAll(/"(ecs|vpc)",\s*"([A-Z]\w+)"/g),
  ]);
  return [...new Set(calls.map(([, product, action]) => `${product}:${action}`))].sort();
}

const allowed = aliyunPolicy.Statement.flatMap(({ Action }) => Action).sort();

test("the policy allows every call the code makes, and no other (S-08)", () => {
  expect(actionsCalled().length).toBeGreaterThan(30);
  expect([...allowed].sort()).toEqual(actionsCalled());
});

test("only looking is allowed on everything", () => {
  for (const { Action, Resource } of aliyunPolicy.Statement) {
    if (!Resource.includes("*")) continue;
    expect(Action.filter((action) => !/^\w+:(Describe|Get)/.test(action))).toEqual([]);
  }
});

test("the policy fits into a custom policy of 6144 characters", () => {
  expect(JSON.stringify(aliyunPolicy).length).toBeLessThan(6144);
});
