/** Which kernels this server can start, and what makes an initramfs for them. */
import { access, open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Inventory } from "#domain/inventory.ts";
import { parseMountInfo } from "../../mount-info.ts";

type BootFiles = Pick<Inventory, "kernels" | "initramfsTools"> & { notSeen: string[] };

/** Each with a program that only it brings. */
const tools: readonly (readonly [string, string])[] = [
  ["initramfs-tools", "mkinitramfs"],
  ["dracut", "dracut"],
  ["mkinitcpio", "mkinitcpio"],
  ["booster", "booster"],
];
const programFolders = ["usr/sbin", "usr/bin", "sbin", "bin"];

export async function readBootFiles(root = "/"): Promise<BootFiles> {
  const initramfsTools: string[] = [];
  for (const [name, program] of tools) {
    if (await isInstalled(root, program)) initramfsTools.push(name);
  }
  // SUSE up to 11 and RHEL 5; where there is dracut it only calls that.
  if (initramfsTools.length === 0 && (await isInstalled(root, "mkinitrd"))) {
    initramfsTools.push("mkinitrd");
  }
  const folder = join(root, "boot");
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) {
    return { initramfsTools, notSeen: ["kernels: /boot can't be read"] };
  }
  const versions = new Set<string>();
  const notSeen: string[] = [];
  for (const name of names) {
    const kernel = kernelName(name);
    if (kernel === undefined) continue;
    const version = /^\d/.test(kernel) ? kernel : await findVersionIn(join(folder, name));
    if (version === undefined) notSeen.push(`the version of the kernel /boot/${name}`);
    else versions.add(version);
  }
  if (versions.size === 0 && (await isBootElsewhere(root))) {
    return { initramfsTools, notSeen: ["kernels: /boot is not mounted"] };
  }
  return { kernels: [...versions].sort(newestFirst), initramfsTools, notSeen };
}

/** What follows in `vmlinuz-6.1.0-13-amd64`: a version, or a name such as Arch Linux gives. */
export function kernelName(file: string): string | undefined {
  if (/\.(gz|hmac|old|bak|sig)$/.test(file) || /rescue/.test(file)) return undefined;
  // Names of x86, of POWER and of s390 and 64-bit ARM.
  return /^(?:vmlinuz|vmlinux|[iI]mage)-(.+)$/.exec(file)?.[1];
}

function newestFirst(a: string, b: string): number {
  return b.localeCompare(a, "en", { numeric: true });
}

/**
 * An x86 kernel says itself which it is: "HdrS" at 0x202, and at 0x20e where from 0x200 on the text begins.
 * Source: Documentation/arch/x86/boot.rst, kernel_version.
 */
async function findVersionIn(path: string): Promise<string | undefined> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const head = Buffer.alloc(0x210);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    if (bytesRead < head.length || head.toString("latin1", 0x202, 0x206) !== "HdrS") return;
    const text = Buffer.alloc(256);
    await file.read(text, 0, text.length, head.readUInt16LE(0x20e) + 0x200);
    return /^\d[\w.+~-]*/.exec(text.toString("latin1"))?.[0];
  } finally {
    await file.close();
  }
}

/** Whether it is a file system of its own that is not mounted now. */
async function isBootElsewhere(root: string): Promise<boolean> {
  const fstab = await readFile(join(root, "etc/fstab"), "utf8").catch(() => "");
  if (!/^\s*[^#\s]\S*\s+\/boot\/?\s/m.test(fstab)) return false;
  const mounts = parseMountInfo(await readFile("/proc/self/mountinfo", "utf8").catch(() => ""));
  return !mounts.some(({ mountPoint }) => mountPoint === join(root, "boot"));
}

async function isInstalled(root: string, program: string): Promise<boolean> {
  for (const folder of programFolders) {
    const isThere = await access(join(root, folder, program)).then(
      () => true,
      () => false,
    );
    if (isThere) return true;
  }
  return false;
}
