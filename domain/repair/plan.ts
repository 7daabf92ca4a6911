/**
 * What has to be done to a guest so that it boots on the target's hardware and gets an address there:
 *
 *   inspection ─▶ planRepair ─▶ actions ─▶ a carrier runs them ─▶ inspection ─▶ verifyRepair
 *
 * Everything is decided here; the script in the guest only writes, moves and rebuilds. A repaired guest
 * needs no more actions, so a repeated repair does nothing.
 */
import { MigrationError } from "../errors.ts";
import type { RepairOrder, TargetHardware } from "../protocol/gateway.ts";
import { createDeviceNames, type DeviceNames } from "./device-names.ts";
import { nameDisksForGood } from "./fstab.ts";
import { type KernelParameters, rewriteMenu, rewriteSettings } from "./grub.ts";
import { requireKnownGuest } from "./guest.ts";
import {
  backupPath,
  missingFromInitramfs,
  moduleListPath,
  ourSettings,
  ourSettingsPath,
  rewriteModuleList,
  rewriteResume,
  settingsPaths,
} from "./initramfs-tools.ts";
import { type Inspection, pathsMatching, rootFileSystem } from "./inspection.ts";
import { knownGuests } from "./known-guests.ts";
import { findNetworkWay, hasNeededProgram, networkFilesToSetAside } from "./network.ts";
import type { Rewritten } from "./rewritten.ts";

export type RepairAction =
  | {
      readonly do: "write-file";
      readonly path: string;
      readonly backup: string;
      /** Latin-1, byte for byte, as in the inspection. */
      readonly content: string;
      readonly detail: string;
    }
  | {
      readonly do: "set-aside";
      readonly path: string;
      readonly backup: string;
      readonly detail: string;
    }
  | { readonly do: "rebuild-initramfs"; readonly kernel: string; readonly detail: string };

export interface RepairOptions {
  readonly network: RepairOrder["network"];
}

/**
 * The actions, in the order in which they must be done; none when the guest is as it should be.
 * @throws `repair.unknown-guest` when repair has no rules for this guest; nothing was changed then.
 */
export function planRepair(
  guest: Inspection,
  hardware: TargetHardware,
  options: RepairOptions,
): RepairAction[] {
  requireKnownGuest(guest, hardware);
  const names = createDeviceNames(guest.disks);
  const changes = [
    ...nameDisks(guest, names),
    ...repairBootLoader(guest, names, options),
    ...forgetOldDevices(guest),
    ...repairInitramfsSettings(guest, names),
    ...(options.network === "dhcp" ? repairNetwork(guest) : []),
  ];
  return [...changes, ...rebuildInitramfs(guest, changes)];
}

/** What an action is done to. */
export function subjectOf(action: RepairAction): string {
  return action.do === "rebuild-initramfs" ? action.kernel : action.path;
}

function nameDisks(guest: Inspection, names: DeviceNames): RepairAction[] {
  return [
    ...rewrite(guest, "/etc/fstab", (text) => nameDisksForGood(text, 0, names)),
    ...rewrite(guest, "/etc/crypttab", (text) => nameDisksForGood(text, 1, names)),
  ];
}

function repairBootLoader(
  guest: Inspection,
  names: DeviceNames,
  options: RepairOptions,
): RepairAction[] {
  const wanted: KernelParameters = {
    // The login prompt on the serial line is how a launch is known to have booted.
    console: ["console=tty0", "console=ttyS0,115200"],
    ...(options.network === "dhcp" && findNetworkWay(guest)?.firstIsEth0
      ? { "net.ifnames": ["net.ifnames=0", "biosdevname=0"] }
      : {}),
  };
  return [
    ...rewrite(guest, "/boot/grub/grub.cfg", (text) => rewriteMenu(text, names, wanted)),
    ...rewrite(guest, "/etc/default/grub", (text) => rewriteSettings(text, names, wanted)),
  ];
}

/** Caches of where devices were, which their owners make anew when they are missing. */
const deviceCaches =
  /^\/(boot\/grub\/device\.map|etc\/blkid\.tab|etc\/blkid\/blkid\.tab|etc\/lvm\/cache\/\.cache|etc\/lvm\/devices\/system\.devices)$/;

function forgetOldDevices(guest: Inspection): RepairAction[] {
  return pathsMatching(guest, deviceCaches).map((path) =>
    setAside(path, "it lists devices of the source"),
  );
}

function repairInitramfsSettings(guest: Inspection, names: DeviceNames): RepairAction[] {
  const rootType = rootFileSystem(guest)?.type ?? "auto";
  const settings = ourSettings(guest, rootType);
  return [
    ...rewrite(guest, moduleListPath, (text) => rewriteModuleList(text, guest.kernels)),
    ...settingsPaths(guest)
      .filter((path) => path !== ourSettingsPath)
      .flatMap((path) => rewrite(guest, path, (text) => rewriteResume(text, names))),
    ...write(guest, ourSettingsPath, settings, settings.trim().replaceAll("\n", " ")),
  ];
}

function repairNetwork(guest: Inspection): RepairAction[] {
  const way = findNetworkWay(guest);
  if (way === undefined) throw unknownNetwork("no network configuration that is known");
  if (!hasNeededProgram(guest, way)) throw unknownNetwork(`${way.name} without a DHCP client`);
  return [
    ...networkFilesToSetAside(guest, way).map((path) =>
      setAside(path, "it is about network cards or addresses of the source"),
    ),
    ...write(guest, way.path, way.content, `the first interface asks for an address (${way.name})`),
  ];
}

function unknownNetwork(found: string): MigrationError {
  return new MigrationError("repair.unknown-guest", { found, known: knownGuests });
}

/** An initramfs holds a copy of its settings, so it is made anew with them too. */
function rebuildInitramfs(guest: Inspection, changes: readonly RepairAction[]): RepairAction[] {
  const isAboutInitramfs = changes.some(
    (action) =>
      action.do === "write-file" && /^\/etc\/(initramfs-tools\/|crypttab$)/.test(action.path),
  );
  return guest.kernels.flatMap((kernel) => {
    const missing = missingFromInitramfs(kernel);
    if (missing.length === 0 && !isAboutInitramfs) return [];
    const detail = missing.length === 0 ? "settings changed" : `with ${missing.join(" ")}`;
    return [{ do: "rebuild-initramfs", kernel: kernel.version, detail }] as const;
  });
}

function rewrite(
  guest: Inspection,
  path: string,
  change: (text: string) => Rewritten,
): RepairAction[] {
  const old = guest.files[path];
  if (old === undefined) return [];
  const { text, details } = change(old);
  return write(guest, path, text, details.join("; "));
}

function write(guest: Inspection, path: string, content: string, detail: string): RepairAction[] {
  if (guest.files[path] === content) return [];
  return [{ do: "write-file", path, backup: backupPath(path), content, detail }];
}

function setAside(path: string, detail: string): RepairAction {
  return { do: "set-aside", path, backup: backupPath(path), detail };
}
