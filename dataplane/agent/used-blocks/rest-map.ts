/**
 * What a file system at rest has free: not mounted, and left in order. By its own tools, or through partclone, which
 * takes any: what a log still holds back would be missing in its map.
 */
import { runTool } from "../../run-tool.ts";
import { readExtMap } from "./ext-map.ts";
import { readLines } from "./lines.ts";
import type { TakeExtent } from "./live-map.ts";
import type { Stretch } from "./stretches.ts";
import { readXfsMap } from "./xfs-map.ts";

/** @throws with the reason when it can't be known */
type ReadMap = (stretch: Stretch, take: TakeExtent) => Promise<void>;

const maps: ReadonlyMap<string, ReadMap> = new Map([
  ["ext2", readExtMap],
  ["ext3", readExtMap],
  ["ext4", readExtMap],
  ["xfs", readXfsMap],
  ["ntfs", throughPartclone("partclone.ntfs", ntfsTrouble)],
  ["btrfs", throughPartclone("partclone.btrfs", btrfsTrouble)],
]);

export function restMapOf(type: string): ReadMap | undefined {
  return maps.get(type);
}

/** Statuses of ntfs-3g.probe(8). */
async function ntfsTrouble(path: string): Promise<string | undefined> {
  const { status } = await runTool("ntfs-3g.probe", ["--readwrite", path]);
  if (status === undefined) throw new Error("ntfs-3g.probe is not installed");
  if (status === 14) return "Windows hibernates on it";
  return status === 0 ? undefined : "Windows did not leave it in order";
}

async function btrfsTrouble(path: string): Promise<string | undefined> {
  const { status, stdout } = await runTool("btrfs", ["inspect-internal", "dump-super", path]);
  if (status !== 0) throw new Error("btrfs does not tell what it is");
  if (!/^num_devices\s+1$/m.test(stdout)) return "it spans several devices";
  return /^log_root\s+0$/m.test(stdout) ? undefined : "its log is not empty";
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

function throughPartclone(
  program: string,
  troubleOf: (path: string) => Promise<string | undefined>,
): ReadMap {
  return async (stretch, take) => {
    const trouble = await troubleOf(stretch.path);
    if (trouble !== undefined) throw new Error(trouble);
    // Its log would be a file, perhaps on a file system that is frozen at this moment.
    const quiet = ["-q", "-L", "/dev/null"];
    const args = ["-D", "-s", stretch.path, "-o", "-", ...quiet];
    await readLines(program, args, parseDomain(stretch, take));
  };
}
