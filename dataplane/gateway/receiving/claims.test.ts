import fc from "fast-check";
import { expect, test } from "vitest";
import { Claims } from "./claims.ts";

test("a range goes to the next connection only when the last one has come to rest", () => {
  const evicted: string[] = [];
  const granted: string[] = [];
  const claims = new Claims((owner) => evicted.push(owner));

  claims.claim("volume:1", "old", () => granted.push("old"));
  claims.claim("volume:1", "new", () => granted.push("new"));
  const beforeRest = [...granted];
  claims.releaseAll("old");

  expect(evicted).toEqual(["old"]);
  expect(beforeRest).toEqual(["old"]);
  expect(granted).toEqual(["old", "new"]);
});

test("no range ever has two owners, and whoever asked last gets it", () => {
  const act = fc.record({
    owner: fc.constantFrom("a", "b", "c"),
    key: fc.constantFrom("1", "2"),
    leaves: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      const owners = new Map<string, string>();
      const asked = new Set<string>();
      const claims = new Claims(() => undefined);
      for (const { owner, key, leaves } of acts) {
        if (leaves) {
          for (const [held, by] of [...owners]) if (by === owner) owners.delete(held);
          for (const question of [...asked]) if (question.startsWith(owner)) asked.delete(question);
          claims.releaseAll(owner);
        } else if (!asked.has(`${owner}${key}`)) {
          asked.add(`${owner}${key}`);
          claims.claim(key, owner, () => {
            expect(owners.has(key)).toBe(false);
            owners.set(key, owner);
          });
        }
      }
    }),
  );
});
