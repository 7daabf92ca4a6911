import { z } from "zod";
import { openCallback } from "../../callbacks.ts";
import type { Deps } from "../../deps.ts";
import { gatewayOf, written } from "../../migration.ts";
import { step } from "../../step.ts";
import { verificationIdOf } from "../../verifications.ts";

const input = z.object({ runId: z.string(), serverId: z.string(), taskToken: z.string() });
const output = z.object({ verificationId: z.string() });

/**
 * Has the gateway read the server's volumes again. It returns at once: the gateway's report ends the task. A
 * retried task finds the reading where it is.
 */
export async function verify(request: z.output<typeof input>, deps: Deps) {
  const { runId, serverId, taskToken } = request;
  const server = await deps.store.servers.get(serverId);
  const gateway = await gatewayOf(deps, server);
  const client = await deps.gatewayClient(gateway);
  const callback = await openCallback(deps, { taskToken, runId, serverId, purpose: "verify" });
  const verificationId = verificationIdOf(runId);
  await client.startVerification(verificationId, {
    serverId,
    volumes: server.volumes.map((volume) => ({
      diskId: volume.diskId,
      volumeId: written(volume.volumeId, `the volume of disk ${volume.diskId}`),
      sizeBytes: volume.diskBytes,
      device: written(volume.device, `the device of disk ${volume.diskId}`),
    })),
    callback: callback.order,
  });
  return { verificationId };
}

export const handler = step({ name: "verify", input, output, run: verify });
