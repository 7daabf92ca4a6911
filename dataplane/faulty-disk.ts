/** Disks for tests that fail as real ones do: nbdkit serves them, nbdfuse shows them as a file. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Why there are none here, for the name of a test that is skipped; undefined when there are. */
export const noFaultyDisks =
  process.getuid?.() !== 0
    ? "not root"
    : ["nbdkit", "nbdfuse", "fusermount3"].find(
        (tool) => spawnSync(tool, ["--version"]).error !== undefined,
      );

export interface MountedDisk {
  readonly path: string;
  unmount(): Promise<void>;
}

/** Whatever nbdkit can serve, as a file of the name. */
export async function mountDisk(
  folder: string,
  name: string,
  nbdkit: readonly string[],
): Promise<MountedDisk> {
  const path = join(folder, name);
  await writeFile(path, "");
  const child = spawn(
    "nbdfuse",
    [path, "--command", "nbdkit", "-s", "--exit-with-parent", ...nbdkit],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  while ((await stat(path)).size === 0) {
    if (child.exitCode !== null) throw new Error(`nbdfuse ended: ${said}`);
    await delay(20);
  }
  return { path, unmount: () => unmount(path, child) };
}

async function unmount(path: string, child: ChildProcess): Promise<void> {
  const ended = child.exitCode === null ? once(child, "exit") : undefined;
  // Lazily: somebody may still have it open.
  execFileSync("fusermount3", ["-u", "-z", path]);
  await ended;
}

export interface FaultyDisk extends MountedDisk {
  /** What is on the medium. */
  readonly imagePath: string;
  /** From now on an access to any byte of the place fails; `once` for the first such access alone. */
  breakPlace(what: "read" | "write", at: { from: number; to: number; once?: true }): Promise<void>;
  /** The next flush fails, and what was written since the one before is gone; later ones succeed. */
  loseNextFlush(): Promise<void>;
  heal(): Promise<void>;
}

/** A disk with a cache of its own, as disks have: what was written is safe when it was flushed. */
export async function mountFaultyDisk(
  folder: string,
  name: string,
  sizeBytes: number,
): Promise<FaultyDisk> {
  const medium = join(folder, `${name}.medium`);
  for (const part of ["image", "durable"]) {
    await writeFile(`${medium}.${part}`, "");
    await truncate(`${medium}.${part}`, sizeBytes);
  }
  const script = `${medium}.sh`;
  await writeFile(script, diskScript(medium), { mode: 0o700 });
  const mounted = await mountDisk(folder, name, ["sh", script]);
  return {
    ...mounted,
    imagePath: `${medium}.image`,
    breakPlace: (what, { from, to, once: isOnce }) =>
      writeFile(`${medium}.bad-${what}`, `${from} ${to} ${isOnce === true ? "once" : "always"}\n`),
    loseNextFlush: () => writeFile(`${medium}.lose-flush`, ""),
    async heal() {
      for (const fault of ["bad-read", "bad-write", "lose-flush"])
        await rm(`${medium}.${fault}`, { force: true });
    },
  };
}

/** Source: nbdkit-sh-plugin(3). */
function diskScript(medium: string): string {
  return `#!/bin/sh
m='${medium}'
fail_in() { # what count offset
  [ -e "$m.bad-$1" ] || return 0
  read -r from to how < "$m.bad-$1"
  [ "$3" -lt "$to" ] && [ $(($3 + $2)) -gt "$from" ] || return 0
  [ "$how" = always ] || rm "$m.bad-$1"
  echo "EIO the medium is damaged" >&2
  exit 1
}
case "$1" in
  get_size) stat -c %s "$m.image" ;;
  can_write | can_flush) exit 0 ;;
  pread)
    fail_in read "$3" "$4"
    dd if="$m.image" iflag=skip_bytes,count_bytes skip="$4" count="$3" bs=1M status=none ;;
  pwrite)
    fail_in write "$3" "$4"
    dd of="$m.image" oflag=seek_bytes seek="$4" conv=notrunc bs=1M status=none ;;
  flush)
    if [ -e "$m.lose-flush" ]; then
      rm "$m.lose-flush"
      cp --sparse=always "$m.durable" "$m.image"
      echo "EIO the cache is lost" >&2
      exit 1
    fi
    cp --sparse=always "$m.image" "$m.durable" ;;
  *) exit 2 ;;
esac
`;
}
