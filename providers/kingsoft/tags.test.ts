import fc from "fast-check";
import { expect, test } from "vitest";
import { isMadeBy, isOwned, markIn, nameOf, plainName } from "./tags.ts";

const naming = (token: string, Name: string, console = "console-1", owner = "srv-1") => ({
  token,
  tags: { "hypermotion:console": console, "hypermotion:owner": owner, Name },
});
const text = fc.string({ maxLength: 80 });

test("whatever a thing is called, its name is what the platform takes, and tells whose it is and by which order", () => {
  fc.assert(
    fc.property(text, text, text, text, (token, Name, console, owner) => {
      const name = nameOf(naming(token, Name, console, owner), "server");

      expect(name).toMatch(/^[\p{Script=Han}A-Za-z0-9_.-]{2,64}$/u);
      expect(isOwned(name, console, owner)).toBe(true);
      expect(isOwned(name, console, undefined)).toBe(true);
      expect(isMadeBy(name, console, token)).toBe(true);
      expect(markIn(name)?.role).toBe("server");
    }),
  );
});

test("what is another's, or by another order, is told apart", () => {
  const name = nameOf(naming("gateway-1", "HyperGate"), "gateway");

  expect(isOwned(name, "console-2", undefined)).toBe(false);
  expect(isOwned(name, "console-1", "srv-2")).toBe(false);
  expect(isMadeBy(name, "console-1", "gateway-2")).toBe(false);
  expect(isMadeBy(name, "console-2", "gateway-1")).toBe(false);
});

test("people see the name they gave; what carries no mark is nobody's of ours", () => {
  const name = nameOf(naming("gateway-1", "HyperGate"), "gateway");

  expect(name).toMatch(/^HyperGate-hmg[0-9a-z]{26}$/);
  expect(plainName(name)).toBe("HyperGate");
  expect(markIn("HyperGate")).toBeUndefined();
  expect(markIn(undefined)).toBeUndefined();
  expect(plainName("web-1")).toBe("web-1");
});
