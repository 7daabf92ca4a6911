import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { actions } from "#test/clouds/ucloud/actions.ts";
import { ucloudPolicy } from "./policy.ts";

/** Every call this folder makes, read from its code. */
function actionsCalled(): string[] {
  const folder = new URL(".", import.meta.url);
  const files = readdirSync(folder).filter((name) => /^(?!.*\.test\.ts$).*\.ts$/.test(name));
  const code = files
    .filter((name) => name !== "policy.ts")
    .map((name) => readFileSync(new URL(name, folder), "utf8"))
    .join("\n");
  return Object.keys(actions)
    .filter((action) => code.includes(`"${action}"`))
    .sort();
}

const allowed = ucloudPolicy.Statement.flatMap(({ Action }) => Action);

test("the policy allows every call the code makes, and no other (S-16)", () => {
  expect(actionsCalled().length).toBeGreaterThan(25);
  expect(allowed.map((permission) => permission.split(":")[1]).sort()).toEqual(actionsCalled());
});

test("the first statement only looks, and no statement allows a pattern", () => {
  const [looks] = ucloudPolicy.Statement;

  expect(looks?.Action.filter((action) => !/^\w+:(Describe|Get)/.test(action))).toEqual([]);
  expect(allowed.filter((action) => action.includes("*"))).toEqual([]);
});
