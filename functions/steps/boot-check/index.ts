import { z } from "zod";
import {
  afterHyperDoor,
  type BootEvidence,
  isHyperDoors,
  judgeBoot,
} from "#domain/boot-evidence.ts";
import { MigrationError } from "#domain/errors.ts";
import type { Launched } from "#domain/records.ts";
import type { Provider } from "#providers/provider.ts";
import type { Deps } from "../../deps.ts";
import { launchOf, updateLaunch } from "../../launches.ts";
import { type Migration, migrationOf, written } from "../../migration.ts";
import { step } from "../../step.ts";
import { tell } from "../../tell.ts";
import { waitBriefly } from "../../waiting.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ evidence: z.string() });

const bootTimeoutMs = 600_000;
/** Where a cloud shows nobody a guest's console, waiting longer would tell nothing. */
const unseenAfterMs = 300_000;
/** Of the console's end, kept in the run's record. */
const keptConsole = 16_384;

/**
 * Waits for the guest's own word that it runs: a login prompt on its console, or its SSH answering. A
 * panic, a rescue shell or silence for ten minutes is a failure, with the line that says so. Where
 * there is no console and the guest's address is silent or out of our reach, it counts as not seen
 * after five minutes, and a person is told to look.
 * @throws `launch.not-booted`
 */
export async function bootCheck({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const migration = await migrationOf(deps, serverId, runId);
  const launch = launchOf(migration.server, runId);
  const instanceId = written(launch.instanceId, `the instance of ${runId}`);
  const { evidence, seconds, unseen } = await waitBriefly(deps, `${instanceId} to boot`, async () =>
    look(deps, migration, launch, instanceId, runId),
  );
  await updateLaunch(deps, serverId, runId, {
    bootedAt: deps.now().toISOString(),
    bootSeconds: seconds,
    evidence,
    ...(unseen && { unseen }),
  });
  return { evidence };
}

/** The document knows it of Windows 2003, with the same remedy. */
const reentered: BootEvidence = {
  verdict: "failed",
  evidence: "HyperDoor started once more instead of the copied system; launch it again",
};

interface Seen {
  readonly evidence: string;
  readonly seconds: number;
  readonly unseen?: true;
}

async function look(
  deps: Deps,
  { server, provider }: Migration,
  launch: Launched,
  instanceId: string,
  runId: string,
): Promise<{ ready: Seen } | { state: string }> {
  const instance = await provider.compute.findInstance(instanceId);
  const shown = afterHyperDoor(await provider.compute.readConsole(instanceId));
  const since = launch.copy?.releasedAt ?? launch.launchedAt;
  const seconds = (deps.now().getTime() - Date.parse(since ?? "")) / 1000;
  const { verdict, evidence } =
    launch.copy?.reenteredAt === undefined ? await judge(provider, instanceId, shown) : reentered;
  if (verdict === "booted") {
    await keepConsole(deps, runId, shown);
    return { ready: { evidence, seconds } };
  }
  // A machine that restarts, as HyperDoor's does, is pending for a moment.
  const died = instance?.state !== "running" && instance?.state !== "pending";
  if (verdict === "waiting" && !died && seconds * 1000 > unseenAfterMs) {
    const { hasConsole } = await provider.capabilities();
    const evidence = "there is no console, and its address is silent";
    if (!hasConsole) return { ready: { evidence, seconds, unseen: true } };
  }
  if (verdict === "failed" || died || seconds * 1000 > bootTimeoutMs) {
    await keepConsole(deps, runId, shown);
    const seen =
      verdict === "failed"
        ? evidence
        : died
          ? `it is ${instance?.state ?? "gone"} ${instance?.problem ?? ""}`.trim()
          : `no login prompt within ${Math.round(seconds)} s; last seen: ${evidence}`;
    await tell(deps, server.id, "launch.not-booted", { evidence: seen }, runId);
    throw new MigrationError("launch.not-booted", { instance: instanceId, seen, run: runId });
  }
  return { state: `${Math.round(seconds)} s, last seen: ${evidence}` };
}

/** The console's word counts first: a guest in a rescue shell may answer on the network too. */
async function judge(provider: Provider, instanceId: string, shown: string): Promise<BootEvidence> {
  const told = judgeBoot(shown);
  if (told.verdict !== "waiting") return told;
  const banner = await provider.compute.probeAddress?.(instanceId);
  return banner === undefined || isHyperDoors(banner)
    ? told
    : { verdict: "booted", evidence: `its address answers: ${banner}` };
}

async function keepConsole(deps: Deps, runId: string, shown: string): Promise<void> {
  await deps.store.runs.update(runId, (run) => ({ ...run, console: shown.slice(-keptConsole) }));
}

export const handler = step({ name: "boot-check", input, output, run: bootCheck });
