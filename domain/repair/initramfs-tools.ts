/** Debian's initramfs-tools: which drivers it packs. Source: initramfs.conf(5), initramfs-tools(7). */
import { type DeviceNames, isBareDeviceName } from "./device-names.ts";
import { carriedDrivers } from "./drivers.ts";
import { type GuestFacts, pathsMatching, type RepairKernel } from "./inspection.ts";
import type { Rewritten } from "./rewritten.ts";

export const moduleListPath = "/etc/initramfs-tools/modules";
export const ourSettingsPath = "/etc/initramfs-tools/conf.d/zz-hypermotion";

/** All files of this folder are read whatever their names, so no old file may be kept in it. */
const settingsFolder = "/etc/initramfs-tools/conf.d/";

/** Drivers that its initramfs should hold and does not. Empty when nothing needs to be made anew. */
export function missingFromInitramfs(kernel: RepairKernel): string[] {
  return carriedDrivers.filter(
    (driver) => kernel.modules.includes(driver) && !kernel.inInitramfs?.includes(driver),
  );
}

/** The list of modules with all drivers of all targets that any kernel has. */
export function rewriteModuleList(list: string, kernels: readonly RepairKernel[]): Rewritten {
  const listed = list.split("\n").map((line) => line.trim().replaceAll("-", "_"));
  const missing = carriedDrivers.filter(
    (driver) => kernels.some(({ modules }) => modules.includes(driver)) && !listed.includes(driver),
  );
  if (missing.length === 0) return { text: list, details: [] };
  const start = list === "" || list.endsWith("\n") ? list : `${list}\n`;
  return {
    text: `${start}${missing.join("\n")}\n`,
    details: [`drivers added: ${missing.join(" ")}`],
  };
}

/**
 * Settings of ours, read last. The root's type is told because it can't be looked up while the disk is
 * not the running system's own; for the same reason "dep", which asks the running hardware, can't work.
 */
export function ourSettings(guest: GuestFacts, rootType: string): string {
  const modules = effectiveModules(guest) === "dep" ? "MODULES=most\n" : "";
  return `${modules}FSTYPE=${rootType}\n`;
}

/** `RESUME=` (the swap to wake up from) named for good, in any file of settings. */
export function rewriteResume(text: string, names: DeviceNames): Rewritten {
  const details: string[] = [];
  const lines = text.split("\n").map((line) => {
    const device = /^\s*RESUME=["']?([^"'\s]+)/.exec(line)?.[1];
    if (device === undefined || !isBareDeviceName(device)) return line;
    const stable = names.findStable(device);
    details.push(`RESUME=${device} is ${stable ?? "none"} now`);
    return `RESUME=${stable ?? "none"}`;
  });
  return { text: lines.join("\n"), details };
}

export function settingsPaths(guest: GuestFacts): string[] {
  return [
    ...pathsMatching(guest, /^\/etc\/initramfs-tools\/initramfs\.conf$/),
    ...pathsMatching(guest, /^\/etc\/initramfs-tools\/conf\.d\/[^/]+$/),
  ];
}

/** Where the old file is kept when one is changed. */
export function backupPath(path: string): string {
  if (!path.startsWith(settingsFolder)) return `${path}.premigrate`;
  return `/etc/initramfs-tools/conf.d.${path.slice(settingsFolder.length)}.premigrate`;
}

function effectiveModules(guest: GuestFacts): string {
  const said = settingsPaths(guest)
    .filter((path) => path !== ourSettingsPath)
    .flatMap((path) => [...(guest.files[path] ?? "").matchAll(/^\s*MODULES=["']?(\w+)/gm)])
    .map((match) => match[1]);
  return said.at(-1) ?? "most";
}
