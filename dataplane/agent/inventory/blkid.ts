/** What blkid's low-level probing (`blkid -p -o export`) says about a stretch of a disk. */
import type { FileSystem } from "#domain/inventory.ts";
import { runTool } from "../../run-tool.ts";

export interface Probe {
  readonly partitionTable: "gpt" | "mbr" | "other" | undefined;
  readonly fileSystem: FileSystem | undefined;
  /** Why nothing can be said; undefined when "nothing" is the answer. */
  readonly problem: string | undefined;
}

/** NAME=value lines; blkid escapes what a shell would read otherwise with a backslash. */
export function parseBlkid(text: string): Omit<Probe, "problem"> {
  const values = new Map(
    text.split("\n").flatMap((line): [string, string][] => {
      const at = line.indexOf("=");
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1).replace(/\\(.)/g, "$1")]];
    }),
  );
  const table = values.get("PTTYPE");
  const type = values.get("TYPE");
  const uuid = values.get("UUID");
  const label = values.get("LABEL");
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

function tableName(name: string): "gpt" | "mbr" | "other" {
  if (name === "gpt") return "gpt";
  return name === "dos" ? "mbr" : "other";
}

/** Reads only; needs no root for files, and root for most block devices. */
export async function probe(
  path: string,
  stretch?: { readonly offsetBytes: number; readonly sizeBytes: number },
): Promise<Probe> {
  const where =
    stretch === undefined
      ? []
      : ["--offset", String(stretch.offsetBytes), "--size", String(stretch.sizeBytes)];
  const run = await runTool("blkid", ["-p", "-o", "export", ...where, path]);
  // Exit statuses, from blkid(8): 2 nothing was found or could be read, 8 ambivalent.
  if (run.status === 0) return { ...parseBlkid(run.stdout), problem: undefined };
  const nothing = { partitionTable: undefined, fileSystem: undefined };
  if (run.status === undefined) return { ...nothing, problem: "blkid is not installed" };
  if (run.status === 8) return { ...nothing, problem: "blkid sees several formats at once" };
  return { ...nothing, problem: run.stderr.trim() === "" ? undefined : run.stderr.trim() };
}
