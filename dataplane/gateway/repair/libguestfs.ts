/**
 * The libguestfs carrier: the same script inside libguestfs' small virtual machine. It needs no root on
 * this machine, and takes minutes where virtual machines are emulated: the fallback.
 */
import { createHash } from "node:crypto";
import { access, constants, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interestingDrivers } from "#domain/repair/drivers.ts";
import { runTool } from "../../run-tool.ts";
import type { Carrier, GuestTask } from "./carrier.ts";
import { readGuestScript } from "./guest-script.ts";
import { accelerator } from "./kvm.ts";
import { runLimited } from "./limited-process.ts";

/** Where the script lies in the guest while it runs. */
const inGuest = "/tmp/hypermotion-repair";
const logPrefix = "log|";

/** Why this machine can't carry a repair, or `undefined` when it looks as if it could. */
export async function findLibguestfsObstacle(): Promise<string | undefined> {
  for (const program of ["guestfish", "setpriv", "sfdisk", "blkid"]) {
    const { status } = await runTool(program, ["--version"]);
    if (status === undefined) return `${program} is not installed`;
  }
  if (process.env.LIBGUESTFS_PATH !== undefined || process.env.SUPERMIN_KERNEL !== undefined) {
    return undefined;
  }
  return (await hasReadableKernel())
    ? undefined
    : "libguestfs finds no kernel in /boot that the gateway may read";
}

/** libguestfs builds its virtual machine from this machine's own kernel. */
async function hasReadableKernel(): Promise<boolean> {
  const names = await readdir("/boot").catch(() => []);
  for (const name of names.filter((file) => file.startsWith("vmlinu"))) {
    const isReadable = await access(join("/boot", name), constants.R_OK).then(
      () => true,
      () => false,
    );
    if (isReadable) return true;
  }
  return false;
}

export const libguestfsCarrier: Carrier = {
  name: "libguestfs",
  async runInGuest(task, control) {
    const folder = workFolder(task.diskPaths);
    // One that a killed run left. Making it again fails where somebody else has put one there.
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    try {
      await writeFile(join(folder, "script"), await readGuestScript());
      await writeFile(join(folder, "plan"), task.plan);
      const { output } = await runLimited("guestfish", guestfishCommands(task, folder), {
        env: {
          HOME: folder,
          TMPDIR: folder,
          LIBGUESTFS_BACKEND: "direct",
          // Without it, where /dev/kvm opens but no machine gets anywhere on it, libguestfs waits for ever.
          ...((await accelerator(folder)) === "kvm"
            ? {}
            : { LIBGUESTFS_BACKEND_SETTINGS: "force_tcg" }),
          ...inherited([
            "LIBGUESTFS_PATH",
            "SUPERMIN_KERNEL",
            "SUPERMIN_MODULES",
            "LIBGUESTFS_CACHEDIR",
          ]),
        },
        input: "",
        signal: control.signal,
        log: control.log,
      });
      const lines = output.split("\n");
      for (const line of lines.filter((text) => text.startsWith(logPrefix))) {
        control.log(
          line
            .slice(logPrefix.length)
            .replace(/\p{Cc}/gu, " ")
            .slice(0, 500),
        );
      }
      // guestfish puts an empty line after what a command told.
      return `${lines
        .filter((line) => !line.startsWith(logPrefix))
        .join("\n")
        .trimEnd()}\n`;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

function workFolder(diskPaths: readonly string[]): string {
  const disks = createHash("sha256").update(diskPaths.join("\n")).digest("hex");
  return join(tmpdir(), `hypermotion-repair-${disks.slice(0, 16)}`);
}

/** As arguments, which guestfish takes as they are: nothing needs to be quoted. */
function guestfishCommands({ diskPaths, mounts, task }: GuestTask, folder: string): string[] {
  // What is written to a read-only drive goes to an overlay that is thrown away.
  const access = task === "inspect" ? "readonly:true" : "readonly:false";
  const modules = interestingDrivers.join(" ");
  const script =
    `REPAIR_TASK=${task} REPAIR_MODULES='${modules}' sh ${inGuest}.sh <${inGuest}.plan 2>${inGuest}.log\n` +
    `tail -c 20000 ${inGuest}.log | sed 's/^/${logPrefix}/'\n` +
    `rm -f ${inGuest}.sh ${inGuest}.plan ${inGuest}.log`;
  const commands = [
    ...diskPaths.map((path) => ["add-drive", path, "format:raw", access]),
    ["run"],
    ...mounts.map(({ disk, partition, mountPoint }) => [
      "mount",
      `/dev/sd${String.fromCharCode("a".charCodeAt(0) + disk)}${partition.number}`,
      mountPoint,
    ]),
    ["upload", join(folder, "script"), `${inGuest}.sh`],
    ["upload", join(folder, "plan"), `${inGuest}.plan`],
    ["sh", script],
    ["umount-all"],
    ["shutdown"],
  ];
  return [
    "--",
    ...commands.flatMap((command, index) => (index === 0 ? command : [":", ...command])),
  ];
}

function inherited(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
