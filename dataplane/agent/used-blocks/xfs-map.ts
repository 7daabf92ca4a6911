/** What xfs has free while nobody uses it. Source: xfs_db(8) and xfs_logprint(8), of xfsprogs. */
import { readLines } from "./lines.ts";
import type { TakeExtent } from "./live-map.ts";
import type { Stretch } from "./stretches.ts";

const fact = /^(blocksize|agblocks|fdblocks) = (\d+)$/;
const head = /^ +agno +agbno +len$/;
const row = /^ +(\d+) +(\d+) +(\d+)$/;
/** A table of sizes follows the list. */
const foot = /^ +from +to +extents +blocks +pct$/;

/** Takes xfs_db's lines. `end` throws unless as many blocks were listed as the file system counts. */
export function parseXfsDb(stretch: Pick<Stretch, "sizeBytes">, take: TakeExtent) {
  const facts = new Map<string, number>();
  let place: "before" | "list" | "after" = "before";
  let listed = 0;
  const factOf = (name: string) => facts.get(name) ?? Number.NaN;
  return {
    line(line: string): void {
      if (place === "before") {
        const [, name = "", value] = fact.exec(line) ?? [];
        if (head.test(line)) place = "list";
        else facts.set(name, Number(value));
        return;
      }
      if (place === "after") return;
      if (foot.test(line)) {
        place = "after";
        return;
      }
      const [matched, group, block, count] = row.exec(line) ?? [];
      const from = (Number(group) * factOf("agblocks") + Number(block)) * factOf("blocksize");
      const lengthBytes = Number(count) * factOf("blocksize");
      if (matched === undefined || !(from + lengthBytes <= stretch.sizeBytes)) {
        throw new Error(`a line of xfs_db's list: ${line}`);
      }
      listed += Number(count);
      take(from, lengthBytes);
    },
    end(): void {
      if (place === "after" && listed === factOf("fdblocks")) return;
      throw new Error(`${listed} free blocks are listed, and ${factOf("fdblocks")} counted`);
    },
  };
}

export async function readXfsMap({ path, sizeBytes }: Stretch, take: TakeExtent): Promise<void> {
  let isClean = false;
  await readLines("xfs_logprint", ["-t", path], (line) => {
    isClean ||= /\bstate: <CLEAN>$/.test(line.trim());
  });
  if (!isClean) throw new Error("its log is not empty");
  const { line, end } = parseXfsDb({ sizeBytes }, take);
  const commands = ["sb 0", "p blocksize agblocks fdblocks", "freesp -d"].flatMap((command) => [
    ...["-c", command],
  ]);
  await readLines("xfs_db", ["-r", ...commands, path], line);
  end();
}
