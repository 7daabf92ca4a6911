/** A source without a system on it, for machines that can't build one: its disks are copied, not booted. */
import { randomBytes } from "node:crypto";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";

const MiB = 1024 ** 2;
const systemBytes = 512 * MiB;
const dataBytes = 64 * MiB;

export interface PlainDisks {
  readonly systemDisk: string;
  readonly dataDisk: string;
}

/** A third of each is random data, the rest is empty. */
export async function buildPlainDisks(folder: string): Promise<PlainDisks> {
  await mkdir(folder, { recursive: true });
  const disks = { systemDisk: join(folder, "system.raw"), dataDisk: join(folder, "data.raw") };
  await fill(disks.systemDisk, systemBytes);
  await fill(disks.dataDisk, dataBytes);
  return disks;
}

async function fill(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.truncate(sizeBytes);
    for (let offset = 0; offset < sizeBytes / 3; offset += MiB) {
      await file.write(randomBytes(MiB), 0, MiB, offset * 2);
    }
  } finally {
    await file.close();
  }
}

/** @returns how many bytes were overwritten */
export async function changePlainDisks(disks: PlainDisks): Promise<{ bytesWritten: number }> {
  for (const path of [disks.systemDisk, disks.dataDisk]) {
    const file = await open(path, "r+");
    try {
      await file.write(randomBytes(MiB), 0, MiB, 7 * MiB);
    } finally {
      await file.close();
    }
  }
  return { bytesWritten: 2 * MiB };
}
