/** What is copied: a Linux file system made from this machine's own /usr, and bytes that do not shrink. */
import { execFileSync, spawnSync } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, rename, rm, statfs, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

const MiB = 1024 ** 2;

export async function makeImage(path: string, sizeBytes: number): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, "");
  await truncate(path, sizeBytes);
}

/** ext4, filled from /usr to at least this share. Needs root; made once per folder. */
export async function linuxDisk(folder: string, sizeBytes: number, share = 0.62): Promise<string> {
  const path = join(folder, `linux-${sizeBytes / MiB}.img`);
  if (existsSync(path)) return path;
  const fresh = `${path}.new`;
  const mountPoint = join(folder, "mnt");
  await mkdir(mountPoint, { recursive: true });
  await makeImage(fresh, sizeBytes);
  execFileSync("mkfs.ext4", ["-q", "-F", fresh]);
  execFileSync("mount", ["-o", "loop", fresh, mountPoint]);
  try {
    const used = async () => {
      const { blocks, bfree } = await statfs(mountPoint);
      return 1 - bfree / blocks;
    };
    const names = execFileSync("find", [
      "/usr",
      "-xdev",
      "-mindepth",
      "2",
      "-maxdepth",
      "3",
      "-print0",
    ])
      .toString()
      .split("\0")
      .filter((name) => name !== "")
      .sort();
    // One /usr beside the other, where one alone is too small.
    for (let time = 1; time <= 9 && (await used()) < share; time += 1) {
      const root = join(mountPoint, `${time}`);
      await mkdir(root);
      for (const name of names) {
        if ((await used()) >= share) break;
        // What is too large for the rest does not matter: the next is smaller.
        spawnSync("cp", ["-a", "--parents", name, root], { stdio: "ignore" });
      }
    }
    if ((await used()) < share) throw new Error("this machine's /usr is too small for the disk");
    // Files that were copied over left bytes in free space, which nobody has to copy: all compare equal without.
    execFileSync("fstrim", [mountPoint]);
  } finally {
    execFileSync("umount", [mountPoint]);
  }
  await rename(fresh, path);
  return path;
}

/** Bytes without any pattern, the same each time: a cipher's stream. */
export async function randomDisk(folder: string, sizeBytes: number): Promise<string> {
  const path = join(folder, `random-${sizeBytes / MiB}.img`);
  if (existsSync(path)) return path;
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, 7), Buffer.alloc(16));
  const zeros = Buffer.alloc(MiB);
  const file = await open(`${path}.new`, "w");
  for (let at = 0; at < sizeBytes; at += MiB) {
    await file.write(cipher.update(zeros.subarray(0, Math.min(MiB, sizeBytes - at))));
  }
  await file.sync();
  await file.close();
  await rename(`${path}.new`, path);
  return path;
}

/** Past this machine's page cache. */
export async function readThrough(path: string): Promise<void> {
  execFileSync("dd", [`if=${path}`, "of=/dev/null", "iflag=direct", "bs=1M", "status=none"]);
}

/** @throws when they differ */
export async function expectSame(one: string, other: string): Promise<void> {
  const { status } = spawnSync("cmp", [one, other], { stdio: "inherit" });
  if (status !== 0) throw new Error(`${other} is not what ${one} is`);
}

/** Neither side may profit from what the one before it has read. */
export async function forgetCaches(): Promise<void> {
  execFileSync("sync");
  await writeFile("/proc/sys/vm/drop_caches", "3\n");
}
