import { expect, test } from "vitest";
import { fuzzFrames } from "./fuzz.ts";

test("hostile frames are refused or taken for what they say, and nothing else happens", () => {
  const { decoded, refused } = fuzzFrames(100_000, 7);

  expect(decoded).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(10_000);
});
