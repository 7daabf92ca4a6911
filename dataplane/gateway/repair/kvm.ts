import { access, constants, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Accelerator,
  bootSectorThatEnds,
  chooseAccelerator,
  endedStatus,
  probeArguments,
} from "#domain/accelerator.ts";
import { runLimited } from "./limited-process.ts";

/** @param folder an own folder for the machine's disk */
export async function accelerator(folder: string): Promise<Accelerator> {
  try {
    await access("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    // No device, or not for us: the emulator has to do.
    return "tcg";
  }
  return chooseAccelerator((way, limitMs) => ends(folder, way, limitMs), Date.now);
}

/** Whether the machine ends by itself within its time. @throws what keeps QEMU from being run */
export async function ends(folder: string, way: Accelerator, limitMs: number): Promise<boolean> {
  const disk = join(folder, "boot-sector");
  await writeFile(disk, bootSectorThatEnds());
  const limit = AbortSignal.timeout(limitMs);
  try {
    const { status } = await runLimited("qemu-system-x86_64", probeArguments(way, disk), {
      env: {},
      input: "",
      signal: limit,
      log: () => {},
    });
    return status === endedStatus;
  } catch (error) {
    if (limit.aborted) return false;
    throw error;
  }
}
