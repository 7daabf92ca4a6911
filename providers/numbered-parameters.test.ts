import { expect, test } from "vitest";
import { numbered } from "./numbered-parameters.ts";

test("members are named by their path, lists from where the API counts, and what is absent is not sent", () => {
  const order = {
    Tag: [{ Key: "a", Value: undefined }, { Key: "" }],
    Disk: { Size: 0, On: false },
  };

  expect(numbered(order, 1)).toEqual({
    ...{ "Tag.1.Key": "a", "Tag.2.Key": "", "Disk.Size": "0", "Disk.On": "false" },
  });
  expect(numbered(order, 0)).toEqual({
    ...{ "Tag.0.Key": "a", "Tag.1.Key": "", "Disk.Size": "0", "Disk.On": "false" },
  });
  expect(numbered({ Tag: [], Disk: {} }, 1)).toEqual({});
});
