/**
 * Which gateway a server's volumes hang on. Disks of one server stay on one gateway; a gateway has a
 * fixed number of slots; a target has a fixed number of gateways. What does not fit waits in order.
 */
import { MigrationError } from "./errors.ts";

export interface GatewayRoom {
  readonly id: string;
  readonly maxSlots: number;
  /** Slot → server that took it. */
  readonly slots: Readonly<Record<string, string>>;
}

export type Placement =
  | { readonly on: "gateway"; readonly gatewayId: string }
  | { readonly on: "new gateway" }
  | { readonly on: "nothing yet"; readonly reason: string };

export interface PlacementRequest {
  readonly serverId: string;
  /** Volumes it needs at once. */
  readonly slots: number;
  readonly target: {
    readonly id: string;
    readonly maxGateways: number;
    readonly slotsPerGateway: number;
  };
  readonly gateways: readonly GatewayRoom[];
}

/**
 * Fullest gateway that still has room, so that whole gateways fall empty and can be retired; a server
 * that has slots already stays where it is.
 * @throws `gateway.no-slot` when it can never fit
 */
export function placeServer(request: PlacementRequest): Placement {
  const { serverId, slots, target, gateways } = request;
  const home = gateways.find((gateway) => Object.values(gateway.slots).includes(serverId));
  if (home !== undefined) return { on: "gateway", gatewayId: home.id };

  if (slots > target.slotsPerGateway) {
    throw new MigrationError("gateway.no-slot", {
      server: serverId,
      needed: slots,
      target: target.id,
      allowed: target.slotsPerGateway,
    });
  }

  const [fullest] = gateways
    .map((gateway) => ({ id: gateway.id, free: freeSlots(gateway) }))
    .filter((gateway) => gateway.free >= slots)
    .sort((a, b) => a.free - b.free || a.id.localeCompare(b.id));
  if (fullest !== undefined) return { on: "gateway", gatewayId: fullest.id };
  if (gateways.length < target.maxGateways) return { on: "new gateway" };
  return {
    on: "nothing yet",
    reason: `${slots} slots are needed, the ${gateways.length} gateways of ${target.id} have ${gateways
      .map(freeSlots)
      .join(", ")} free`,
  };
}

export function freeSlots(gateway: GatewayRoom): number {
  return gateway.maxSlots - Object.keys(gateway.slots).length;
}

/**
 * The slots with these taken too; those already taken by the same server stay as they are.
 * @returns `undefined` when there is no room for all of them
 */
export function takeSlots(
  gateway: GatewayRoom,
  names: readonly string[],
  serverId: string,
): Record<string, string> | undefined {
  const taken = { ...gateway.slots, ...Object.fromEntries(names.map((name) => [name, serverId])) };
  return Object.keys(taken).length <= gateway.maxSlots ? taken : undefined;
}

/** The slots without those that `drop` says yes to. */
export function freeSlotsWhere(
  slots: Readonly<Record<string, string>>,
  drop: (name: string, serverId: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(slots).filter(([name, serverId]) => !drop(name, serverId)),
  );
}

/** A slot's name: whose volume it holds (a server's replica, or a run's clone), and which. */
export function slotName(owner: string, diskId: string): string {
  return `${owner}/${diskId}`;
}

export function isSlotOf(owner: string): (name: string) => boolean {
  return (name) => name.startsWith(`${owner}/`);
}
