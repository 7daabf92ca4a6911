/**
 * What is plugged in, for platforms on which a volume is known only by having appeared. Where
 * volumes are files, the files of the volume folder are the devices.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { deviceFoundBefore } from "#domain/attached-device.ts";
import type { DeviceHint, DeviceList } from "#domain/protocol/gateway.ts";
import type { BlockDevice } from "../block-devices.ts";

export interface DeviceLister {
  readonly bootId: string;
  readonly volumeRoot: string | undefined;
  readonly listBlockDevices: () => Promise<{ devices: BlockDevice[]; problem: string | undefined }>;
}

/** @throws when the devices can't be listed: an empty list would make every one of them look new later */
export async function listDevices(lister: DeviceLister): Promise<DeviceList> {
  const { bootId, volumeRoot } = lister;
  if (volumeRoot !== undefined) return { bootId, devices: await listFiles(volumeRoot) };
  const { devices, problem } = await lister.listBlockDevices();
  if (problem !== undefined) throw new Error(`the block devices can't be listed: ${problem}`);
  const disks = devices.filter(({ type }) => type === "disk");
  return {
    bootId,
    devices: await Promise.all(
      disks.map(async (device) => ({
        path: device.path,
        sizeBytes: device.sizeBytes,
        inUse: isMounted(device),
        ...(await sequenceOf(device.kname)),
      })),
    ),
  };
}

/** @throws what `deviceFoundBefore` throws */
export async function findByDifference(
  lister: DeviceLister & { readonly gatewayId: string },
  volumeId: string,
  hint: Extract<DeviceHint, { by: "difference" }>,
): Promise<string> {
  const of = { gateway: lister.gatewayId, volume: volumeId };
  return deviceFoundBefore(hint, await listDevices(lister), of);
}

function isMounted(device: BlockDevice): boolean {
  return device.mountPoints.length > 0 || device.children.some(isMounted);
}

/** Linux 5.15 and later. Source: Documentation/ABI/stable/sysfs-block, diskseq. */
async function sequenceOf(kname: string): Promise<{ sequence?: string }> {
  const text = await readFile(`/sys/block/${kname}/diskseq`, "utf8").catch(() => "");
  const sequence = text.trim();
  return sequence === "" ? {} : { sequence };
}

async function listFiles(folder: string): Promise<DeviceList["devices"]> {
  const names = await readdir(folder).catch(() => []);
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      // It may have been detached since.
      const found = await stat(path).catch(() => undefined);
      return found?.isFile()
        ? [{ path, sizeBytes: found.size, sequence: String(found.ino), inUse: false }]
        : [];
    }),
  );
  return files.flat();
}
