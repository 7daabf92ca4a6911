import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { tagsFor } from "../../migration.ts";
import { step } from "../../step.ts";
import { probeBytes, probeOf, probeTokens, provePart } from "../../target-checks.ts";
import { waitUntilUsable } from "../../volumes.ts";

const input = z.object({ runId: z.string() });
const output = z.object({ volumeId: z.string() });

const GiB = 1024 ** 3;

/** The smallest volume the platform makes. */
export async function createProbe({ runId }: z.output<typeof input>, deps: Deps) {
  const { provider } = await probeOf(deps, runId);
  const sizeBytes = probeBytes(await provider.capabilities());
  let volumeId = "";
  await provePart(deps, runId, "create", async () => {
    const { id } = await provider.volumes.createVolume({
      token: probeTokens.volume(runId),
      tags: tagsFor(deps, runId, `check-${runId}`),
      sizeBytes,
      role: "data",
    });
    volumeId = id;
    await waitUntilUsable(deps, provider, id, sizeBytes);
    const gib = Math.round((sizeBytes / GiB) * 1000) / 1000;
    return { words: "made", params: { volume: id, gib } };
  });
  return { volumeId };
}

export const handler = step({ name: "create-probe", input, output, run: createProbe });
