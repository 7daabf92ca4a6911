import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blockBytes, blocksPerRange } from "#dataplane/wire/geometry.ts";
import { BlockSet, hasBlock } from "../tracking/block-set.ts";
import { addWhole } from "./free-blocks.ts";
import { readLines } from "./lines.ts";
import { parseFsmap } from "./live-map.ts";
import { parseDomain } from "./rest-map.ts";

test("a block is free only if every byte of it is", () => {
  const blocks = 40;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(blocks * blockBytes), fc.nat(9 * blockBytes))),
      fc.nat(blockBytes - 1),
      (extents, odd) => {
        const sizeBytes = blocks * blockBytes - odd;
        const set = new BlockSet(sizeBytes);
        for (const [from, length] of extents)
          addWhole(set, from, Math.min(length, sizeBytes - from));

        const bits = set.ofRange(0);
        for (let block = 0; block < Math.min(blocks, blocksPerRange); block += 1) {
          const within = extents.some(([from, length]) => {
            const end = Math.min(sizeBytes, from + length);
            return from <= block * blockBytes && (block + 1) * blockBytes <= end;
          });
          expect(hasBlock(bits, block)).toBe(within);
        }
      },
    ),
  );
});

function taken(parse: (take: (from: number, length: number) => void) => (line: string) => void) {
  return (text: string) => {
    const extents: [number, number][] = [];
    const push = parse((from, length) => extents.push([from, length]));
    for (const line of text.split("\n")) push(line);
    return extents;
  };
}

const head = "EXT,MAJOR,MINOR,PSTART,PEND,OWNER,OSTART,OEND,LENGTH";

describe("a map of a mounted file system", () => {
  const read = taken((take) => parseFsmap({ device: "8:1", sizeBytes: 1000 * 512 }, take));

  test("gives what is called free, on the very device", () => {
    const map = [
      head,
      "0,8,1,0,7,special_0:2,,,8",
      "1,8,1,8,15,special_0:1,,,8",
      "2,8,17,0,99,special_0:1,,,100",
      "3,8,1,16,19,inode_131_data,0,3,4",
    ];

    expect(read(map.join("\n"))).toEqual([[8 * 512, 8 * 512]]);
  });

  test.each([
    ["another head", "EXT,MAJOR"],
    ["a line with words", `${head}\n0,8,1,0,7,free space,,,many`],
    ["a length unlike its ends", `${head}\n0,8,1,0,7,special_0:1,,,9`],
    ["an end before its beginning", `${head}\n0,8,1,7,0,special_0:1,,,8`],
    ["what lies beyond the device", `${head}\n0,8,1,996,1003,special_0:1,,,8`],
    ["a line cut short", `${head}\n0,8,1,0,7,special_0:1`],
  ])("is refused whole with %s", (_, map) => {
    expect(() => read(map)).toThrow("xfs_io's map");
  });
});

describe("a map of a file system at rest", () => {
  const read = taken((take) => parseDomain({ sizeBytes: 0x100000 }, take));
  const lines = ["# by somebody", "0x00100000     ?", "0x00000000  0x00020000  +"];

  test("gives what is not used", () => {
    expect(read([...lines, "0x00020000  0x000E0000  ?"].join("\n"))).toEqual([[0x20000, 0xe0000]]);
  });

  test.each([
    ["a hole", [...lines, "0x00030000  0x00010000  ?"]],
    ["what lies beyond the device", [...lines, "0x00020000  0x00100000  ?"]],
    ["an unknown status", [...lines, "0x00020000  0x00010000  *"]],
    ["words", [...lines, "Partclone fail, please check"]],
  ])("is refused whole with %s", (_, map) => {
    expect(() => read(map.join("\n"))).toThrow("partclone's map");
  });
});

test("a tool that fails, is missing or talks nonsense is an error, not an empty map", async () => {
  const lines: string[] = [];
  const refuse = () => {
    throw new Error("nonsense");
  };

  await readLines("sh", ["-c", "echo one; echo two"], (line) => lines.push(line));

  expect(lines).toEqual(["one", "two"]);
  await expect(
    readLines("sh", ["-c", "echo half; echo why >&2; exit 3"], () => undefined),
  ).rejects.toThrow("sh: why");
  await expect(readLines("no-such-tool", [], () => undefined)).rejects.toThrow("ENOENT");
  await expect(readLines("sh", ["-c", "while :; do echo x; done"], refuse)).rejects.toThrow(
    "nonsense",
  );
});
