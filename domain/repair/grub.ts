/**
 * GRUB 2: the menu it boots from (`grub.cfg`) and the settings the next menu is made from
 * (`/etc/default/grub`). The menu is edited rather than made anew: GRUB's own tools look at the devices
 * they run on, which here are not the guest's, and would write their names into it.
 */
import { MigrationError } from "../errors.ts";
import { type DeviceNames, isBareDeviceName } from "./device-names.ts";
import { knownGuests } from "./known-guests.ts";
import type { Rewritten } from "./rewritten.ts";

const bootLine = /^(\s*linux(?:16|efi)?\s+\S+)(.*)$/;

/** A line of the menu that starts a kernel. */
export interface BootLine {
  readonly kernelPath: string;
  readonly parameters: readonly string[];
}

export function bootLines(menu: string): BootLine[] {
  return menu.split("\n").flatMap((line) => {
    const [, start, rest] = bootLine.exec(line) ?? [];
    const kernelPath = start?.trim().split(/\s+/)[1];
    if (kernelPath === undefined) return [];
    return [{ kernelPath, parameters: words(rest ?? "") }];
  });
}

/** The menu with disks named for good and the parameters wanted, on every line that starts a kernel. */
export function rewriteMenu(menu: string, names: DeviceNames, wanted: KernelParameters): Rewritten {
  const details = new Set<string>();
  const lines = menu.split("\n").map((line) => {
    const [, start, rest] = bootLine.exec(line) ?? [];
    if (start === undefined || rest === undefined) return line;
    const old = words(rest);
    const parameters = withParameters(nameParameters(old, names, details), wanted, details);
    return parameters.join(" ") === old.join(" ") ? line : `${start} ${parameters.join(" ")}`;
  });
  return { text: lines.join("\n"), details: [...details] };
}

/** Settings with the same parameters, so that the menu the guest makes next time is as good. */
export function rewriteSettings(
  settings: string,
  names: DeviceNames,
  wanted: KernelParameters,
): Rewritten {
  const details = new Set<string>();
  const lines = settings.split("\n").map((line) => {
    // Debian's grub-mkconfig names disks by UUID unless one of these tells it not to.
    if (/^\s*(?:export\s+)?GRUB_DISABLE_LINUX_(?:PART)?UUID=(?!["']?false)/.test(line)) {
      details.add("disks are named by UUID in menus to come");
      return `# ${line}`;
    }
    const [, start, quote, rest] = /^(GRUB_CMDLINE_LINUX\w*=)(["']?)(.*?)\2\s*$/.exec(line) ?? [];
    if (start === undefined || rest === undefined) return line;
    const old = words(rest);
    const named = nameParameters(old, names, details);
    const parameters =
      start === "GRUB_CMDLINE_LINUX="
        ? withParameters(named, without(wanted, settings), details)
        : named;
    return parameters.join(" ") === old.join(" ")
      ? line
      : `${start}${quote || '"'}${parameters.join(" ")}${quote || '"'}`;
  });
  const text = lines.join("\n");
  if (/^GRUB_CMDLINE_LINUX=/m.test(text)) return { text, details: [...details] };
  const parameters = withParameters([], without(wanted, settings), details).join(" ");
  const added = parameters === "" ? "" : `GRUB_CMDLINE_LINUX="${parameters}"\n`;
  return { text: text + added, details: [...details] };
}

/** Parameters by what they are about: one is added only where its line says nothing about that. */
export type KernelParameters = Readonly<Record<string, readonly string[]>>;

/** What some other setting says already is not said again. */
function without(wanted: KernelParameters, settings: string): KernelParameters {
  return Object.fromEntries(
    Object.entries(wanted).filter(
      ([about]) => !new RegExp(`^GRUB_CMDLINE.*\\b${about}=`, "m").test(settings),
    ),
  );
}

function withParameters(
  parameters: readonly string[],
  wanted: KernelParameters,
  details: Set<string>,
): string[] {
  const missing = Object.entries(wanted)
    .filter(([about]) => !parameters.some((parameter) => parameter.startsWith(`${about}=`)))
    .flatMap(([, values]) => values);
  for (const parameter of missing) details.add(`kernel parameter ${parameter} added`);
  return [...parameters, ...missing];
}

function nameParameters(
  parameters: readonly string[],
  names: DeviceNames,
  details: Set<string>,
): string[] {
  return parameters.flatMap((parameter) => {
    const [, about, device] = /^(root|resume)=(.+)$/.exec(parameter) ?? [];
    if (about === undefined || device === undefined || !isBareDeviceName(device))
      return [parameter];
    const stable = names.findStable(device);
    if (stable !== undefined) {
      details.add(`${parameter} is ${about}=${stable} now`);
      return [`${about}=${stable}`];
    }
    if (about === "root") {
      const found = `it boots from ${device}, which was not migrated`;
      throw new MigrationError("repair.unknown-guest", { found, known: knownGuests });
    }
    details.add(`${parameter} was not migrated and is dropped`);
    return [];
  });
}

function words(text: string): string[] {
  return text.trim().split(/\s+/).filter(Boolean);
}
