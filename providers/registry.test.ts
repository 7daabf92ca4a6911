import { expect, test } from "vitest";
import { platforms } from "#domain/platform.ts";
import { targetPlatforms } from "./registry.ts";

test("a target can be made on each of the eleven clouds, and on this machine (R-002)", () => {
  expect([...targetPlatforms].sort()).toEqual([...platforms].sort());
  expect(targetPlatforms.filter((platform) => platform !== "local")).toHaveLength(11);
});
