/** What a busy server does to its file system, for tests of copies that run meanwhile. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const MiB = 1024 ** 2;
const tool = promisify(execFile);

let seed = 1;
/** Repeatable, so that a failure can be looked at again. */
function random(below: number): number {
  seed = (seed * 1103515245 + 12345) % 2 ** 31;
  return seed % below;
}

/**
 * Files written at random places, through memory and past the cache, allocated ahead, deleted, and trimmed, unless
 * it is not to be: a trim is a change of everything that is free.
 */
export async function disturb(
  mountPoint: string,
  rounds: number,
  { trims = true } = {},
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const path = join(mountPoint, `file-${random(12)}`);
    const offset = random(64) * 65_536;
    const pattern = `0x${(16 + random(200)).toString(16)}`;
    switch (random(7)) {
      case 0:
      case 1: {
        const file = await open(path, constants.O_CREAT | constants.O_RDWR);
        await file.write(randomBytes(1 + random(300_000)), 0, undefined, offset + random(5000));
        if (random(2) === 0) await file.sync();
        await file.close();
        break;
      }
      case 2:
        await unlink(path).catch(() => undefined);
        break;
      case 3: {
        const size = `${offset + MiB}`;
        await tool("xfs_io", [
          ...["-f", "-c", `truncate ${size}`, "-c", `mmap 0 ${size}`],
          ...["-c", `mwrite -S ${pattern} ${offset} 100000`],
          ...["-c", "msync -s", path],
        ]);
        break;
      }
      case 4:
        await tool("xfs_io", [
          ...["-d", "-f", "-c", `pwrite -S ${pattern} ${offset} 131072`, path],
        ]);
        break;
      case 5:
        await tool("xfs_io", ["-f", "-c", `falloc ${offset} 700000`, path]);
        break;
      default:
        await tool("sync", ["-f", mountPoint]);
        if (trims) await tool("fstrim", [mountPoint]);
    }
  }
}
