import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import type { Gateway, SourceServer } from "#domain/records.ts";
import { takeCloneSlots } from "#domain/slots.ts";
import { hang } from "../../attaching.ts";
import { openCallback } from "../../callbacks.ts";
import type { Deps } from "../../deps.ts";
import { derivedId } from "../../ids.ts";
import { launchOf, noteCloneDevice, requireRepairRoom } from "../../launches.ts";
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
  await takeSlots(deps, gateway, runId, server);

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

/** @throws `not-ready` while others hold them; `placement.no-repair-room` when there can never be room beside the replica */
async function takeSlots(
  deps: Deps,
  { id }: Gateway,
  runId: string,
  server: SourceServer,
): Promise<void> {
  const diskIds = server.volumes.map(({ diskId }) => diskId);
  await deps.store.gateways.update(id, (gateway) => {
    requireRepairRoom(server, gateway);
    const slots = takeCloneSlots(gateway, runId, diskIds, server.id);
    if (slots !== undefined) return { ...gateway, slots };
    throw new MigrationError("not-ready", {
      what: `${diskIds.length} slots on gateway ${id} for driver repair`,
      state: `${Object.keys(gateway.slots).length} of ${gateway.maxSlots + gateway.spareSlots} are taken`,
    });
  });
}

export const handler = step({ name: "driver-repair", input, output, run: driverRepair });
