import fc from "fast-check";
import { expect, test } from "vitest";
import { nameOf, readName, searchWord, tokenDigest } from "./names.ts";

const order = fc.record({
  token: fc.stringMatching(/^[a-z0-9-]{1,63}$/),
  tags: fc.record({
    "hypermotion:console": fc.string(),
    "hypermotion:owner": fc.string(),
    Name: fc.string({ unit: "grapheme", maxLength: 200 }),
  }),
});

test("a name of any kind says what it is called, whose it is and of which order, and is found by its owner's word", () => {
  fc.assert(
    fc.property(order, fc.stringMatching(/^([a-z0-9]{1,8})?$/), (options, note) => {
      const { token, tags } = options;
      const name = nameOf(options, note);

      expect(readName(name)).toMatchObject({ token: tokenDigest(token), note });
      expect(tags.Name.startsWith(readName(name)?.shown ?? "-")).toBe(true);
      expect(name).toContain(searchWord(tags["hypermotion:console"], tags["hypermotion:owner"]));
      expect(name).toContain(searchWord(tags["hypermotion:console"]));
    }),
  );
});

test.each(["", "web-01", "web hm-1234", "hm-12345678-1234567890-1234567890abcdef", null])(
  "%j, which is somebody's own name, is none of ours",
  (name) => {
    expect(readName(name)).toBeUndefined();
  },
);
