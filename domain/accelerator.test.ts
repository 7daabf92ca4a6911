import { expect, test } from "vitest";
import { type Accelerator, chooseAccelerator } from "./accelerator.ts";

function chosen(took: Record<Accelerator, number>) {
  let clock = 0;
  return chooseAccelerator(
    async (accelerator, limitMs) => {
      clock += Math.min(took[accelerator], limitMs);
      return took[accelerator] <= limitMs;
    },
    () => clock,
  );
}

test("KVM is used where a machine on it is faster than an emulated one", async () => {
  expect(await chosen({ tcg: 1_200, kvm: 300 })).toBe("kvm");
});

test("a KVM that works and crawls is not used, however little it takes to end", async () => {
  expect(await chosen({ tcg: 1_200, kvm: 1_900 })).toBe("tcg");
  expect(await chosen({ tcg: 1_200, kvm: Number.POSITIVE_INFINITY })).toBe("tcg");
});

test("where not even an emulated machine ends, KVM is not asked", async () => {
  expect(await chosen({ tcg: Number.POSITIVE_INFINITY, kvm: 300 })).toBe("tcg");
});
