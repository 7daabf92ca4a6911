import fc from "fast-check";
import { expect, test } from "vitest";
import { types } from "#test/clouds/ctyun/api.ts";
import { isMadeBy, isOwned, markedName, nameOf, parseName, stemOf, tokenPart } from "./names.ts";

const order = fc.record({
  token: fc.stringMatching(/^[a-z0-9-]{1,63}$/),
  tags: fc.record({
    "hypermotion:console": fc.string({ minLength: 1 }),
    "hypermotion:owner": fc.string({ minLength: 1 }),
    Name: fc.string({ minLength: 1 }),
  }),
});

test("whatever a thing is called, CTyun takes its name, and it tells console, owner and order", () => {
  fc.assert(
    fc.property(order, fc.string(), (options, other) => {
      const { "hypermotion:console": consoleId, "hypermotion:owner": owner } = options.tags;
      const name = nameOf(options);
      const stem = stemOf(options);

      expect([types.diskName(name), types.snapshotName(name)]).toEqual([true, true]);
      expect([types.networkName(stem), types.hostName(stem)]).toEqual([true, true]);
      expect(isOwned(name, consoleId)).toBe(true);
      expect(isOwned(name, consoleId, owner)).toBe(true);
      expect(isMadeBy(name, consoleId, options.token)).toBe(true);
      expect(isOwned(name, consoleId, `${owner}${other}.`)).toBe(false);
      expect(isOwned(name, `${consoleId}${other}.`)).toBe(false);
      expect(isMadeBy(name, consoleId, `${options.token}-2`)).toBe(false);
    }),
  );
});

test("a volume that a server was launched with says so, and when it is to end, and is still the same order's", () => {
  fc.assert(
    fc.property(order, fc.string({ minLength: 1 }), (options, launch) => {
      const { "hypermotion:console": consoleId } = options.tags;
      const launched = markedName(nameOf(options), "L", tokenPart(launch));
      const doomed = markedName(launched, "D", tokenPart(launch));

      expect(parseName(nameOf(options))?.launch).toBeUndefined();
      expect(parseName(launched)).toMatchObject({ launch: tokenPart(launch), doomed: false });
      expect(parseName(doomed)).toMatchObject({ launch: tokenPart(launch), doomed: true });
      expect(markedName(doomed, "D", tokenPart(launch))).toBe(doomed);
      expect(types.diskName(doomed)).toBe(true);
      expect(isMadeBy(doomed, consoleId, options.token)).toBe(true);
    }),
  );
});

test("what others made is nobody's of ours", () => {
  for (const name of ["", "web-1", "hypermotion", "h-123", `h${"A".repeat(31)}`]) {
    expect(parseName(name)).toBeUndefined();
    expect(isOwned(name, "console")).toBe(false);
  }
});
