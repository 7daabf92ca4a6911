/**
 * Which gateway each server's volumes hang on. One planner for one server and for thousands:
 *
 *  - Disks of one server stay on one gateway (design §6), in a zone that suits it; where the platform
 *    asks for it, all of its volumes in one storage pool.
 *  - Who came first is served first. As many as fit are packed together, largest first; whoever
 *    came later may use what is left over.
 *  - A server that has to wait has the gateway kept that comes closest to having room for it. So small
 *    ones that come later do not starve it.
 *
 * The plan depends on what is given, not on the order in which it is given.
 */
import { type ErrorFacts, MigrationError } from "./errors.ts";
import { type Bin, type Limits, Packing, packAll, type Wish } from "./packing.ts";
import {
  emptyRoom,
  freeFor,
  freeSlotsWhere,
  type GatewayRoom,
  isSlotOf,
  lacksRepairRoom,
  replicasOn,
  roomOf,
  takeReplicaSlots,
} from "./slots.ts";

/** What a target allows. Figures per platform, and an operator's own, are settled before they come here. */
export interface PlacementRules {
  readonly target: string;
  readonly maxGateways: number;
  /** Of a gateway that is still to be made. */
  readonly maxSlots: number;
  readonly spareSlots: number;
  /** Clones are repaired on the gateway and need slots there; not so where HyperDoor does it. */
  readonly repairsOnGateway: boolean;
  /** Where gateways can be made; none: the target is one place without a name. */
  readonly zones: readonly string[];
  /** A gateway repairs as many servers at once as it has CPUs; of one still to be made. */
  readonly workers?: number | undefined;
  /** Where one pool must hold all volumes of a server. */
  readonly pools?: readonly { readonly id: string; readonly freeBytes: number }[] | undefined;
}

export interface ServerToPlace {
  readonly id: string;
  /** An instant; who came first is served first. */
  readonly since: string;
  readonly volumes: number;
  /** Of volumes that are still to be made. */
  readonly newBytes: number;
  readonly zone?: string | undefined;
  /** Of the volumes it has already. */
  readonly pool?: string | undefined;
}

export interface GatewayToFill extends GatewayRoom {
  readonly vcpus?: number | undefined;
}

export type Placed =
  | {
      readonly on: "gateway";
      readonly gatewayId: string;
      /** It must be made first; its id is this plan's own name for it. */
      readonly isNew: boolean;
      readonly pool?: string;
      /** What can be known to become a problem later. */
      readonly warning?: ErrorFacts;
    }
  | { readonly on: "nothing yet"; readonly reason: ErrorFacts }
  | { readonly on: "nothing ever"; readonly reason: ErrorFacts };

export interface PlannedGateway {
  readonly id: string;
  readonly isNew: boolean;
  readonly zone?: string;
  readonly workers?: number;
  readonly maxSlots: number;
  readonly spareSlots: number;
  /** Replicas' volumes with this plan carried out. */
  readonly taken: number;
  readonly keptForRepair: number;
  readonly free: number;
  /** Servers that can be repaired at the same time: by room for clones, and by workers. */
  readonly repairsAtOnce: number;
  readonly serverIds: readonly string[];
}

export interface PlacementPlan {
  readonly gateways: readonly PlannedGateway[];
  readonly servers: ReadonlyMap<string, Placed>;
}

export function planPlacement(
  rules: PlacementRules,
  gateways: readonly GatewayToFill[],
  servers: readonly ServerToPlace[],
): PlacementPlan {
  const placed = new Map<string, Placed>();
  const queue = servers.toSorted(
    (one, other) => compare(one.since, other.since) || byId(one, other),
  );
  const { known, homeless } = stay(rules, gateways.toSorted(byId), queue, placed);

  const possible = homeless.filter((server) => {
    const reason = whyNever(rules, known, server);
    if (reason !== undefined) placed.set(server.id, { on: "nothing ever", reason });
    return reason === undefined;
  });
  const pools = assignPools(rules, possible);
  const wishes = possible
    .filter(({ id }) => pools.get(id)?.waits === undefined)
    .map((server): Wish => wishOf(rules, server));
  for (const { id } of possible) {
    const waits = pools.get(id)?.waits;
    if (waits !== undefined) placed.set(id, { on: "nothing yet", reason: waits });
  }

  const bins = known.map(
    (gateway): Bin => ({
      id: gateway.id,
      zone: gateway.zone,
      room: roomOf(gateway, rules.repairsOnGateway),
      isNew: false,
      reserved: false,
    }),
  );
  const { packing, waiting } = fill(wishes, bins, limitsOf(rules, known.length));
  for (const [id, bin] of packing.homes) {
    placed.set(id, {
      ...{ on: "gateway", gatewayId: bin.id, isNew: bin.isNew },
      ...poolOf(pools.get(id)?.pool),
      ...warningOf(rules, bin, packing.wishOf(id)),
    });
  }
  for (const [ahead, wish] of waiting.entries()) {
    const first = waiting[0]?.id ?? wish.id;
    placed.set(wish.id, {
      on: "nothing yet",
      reason: whyNotYet(rules, packing, wish, ahead, first),
    });
  }
  const byGateway = new Map(known.map((gateway) => [gateway.id, gateway]));
  const shownGateways = packing.bins.map((bin) => {
    return shown(rules, bin, byGateway.get(bin.id), packing.placedIn(bin));
  });
  return { gateways: shownGateways, servers: placed };
}

