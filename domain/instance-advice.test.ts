import fc from "fast-check";
import { expect, test } from "vitest";
import { adviseInstanceType, type Needs, type OfferedType } from "./instance-advice.ts";

const GiB = 1024 ** 3;
const t3 = (name: string, vcpus: number, gib: number): OfferedType => ({
  name,
  vcpus,
  memoryBytes: gib * GiB,
  maxVolumes: 26,
});
const family = [t3("t3.large", 2, 8), t3("t3.micro", 2, 1), t3("t3.medium", 2, 4)];

test("a server gets the smallest type that is as large as itself", () => {
  const advice = adviseInstanceType(family, { vcpus: 2, memoryBytes: 3.8 * GiB, volumes: 1 });

  expect(advice).toMatchObject({ type: { name: "t3.medium" }, smaller: false });
});

test("a server larger than all types gets the largest, and that is said", () => {
  const advice = adviseInstanceType(family, { vcpus: 16, memoryBytes: 64 * GiB, volumes: 1 });

  expect(advice).toMatchObject({ type: { name: "t3.large" }, smaller: true });
});

test("a server with more volumes than any type can hold gets none", () => {
  expect(adviseInstanceType(family, { vcpus: 1, memoryBytes: GiB, volumes: 27 })).toBeUndefined();
});

test("no type that fits is smaller than the advised one", () => {
  const count = fc.integer({ min: 1, max: 64 });
  const type = fc.record({
    name: fc.string(),
    vcpus: count,
    memoryBytes: count.map((gib) => gib * GiB),
    maxVolumes: count,
  });
  const needs: fc.Arbitrary<Needs> = fc.record({
    vcpus: count,
    memoryBytes: count.map((gib) => gib * GiB),
    volumes: count,
  });

  fc.assert(
    fc.property(fc.array(type), needs, (offered, need) => {
      const advice = adviseInstanceType(offered, need);
      const holding = offered.filter(({ maxVolumes }) => maxVolumes >= need.volumes);
      if (holding.length === 0) return advice === undefined;
      const fits = (one: OfferedType) =>
        one.vcpus >= need.vcpus && one.memoryBytes >= need.memoryBytes;
      return (
        advice !== undefined &&
        holding.includes(advice.type) &&
        (advice.smaller
          ? !holding.some(fits)
          : !holding.some((one) => fits(one) && one.memoryBytes < advice.type.memoryBytes))
      );
    }),
  );
});
