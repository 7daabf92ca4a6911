import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { targetSchemas } from "../registry.ts";
import { operations } from "./operations.ts";
import { ctyunPolicy } from "./policy.ts";

function sources(): string {
  const folder = new URL(".", import.meta.url);
  const files = readdirSync(folder).filter((name) => /^(?!.*\.test\.ts$).*\.ts$/.test(name));
  return files
    .filter((name) => name !== "operations.ts")
    .map((name) => readFileSync(new URL(name, folder), "utf8"))
    .join("\n");
}

test("every call that is to be allowed is made somewhere", () => {
  const text = sources();

  const unused = Object.keys(operations).filter((name) => !text.includes(`"${name}"`));

  expect(unused).toEqual([]);
});

test("an operator is told every call that must be allowed, by product", () => {
  const told = Object.values(ctyunPolicy.calls).flat();

  expect(told.sort()).toEqual(
    Object.values(operations)
      .map(({ method, path }) => `${method} ${path}`)
      .sort(),
  );
  expect(targetSchemas("ctyun").policy).toEqual(ctyunPolicy);
});
