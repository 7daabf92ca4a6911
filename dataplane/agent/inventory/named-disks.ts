/** The disks an operator named with --disk: block devices of this server, or image files. */
import { createHash } from "node:crypto";
import { open, realpath, stat } from "node:fs/promises";
import { MigrationError } from "#domain/errors.ts";
import type { Disk } from "#domain/inventory.ts";
import { type BlockDevice, withAllBelow } from "../../block-devices.ts";
import { deviceNumber } from "../../mount-info.ts";
import type { NamedDisk } from "../options.ts";
import { readLayout } from "./disk-layout.ts";
import { describeDisk, type LiveDisks } from "./live-disks.ts";
import { isMultipath } from "./pick-disks.ts";

export interface NamedDisks extends LiveDisks {
  /** At least one is a file: then this machine isn't the source server, it only keeps its disks. */
  readonly hasImages: boolean;
}

/** @throws `input.invalid` for a disk that can't be opened, is empty, or is named twice */
export async function describeNamedDisks(
  named: readonly NamedDisk[],
  attached: readonly BlockDevice[],
): Promise<NamedDisks> {
  const known = [...attached, ...attached.flatMap(withAllBelow)];
  const found: { disk: Disk; device: BlockDevice | undefined }[] = [];
  const notSeen: string[] = [];
  let areRead = true;
  for (const [index, entry] of named.entries()) {
    const path = await realpath(entry.path).catch((cause: unknown) => {
      throw unusable(entry.path, cause);
    });
    if (found.some(({ disk }) => disk.path === path)) {
      throw new MigrationError("input.invalid", {
        where: "--disk",
        problem: `${path} is named twice`,
      });
    }
    const id = path.length <= 200 ? path : createHash("sha256").update(path).digest("hex");
    const facts = await stat(path);
    const device = facts.isBlockDevice() ? deviceAt(facts.rdev, path, known) : undefined;
    const described =
      device === undefined
        ? await describeImage(path, facts.size, { ...entry, id }, index)
        : await describeDisk(
            { ...device, path, name: entry.deviceName ?? device.name },
            { id, role: entry.role, multipath: isMultipath(device, attached) },
          );
    found.push({ disk: described.disk, device });
    notSeen.push(...described.notSeen);
    areRead &&= described.isRead;
  }
  const isSystem = ({ disk }: { disk: Disk }) => Number(disk.role === "system");
  found.sort((a, b) => isSystem(b) - isSystem(a));
  const devices = found.flatMap(({ device }) => device ?? []);
  return {
    disks: found.map(({ disk }) => disk),
    devices,
    areRead,
    notSeen,
    hasImages: devices.length < found.length,
  };
}

function deviceAt(rdev: number, path: string, known: readonly BlockDevice[]): BlockDevice {
  const device = known.find((candidate) => candidate.device === deviceNumber(rdev));
  if (device === undefined) throw unusable(path, new Error("the kernel does not list it"));
  if (device.sizeBytes === 0) throw unusable(path, new Error("it is empty"));
  return device;
}

async function describeImage(
  path: string,
  sizeBytes: number,
  { id, role, deviceName }: NamedDisk & { readonly id: string },
  index: number,
): Promise<{ disk: Disk; isRead: boolean; notSeen: string[] }> {
  if (sizeBytes === 0) throw unusable(path, new Error("it is empty"));
  const file = await open(path).catch((cause: unknown) => {
    throw unusable(path, cause);
  });
  await file.close();
  const size = { sizeBytes, logicalSectorBytes: 512 };
  const { notSeen, isRead, ...layout } = await readLayout({ path, ...size, device: undefined });
  const assumed = `sd${String.fromCharCode(97 + (index % 26))}`;
  if (deviceName === undefined) {
    notSeen.push(`what the server calls ${path}: taken for ${assumed}, --disk name=path says it`);
  }
  return {
    disk: { id, path, deviceName: deviceName ?? assumed, ...size, role, ...layout },
    isRead,
    notSeen,
  };
}

function unusable(path: string, cause: unknown): MigrationError {
  const problem = `${path}: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new MigrationError("input.invalid", { where: "--disk", problem }, { cause });
}
