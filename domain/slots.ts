/**
 * A gateway's slots, one for each volume that hangs on it. A slot is a server's replica or a run's clone:
 *
 *   ├────────── maxSlots: replicas ──────────┤─ spareSlots ─┤
 *   │ replicas … │ free │     kept for repair, else clones  │
 *
 * Driver repair hangs clones of a server beside its replica. So room for the clones of its largest
 * server stays free on a gateway, else a full one could launch nobody. Whoever takes slots decides by
 * these functions within the gateway's record.
 */

export interface GatewayRoom {
  readonly id: string;
  /** Of them replicas may take all. */
  readonly maxSlots: number;
  /** Beside those, for clones only. */
  readonly spareSlots: number;
  /** Slot → server that took it. */
  readonly slots: Readonly<Record<string, string>>;
  /** Where it is, on platforms that tell. */
  readonly zone?: string | undefined;
}

/** What is taken of a gateway. */
export interface Room {
  readonly maxReplicas: number;
  readonly total: number;
  readonly replicas: number;
  /** Kept for clones, or taken by them. */
  readonly kept: number;
}

/** What a server takes: its replica's volumes, and as many clones where they are repaired on the gateway. */
export interface Need {
  readonly volumes: number;
  readonly clones: number;
}

/** A slot's name: whose volume it holds (a server's replica, or a run's clone), and which. */
export function slotName(owner: string, diskId: string): string {
  return `${owner}/${diskId}`;
}

export function isSlotOf(owner: string): (name: string) => boolean {
  return (name) => name.startsWith(`${owner}/`);
}

export function emptyRoom({
  maxSlots,
  spareSlots,
}: Pick<GatewayRoom, "maxSlots" | "spareSlots">): Room {
  return { maxReplicas: maxSlots, total: maxSlots + spareSlots, replicas: 0, kept: 0 };
}

/** Servers whose replicas hang on a gateway, with their volumes. */
export function replicasOn({ slots }: Pick<GatewayRoom, "slots">): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [name, serverId] of Object.entries(slots)) {
    if (isSlotOf(serverId)(name)) counts.set(serverId, (counts.get(serverId) ?? 0) + 1);
  }
  return counts;
}

/** @param repairs whether clones are repaired on the gateway */
export function roomOf(gateway: GatewayRoom, repairs: boolean): Room {
  const counts = [...replicasOn(gateway).values()];
  const empty = emptyRoom(gateway);
  const replicas = counts.reduce((sum, count) => sum + count, 0);
  const clones = Object.keys(gateway.slots).length - replicas;
  const largest = repairs ? Math.max(0, ...counts) : 0;
  return { ...empty, replicas, kept: Math.max(clones, Math.min(largest, empty.total - replicas)) };
}

/** Replicas it could still take, of a server that needs no more clones than those there. */
export function freeFor({ maxReplicas, total, replicas, kept }: Room): number {
  return Math.max(0, Math.min(maxReplicas - replicas, total - replicas - kept));
}

/** Its clones have no room beside its replica, whatever gateway of this size it gets. */
export function lacksRepairRoom({ total }: Room, { volumes, clones }: Need): boolean {
  return volumes + clones > total;
}

/**
 * The room with the server in it. One that lacks room for its clones everywhere gets a gateway of its own.
 * @returns `undefined` when it does not fit
 */
export function withServer(room: Room, need: Need): Room | undefined {
  if (need.volumes > room.maxReplicas) return undefined;
  if (lacksRepairRoom(room, need)) {
    const isEmpty = room.replicas === 0 && room.kept === 0;
    return isEmpty
      ? { ...room, replicas: need.volumes, kept: room.total - need.volumes }
      : undefined;
  }
  const replicas = room.replicas + need.volumes;
  const kept = Math.max(room.kept, need.clones);
  const fits = replicas <= room.maxReplicas && replicas + kept <= room.total;
  return fits ? { ...room, replicas, kept } : undefined;
}

/**
 * The slots with those of a server's replica taken too, all of them; what it has already it keeps.
 * @returns `undefined` when there is no room
 */
export function takeReplicaSlots(
  gateway: GatewayRoom,
  serverId: string,
  diskIds: readonly string[],
  repairs: boolean,
): Record<string, string> | undefined {
  const names = diskIds.map((id) => slotName(serverId, id));
  const taken = { ...gateway.slots, ...Object.fromEntries(names.map((name) => [name, serverId])) };
  if (names.every((name) => gateway.slots[name] === serverId)) return taken;
  const others = freeSlotsWhere(gateway.slots, isSlotOf(serverId));
  const count = Object.keys(taken).length - Object.keys(others).length;
  const need = { volumes: count, clones: repairs ? count : 0 };
  const room = withServer(roomOf({ ...gateway, slots: others }, repairs), need);
  return room === undefined ? undefined : taken;
}

/** As for a replica, with the slots of a run's clones: they may also take what is spare. */
export function takeCloneSlots(
  gateway: GatewayRoom,
  runId: string,
  diskIds: readonly string[],
  serverId: string,
): Record<string, string> | undefined {
  const names = diskIds.map((id) => slotName(runId, id));
  const taken = { ...gateway.slots, ...Object.fromEntries(names.map((name) => [name, serverId])) };
  const { total } = emptyRoom(gateway);
  return Object.keys(taken).length <= total ? taken : undefined;
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