/** Longest part of the queue that fits as a whole, then whoever of the rest finds room. */
function fill(
  wishes: readonly Wish[],
  bins: readonly Bin[],
  limits: Limits,
): { packing: Packing; waiting: Wish[] } {
  let fits = 0;
  let packing = new Packing(bins, limits);
  let tooMany = wishes.length + 1;
  // All of them first: that is the usual case.
  for (let count = wishes.length; count > fits; count = Math.floor((fits + tooMany) / 2)) {
    const found = packAll(wishes.slice(0, count), bins, limits);
    if (found === undefined) tooMany = count;
    else {
      fits = count;
      packing = found;
    }
  }
  const waiting: Wish[] = [];
  for (const wish of wishes.slice(fits)) {
    if (packing.place(wish) !== undefined) continue;
    packing.reserveFor(wish);
    waiting.push(wish);
  }
  return { packing, waiting };
}

function limitsOf(rules: PlacementRules, gateways: number): Limits {
  return {
    newBins: Math.max(0, rules.maxGateways - gateways),
    newRoom: emptyRoom(rules),
    zones: rules.zones,
  };
}

/**
 * A server that has slots stays where they are, since its volumes hang there; where it has more disks
 * by now it takes more slots there, or waits for them.
 */
function stay(
  rules: PlacementRules,
  gateways: readonly GatewayToFill[],
  queue: readonly ServerToPlace[],
  placed: Map<string, Placed>,
): { known: readonly GatewayToFill[]; homeless: ServerToPlace[] } {
  const known = new Map(gateways.map((gateway) => [gateway.id, gateway]));
  const homes = new Map(
    gateways.flatMap((gateway) =>
      [...replicasOn(gateway)].map(
        ([id, volumes]) => [id, { gatewayId: gateway.id, volumes }] as const,
      ),
    ),
  );
  const homeless: ServerToPlace[] = [];
  for (const server of queue) {
    const home = homes.get(server.id);
    const gateway = home === undefined ? undefined : known.get(home.gatewayId);
    if (home === undefined || gateway === undefined) {
      homeless.push(server);
      continue;
    }
    const more = Array.from({ length: server.volumes }, (_, index) => `more ${index}`);
    const slots =
      server.volumes > home.volumes
        ? takeReplicaSlots(without(gateway, server.id), server.id, more, rules.repairsOnGateway)
        : gateway.slots;
    if (slots !== undefined) known.set(gateway.id, { ...gateway, slots });
    placed.set(
      server.id,
      slots === undefined
        ? { on: "nothing yet", reason: noRoomAtHome(rules, gateway, server) }
        : { on: "gateway", gatewayId: gateway.id, isNew: false, ...poolOf(server.pool) },
    );
  }
  return { known: [...known.values()], homeless };
}

function without(gateway: GatewayToFill, serverId: string): GatewayToFill {
  return { ...gateway, slots: freeSlotsWhere(gateway.slots, isSlotOf(serverId)) };
}

function noRoomAtHome(
  { target, repairsOnGateway }: PlacementRules,
  gateway: GatewayToFill,
  { id, volumes }: ServerToPlace,
): ErrorFacts {
  const free = freeFor(roomOf(without(gateway, id), repairsOnGateway));
  const facts = { server: id, needed: volumes, target, gateways: 1, free };
  return new MigrationError("placement.no-room", facts).facts;
}

function wishOf({ repairsOnGateway }: PlacementRules, { id, volumes, zone }: ServerToPlace): Wish {
  return { id, volumes, zone, clones: repairsOnGateway ? volumes : 0 };
}

