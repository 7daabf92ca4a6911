import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "../../run-tool.ts";

/** A whole 64 KiB firmware whose first and only instructions, at the reset vector, end the machine. */
function firmwareThatEnds(): Buffer {
  const firmware = Buffer.alloc(64 * 1024);
  // mov al, 0x10; out 0xf4, al; hlt. A processor starts 16 bytes before the end.
  Buffer.from([0xb0, 0x10, 0xe6, 0xf4, 0xf4]).copy(firmware, firmware.length - 16);
  return firmware;
}

/** The status QEMU ends with when that was written: hw/misc/debugexit.c, `(value << 1) | 1`. */
const endedStatus = (0x10 << 1) | 1;

/**
 * Whether a machine really runs on /dev/kvm here. That it opens says nothing: there are hosts where it
 * does, and no processor ever starts.
 * @param folder an own folder for the firmware.
 */
export async function isKvmWorking(folder: string): Promise<boolean> {
  const firmware = join(folder, "firmware");
  await writeFile(firmware, firmwareThatEnds());
  const qemu = `qemu-system-${process.arch === "arm64" ? "aarch64" : "x86_64"}`;
  const machine = ["-machine", "pc", "-accel", "kvm", "-nodefaults", "-display", "none"];
  const end = ["-bios", firmware, "-device", "isa-debug-exit,iobase=0xf4,iosize=0x01"];
  const { status } = await runTool("timeout", ["--signal=KILL", "2", qemu, ...machine, ...end]);
  return status === endedStatus;
}
