import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { awsPolicy } from "./policy.ts";

/** Every call this folder makes to EC2, read from its code. */
function actionsCalled(): string[] {
  const folder = new URL(".", import.meta.url);
  const files = readdirSync(folder).filter((name) => /^(?!.*\.test\.ts$).*\.ts$/.test(name));
  const calls = files.flatMap((name) => [
    ...readFileSync(new URL(name, folder), "utf8").matchAll(/new ([A-Z]\w+)Command\(/g),
  ]);
  const names = new Set(calls.map(([, name]) => name));
  // STS: asked of the identity itself, or granted by the role's trust policy.
  names.delete("GetCallerIdentity");
  names.delete("AssumeRole");
  return [...names].map((name) => `ec2:${name}`).sort();
}

const allowed = [...new Set(awsPolicy.Statement.flatMap(({ Action }) => Action))].sort();

test("the policy allows every call the code makes, and no other (S-09)", () => {
  expect(actionsCalled().length).toBeGreaterThan(30);
  expect(allowed).toEqual(actionsCalled());
});

test("nothing that is not ours can be changed or deleted", () => {
  const changing = awsPolicy.Statement.filter(({ Action }) =>
    Action.some((action) => /Delete|Terminate|Stop|Modify|Detach|Deregister|Release/.test(action)),
  );

  expect(changing.length).toBeGreaterThan(0);
  for (const { Condition } of changing) {
    expect(Condition).toEqual({ Null: { "aws:ResourceTag/hypermotion:console": "false" } });
  }
});

test("only looking is allowed on everything", () => {
  for (const { Action, Resource } of awsPolicy.Statement) {
    if (Resource.includes("*")) {
      expect(Action.filter((action) => !action.startsWith("ec2:Describe"))).toEqual([]);
    }
  }
});

test("the policy fits into a managed policy of 6144 characters", () => {
  expect(JSON.stringify(awsPolicy).length).toBeLessThan(6144);
});
