import { z } from "zod";
import { freeSlotsWhere, isSlotOf } from "#domain/placement.ts";
import type { Deps } from "../../deps.ts";
import { step } from "../../step.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({});

/** Gives back every slot the server holds, its replica's and those of launches that were cut short. */
export async function releaseSlots({ serverId }: z.output<typeof input>, deps: Deps) {
  const { gatewayId } = await deps.store.servers.get(serverId);
  if (gatewayId === undefined) return {};
  await deps.store.gateways.update(gatewayId, (gateway) => {
    const ofReplica = isSlotOf(serverId);
    return {
      ...gateway,
      slots: freeSlotsWhere(
        gateway.slots,
        (name) => ofReplica(name) || gateway.slots[name] === serverId,
      ),
    };
  });
  return {};
}

export const handler = step({ name: "release-slots", input, output, run: releaseSlots });
