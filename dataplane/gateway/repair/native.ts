/**
 * The native carrier: the guest's partitions are mounted on this machine's kernel and its script runs
 * in a chroot there, walled in as `native-run.sh` says. Needs root; takes seconds.
 */
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { MigrationError } from "#domain/errors.ts";
import { interestingDrivers } from "#domain/repair/drivers.ts";
import { runTool } from "../../run-tool.ts";
import type { Carrier, CarrierControl } from "./carrier.ts";
import { readGuestScript } from "./guest-script.ts";
import { runLimited } from "./limited-process.ts";

const runner = fileURLToPath(new URL("native-run.sh", import.meta.url));
const namespaces = ["--mount", "--propagation=private", "--pid", "--ipc", "--uts", "--net"];
/** The end of the namespaces' first process ends all others in them. */
const lifetime = ["--fork", "--kill-child", "--mount-proc"];
const programs = ["unshare", "setpriv", "capsh", "prlimit", "mount", "losetup", "sfdisk", "blkid"];

/** Why this machine can't carry a repair, or `undefined` when it can; it was tried then. */
export async function findNativeObstacle(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "the gateway does not run as root";
  for (const program of programs) {
    const { status } = await runTool(program, ["--help"]);
    if (status === undefined) return `${program} is not installed`;
  }
  const { status } = await runTool("unshare", [...namespaces, ...lifetime, "losetup", "--find"]);
  return status === 0 ? undefined : "namespaces or loop devices are not to be had";
}

export const nativeCarrier: Carrier = {
  name: "native",
  async runInGuest({ diskPaths, mounts, task, plan }, control) {
    await untilReleased(diskPaths, control);
    const partitions = mounts.flatMap(({ disk, partition, mountPoint }) => [
      diskPaths[disk] ?? "",
      String(partition.offsetBytes),
      String(partition.sizeBytes),
      partition.fileSystem?.type ?? "",
      mountPoint,
    ]);
    const access = task === "inspect" ? "read" : "write";
    try {
      const { output } = await runLimited(
        "unshare",
        [...namespaces, ...lifetime, "sh", runner, access, ...partitions],
        {
          env: {
            GUEST_SCRIPT: await readGuestScript(),
            REPAIR_TASK: task,
            REPAIR_MODULES: interestingDrivers.join(" "),
          },
          input: plan,
          signal: control.signal,
          log: control.log,
        },
      );
      return output;
    } finally {
      // After a kill the kernel unmounts by itself, and that takes a moment.
      await untilReleased(diskPaths, { log: control.log });
    }
  },
};

const releaseSteps = 100;
const releaseStepMs = 100;

/**
 * Waits until no loop device is on the volumes: those of a run that was killed go with its namespaces,
 * and one that was left for any other reason is detached here.
 * @throws `repair.failed` when one is kept by something else.
 */
async function untilReleased(
  diskPaths: readonly string[],
  { log }: Pick<CarrierControl, "log">,
): Promise<void> {
  for (let step = 0; step < releaseSteps; step++) {
    const devices = await listLoopDevices(diskPaths);
    if (devices.length === 0) return;
    if (step === 0) log(`waiting until ${devices.join(" ")} of an earlier run is released`);
    // Detaching one that is still mounted only marks it, so this can't pull it away from anybody.
    for (const device of devices) await runTool("losetup", ["--detach", device]);
    await delay(releaseStepMs);
  }
  throw new MigrationError("repair.failed", {
    action: "release",
    problem: `something else holds ${(await listLoopDevices(diskPaths)).join(" ")}`,
  });
}

async function listLoopDevices(diskPaths: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    diskPaths.map((path) => runTool("losetup", ["--associated", path])),
  );
  // Lines begin with the device: "/dev/loop0: [2049]:131 (/path), offset 1048576".
  return lists.flatMap(({ stdout }) => stdout.match(/^\/dev\/loop\d+(?=:)/gm) ?? []);
}
