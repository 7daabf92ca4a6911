import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runLimited } from "./limited-process.ts";

/** A boot sector whose only instructions end the machine. */
function bootSectorThatEnds(): Buffer {
  const sector = Buffer.alloc(512);
  // mov al, 0x10; out 0xf4, al; hlt. A BIOS starts sectors that end in 55 aa.
  Buffer.from([0xb0, 0x10, 0xe6, 0xf4, 0xf4]).copy(sector);
  Buffer.from([0x55, 0xaa]).copy(sector, 510);
  return sector;
}

/** The status QEMU ends with when that was written: hw/misc/debugexit.c, `(value << 1) | 1`. */
const endedStatus = (0x10 << 1) | 1;

/**
 * Whether a machine really runs on /dev/kvm here: one that goes through its BIOS and ends, within two
 * seconds. That /dev/kvm opens says nothing, and a few instructions without a BIOS neither: there are
 * hosts where both work and no machine gets to its boot sector.
 *
 * @param folder an own folder for the boot sector.
 * @param accelerator `tcg` to see that the machine itself would end, given more time.
 */
export async function isKvmWorking(
  folder: string,
  accelerator: "kvm" | "tcg" = "kvm",
  seconds = 2,
): Promise<boolean> {
  const sector = join(folder, "boot-sector");
  await writeFile(sector, bootSectorThatEnds());
  const machine = ["-machine", "pc", "-accel", accelerator, "-nodefaults", "-display", "none"];
  const disk = ["-drive", `file=${sector.replaceAll(",", ",,")},format=raw,if=ide`];
  const end = ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x01"];
  const limit = AbortSignal.timeout(seconds * 1000);
  try {
    const { status } = await runLimited("qemu-system-x86_64", [...machine, ...disk, ...end], {
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
