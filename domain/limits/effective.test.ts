import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type LimitName,
  type LimitValue,
  limitDefinitions,
  limitNames,
  stricter,
} from "./definitions.ts";
import { documentLimits, effectiveLimits, type LimitChange, withChange } from "./effective.ts";
import { sourceLimits } from "./tables.ts";

const at = "2026-01-01T00:00:00.000Z";
const change = (name: string, value?: LimitValue): LimitChange => ({
  ...{ name, reason: "a ticket", by: "lin", at },
  ...(value === undefined ? {} : { value: value as LimitChange["value"] }),
});

test("without a change the document's figure holds, and the row is told (X-19)", () => {
  const limits = effectiveLimits({ platform: "aliyun" });

  expect(limits.find("systemDiskMaxGB")).toMatchObject({
    ...{ row: "R-156", document: 500, value: 500, from: "document" },
  });
  expect(limits.value("vmMaxDisks")).toBeUndefined();
});

test("an operator's own figure holds instead of the document's, with who changed it, when and why (X-19)", () => {
  const changes = [change("systemDiskMaxGB", 1000), change("systemDiskMaxGB", 2048)];

  const limits = effectiveLimits({ platform: "aliyun", changes });

  expect(limits.find("systemDiskMaxGB")).toMatchObject({
    ...{ document: 500, value: 2048, from: "own", own: { by: "lin", reason: "a ticket", at } },
  });
  const back = effectiveLimits({
    platform: "aliyun",
    changes: [...changes, change("systemDiskMaxGB")],
  });
  expect(back.find("systemDiskMaxGB")).toMatchObject({ value: 500, from: "document" });
});

test("what the cloud itself reports holds where it is stricter, and both are told", () => {
  const cloud = { systemDiskMaxGB: 4095, dataDiskMaxGB: 65_536, dataDiskStepGB: 1 };
  const limits = effectiveLimits({ platform: "azure", cloud });

  expect(limits.find("systemDiskMaxGB")).toMatchObject({
    ...{ document: 32_768, cloud: 4095, value: 4095, from: "cloud" },
  });
  expect(limits.find("dataDiskMaxGB")).toMatchObject({
    ...{ document: 32_768, cloud: 65_536, value: 32_768, from: "document" },
  });
  expect(limits.find("dataDiskStepGB")).toMatchObject({ row: "X-19", cloud: 1, value: 1 });
});

test("a setting never opens what the cloud itself refuses", () => {
  const limits = effectiveLimits({
    platform: "huawei",
    changes: [change("gatewayMaxVolumes", 59)],
    cloud: { gatewayMaxVolumes: 23 },
  });

  expect(limits.find("gatewayMaxVolumes")).toMatchObject({ value: 23, from: "cloud" });
});

test("an acknowledged row lifts its most for that server, and no other figure (X-23, X-24)", () => {
  const kingsoft = effectiveLimits({
    platform: "kingsoft",
    acknowledged: ["R-199", "R-144"],
    cloud: { systemDiskMaxGB: 500 },
  });
  const ucloud = effectiveLimits({ platform: "ucloud", acknowledged: ["R-211"] });

  expect(kingsoft.value("systemDiskMaxGB")).toBe(500);
  expect(kingsoft.value("freeSpacePercent")).toBe(10);
  expect(ucloud.value("gatewayMaxVolumes")).toBeUndefined();
});

test("before a target is chosen the rules for sources hold", () => {
  const limits = documentLimits(sourceLimits);

  expect(limits.value("strictSourceRules")).toBe(true);
  expect(
    limits
      .all()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(Object.keys(sourceLimits).sort());
});

test.each([
  ["noSuchThing", 5, "there is none of that name"],
  ["sourceMaxDisks", "many", "must be a number"],
  ["sourceMaxDisks", 1.5, "a whole one"],
  ["sourceMaxDisks", 0, "above 0"],
  ["freeSpacePercent", -1, "0 or more"],
  ["strictSourceRules", 1, "must be true or false"],
  ["instanceFamilies", 3, "a list"],
])("a limit %s can't be changed to %s", (name, value, problem) => {
  expect(() => withChange([], change(name, value as LimitValue))).toThrow(problem);
});

test("changes are kept as history; only those that were changed again are forgotten, beyond two hundred", () => {
  let changes = [change("sourceMaxDisks", 3)];
  for (let n = 1; n <= 400; n += 1) {
    const time = new Date(Date.parse(at) + n * 1000).toISOString();
    changes = withChange(changes, { ...change("freeSpacePercent", n / 100), at: time });
  }

  expect(changes.length).toBe(200);
  expect(changes[0]).toMatchObject({ name: "sourceMaxDisks", value: 3 });
  expect(changes.at(-1)).toMatchObject({ value: 4 });
  const limits = effectiveLimits({ platform: "aws", changes });
  expect([limits.value("sourceMaxDisks"), limits.value("freeSpacePercent")]).toEqual([3, 4]);
});

const someValue = (name: LimitName): fc.Arbitrary<LimitValue> => {
  switch (limitDefinitions[name].kind) {
    case "most":
    case "least":
      return fc.integer({ min: 1, max: 100_000 });
    case "step":
      return fc.integer({ min: 1, max: 64 });
    case "must":
    case "may":
      return fc.boolean();
    case "among":
    case "except":
      return fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { minLength: 1 });
  }
};

test("the stricter of two figures is the same whichever comes first, and no looser than either", () => {
  const pairs = fc
    .constantFrom(...limitNames)
    .chain((name) => fc.tuple(fc.constant(name), someValue(name), someValue(name)));
  const normal = (value: LimitValue) => (Array.isArray(value) ? [...value].sort() : value);

  fc.assert(
    fc.property(pairs, ([name, one, other]) => {
      const both = stricter(name, one, other);
      expect(normal(stricter(name, other, one))).toEqual(normal(both));
      expect(normal(stricter(name, both, one))).toEqual(normal(both));
      expect(normal(stricter(name, both, other))).toEqual(normal(both));
    }),
  );
});
