import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import { hang } from "../../attaching.ts";
import { openCallback } from "../../callbacks.ts";
import type { Deps } from "../../deps.ts";
import { derivedId } from "../../ids.ts";
import { launchOf, noteCloneDevice, takeSlotsForClones } from "../../launches.ts";
import { gatewayOf, migrationOf, written } from "../../migration.ts";
import { step } from "../../step.ts";

const input = z.object({
  runId: z.string(),
  serverId: z.string(),
  network: z.enum(["dhcp", "keep"]),
  taskToken: z.string(),
});
const output = z.object({ repairId: z.string() });

/**
 * Hangs the clones on the gateway and orders their repair; the gateway's report ends the task. Repairing
 * a clone again is harmless, so a repeated order is too.
 */
export async function driverRepair(request: z.output<typeof input>, deps: Deps) {
  const { runId, serverId, taskToken } = request;
  const { server, target, provider } = await migrationOf(deps, serverId, runId);
  const gateway = await gatewayOf(deps, server);
  if (gateway.repairCarriers.length === 0) {
    throw new MigrationError("repair.no-carrier", {
      gateway: gateway.id,
      problem: "none works there",
    });
  }
  const launch = launchOf(server, runId);
  const types = await provider.compute.listInstanceTypes();
  const type = written(
    types.find((found) => found.name === launch.instanceType),
    `instance type ${launch.instanceType}`,
  );
  const diskIds = server.volumes.map(({ diskId }) => diskId);
  await takeSlotsForClones(deps, gateway, runId, server, diskIds);

  const volumes = [];
  for (const [index, volumeId] of launch.volumeIds.entries()) {
    const known = launch.devices?.[volumeId];
    const device = await hang(deps, { provider, gateway, runId, volumeId, known });
    await noteCloneDevice(deps, serverId, runId, volumeId, device);
    const { deviceName } = written(server.volumes[index], `volume ${index}`);
    volumes.push({ volumeId, sourceDeviceName: deviceName, device });
  }
  const callback = await openCallback(deps, { taskToken, runId, serverId, purpose: "repair" });
  const repairId = derivedId("run", runId, taskToken);
  const client = await deps.gatewayClient(gateway);
  await client.startRepair(repairId, {
    serverId,
    volumes,
    hardware: {
      ...type.hardware,
      platform: target.platform,
      firmware: server.inventory.firmware,
    },
    network: request.network,
    timeoutSeconds: 1800,
    callback: callback.order,
  });
  return { repairId };
}

export const handler = step({ name: "driver-repair", input, output, run: driverRepair });
