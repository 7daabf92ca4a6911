/**
 * Driver repair of the clones of a server's volumes:
 *
 *   look at the disks ─▶ enter, inspect ─▶ plan (domain/repair/) ─▶ enter, act ─▶ enter, inspect ─▶ verify
 *
 * A carrier is what enters: native.ts or libguestfs.ts. A guest that is refused was only looked at.
 */
import { MigrationError } from "#domain/errors.ts";
import type { RepairOrder, RepairReport } from "#domain/protocol/gateway.ts";
import {
  describeGuest,
  listNeededMounts,
  listRootCandidates,
  rootNotFound,
} from "#domain/repair/guest.ts";
import type { Inspection, RepairDisk } from "#domain/repair/inspection.ts";
import { planRepair, subjectOf } from "#domain/repair/plan.ts";
import { requireVerified, verifyRepair } from "#domain/repair/verify.ts";
import type { Carrier, GuestTask } from "./carrier.ts";
import { readDiskFacts } from "./disk-facts.ts";
import { formatPlan, parseInspection, requireAllDone } from "./guest-script.ts";
import { findLibguestfsObstacle, libguestfsCarrier } from "./libguestfs.ts";
import { findNativeObstacle, nativeCarrier } from "./native.ts";

/** An order whose devices have been found: `path` is a raw file or a block device. */
export type LocatedRepairOrder = Omit<RepairOrder, "volumes" | "callback"> & {
  readonly volumes: readonly (RepairOrder["volumes"][number] & { readonly path: string })[];
};

export interface RepairControl {
  /** Takes a line for people who look for the cause of a failure. */
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
  /** Takes what is being done now, for people who wait. */
  readonly onDoing: (doing: string) => void;
}

/** The carriers that work on this machine, the better one first. */
export async function probeCarriers(): Promise<RepairReport["carrier"][]> {
  const obstacles = await findObstacles();
  return (["native", "libguestfs"] as const).filter((name) => obstacles[name] === undefined);
}

/**
 * Repairs, and proves it. May be repeated: a repaired guest needs no more actions. Ends within the
 * order's time limit, and leaves nothing mounted, attached or running.
 *
 * @param carrier default: the first that works on this machine.
 * @throws `repair.no-carrier`, `repair.no-root`, `repair.unknown-guest` (nothing was changed),
 * `repair.failed`, `repair.not-verified`.
 */
export async function runRepair(
  order: LocatedRepairOrder,
  control: RepairControl,
  carrier?: Carrier,
): Promise<RepairReport> {
  const limit = AbortSignal.timeout(order.timeoutSeconds * 1000);
  let doing = "looking for a way into the guest";
  const onDoing = (next: string) => {
    doing = next;
    control.onDoing(next);
  };
  const signal = AbortSignal.any([limit, control.signal]);
  try {
    return await repair(order, carrier ?? (await chooseCarrier()), { ...control, onDoing, signal });
  } catch (error) {
    if (!signal.aborted || error instanceof MigrationError) throw error;
    const problem = limit.aborted
      ? `it took longer than ${order.timeoutSeconds} seconds`
      : "it was stopped";
    throw new MigrationError("repair.failed", { action: doing, problem }, { cause: error });
  }
}

async function repair(
  order: LocatedRepairOrder,
  carrier: Carrier,
  control: RepairControl,
): Promise<RepairReport> {
  const startedAtMs = Date.now();
  const diskPaths = order.volumes.map(({ path }) => path);
  control.onDoing("looking at the disks");
  const disks = await Promise.all(
    order.volumes.map(({ sourceDeviceName, path }) => readDiskFacts(sourceDeviceName, path)),
  );

  control.onDoing(`looking into the guest (${carrier.name})`);
  const found = await enterAndInspect(carrier, disks, diskPaths, control);
  const actions = planRepair(found.guest, order.hardware, order);

  if (actions.length > 0) {
    control.onDoing(`doing ${actions.length} things to the guest (${carrier.name})`);
    const task: GuestTask = {
      diskPaths,
      mounts: found.mounts,
      task: "act",
      plan: formatPlan(actions),
    };
    requireAllDone(await carrier.runInGuest(task, control), actions);
  }

  control.onDoing(`verifying (${carrier.name})`);
  const after =
    actions.length > 0
      ? await inspect(carrier, disks, diskPaths, found.mounts, control)
      : found.guest;
  if (after === undefined) throw brokenInspection();
  const checks = verifyRepair(after, order.hardware, order);
  requireVerified(checks);
  return {
    carrier: carrier.name,
    guest: describeGuest(after),
    actions: actions.map((action) => ({
      action: action.do,
      subject: subjectOf(action),
      detail: action.detail,
    })),
    checks,
    seconds: (Date.now() - startedAtMs) / 1000,
  };
}

type Mounts = GuestTask["mounts"];

/** Finds the partition that is `/`, mounts what its fstab puts beside it, and inspects. */
async function enterAndInspect(
  carrier: Carrier,
  disks: RepairDisk[],
  diskPaths: string[],
  control: RepairControl,
): Promise<{ guest: Inspection; mounts: Mounts }> {
  for (const candidate of listRootCandidates(disks)) {
    const rootAlone: Mounts = [{ ...candidate, mountPoint: "/" }];
    const seen = await inspect(carrier, disks, diskPaths, rootAlone, control);
    if (seen?.files["/etc/os-release"] === undefined) continue;
    const others = listNeededMounts(seen);
    if (others.length === 0) return { guest: seen, mounts: rootAlone };
    const mounts = [...rootAlone, ...others];
    const guest = await inspect(carrier, disks, diskPaths, mounts, control);
    if (guest === undefined) throw brokenInspection();
    return { guest, mounts };
  }
  throw rootNotFound(disks);
}

async function inspect(
  carrier: Carrier,
  disks: RepairDisk[],
  diskPaths: string[],
  mounts: Mounts,
  control: RepairControl,
): Promise<Inspection | undefined> {
  const task: GuestTask = { diskPaths, mounts, task: "inspect", plan: "" };
  const facts = parseInspection(await carrier.runInGuest(task, control));
  const root = mounts[0];
  if (facts === undefined || root === undefined) return undefined;
  return { ...facts, disks, root: { disk: root.disk, partition: root.partition.number } };
}

function brokenInspection(): MigrationError {
  const problem = "the guest can't be entered with its other partitions mounted";
  return new MigrationError("repair.failed", { action: "inspect", problem });
}

async function chooseCarrier(): Promise<Carrier> {
  const obstacles = await findObstacles();
  if (obstacles.native === undefined) return nativeCarrier;
  if (obstacles.libguestfs === undefined) return libguestfsCarrier;
  const problem = `${obstacles.native}; ${obstacles.libguestfs}`;
  throw new MigrationError("repair.no-carrier", { gateway: "this", problem });
}

async function findObstacles() {
  return { native: await findNativeObstacle(), libguestfs: await findLibguestfsObstacle() };
}
