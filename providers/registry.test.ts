import { expect, test } from "vitest";
import { platforms } from "#domain/platform.ts";
import { gatewayTypePath } from "./gateway-types.ts";
import { targetPlatforms, targetSchemas } from "./registry.ts";
import { targetFields } from "./target-fields.ts";

test("a target can be made on each of the eleven clouds, and on this machine (R-002)", () => {
  expect([...targetPlatforms].sort()).toEqual([...platforms].sort());
  expect(targetPlatforms.filter((platform) => platform !== "local")).toHaveLength(11);
});

test.each(targetPlatforms.filter((platform) => platform !== "local"))(
  "%s lists what some of its settings can be, each of them one that it has",
  (platform) => {
    const { chosen } = targetSchemas(platform);
    const settings = targetFields(platform).filter((field) => field.in === "config");

    expect(chosen.length).toBeGreaterThan(1);
    for (const path of chosen) expect(settings.map((field) => field.path)).toContain(path);
  },
);

test.each(targetPlatforms.filter((platform) => platform !== "local"))(
  "all that %s can list is asked for by the registry",
  async (platform) => {
    const module: Record<string, object> = await import(`./${platform}/choices.ts`);

    const [listed = {}] = Object.values(module);
    expect([...targetSchemas(platform).chosen].sort()).toEqual(
      [...Object.keys(listed), gatewayTypePath].sort(),
    );
  },
);
