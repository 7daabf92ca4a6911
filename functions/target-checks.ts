/**
 * The deep check of a target: one smallest volume, the probe, is made, hung on a gateway, snapshotted and
 * deleted. All of it belongs to the run, in the ledger and by tag, so that checks never meet each other
 * and whoever cleans up finds everything by the run's id.
 */
import { factsOf, MigrationError } from "#domain/errors.ts";
import type { Gateway, Resource, Run, Target } from "#domain/records.ts";
import { freeSlotsWhere, isSlotOf, takeReplicaSlots } from "#domain/slots.ts";
import {
  type CheckedPart,
  type CheckPart,
  isProved,
  type PartWords,
  withPart,
} from "#domain/target-check.ts";
import type { Capabilities, Provider } from "#providers/provider.ts";
import { apart } from "./apart.ts";
import type { Deps } from "./deps.ts";
import { newId, resourceToken } from "./ids.ts";
import { closeEntry, findEntry } from "./ledger.ts";
import { written } from "./migration.ts";
import { usableGateways } from "./placement.ts";
import { detach } from "./volumes.ts";
import { waitBriefly } from "./waiting.ts";

export interface Probe {
  readonly run: Run;
  readonly target: Target;
  readonly provider: Provider;
}

/** The slot on a gateway, taken by the run as a server takes one for its disk. */
const probeDisk = "probe";

export const probeTokens = {
  volume: (runId: string) => resourceToken("probe", runId),
  snapshot: (runId: string) => resourceToken("probe-snapshot", runId),
} as const;

/** The record first, then the execution; `resumeRuns` starts what has a record only. */
export async function startTargetCheck(deps: Deps, targetId: string): Promise<Run> {
  const input = { targetId };
  const id = newId("run", deps.random);
  const run = await deps.store.runs.create({
    ...{ id, kind: "check-target", targetId, state: "running", input },
  });
  await deps.machines.start(run.kind, run.id, input);
  return run;
}

/** What every step of a check begins with. @throws `run.stopped` when someone asked for its end */
export async function probeOf(deps: Deps, runId: string): Promise<Probe> {
  const run = await deps.store.runs.get(runId);
  if (run.stopAskedBy !== undefined) {
    throw new MigrationError("run.stopped", { run: runId, by: run.stopAskedBy });
  }
  return openProbe(deps, run);
}

async function openProbe(deps: Deps, run: Run): Promise<Probe> {
  const target = await deps.store.targets.get(written(run.targetId, `the target of ${run.id}`));
  return { run, target, provider: await deps.providerFor(target, run.id) };
}

/** The smallest a data volume may be. */
export function probeBytes({ volumes: { data } }: Capabilities): number {
  return Math.ceil(data.minBytes / data.stepBytes) * data.stepBytes;
}

export async function probeVolumeId(deps: Deps, { run, target }: Probe): Promise<string> {
  const entry = await findEntry(deps.store, target.id, probeTokens.volume(run.id));
  return written(entry?.cloudId, `the volume of ${run.id}`);
}

type Told = Pick<CheckedPart, "words"> & Partial<Pick<CheckedPart, "params">>;

/** Does a part and writes down what came of it. What fails is written down and thrown on. */
export async function provePart(
  deps: Deps,
  runId: string,
  part: CheckPart,
  prove: () => Promise<Told>,
): Promise<void> {
  try {
    const told = await prove();
    await note(deps, runId, { part, result: "proved", params: {}, ...told });
  } catch (error) {
    await note(deps, runId, { part, result: "failed", params: {}, error: factsOf(error) });
    throw error;
  }
}

export async function skipPart(
  deps: Deps,
  runId: string,
  part: CheckPart,
  words: PartWords,
  params: CheckedPart["params"] = {},
): Promise<void> {
  await note(deps, runId, { part, result: "not-tried", words, params });
}

async function note(deps: Deps, runId: string, part: Omit<CheckedPart, "at">): Promise<void> {
  const at = deps.now().toISOString();
  await deps.store.runs.update(runId, (run) => ({
    ...run,
    checked: withPart(run.checked ?? [], { ...part, at }),
  }));
}

/** A gateway that could take a volume now, without taking it. */
export async function gatewayWithPlace(
  deps: Deps,
  target: Target,
  can: Capabilities,
): Promise<Gateway | undefined> {
  const gateways = await usableGateways(deps, target);
  return gateways.find((gateway) => withProbe(gateway, "run-planned", can) !== undefined);
}

/**
 * Takes a place on a gateway of the target, as a server's disk would. May be repeated: the place that the
 * run has is its place.
 * @returns `undefined` where no gateway is ready with a free one
 */
