import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import { placeServer, slotName, takeSlots } from "#domain/placement.ts";
import type { Gateway, ReplicaVolume, SourceServer, Target } from "#domain/records.ts";
import { volumeSizeBytes } from "#domain/volume-size.ts";
import type { Capabilities } from "#providers/provider.ts";
import type { Deps } from "../../deps.ts";
import { derivedId } from "../../ids.ts";
import { migrationOf } from "../../migration.ts";
import { step } from "../../step.ts";
import { tell } from "../../tell.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ gatewayId: z.string() });

/** Places lost to other runs between looking and taking, before we call it contention. */
const maxAttempts = 20;

/**
 * Sizes the volumes and takes a gateway's slots for them, all or none. A new gateway is only planned
 * here; `provision-gateway` makes it. Waits in order when the target is full.
 */
export async function planPlacement(request: z.output<typeof input>, deps: Deps) {
  const { server, target, provider } = await migrationOf(deps, request.serverId, request.runId);
  const capabilities = await provider.capabilities();
  const volumes = planVolumes(server, target, capabilities);
  const slotsPerGateway = Math.min(
    capabilities.gatewayMaxVolumes,
    target.gatewayMaxVolumes ?? Number.POSITIVE_INFINITY,
  );
  const slots = volumes.map((volume) => slotName(server.id, volume.diskId));

  const gatewayId = await takePlace(deps, {
    runId: request.runId,
    server,
    target,
    slotsPerGateway,
    slots,
  });
  const [bootStrategy] = capabilities.bootStrategies[server.inventory.firmware];
  await deps.store.servers.update(server.id, (found) => ({
    ...found,
    gatewayId,
    volumes,
    ...(bootStrategy === undefined ? {} : { bootStrategy }),
  }));
  return { gatewayId };
}

/** Volumes that exist keep their place; a disk that grew beyond its volume is refused. */
function planVolumes(
  server: SourceServer,
  target: Target,
  { volumes: rules }: Capabilities,
): ReplicaVolume[] {
  return server.inventory.disks.map((disk) => {
    const existing = server.volumes.find((volume) => volume.diskId === disk.id);
    if (existing?.volumeId === undefined) {
      return {
        diskId: disk.id,
        deviceName: disk.deviceName,
        role: disk.role,
        diskBytes: disk.sizeBytes,
        sizeBytes: volumeSizeBytes(disk, rules[disk.role], target.platform),
      };
    }
    if (disk.sizeBytes > existing.sizeBytes) {
      throw new MigrationError("volume.too-small", {
        volume: existing.volumeId,
        sizeBytes: existing.sizeBytes,
        neededBytes: disk.sizeBytes,
      });
    }
    return { ...existing, diskBytes: disk.sizeBytes };
  });
}

interface Wish {
  runId: string;
  server: SourceServer;
  target: Target;
  slotsPerGateway: number;
  slots: string[];
}

async function takePlace(deps: Deps, wish: Wish): Promise<string> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const target = await deps.store.targets.get(wish.target.id);
    const gateways = await usableGateways(deps, target);
    const placement = placeServer({
      serverId: wish.server.id,
      slots: wish.slots.length,
      target: { ...target, slotsPerGateway: wish.slotsPerGateway },
      gateways,
    });
    if (placement.on === "nothing yet") {
      await tellOnce(deps, wish, placement.reason);
      throw new MigrationError("not-ready", {
        what: `a place on a gateway of ${target.id}`,
        state: placement.reason,
      });
    }
    const gatewayId =
      placement.on === "gateway" ? placement.gatewayId : await planGateway(deps, wish, target);
    if (gatewayId !== undefined && (await tookSlots(deps, gatewayId, wish))) return gatewayId;
  }
  throw new MigrationError("record.contended", { kind: "target", id: wish.target.id });
}

/** This step is repeated for as long as nothing is free. */
async function tellOnce(deps: Deps, { runId, server, target }: Wish, reason: string) {
  const run = await deps.store.runs.find(runId);
  if (run?.waitsFor !== undefined) return;
  await tell(deps, server.id, "slots.used-up", { target: target.name, reason }, runId);
}

async function usableGateways(deps: Deps, target: Target): Promise<Gateway[]> {
  const found = await Promise.all(target.gatewayIds.map((id) => deps.store.gateways.find(id)));
  return found.filter(
    (gateway) => gateway !== undefined && gateway.state !== "retired",
  ) as Gateway[];
}

/** Writes a new gateway down, unless another run used the target's last place for one meanwhile. */
async function planGateway(deps: Deps, wish: Wish, target: Target): Promise<string | undefined> {
  const id = derivedId("gw", wish.runId);
  await deps.store.gateways.ensure({
    id,
    targetId: target.id,
    state: "planned",
    maxSlots: wish.slotsPerGateway,
    slots: {},
    awaitedBy: [],
    repairCarriers: [],
  });
  const { gatewayIds } = await deps.store.targets.update(target.id, (found) => {
    const full = found.gatewayIds.length >= found.maxGateways;
    if (full || found.gatewayIds.includes(id)) return found;
    return { ...found, gatewayIds: [...found.gatewayIds, id] };
  });
  return gatewayIds.includes(id) ? id : undefined;
}

async function tookSlots(deps: Deps, gatewayId: string, wish: Wish): Promise<boolean> {
  let took = false;
  await deps.store.gateways.update(gatewayId, (gateway) => {
    const slots =
      gateway.state === "retired" ? undefined : takeSlots(gateway, wish.slots, wish.server.id);
    took = slots !== undefined;
    return slots === undefined ? gateway : { ...gateway, slots };
  });
  return took;
}

export const handler = step({ name: "plan-placement", input, output, run: planPlacement });
