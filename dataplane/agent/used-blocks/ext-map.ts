/** What ext2, ext3 or ext4 has free while nobody uses it. Source: dumpe2fs(8), of e2fsprogs. */
import { readLines } from "./lines.ts";
import type { TakeExtent } from "./live-map.ts";
import type { Stretch } from "./stretches.ts";

const fact = /^([A-Z][A-Za-z ]+):\s+(.*)$/;
const list = /^ {2}Free blocks: (.*)$/;
const extent = /^(\d+)(?:-(\d+))?$/;

/** Takes dumpe2fs's lines. `end` throws unless as many blocks were listed as the file system counts. */
export function parseDumpe2fs(stretch: Pick<Stretch, "sizeBytes">, take: TakeExtent) {
  const facts = new Map<string, string>();
  let listed = 0;
  let blockBytes = 0;
  return {
    line(line: string): void {
      const [, extents] = list.exec(line) ?? [];
      if (extents === undefined) {
        const [, name = "", value = ""] = fact.exec(line) ?? [];
        if (!facts.has(name)) facts.set(name, value);
        return;
      }
      if (blockBytes === 0) blockBytes = blockBytesOf(facts);
      for (const text of extents.split(", ")) {
        if (text === "") continue;
        const [matched, from, to = from] = extent.exec(text) ?? [];
        const [first, last] = [Number(from), Number(to)];
        if (matched === undefined || last < first || (last + 1) * blockBytes > stretch.sizeBytes) {
          throw new Error(`dumpe2fs lists free blocks ${text}`);
        }
        listed += last - first + 1;
        take(first * blockBytes, (last - first + 1) * blockBytes);
      }
    },
    end(): void {
      if (listed === Number(facts.get("Free blocks"))) return;
      throw new Error(`${listed} free blocks are listed, and ${facts.get("Free blocks")} counted`);
    },
  };
}

function blockBytesOf(facts: ReadonlyMap<string, string>): number {
  const features = facts.get("Filesystem features")?.split(" ") ?? [];
  if (features.includes("needs_recovery")) throw new Error("its journal is not empty");
  if (facts.get("Filesystem state") !== "clean") throw new Error("it was not left in order");
  if (features.includes("bigalloc")) throw new Error("it counts in clusters");
  const blockBytes = Number(facts.get("Block size"));
  if (Number.isInteger(blockBytes) && blockBytes >= 1024) return blockBytes;
  throw new Error(`dumpe2fs tells a block size of ${facts.get("Block size")}`);
}

export async function readExtMap({ path, sizeBytes }: Stretch, take: TakeExtent): Promise<void> {
  const { line, end } = parseDumpe2fs({ sizeBytes }, take);
  await readLines("dumpe2fs", [path], line);
  end();
}
