import fc from "fast-check";
import { expect, test } from "vitest";
import { freeDeviceName } from "./device-names.ts";

test("63 volumes get names of their own, and a 64th gets none", () => {
  const taken: string[] = [];
  for (let name = freeDeviceName(taken); name !== undefined; name = freeDeviceName(taken)) {
    taken.push(name);
  }

  expect(new Set(taken).size).toBe(63);
  for (const name of taken) expect(name).toMatch(/^\/dev\/(sd[f-p]|xvd[bc][a-z])$/);
});

test("a name is not given while the same one is taken in its other spelling", () => {
  const letter = fc.constantFrom(..."fghijklmnop");

  fc.assert(
    fc.property(fc.uniqueArray(letter), (used) => {
      const name = freeDeviceName(used.map((one) => `/dev/xvd${one}`));
      return name !== undefined && !used.some((one) => name === `/dev/sd${one}`);
    }),
  );
});
