/**
 * Disks for tests: image files behind loop devices, with partitions, file systems and mounts made by the system's
 * own tools. Needs root. Other tests look at all disks now and then, so what is busy is tried again.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);

export interface LoopDisks {
  readonly folder: string;
  /** Runs a tool and gives what it prints; tried again while something is busy. */
  readonly run: (command: string, ...args: string[]) => Promise<string>;
  /** A new disk of zeros. @returns its path */
  readonly attach: (sizeMiB: number) => Promise<string>;
  /** By lines of sfdisk(8). @returns paths of the partitions */
  readonly partition: (disk: string, table: string) => Promise<string[]>;
  /** @returns where it is mounted now, until the end */
  readonly mount: (device: string, ...options: string[]) => Promise<string>;
  readonly atEnd: (clean: () => Promise<unknown>) => void;
  readonly remove: () => Promise<void>;
}

export async function makeLoopDisks(): Promise<LoopDisks> {
  const folder = await mkdtemp(join(tmpdir(), "loop-disks-"));
  const cleanups: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })];
  const atEnd = (clean: () => Promise<unknown>) => {
    cleanups.push(clean);
  };
  let made = 0;
  return {
    folder,
    run,
    atEnd,
    async attach(sizeMiB) {
      const image = join(folder, `disk-${made++}`);
      await writeFile(image, "");
      await truncate(image, sizeMiB * 1024 ** 2);
      const disk = (await run("losetup", "--show", "-f", image)).trim();
      atEnd(() => run("losetup", "-d", disk));
      return disk;
    },
    async partition(disk, table) {
      const script = join(folder, "table");
      await writeFile(script, table);
      // Loop devices have no partitions of their own with every kernel; partx makes them with all.
      await run("sh", "-c", `sfdisk -q --no-reread --no-tell-kernel ${disk} < ${script}`);
      await run("partx", "-a", disk);
      const listed = JSON.parse(await run("sfdisk", "--json", disk)).partitiontable.partitions;
      const nodes: string[] = listed.map(({ node }: { node: string }) => node);
      // One by one, so that a second try has only the busy one before it.
      for (const node of nodes) {
        atEnd(() => run("partx", "-d", "--nr", node.slice(`${disk}p`.length), disk));
      }
      return nodes;
    },
    async mount(device, ...options) {
      const point = join(folder, `mount-${made++}`);
      await mkdir(point);
      await run("mount", ...options, device, point);
      atEnd(() => run("umount", point));
      return point;
    },
    /** What one can't clean keeps no other from it. */
    async remove() {
      const failures: unknown[] = [];
      for (const clean of cleanups.splice(0).reverse()) {
        await clean().catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw new AggregateError(failures, "not all could be removed");
    },
  };
}

async function run(command: string, ...args: string[]): Promise<string> {
  const env = {
    ...process.env,
    LC_ALL: "C",
    PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
    LVM_SUPPRESS_FD_WARNINGS: "1",
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return (await execute(command, args, { env })).stdout;
    } catch (error) {
      const isBusy =
        error instanceof Error && /busy|in use|locked|error deleting/i.test(error.message);
      if (!isBusy || attempt === 50) throw error;
      await sleep(100);
    }
  }
}
