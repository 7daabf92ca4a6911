import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import type { DeviceHint } from "#domain/protocol/gateway.ts";
import { hang } from "../../attaching.ts";
import type { Deps } from "../../deps.ts";
import { step } from "../../step.ts";
import { probeOf, probeVolumeId, provePart, skipPart, takePlace } from "../../target-checks.ts";
import { waitBriefly } from "../../waiting.ts";

const input = z.object({ runId: z.string() });
const output = z.object({ attached: z.boolean() });

/** Hangs the probe on a gateway with a free place, where there is one, and has the gateway look for it. */
export async function attachProbe({ runId }: z.output<typeof input>, deps: Deps) {
  const probe = await probeOf(deps, runId);
  const { provider, target } = probe;
  const volumeId = await probeVolumeId(deps, probe);
  const gateway = await takePlace(deps, probe, await provider.capabilities());
  if (gateway === undefined) {
    const gateways = target.gatewayIds.length;
    for (const part of ["attach", "device", "detach"] as const) {
      await skipPart(deps, runId, part, gateways === 0 ? "no gateway" : "no place", { gateways });
    }
    return { attached: false };
  }

  const at = { volume: volumeId, gateway: gateway.id };
  let device: DeviceHint | undefined;
  await provePart(deps, runId, "attach", async () => {
    device = await hang(deps, { provider, gateway, runId, volumeId, known: undefined });
    return { words: "hung", params: at };
  });
  const hint = device as DeviceHint | undefined;
  if (hint === undefined) throw new Error(`${volumeId} hangs and has no device`);
  await provePart(deps, runId, "device", async () => {
    const client = await deps.gatewayClient(gateway);
    const path = await waitBriefly(deps, `${gateway.id} to find ${volumeId}`, async () => {
      try {
        return { ready: await client.findDevice(volumeId, hint) };
      } catch (error) {
        // The kernel takes a moment to show what the cloud says is attached.
        const isLate = error instanceof MigrationError && error.code === "volume.not-attached";
        if (!isLate) throw error;
        return { state: error.message };
      }
    });
    return { words: "found", params: { ...at, path } };
  });
  return { attached: true };
}

export const handler = step({ name: "attach-probe", input, output, run: attachProbe });
