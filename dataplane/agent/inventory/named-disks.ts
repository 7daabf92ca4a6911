/** The disks an operator named with --disk: block devices of this server, or image files. */
import { createHash } from "node:crypto";
import { open, realpath, stat } from "node:fs/promises";
import { MigrationError } from "#domain/errors.ts";
import type { Disk } from "#domain/inventory.ts";
import { runTool } from "../../run-tool.ts";
import type { NamedDisk } from "../options.ts";
import { readLayout } from "./disk-layout.ts";

export interface NamedDisks {
  readonly disks: Disk[];
  readonly notSeen: string[];
  /** At least one is a file: then this machine isn't the source server, it only keeps its disks. */
  readonly hasImages: boolean;
}

/** @throws `input.invalid` for a disk that can't be opened, is empty, or is named twice */
export async function describeNamedDisks(named: readonly NamedDisk[]): Promise<NamedDisks> {
  const disks: Disk[] = [];
  const notSeen: string[] = [];
  let hasImages = false;
  for (const [index, entry] of named.entries()) {
    const path = await realpath(entry.path).catch((cause: unknown) => {
      throw unusable(entry.path, cause);
    });
    if (disks.some((disk) => disk.path === path)) {
      throw new MigrationError("input.invalid", {
        where: "--disk",
        problem: `${path} is named twice`,
      });
    }
    const isBlock = (await stat(path)).isBlockDevice();
    hasImages ||= !isBlock;
    const { notSeen: unseen, ...layout } = await readLayout(path);
    notSeen.push(...unseen);
    const assumed = isBlock
      ? path.replace("/dev/", "")
      : `sd${String.fromCharCode(97 + (index % 26))}`;
    if (!isBlock && entry.deviceName === undefined) {
      notSeen.push(`what the server calls ${path}: taken for ${assumed}, --disk name=path says it`);
    }
    disks.push({
      id: path.length <= 200 ? path : createHash("sha256").update(path).digest("hex"),
      path,
      deviceName: entry.deviceName ?? assumed,
      sizeBytes: await sizeOf(path),
      logicalSectorBytes: isBlock ? await sectorBytesOf(path) : 512,
      role: entry.role,
      ...layout,
    });
  }
  return { disks: systemFirst(disks), notSeen, hasImages };
}

function systemFirst(disks: Disk[]): Disk[] {
  return disks.toSorted((a, b) => Number(b.role === "system") - Number(a.role === "system"));
}

async function sizeOf(path: string): Promise<number> {
  const sizeBytes = (await stat(path)).isBlockDevice()
    ? await deviceBytes(path)
    : (await stat(path)).size;
  if (sizeBytes > 0) return sizeBytes;
  throw unusable(path, new Error("it is empty"));
}

async function deviceBytes(path: string): Promise<number> {
  const run = await runTool("blockdev", ["--getsize64", path]);
  if (run.status === 0) return Number(run.stdout.trim());
  // Without the right to open it this says why better than the tool does.
  await open(path).then(
    (file) => file.close(),
    (cause: unknown) => Promise.reject(unusable(path, cause)),
  );
  throw unusable(path, new Error(run.stderr.trim() || "blockdev is not installed"));
}

async function sectorBytesOf(path: string): Promise<number> {
  const run = await runTool("blockdev", ["--getss", path]);
  return run.status === 0 ? Number(run.stdout.trim()) : 512;
}

function unusable(path: string, cause: unknown): MigrationError {
  const problem = `${path}: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new MigrationError("input.invalid", { where: "--disk", problem }, { cause });
}
