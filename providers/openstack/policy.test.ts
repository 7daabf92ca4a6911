import { readdirSync, readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { type FakeOpenstack, startFakeOpenstack } from "#test/clouds/openstack/fake-openstack.ts";
import { openProvider } from "../registry.ts";
import { operations } from "./operations.ts";
import { openstackPolicy } from "./policy.ts";

let cloud: FakeOpenstack | undefined;
afterEach(() => cloud?.close());

function sources(): string {
  const folder = new URL(".", import.meta.url);
  const files = readdirSync(folder).filter((name) => /^(?!.*\.test\.ts$).*\.ts$/.test(name));
  return files
    .filter((name) => name !== "operations.ts")
    .map((name) => readFileSync(new URL(name, folder), "utf8"))
    .join("\n");
}

test("every call that is allowed for is made somewhere", () => {
  const text = sources();

  const unused = Object.keys(operations).filter((name) => !text.includes(`"${name}"`));

  expect(unused).toEqual([]);
});

test("each call has one access rule, and none allows more than one kind of thing", () => {
  const { access_rules: rules } = openstackPolicy;

  expect(rules).toContainEqual({ service: "volumev3", method: "POST", path: "/**v3/*/volumes" });
  expect(rules).toContainEqual({ service: "compute", method: "GET", path: "/**v2.1/servers/*" });
  // Before the version alone, whatever a cloud has put there.
  expect(rules.every(({ path }) => /^\/\*\*v\d[^*]*(\/\*(\/[^*]+)?)*$/.test(path))).toBe(true);
  expect(new Set(rules.map((rule) => JSON.stringify(rule))).size).toBe(rules.length);
});

const consoleId = "console-under-test";

async function checkWith(accessRules: typeof openstackPolicy.access_rules) {
  cloud = await startFakeOpenstack({ accessRules });
  const { config, credentials } = cloud.target;
  await (await openProvider("openstack", { config, secrets: credentials, consoleId })).check();
}

test("a target is checked with an application credential that may do no more than its rules", async () => {
  await checkWith(openstackPolicy.access_rules);
});

test("what the rules leave out is named, and not taken for a wrong secret", async () => {
  const rules = openstackPolicy.access_rules.filter(({ path }) => !path.endsWith("/ports"));

  await expect(checkWith(rules)).rejects.toMatchObject({
    code: "cloud.forbidden",
    params: { action: "GET /v2.0/ports by the access rules of the application credential" },
  });
});