export async function takePlace(
  deps: Deps,
  { run, target }: Probe,
  can: Capabilities,
): Promise<(Gateway & { instanceId: string }) | undefined> {
  const gateways = await usableGateways(deps, target);
  const holds = ({ slots }: Gateway) => Object.keys(slots).some(isSlotOf(run.id));
  const inOrder = [...gateways.filter(holds), ...gateways.filter((other) => !holds(other))];
  for (const { id } of inOrder) {
    let took = false;
    const gateway = await deps.store.gateways.update(id, (found) => {
      const slots = withProbe(found, run.id, can);
      took = slots !== undefined;
      return slots === undefined ? found : { ...found, slots };
    });
    if (took && gateway.instanceId !== undefined) {
      return { ...gateway, instanceId: gateway.instanceId };
    }
  }
  return undefined;
}

function withProbe(gateway: Gateway, runId: string, can: Capabilities) {
  if (gateway.state !== "ready" || gateway.instanceId === undefined) return undefined;
  return takeReplicaSlots(gateway, runId, [probeDisk], can.repairsOn === "gateway");
}

/**
 * Deletes all that a check made, and proves that nothing of it is left: by the ledger, and by what the
 * platform shows under the run's tag. May be repeated.
 * @throws `not-ready` while something is still there, what the platform refuses
 */
export async function removeProbe(deps: Deps, runId: string): Promise<void> {
  const run = await deps.store.runs.get(runId);
  const tokens = [probeTokens.snapshot(runId), probeTokens.volume(runId)];
  const targetId = written(run.targetId, `the target of ${runId}`);
  const entries = await Promise.all(tokens.map((token) => findEntry(deps.store, targetId, token)));
  const made = entries.filter((entry) => entry !== undefined);
  // Nothing is ordered that is not in the ledger: then the platform need not be asked, which may refuse.
  if (made.length === 0) {
    await skipPart(deps, runId, "delete", "nothing made");
    await provePart(deps, runId, "empty", async () => ({ words: "nothing made" }));
    return;
  }
  const probe = await openProbe(deps, run);
  await provePart(deps, runId, "delete", async () => {
    await deleteAll(deps, probe, made);
    return { words: "deleted", params: { count: made.length } };
  });
  await provePart(deps, runId, "empty", async () => {
    await waitUntilEmpty(deps, probe);
    for (const { kind, token } of made) await closeEntry(deps.store, targetId, kind, token);
    return { words: "empty" };
  });
  await freePlace(deps, probe);
}

async function deleteAll(
  deps: Deps,
  { run, provider }: Probe,
  made: readonly Resource[],
): Promise<void> {
  // What was ordered and never answered for is known by its tag only.
  const swept = await provider.listOwned(run.id);
  const idsOf = (kind: string) =>
    new Set([
      ...made.flatMap((entry) =>
        entry.kind === kind && entry.cloudId !== undefined && entry.state !== "gone"
          ? [entry.cloudId]
          : [],
      ),
      ...swept.filter((found) => found.kind === kind).map(({ id }) => id),
    ]);
  // Some clouds do not delete a volume while it has snapshots.
  for (const id of idsOf("snapshot")) await provider.volumes.deleteSnapshot(id);
  for (const id of idsOf("volume")) {
    await detach(deps, provider, id);
    await provider.volumes.deleteVolume(id);
  }
}

async function waitUntilEmpty(deps: Deps, { run, provider }: Probe): Promise<void> {
  await waitBriefly(deps, `nothing of ${run.id} to be left`, async () => {
    const left = await provider.listOwned(run.id);
    if (left.length === 0) return { ready: true };
    return { state: left.map(({ kind, id }) => `${kind} ${id}`).join(", ") };
  });
}

async function freePlace(deps: Deps, { run, target }: Probe): Promise<void> {
  for (const { id } of await usableGateways(deps, target)) {
    await deps.store.gateways.update(id, (found) =>
      Object.keys(found.slots).some(isSlotOf(run.id))
        ? { ...found, slots: freeSlotsWhere(found.slots, isSlotOf(run.id)) }
        : found,
    );
  }
}

/** Whether a check may still have something at its target. */
export function holdsTarget(run: Run): boolean {
  if (run.kind !== "check-target") return false;
  return run.state === "running" || !isProved(run.checked ?? [], "empty");
}

/** Of checks whose execution was ended from outside, before they could clean up. */
export async function removeAbandonedProbes(deps: Deps): Promise<void> {
  for await (const run of deps.store.runs.all()) {
    if (run.state === "running" || !holdsTarget(run)) continue;
    await apart(deps, { runId: run.id }, () => removeProbe(deps, run.id));
  }
}
