/**
 * Whether machines here run on KVM or are emulated. That /dev/kvm opens says nothing, and neither does a
 * machine that ends: inside some virtual machines KVM works and crawls, a BIOS takes 2 to 5 s there and
 * Linux never gets to its login. So one small machine is run both ways, and KVM has to be the faster.
 */

export type Accelerator = "kvm" | "tcg";

/**
 * A boot sector that counts to 2^28 and ends QEMU through its debug exit device: about 0.1 s on a
 * processor, a second emulated, which the few tenths of either BIOS can't turn round.
 */
export function bootSectorThatEnds(): Uint8Array {
  const sector = new Uint8Array(512);
  sector.set([
    ...[0x66, 0xb9, 0x00, 0x00, 0x00, 0x10], // mov ecx, 1 << 28
    ...[0x66, 0x49], // dec ecx
    ...[0x75, 0xfc], // jnz to the line before
    ...[0xb0, 0x10, 0xe6, 0xf4], // mov al, 0x10; out 0xf4, al
    0xf4, // hlt
  ]);
  // A BIOS starts sectors that end so.
  sector.set([0x55, 0xaa], 510);
  return sector;
}

/** What QEMU is run with; it ends with `endedStatus`. */
export function probeArguments(accelerator: Accelerator, diskPath: string): string[] {
  return [
    ...["-machine", "pc", "-accel", accelerator, "-m", "64", "-nodefaults", "-display", "none"],
    ...["-drive", `file=${diskPath.replaceAll(",", ",,")},format=raw,if=ide`],
    ...["-device", "isa-debug-exit,iobase=0xf4,iosize=0x01"],
  ];
}

/** Of the 0x10 that was written. Source: QEMU, hw/misc/debugexit.c, `(value << 1) | 1`. */
export const endedStatus = (0x10 << 1) | 1;

const patienceMs = 60_000;

/** @param ends whether the machine ended by itself within its time */
export async function chooseAccelerator(
  ends: (accelerator: Accelerator, limitMs: number) => Promise<boolean>,
  now: () => number,
): Promise<Accelerator> {
  const begun = now();
  if (!(await ends("tcg", patienceMs))) return "tcg";
  return (await ends("kvm", now() - begun)) ? "kvm" : "tcg";
}
