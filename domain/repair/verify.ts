/**
 * Whether a repaired guest will boot, judged from a second inspection. It trusts nothing that repair
 * believes to have done: a check reads what is on the disks now.
 */
import { MigrationError } from "../errors.ts";
import type { RepairReport, TargetHardware } from "../protocol/gateway.ts";
import { createDeviceNames, isBareDeviceName, namesForGood } from "./device-names.ts";
import { networkDrivers, storageDrivers } from "./drivers.ts";
import { fstabEntries } from "./fstab.ts";
import { bootLines } from "./grub.ts";
import { type Inspection, rootFileSystem } from "./inspection.ts";
import { findNetworkWay, hasNeededProgram, networkFilesToSetAside } from "./network.ts";
import type { RepairOptions } from "./plan.ts";

type Check = RepairReport["checks"][number];

/** Every check, passed or not, in the order in which a boot would meet what it checks. */
export function verifyRepair(
  guest: Inspection,
  hardware: TargetHardware,
  options: RepairOptions,
): Check[] {
  return [
    check("boot-menu", "every kernel of the menu is installed", bootMenuFaults(guest)),
    check("root-device", "every root= is the root's file system", rootFaults(guest)),
    check(
      "storage-driver",
      `every initramfs holds ${storageDrivers[hardware.storage].join(" ")}`,
      storageFaults(guest, hardware),
    ),
    check("device-names", "no device name of the source is left", deviceNameFaults(guest)),
    check("fstab-devices", "every file system in fstab exists", fstabFaults(guest)),
    check(
      "network-driver",
      `every kernel has ${networkDrivers[hardware.network].join(" ")}`,
      networkDriverFaults(guest, hardware),
    ),
    options.network === "dhcp"
      ? check("network", "the first interface asks for an address", networkFaults(guest))
      : check("network", "left as it was, as ordered", []),
  ];
}

/** @throws `repair.not-verified` with the first check that failed. */
export function requireVerified(checks: readonly Check[]): void {
  const failed = checks.find(({ passed }) => !passed);
  if (failed === undefined) return;
  throw new MigrationError("repair.not-verified", { check: failed.check, seen: failed.seen });
}

function check(name: string, whenPassed: string, faults: readonly string[]): Check {
  const passed = faults.length === 0;
  return { check: name, passed, seen: passed ? whenPassed : faults.join("; ").slice(0, 2000) };
}

function menuOf(guest: Inspection) {
  return bootLines(guest.files["/boot/grub/grub.cfg"] ?? "");
}

function bootMenuFaults(guest: Inspection): string[] {
  const lines = menuOf(guest);
  if (lines.length === 0) return ["the menu starts no kernel"];
  const installed = guest.kernels.map(({ version }) => version);
  return unique(
    lines
      .map(({ kernelPath }) => kernelPath.replace(/^.*\/vmlinu[xz]-/, ""))
      .filter((version) => !installed.includes(version))
      .map((version) => `the menu starts ${version}, which is not installed`),
  );
}

function rootFaults(guest: Inspection): string[] {
  const root = rootFileSystem(guest);
  return unique(
    menuOf(guest).flatMap(({ parameters }) => {
      const source = parameters.find((word) => word.startsWith("root="))?.slice("root=".length);
      if (source === undefined) return ["a kernel is started without root="];
      return root !== undefined && namesForGood(root).includes(source)
        ? []
        : [`root=${source} is not the root's file system`];
    }),
  );
}

function storageFaults(guest: Inspection, hardware: TargetHardware): string[] {
  return guest.kernels.flatMap(({ version, builtIn, inInitramfs }) => {
    if (inInitramfs === undefined) return [`kernel ${version} has no readable initramfs`];
    return storageDrivers[hardware.storage]
      .filter((driver) => !builtIn.includes(driver) && !inInitramfs.includes(driver))
      .map((driver) => `the initramfs of ${version} lacks ${driver}`);
  });
}

function deviceNameFaults(guest: Inspection): string[] {
  const places = [
    ...["/etc/fstab", "/etc/crypttab"].flatMap((path) =>
      fstabEntries(guest.files[path] ?? "").flatMap(({ source, mountPoint }) =>
        // The device is crypttab's second word.
        [source, path === "/etc/crypttab" ? mountPoint : ""].map((device) => ({ path, device })),
      ),
    ),
    ...menuOf(guest).flatMap(({ parameters }) =>
      parameters.map((parameter) => ({
        path: "/boot/grub/grub.cfg",
        device: parameter.replace(/^\w+=/, ""),
      })),
    ),
  ];
  return unique(
    places
      .filter(({ device }) => isBareDeviceName(device))
      .map(({ path, device }) => `${path} names ${device}`),
  );
}

function fstabFaults(guest: Inspection): string[] {
  const names = createDeviceNames(guest.disks);
  return fstabEntries(guest.files["/etc/fstab"] ?? "")
    .filter(({ options }) => !options.includes("noauto") && !options.includes("nofail"))
    .filter(({ source }) => names.isMissing(source))
    .map(({ source }) => `${source} is on no disk`);
}

function networkDriverFaults(guest: Inspection, hardware: TargetHardware): string[] {
  return guest.kernels.flatMap(({ version, builtIn, modules }) =>
    networkDrivers[hardware.network]
      .filter((driver) => !builtIn.includes(driver) && !modules.includes(driver))
      .map((driver) => `kernel ${version} lacks ${driver}`),
  );
}

function networkFaults(guest: Inspection): string[] {
  const way = findNetworkWay(guest);
  if (way === undefined) return ["there is no network configuration"];
  return [
    ...(hasNeededProgram(guest, way) ? [] : [`${way.name} has no DHCP client`]),
    ...(guest.files[way.path] === way.content ? [] : [`${way.path} is not as it should be`]),
    ...networkFilesToSetAside(guest, way).map((path) => `${path} is still there`),
    ...(way.firstIsEth0 &&
    menuOf(guest).some(({ parameters }) => !parameters.includes("net.ifnames=0"))
      ? ["a kernel is started without net.ifnames=0"]
      : []),
  ];
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)];
}