function whyNever(
  rules: PlacementRules,
  gateways: readonly GatewayToFill[],
  { id, volumes, zone }: ServerToPlace,
): ErrorFacts | undefined {
  const { target, zones } = rules;
  const served = [...new Set([...zones, ...gateways.flatMap((gateway) => gateway.zone ?? [])])];
  if (zone !== undefined && !served.includes(zone)) {
    const known = served.sort().join(", ") || "-";
    return new MigrationError("placement.no-zone", { server: id, zone, target, zones: known })
      .facts;
  }
  const here = gateways.filter((gateway) => zone === undefined || gateway.zone === zone);
  const allowed = Math.max(rules.maxSlots, ...here.map(({ maxSlots }) => maxSlots));
  if (volumes <= allowed) return undefined;
  return new MigrationError("gateway.no-slot", { server: id, needed: volumes, target, allowed })
    .facts;
}

function whyNotYet(
  { target }: PlacementRules,
  { bins }: Packing,
  { id, volumes, zone }: Wish,
  ahead: number,
  first: string,
): ErrorFacts {
  const open = bins.filter((bin) => zone === undefined || bin.zone === zone);
  const free = open.reduce((most, { room }) => Math.max(most, freeFor(room)), 0);
  const facts = { server: id, needed: volumes, target, gateways: bins.length, free };
  return ahead === 0
    ? new MigrationError("placement.no-room", facts).facts
    : new MigrationError("placement.behind", { ...facts, ahead, first }).facts;
}

function warningOf(
  rules: PlacementRules,
  { room }: Bin,
  wish: Wish | undefined,
): { warning?: ErrorFacts } {
  if (wish === undefined || !lacksRepairRoom(room, wish)) return {};
  const { volumes, clones } = wish;
  const params = { server: wish.id, needed: volumes + clones, allowed: room.total };
  const { target } = rules;
  return {
    warning: new MigrationError("placement.no-repair-room", { ...params, target }).facts,
  };
}

interface Pooled {
  readonly pool?: string;
  readonly waits?: ErrorFacts;
}

/**
 * The smallest pool that holds all of a server's volumes, in the order of the queue. For one that waits
 * the pool with most room is kept.
 */
function assignPools(
  { pools, target }: PlacementRules,
  servers: readonly ServerToPlace[],
): Map<string, Pooled> {
  const assigned = new Map<string, Pooled>();
  if (pools === undefined) return assigned;
  const free = new Map(pools.toSorted(byId).map(({ id, freeBytes }) => [id, freeBytes]));
  for (const { id, pool, newBytes } of servers) {
    const open = [...free].filter(([name]) => pool === undefined || name === pool);
    const holding = open.filter(([, bytes]) => bytes >= newBytes);
    const [smallest] = holding.sort(([, one], [, other]) => one - other);
    if (smallest !== undefined) {
      free.set(smallest[0], smallest[1] - newBytes);
      assigned.set(id, { pool: smallest[0] });
      continue;
    }
    const [largest] = open.sort(([, one], [, other]) => other - one);
    const params = { server: id, neededBytes: newBytes, target, freeBytes: largest?.[1] ?? 0 };
    assigned.set(id, { waits: new MigrationError("placement.no-pool", params).facts });
    if (largest !== undefined) free.delete(largest[0]);
  }
  return assigned;
}

function poolOf(pool: string | undefined): { pool?: string } {
  return pool === undefined ? {} : { pool };
}

function shown(
  rules: PlacementRules,
  bin: Bin,
  gateway: GatewayToFill | undefined,
  placed: readonly Wish[],
): PlannedGateway {
  const workers = bin.isNew ? rules.workers : gateway?.vcpus;
  const sizes = gateway === undefined ? new Map<string, number>() : replicasOn(gateway);
  for (const { id, volumes } of placed) sizes.set(id, volumes);
  const { room } = bin;
  return {
    id: bin.id,
    isNew: bin.isNew,
    ...(bin.zone === undefined ? {} : { zone: bin.zone }),
    ...(workers === undefined ? {} : { workers }),
    maxSlots: room.maxReplicas,
    spareSlots: room.total - room.maxReplicas,
    taken: room.replicas,
    keptForRepair: room.kept,
    free: freeFor(room),
    repairsAtOnce: repairsAtOnce(
      rules.repairsOnGateway ? [...sizes.values()] : [],
      room.total - room.replicas,
      workers,
    ),
    serverIds: [...sizes.keys()].sort(),
  };
}

/** Even if the largest are repaired together. */
function repairsAtOnce(sizes: number[], slots: number, workers = Number.POSITIVE_INFINITY): number {
  let left = slots;
  let count = 0;
  for (const size of sizes.sort((one, other) => other - one)) {
    if (size > left || count >= workers) break;
    left -= size;
    count += 1;
  }
  return count;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

function byId(one: { id: string }, other: { id: string }): number {
  return compare(one.id, other.id);
}
