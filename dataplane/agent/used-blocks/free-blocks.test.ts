import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blockBytes, blocksPerRange } from "#dataplane/wire/geometry.ts";
import { BlockSet, hasBlock } from "../tracking/block-set.ts";
import { parseDumpe2fs } from "./ext-map.ts";
import { addWhole } from "./free-blocks.ts";
import { readLines } from "./lines.ts";
import { parseFsmap } from "./live-map.ts";
import { parseDomain } from "./rest-map.ts";
import { parseXfsDb } from "./xfs-map.ts";

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

describe("a map of partclone", () => {
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

function listed(
  parse: (take: (from: number, length: number) => void) => {
    line: (line: string) => void;
    end: () => void;
  },
) {
  return (lines: readonly string[]) => {
    const extents: [number, number][] = [];
    const parser = parse((from, length) => extents.push([from, length]));
    for (const line of lines) parser.line(line);
    parser.end();
    return extents;
  };
}

describe("a list of dumpe2fs", () => {
  const read = listed((take) => parseDumpe2fs({ sizeBytes: 100 * 1024 }, take));
  const facts = (features: string, state: string, free: number) => [
    `Filesystem features:      ${features}`,
    `Filesystem state:         ${state}`,
    `Free blocks:              ${free}`,
    "Block size:               1024",
    "Group 0: (Blocks 1-99)",
  ];
  const good = facts("has_journal extent", "clean", 9);

  test("gives its extents", () => {
    expect(
      read([...good, "  Free blocks: 10, 20-27", "  Free inodes: 3-4", "  Free blocks: "]),
    ).toEqual([
      [10 * 1024, 1024],
      [20 * 1024, 8 * 1024],
    ]);
  });

  test.each([
    [
      "journal",
      facts("has_journal needs_recovery", "clean", 9),
      "10, 20-27",
      "its journal is not empty",
    ],
    ["state", facts("extent", "not clean with errors", 9), "10, 20-27", "not left in order"],
    ["clusters", facts("extent bigalloc", "clean", 9), "10, 20-27", "clusters"],
    ["count", good, "10, 20-28", "10 free blocks are listed, and 9 counted"],
    ["end", good, "92-100", "free blocks 92-100"],
    ["order", good, "27-20", "free blocks 27-20"],
    ["words", good, "10, some", "free blocks some"],
    ["silence", [], "", "not left in order"],
    ["block size", good.filter((line) => !line.startsWith("Block size")), "10", "block size of"],
  ])("is refused for its %s", (_, lines, blocks, why) => {
    expect(() => read([...lines, `  Free blocks: ${blocks}`])).toThrow(why);
  });
});

describe("a list of xfs_db", () => {
  const read = listed((take) => parseXfsDb({ sizeBytes: 200 * 4096 }, take));
  const facts = ["blocksize = 4096", "agblocks = 100", "fdblocks = 12"];
  const head = "    agno    agbno      len";
  const rows = ["       0        6        1", "       1       10       11"];
  const foot = "   from      to extents  blocks    pct";

  test("gives its extents", () => {
    expect(read([...facts, head, ...rows, foot, "      1       1      16      16   0.03"])).toEqual(
      [
        [6 * 4096, 4096],
        [110 * 4096, 11 * 4096],
      ],
    );
  });

  test.each([
    [
      "count",
      [...facts, head, ...rows.slice(1), foot],
      "11 free blocks are listed, and 12 counted",
    ],
    ["end", [...facts, head, "       1       90       12", foot], "xfs_db's list"],
    ["missing end", [...facts, head, ...rows], "listed"],
    ["missing facts", [head, ...rows, foot], "xfs_db's list"],
    ["words", [...facts, head, "bad magic number", foot], "bad magic number"],
  ])("is refused for its %s", (_, lines, why) => {
    expect(() => read(lines)).toThrow(why);
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
