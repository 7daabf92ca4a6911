/** What blkid's low-level probing (`blkid -p`) says about a device, or a stretch of a disk. */
import type { Disk, FileSystem } from "#domain/inventory.ts";
import { runTool, type ToolRun } from "../../run-tool.ts";

export interface Probe {
  readonly partitionTable: Exclude<Disk["partitionTable"], "none"> | undefined;
  readonly fileSystem: FileSystem | undefined;
  /** Why nothing can be said; undefined when "nothing" is the answer. */
  readonly problem: string | undefined;
}

/**
 * NAME=value lines. `-o export` escapes what a shell would read otherwise with a backslash; `-o udev` names are
 * longer, and what is odd in values is hexadecimal.
 */
export function parseBlkid(text: string): Omit<Probe, "problem"> {
  const values = new Map(
    text.split("\n").flatMap((line): [string, string][] => {
      const at = line.indexOf("=");
      if (at < 0) return [];
      const name = line
        .slice(0, at)
        .replace(/^ID_FS_|^ID_PART_TABLE_(?=TYPE)/, (prefix) => (prefix === "ID_FS_" ? "" : "PT"));
      return [[name, plain(line.slice(at + 1))]];
    }),
  );
  const table = values.get("PTTYPE");
  const type = values.get("TYPE");
  const uuid = values.get("UUID");
  const label = values.get("LABEL_ENC") ?? values.get("LABEL");
  return {
    partitionTable: table === undefined ? undefined : tableName(table),
    fileSystem:
      type === undefined
        ? undefined
        : {
            type,
            ...(uuid === undefined ? {} : { uuid }),
            ...(label === undefined ? {} : { label }),
          },
  };
}

function plain(value: string): string {
  return value.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex?: string, letter?: string) =>
    hex === undefined ? (letter ?? "") : String.fromCharCode(parseInt(hex, 16)),
  );
}

export function tableName(name: string): "gpt" | "mbr" | "other" {
  if (name === "gpt") return "gpt";
  return name === "dos" ? "mbr" : "other";
}

/** A disk that does not answer for so long is dead, or as good as. */
const timeoutMs = 10_000;

/** Reads only; needs no root for files, and root for most block devices. */
export async function probe(
  path: string,
  stretch?: { readonly offsetBytes: number; readonly sizeBytes: number },
): Promise<Probe> {
  // Long names of these two, and `export`, are younger than the Linux 2.6.32 of RHEL 6.
  const where =
    stretch === undefined
      ? []
      : ["-O", String(stretch.offsetBytes), "-S", String(stretch.sizeBytes)];
  const ask = (format: string): Promise<ToolRun> =>
    runTool("blkid", ["-p", "-o", format, ...where, path], timeoutMs);
  let run = await ask("export");
  if (run.status === 4) run = await ask("udev");
  // Exit statuses, from blkid(8): 2 nothing was found or could be read, 4 wrong use, 8 ambivalent.
  if (run.status === 0) return { ...parseBlkid(run.stdout), problem: undefined };
  const nothing = { partitionTable: undefined, fileSystem: undefined };
  if (run.status === 8) return { ...nothing, problem: "blkid sees several formats at once" };
  const isSilent = run.status === 2 && run.stderr.trim() === "";
  return { ...nothing, problem: isSilent ? undefined : run.problem };
}
