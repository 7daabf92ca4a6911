import { z } from "zod";
import { freeSlotsWhere } from "#domain/slots.ts";
import type { Deps } from "../../deps.ts";
import { step } from "../../step.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({});

/**
 * Gives back every slot the server holds, its replica's and those of launches that were cut short; on
 * any of the target's gateways, since a step that ran twice at a time may have left some on another.
 */
export async function releaseSlots({ serverId }: z.output<typeof input>, deps: Deps) {
  const { gatewayId, targetId } = await deps.store.servers.get(serverId);
  const target = targetId === undefined ? undefined : await deps.store.targets.find(targetId);
  const ids = new Set([
    ...(target?.gatewayIds ?? []),
    ...(gatewayId === undefined ? [] : [gatewayId]),
  ]);
  for (const id of ids) {
    if ((await deps.store.gateways.find(id)) === undefined) continue;
    await deps.store.gateways.update(id, (gateway) => {
      const slots = freeSlotsWhere(gateway.slots, (_name, taker) => taker === serverId);
      const isSame = Object.keys(slots).length === Object.keys(gateway.slots).length;
      return isSame ? gateway : { ...gateway, slots };
    });
  }
  return {};
}

export const handler = step({ name: "release-slots", input, output, run: releaseSlots });
