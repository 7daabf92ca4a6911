import { z } from "zod";
import { isProved } from "#domain/target-check.ts";
import type { Deps } from "../../deps.ts";
import { step } from "../../step.ts";
import { probeOf, probeVolumeId, provePart } from "../../target-checks.ts";
import { detach } from "../../volumes.ts";

const input = z.object({ runId: z.string() });
const output = z.object({});

/** Takes the probe off its gateway. One that never hung there stays as it is. */
export async function detachProbe({ runId }: z.output<typeof input>, deps: Deps) {
  const probe = await probeOf(deps, runId);
  const { checked = [] } = probe.run;
  if (!isProved(checked, "attach")) return {};
  const volumeId = await probeVolumeId(deps, probe);
  const hung = checked.find(({ part }) => part === "attach");
  await provePart(deps, runId, "detach", async () => {
    await detach(deps, probe.provider, volumeId);
    return { words: "taken off", params: { ...hung?.params } };
  });
  return {};
}

export const handler = step({ name: "detach-probe", input, output, run: detachProbe });
