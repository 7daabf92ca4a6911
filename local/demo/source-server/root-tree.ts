import { createHash } from "node:crypto";
import { access, mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { findAptArchive } from "./apt-archive.ts";
import { runIsolatedScript } from "./isolated-script.ts";

/** The kernel is the ordinary one: the cloud's kernel has no driver for AHCI, which real servers have. */
const packages = [
  "systemd-sysv,udev,dbus,kmod,procps,cron,zstd,wget",
  "linux-image-amd64,initramfs-tools,grub-pc,e2fsprogs,xfsprogs,fdisk",
  "ifupdown,isc-dhcp-client,iproute2,netbase,openssh-server",
].join(",");

/** `$HYPERMOTION_CACHE`, else `~/.cache/hypermotion`. */
export function defaultCacheFolder(): string {
  return process.env.HYPERMOTION_CACHE || join(homedir(), ".cache", "hypermotion");
}

/**
 * The path of a Debian root tree as a tar. The first call takes a minute or two and the network; later
 * ones find it in the cache. May be called by several processes at once.
 */
export async function ensureRootTree(
  cacheFolder: string,
  onStep: (step: string) => void,
): Promise<string> {
  const { suite, mirror } = await findAptArchive();
  const recipe = createHash("sha256")
    .update(packages)
    .update(await readFile(new URL("root-tree.sh", import.meta.url)))
    .digest("hex");
  const tree = join(resolve(cacheFolder), `root-${suite}-${recipe.slice(0, 12)}.tar`);

  if (!(await exists(tree))) {
    await mkdir(cacheFolder, { recursive: true });
    const environment = { TREE: tree, SUITE: suite, MIRROR: mirror, PACKAGES: packages };
    await runIsolatedScript("root-tree.sh", environment, onStep);
  }
  return tree;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
