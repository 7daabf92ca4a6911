/**
 * A real source server for the demo and the tests: a Debian that boots, as an old physical server is
 * set up. It knows its own hardware and no other, which is what driver repair is there for:
 *
 * - the initramfs holds drivers for IDE and AHCI disks only;
 * - fstab and the boot loader name disks by device name (`/dev/sda1`, `/dev/sdb1`);
 * - the network interface is tied to a MAC address and has a static IP address.
 *
 * Once up, it reports itself on the serial line (source-server/boot-report.ts).
 */
import { randomBytes } from "node:crypto";
import { access, constants, mkdir, rename } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { MigrationError } from "#domain/errors.ts";
import { runIsolatedScript } from "./source-server/isolated-script.ts";
import { defaultCacheFolder, ensureRootTree } from "./source-server/root-tree.ts";

export interface SourceServerOptions {
  /** Where the disks are put, as `system.raw` and `data.raw`; older ones there are replaced. */
  folder: string;
  /** The root's file system. The data disk's is ext4. */
  variant: "ext4" | "xfs";
  dataDisk: boolean;
  /** Where the root tree is kept between builds (750 MB); default {@link defaultCacheFolder}. */
  cacheFolder?: string;
  /** Default 3 GiB and 512 MiB; the files are sparse, about 900 MB of them are used. */
  systemDiskBytes?: number;
  dataDiskBytes?: number;
  onStep?: (step: string) => void;
}

export interface SourceServer {
  /** Raw disk images. The system disk's partition begins at 1 MiB, so does the data disk's. */
  readonly systemDisk: string;
  readonly dataDisk?: string;
  readonly rootPassword: string;
  /** A random word in a file on the data disk, else on the system disk; the boot report shows it. */
  readonly dataMarker: string;
}

const neededPrograms = [
  "mmdebstrap",
  "mkfs.ext4",
  "mkfs.xfs",
  "sfdisk",
  "unshare",
  "setpriv",
  "flock",
];
const mebibyte = 1024 * 1024;

/**
 * Builds the server's disks: seconds once the root tree is cached, a minute or two and the network
 * before.
 * @throws `demo.no-source-server` without root, the programs needed or the network.
 */
export async function buildSourceServer(options: SourceServerOptions): Promise<SourceServer> {
  await checkPossible();
  const onStep = options.onStep ?? (() => {});
  const folder = resolve(options.folder);
  await mkdir(folder, { recursive: true });
  const tree = await ensureRootTree(options.cacheFolder ?? defaultCacheFolder(), onStep);

  const systemDisk = join(folder, "system.raw");
  const dataDisk = options.dataDisk ? join(folder, "data.raw") : undefined;
  const rootPassword = randomBytes(12).toString("base64url");
  const dataMarker = randomBytes(6).toString("hex");
  // A reader must never meet half a disk under its final name.
  const unfinished = (disk: string) => `${disk}.unfinished`;
  const environment = {
    TREE: tree,
    FILES: fileURLToPath(new URL("source-server/files", import.meta.url)),
    SYSTEM_DISK: unfinished(systemDisk),
    DATA_DISK: dataDisk === undefined ? "" : unfinished(dataDisk),
    ROOT_TYPE: options.variant,
    SYSTEM_MIB: mebibytes(options.systemDiskBytes ?? 3072 * mebibyte),
    DATA_MIB: mebibytes(options.dataDiskBytes ?? 512 * mebibyte),
    PASSWORD: rootPassword,
    MARKER: dataMarker,
  };
  await runIsolatedScript("build-disks.sh", environment, onStep);

  if (dataDisk !== undefined) await rename(unfinished(dataDisk), dataDisk);
  await rename(unfinished(systemDisk), systemDisk);
  return { systemDisk, ...(dataDisk === undefined ? {} : { dataDisk }), rootPassword, dataMarker };
}

/**
 * Changes files on the disks as the running server would: a mebibyte comes and an older one goes, and
 * records are rewritten in place. Each call counts up the `changes` of the boot report.
 *
 * @returns how many bytes of files were written, at least; the file systems' own bytes come on top.
 * @throws `demo.no-source-server` without root.
 */
export async function changeSourceServer(
  disks: Pick<SourceServer, "systemDisk" | "dataDisk">,
): Promise<{ bytesWritten: number }> {
  await checkPossible();
  const environment = { SYSTEM_DISK: disks.systemDisk, DATA_DISK: disks.dataDisk ?? "" };
  const lines = await runIsolatedScript("change-disks.sh", environment);
  const bytesWritten = Number(/^WRITTEN (\d+)$/.exec(lines.at(-1) ?? "")?.[1]);
  return { bytesWritten };
}

/**
 * Why no source server can be built on this machine, or `undefined` when it can.
 */
export async function findSourceServerObstacle(): Promise<string | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return "it needs Linux on x86-64";
  if (process.getuid?.() !== 0) return "it needs root";
  for (const program of neededPrograms) {
    if (!(await isInstalled(program))) return `${program} is not installed`;
  }
  return undefined;
}

async function checkPossible(): Promise<void> {
  const problem = await findSourceServerObstacle();
  if (problem !== undefined) throw new MigrationError("demo.no-source-server", { problem });
}

async function isInstalled(program: string): Promise<boolean> {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

function mebibytes(bytes: number): string {
  return String(Math.floor(bytes / mebibyte));
}
