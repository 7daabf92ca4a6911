import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { tencentPolicy } from "./policy.ts";

/** Every call this folder makes, read from its code. */
function actionsCalled(): string[] {
  const folder = new URL(".", import.meta.url);
  const files = readdirSync(folder).filter((name) => /^(?!.*\.test\.ts$).*\.ts$/.test(name));
  const calls = files.flatMap((name) => [
    ...readFileSync(new URL(name, folder), "utf8").matchAll(/\b(cvm|cbs|vpc)\s*\.([A-Z]\w+)\(/g),
  ]);
  return [...new Set(calls.map(([, service, action]) => `${service}:${action}`))].sort();
}

const allowed = tencentPolicy.statement.flatMap(({ action }) => action);

test("the policy allows every call the code makes, and no other (S-11)", () => {
  const called = actionsCalled();
  const beside = ["tag:TagResources", "finance:*"];

  const known = allowed.filter((action) => !beside.includes(action));
  // Disks go by two names.
  const disks = called.filter((action) => action.startsWith("cbs:"));
  const expected = [...called, ...disks.map((action) => action.replace("cbs:", "cvm:"))];

  expect(called.length).toBeGreaterThan(25);
  expect([...known].sort()).toEqual(expected.sort());
});

test("only paying is allowed by a pattern, and only for servers and disks", () => {
  for (const { action, resource } of tencentPolicy.statement) {
    const patterns = action.filter((one) => one.includes("*"));
    expect(patterns.length === 0 || resource.every((one) => one === "qcs::cvm:::*")).toBe(true);
  }
});

test("the policy fits into a custom policy of 6144 characters", () => {
  expect(JSON.stringify(tencentPolicy).length).toBeLessThan(6144);
});
