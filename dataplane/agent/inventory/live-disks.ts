/** Disks of this very server, as the kernel shows them. */
import type { Disk } from "#domain/inventory.ts";
import type { BlockDevice } from "../../block-devices.ts";
import { readLayout } from "./disk-layout.ts";
import { pickDisks } from "./pick-disks.ts";

export interface LiveDisks {
  readonly disks: Disk[];
  /** The same disks in the same order as devices, with all that is built on them. */
  readonly devices: BlockDevice[];
  /** Whether every one could be asked what is on it. */
  readonly areRead: boolean;
  readonly notSeen: string[];
}

/** One after the other: it is done again and again while the server works. */
export async function readLiveDisks(devices: readonly BlockDevice[]): Promise<LiveDisks> {
  const picked = pickDisks(devices);
  const disks: Disk[] = [];
  const notSeen: string[] = [];
  let areRead = true;
  for (const device of picked) {
    const described = await describeDisk(device, device);
    disks.push(described.disk);
    notSeen.push(...described.notSeen);
    areRead &&= described.isRead;
  }
  return { disks, devices: picked, areRead, notSeen };
}

export async function describeDisk(
  device: BlockDevice,
  facts: Pick<Disk, "id" | "role" | "multipath">,
): Promise<{ disk: Disk; isRead: boolean; notSeen: string[] }> {
  const { path, name, sizeBytes, logicalSectorBytes } = device;
  const { notSeen, isRead, ...layout } = await readLayout({
    path,
    sizeBytes,
    logicalSectorBytes,
    device,
  });
  const disk: Disk = {
    id: facts.id,
    path,
    deviceName: name,
    sizeBytes,
    logicalSectorBytes,
    role: facts.role,
    ...layout,
    ...(facts.multipath === true ? { multipath: true } : {}),
  };
  return { disk, isRead, notSeen };
}
