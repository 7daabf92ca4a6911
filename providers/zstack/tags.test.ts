import fc from "fast-check";
import { expect, test } from "vitest";
import { conditionOf } from "#test/clouds/zstack/request.ts";
import { ownedBy, readMarks, uuidOf, written } from "./tags.ts";

const texts = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 });

test("whatever the names of console, owner and order are, a description says them, and is found by them", () => {
  fc.assert(
    fc.property(texts, texts, texts, (console, owner, token) => {
      const marks = { console, owner, token, role: "gateway" as const };
      const description = written(marks);

      expect(readMarks(description)).toEqual(marks);
      for (const condition of [ownedBy(console, owner), ownedBy(console, undefined)]) {
        expect(conditionOf(condition, ["description"])({ description })).toBe(true);
      }
    }),
  );
});

test("a description that people wrote is none of ours, nor one they cut short", () => {
  expect(readMarks("the database's disk")).toBeUndefined();
  expect(readMarks("hypermotion console:a")).toBeUndefined();
  expect(readMarks(null)).toBeUndefined();
});

test("an order's uuid is the same each time, another for each kind, console and order, and one that ZStack takes", () => {
  const uuids = [
    uuidOf("console", "volume", "token"),
    uuidOf("console", "snapshot", "token"),
    uuidOf("another", "volume", "token"),
    uuidOf("console", "volume", "another"),
  ];

  expect(uuidOf("console", "volume", "token")).toBe(uuids[0]);
  expect(new Set(uuids).size).toBe(4);
  // Source: zstack 5.2.1, StringDSL.isZStackUuid.
  for (const uuid of uuids)
    expect(uuid).toMatch(/^[0-9a-f]{12}[1-5][0-9a-f]{3}[89ab][0-9a-f]{15}$/);
});
