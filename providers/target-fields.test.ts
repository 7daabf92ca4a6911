import { expect, test } from "vitest";
import { z } from "zod";
import { commonWords } from "./field-words.ts";
import { hyperDoorSettings } from "./hyper-door.ts";
import { targetPlatforms, targetSchemas } from "./registry.ts";
import { fieldsOf, targetFields } from "./target-fields.ts";

const keyOf = ({ in: place, path }: { in: string; path: string }) =>
  place === "credentials" ? `credentials.${path}` : path;

test.each(targetPlatforms)(
  "every setting of %s is explained in English and in Chinese",
  (platform) => {
    const fields = targetFields(platform);

    const missing = fields.filter(({ words }) => words === undefined).map(keyOf);
    const incomplete = fields
      .filter(({ words }) => words && (words.en.trim() === "" || !/\p{Script=Han}/u.test(words.zh)))
      .map(keyOf);

    expect(fields.length).toBeGreaterThan(0);
    expect(
      missing,
      `providers/${platform}/words.ts must say in English and Chinese what these settings are, and the registry must be given it: ${missing.join(", ")}`,
    ).toEqual([]);
    expect(
      incomplete,
      `providers/${platform}/words.ts lacks one of the languages for these`,
    ).toEqual([]);
  },
);

test.each(targetPlatforms)("%s explains no setting that it does not have", (platform) => {
  const known = new Set(targetFields(platform).map(keyOf));

  const strange = Object.keys(targetSchemas(platform).words ?? {}).filter(
    (key) => !known.has(key) && !key.endsWith(".*"),
  );

  expect(strange, `providers/${platform}/words.ts names what config.ts does not have`).toEqual([]);
});

test("what several platforms share is explained once, and used", () => {
  const shared = Object.keys(hyperDoorSettings.shape).map((name) => `hyperDoor.${name}`);
  const used = new Set([
    ...targetPlatforms.flatMap((platform) => targetFields(platform).map(keyOf)),
    ...shared,
  ]);

  const unused = Object.keys(commonWords).filter((key) => !used.has(key) && !key.endsWith(".*"));

  expect(unused).toEqual([]);
});

test("credentials are secret unless they are said to be names", () => {
  const secretOf = Object.fromEntries(
    targetFields("tencent").map((field) => [keyOf(field), field.secret]),
  );

  expect(secretOf).toMatchObject({
    ...{ region: false, "credentials.secretId": false },
    ...{ "credentials.secretKey": true, "credentials.token": true },
  });
});

test("a field is required where its whole way is, and keeps its schema with its default", () => {
  const fields = targetFields("aws");
  const find = (path: string) => fields.find((field) => field.path === path);

  expect(find("region")).toMatchObject({ required: true, schema: { type: "string" } });
  expect(find("gateway.diskGiB")).toMatchObject({
    required: false,
    schema: { type: "integer", minimum: 40, default: 100 },
  });
});

test("credentials of several ways are asked for all together, and needed where every way needs them", () => {
  const fields = fieldsOf({
    config: z.strictObject({}),
    secrets: z.union([
      z.strictObject({ account: z.string(), keyId: z.string(), keySecret: z.string() }),
      z.strictObject({ account: z.string(), password: z.string() }),
    ]),
  });

  expect(fields.map(({ path, required }) => [path, required])).toEqual([
    ...[
      ["account", true],
      ["keyId", false],
      ["keySecret", false],
      ["password", false],
    ],
  ]);
});
