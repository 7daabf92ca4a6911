import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import type { SourceServer } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import { step } from "../../step.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({});

/** Ends the copy at both ends: the gateway closes its volumes, the agent finds no order any more. */
export async function stopReplication({ serverId }: z.output<typeof input>, deps: Deps) {
  const server = await deps.store.servers.get(serverId);
  const sessionId = server.replication.sessionId;
  if (sessionId !== undefined) {
    await deps.store.sessions.update(sessionId, (found) =>
      found.state === "open"
        ? { ...found, state: "stopped", endedAt: deps.now().toISOString() }
        : found,
    );
  }
  await tellGateway(deps, server, sessionId);
  await deps.store.servers.update(serverId, (found) => ({
    ...found,
    replication: { ...found.replication, status: "none" },
  }));
  return {};
}

/** A gateway that is gone holds nothing any more; clean-up must not hang on it. */
async function tellGateway(
  deps: Deps,
  server: SourceServer,
  sessionId: string | undefined,
): Promise<void> {
  const gateway =
    server.gatewayId === undefined ? undefined : await deps.store.gateways.find(server.gatewayId);
  if (gateway?.state !== "ready") return;
  const client = await deps.gatewayClient(gateway);
  try {
    if (sessionId !== undefined) await client.stopSession(sessionId);
    for (const { volumeId } of server.volumes) {
      if (volumeId !== undefined) await client.forgetVolume(volumeId);
    }
  } catch (error) {
    if (!(error instanceof MigrationError) || error.code !== "gateway.unreachable") throw error;
    deps.log.warn({ err: error, gateway: gateway.id }, "cleaning up without the gateway's word");
  }
}

export const handler = step({ name: "stop-replication", input, output, run: stopReplication });
