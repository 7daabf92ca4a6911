import fc from "fast-check";
import { expect, test } from "vitest";
import { groupOf, isOurs, markOf, nameOf, partsOf } from "./names.ts";

/** Source: UHost API, "specification", 资源名称 and 业务组. */
const taken = /^[A-Za-z\d\p{Script=Han}_.-]{1,63}$/u;

const text = fc.string({ unit: "grapheme", maxLength: 120 });

test("whatever a thing is called, UCloud takes its name, and whose order it was is read from it", () => {
  fc.assert(
    fc.property(text, text, fc.option(text), (name, token, launch) => {
      const marked = launch === null ? undefined : markOf(launch);

      const called = nameOf(name, markOf(token), marked);

      expect(called).toMatch(taken);
      expect(partsOf(called)).toMatchObject({
        mark: markOf(token),
        ...(marked === undefined ? {} : { launch: marked }),
      });
    }),
  );
});

test("a name that UCloud takes as it is, is shown as it was given, even one that ends like an order's", () => {
  for (const name of ["web-1_sda", "数据库-1", "web.0123456789"]) {
    expect(partsOf(nameOf(name, markOf("t"))).shown).toBe(name);
  }
  expect(partsOf("somebody's own")).toEqual({ shown: "somebody's own" });
});

test("what is one console's and owner's is no other's", () => {
  fc.assert(
    fc.property(text, text, text, text, (console, owner, otherConsole, otherOwner) => {
      const group = groupOf(console, owner);

      expect(group).toMatch(taken);
      expect(isOurs(group, console)).toBe(true);
      expect(isOurs(group, console, owner)).toBe(true);
      if (otherConsole !== console) expect(isOurs(group, otherConsole)).toBe(false);
      if (otherOwner !== owner) expect(isOurs(group, console, otherOwner)).toBe(false);
    }),
  );
  expect(isOurs("Default", "hm-1")).toBe(false);
  expect(isOurs(undefined, "hm-1")).toBe(false);
});
