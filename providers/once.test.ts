import { expect, test } from "vitest";
import { once } from "./once.ts";

test("what was answered is not asked again, and what is asked at the same time is asked once", async () => {
  let asked = 0;
  const place = once(async () => `zone ${++asked}`);

  expect(await Promise.all([place(), place()])).toEqual(["zone 1", "zone 1"]);
  expect(await place()).toBe("zone 1");
});

test("a failure reaches all who wait for it, and the next asks again", async () => {
  let asked = 0;
  const place = once(async () => {
    if (++asked === 1) throw new Error("not now");
    return "zone";
  });

  const answers = await Promise.allSettled([place(), place()]);

  expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await place()).toBe("zone");
  expect(asked).toBe(2);
});
