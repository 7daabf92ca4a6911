import { z } from "zod";
import { isProved } from "#domain/target-check.ts";
import type { Deps } from "../../deps.ts";
import { tagsFor } from "../../migration.ts";
import { waitForSnapshot } from "../../snapshots.ts";
import { step } from "../../step.ts";
import { probeOf, probeTokens, probeVolumeId, provePart, skipPart } from "../../target-checks.ts";

const input = z.object({ runId: z.string() });
const output = z.object({});

/** A snapshot of the probe, as recovery points are made of, where the platform clones volumes. */
export async function snapshotProbe({ runId }: z.output<typeof input>, deps: Deps) {
  const probe = await probeOf(deps, runId);
  const { provider, run } = probe;
  const { canClone, snapshotsAfterAttachOnly = false } = await provider.capabilities();
  if (!canClone) {
    await skipPart(deps, runId, "snapshot", "no clones");
    return {};
  }
  if (snapshotsAfterAttachOnly && !isProved(run.checked ?? [], "attach")) {
    await skipPart(deps, runId, "snapshot", "snapshots after attaching");
    return {};
  }
  const volumeId = await probeVolumeId(deps, probe);
  await provePart(deps, runId, "snapshot", async () => {
    const { id } = await provider.volumes.createSnapshot({
      token: probeTokens.snapshot(runId),
      tags: tagsFor(deps, runId, `check-${runId}`),
      volumeId,
    });
    await waitForSnapshot(deps, provider, id);
    return { words: "snapshotted", params: { snapshot: id } };
  });
  return {};
}

export const handler = step({ name: "snapshot-probe", input, output, run: snapshotProbe });
