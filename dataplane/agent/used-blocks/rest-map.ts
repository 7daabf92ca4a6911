/** What a file system at rest has free: not mounted, and left in order. By its own tools, through partclone. */
import { runTool } from "../../run-tool.ts";
import { readLines } from "./lines.ts";
import type { TakeExtent } from "./live-map.ts";
import type { Stretch } from "./stretches.ts";

interface Kind {
  readonly partclone: string;
  /** partclone takes any: what its journal still holds back is missing in the map. @returns the trouble */
  readonly trouble: (path: string) => Promise<string | undefined>;
}

const extended: Kind = { partclone: "partclone.extfs", trouble: extTrouble };
const kinds: ReadonlyMap<string, Kind> = new Map([
  ["ext2", extended],
  ["ext3", extended],
  ["ext4", extended],
  ["xfs", { partclone: "partclone.xfs", trouble: xfsTrouble }],
  ["ntfs", { partclone: "partclone.ntfs", trouble: ntfsTrouble }],
  ["btrfs", { partclone: "partclone.btrfs", trouble: btrfsTrouble }],
]);

export function isKnownAtRest(type: string): boolean {
  return kinds.has(type);
}

async function asked(command: string, args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runTool(command, args);
  if (status === undefined) throw new Error(`${command} is not installed`);
  if (status !== 0) throw new Error(`${command}: ${stderr.trim().slice(-200)}`);
  return stdout;
}

async function extTrouble(path: string): Promise<string | undefined> {
  const facts = await asked("dumpe2fs", ["-h", path]);
  if (/^Filesystem features:.*\bneeds_recovery\b/m.test(facts)) return "its journal is not empty";
  return /^Filesystem state:\s+clean$/m.test(facts) ? undefined : "it was not left in order";
}

async function xfsTrouble(path: string): Promise<string | undefined> {
  const facts = await asked("xfs_logprint", ["-t", path]);
  return /\bstate: <CLEAN>$/m.test(facts) ? undefined : "its log is not empty";
}

/** Statuses of ntfs-3g.probe(8). */
async function ntfsTrouble(path: string): Promise<string | undefined> {
  const { status } = await runTool("ntfs-3g.probe", ["--readwrite", path]);
  if (status === undefined) throw new Error("ntfs-3g.probe is not installed");
  if (status === 14) return "Windows hibernates on it";
  return status === 0 ? undefined : "Windows did not leave it in order";
}

async function btrfsTrouble(path: string): Promise<string | undefined> {
  const facts = await asked("btrfs", ["inspect-internal", "dump-super", path]);
  if (!/^num_devices\s+1$/m.test(facts)) return "it spans several devices";
  return /^log_root\s+0$/m.test(facts) ? undefined : "its log is not empty";
}

/** position, size, status: `+` used, `?` not. Source: the mapfile of GNU ddrescue. */
const shape = /^0x([0-9A-F]{8,}) +0x([0-9A-F]{8,}) +([+?])$/;
const current = /^0x[0-9A-F]{8,} +\?$/;

/** @throws when anything of the map is not understood, or it has a hole */
export function parseDomain(stretch: Pick<Stretch, "sizeBytes">, take: TakeExtent) {
  let at = 0;
  return (line: string): void => {
    if (line.startsWith("#") || (at === 0 && current.test(line))) return;
    const [matched, position, size, status] = shape.exec(line) ?? [];
    const [offset, length] = [Number.parseInt(position ?? "", 16), Number.parseInt(size ?? "", 16)];
    if (matched === undefined || offset !== at || offset + length > stretch.sizeBytes) {
      throw new Error(`a line of partclone's map: ${line}`);
    }
    at += length;
    if (status === "?") take(offset, length);
  };
}

/** @throws with the reason when it can't be known */
export async function readRestMap(stretch: Stretch, take: TakeExtent): Promise<void> {
  const kind = kinds.get(stretch.type);
  if (kind === undefined) throw new Error(`nobody here reads the map of ${stretch.type}`);
  const trouble = await kind.trouble(stretch.path);
  if (trouble !== undefined) throw new Error(trouble);
  // Its log would be a file, perhaps on a file system that is frozen at this moment.
  const quiet = ["-q", "-L", "/dev/null"];
  const args = ["-D", "-s", stretch.path, "-o", "-", ...quiet];
  await readLines(kind.partclone, args, parseDomain(stretch, take));
}
