/**
 * Gateways filled with servers, as many servers into as few gateways as best fit finds. Gateways in one
 * state are one to the packer, so that the time for a server does not grow with their number.
 */
import { freeFor, type Need, type Room, withServer } from "./slots.ts";

export interface Bin {
  readonly id: string;
  readonly zone: string | undefined;
  readonly isNew: boolean;
  room: Room;
  /** Kept for a server that waits. */
  reserved: boolean;
}

export interface Wish extends Need {
  readonly id: string;
  readonly zone: string | undefined;
}

export interface Limits {
  /** Bins that may still be opened. */
  readonly newBins: number;
  readonly newRoom: Room;
  /** Where new bins can be; none: in one place without a name. */
  readonly zones: readonly string[];
}

export class Packing {
  readonly homes = new Map<string, Bin>();
  readonly #wishes = new Map<string, Wish>();
  readonly #placed = new Map<Bin, Wish[]>();
  readonly opened: Bin[] = [];
  readonly #bins: Bin[];
  /** State → bins in it, the one that is filled next at the end. */
  readonly #states = new Map<string, Bin[]>();
  readonly #limits: Limits;

  constructor(bins: readonly Bin[], limits: Limits) {
    this.#limits = limits;
    this.#bins = bins.map((bin) => ({ ...bin }));
    for (const bin of this.#bins.toReversed()) this.#file(bin);
  }

  get bins(): readonly Bin[] {
    return this.#bins;
  }

  /** Puts a server where least is lost, into a new bin if none has room. */
  place(wish: Wish): Bin | undefined {
    const bin = this.#bestFor(wish) ?? this.#openFor(wish);
    if (bin === undefined) return undefined;
    const room = withServer(bin.room, wish);
    if (room === undefined) return undefined;
    this.#unfile(bin);
    bin.room = room;
    this.#file(bin);
    this.homes.set(wish.id, bin);
    this.#wishes.set(wish.id, wish);
    this.#placed.set(bin, [...(this.#placed.get(bin) ?? []), wish]);
    return bin;
  }

  /** What was put into it. */
  placedIn(bin: Bin): readonly Wish[] {
    return this.#placed.get(bin) ?? [];
  }

  wishOf(id: string): Wish | undefined {
    return this.#wishes.get(id);
  }

  /** Keeps the bin that comes closest to having room for a server that waits. */
  reserveFor(wish: Wish): void {
    const missing = ({ room }: Bin) => wish.volumes - freeFor(room);
    const [closest] = this.#bins
      .filter(
        (bin) => !bin.reserved && isIn(wish.zone, bin.zone) && wish.volumes <= bin.room.maxReplicas,
      )
      .sort((one, other) => missing(one) - missing(other) || (one.id < other.id ? -1 : 1));
    if (closest === undefined) return;
    this.#unfile(closest);
    closest.reserved = true;
  }

  /**
   * First what adds least to the room kept for repair, then what leaves least free. A loss of nothing
   * at all can't be bettered.
   */
  #bestFor(wish: Wish): Bin | undefined {
    let best: { bin: Bin; loss: number } | undefined;
    for (const bins of this.#states.values()) {
      const bin = bins.at(-1);
      if (bin === undefined || !isIn(wish.zone, bin.zone)) continue;
      const room = withServer(bin.room, wish);
      if (room === undefined) continue;
      const loss = (room.kept - bin.room.kept) * 1000 + freeFor(room);
      const isBetter =
        best === undefined ||
        loss < best.loss ||
        // Two states alike for this server: the order in which they came up must not decide.
        (loss === best.loss && stateOf(bin) < stateOf(best.bin));
      if (isBetter) best = { bin, loss };
    }
    return best?.bin;
  }

  #openFor(wish: Wish): Bin | undefined {
    const { newBins, newRoom, zones } = this.#limits;
    if (this.opened.length >= newBins || withServer(newRoom, wish) === undefined) return undefined;
    const zone = wish.zone ?? zones[0];
    if (wish.zone !== undefined && !zones.includes(wish.zone)) return undefined;
    const bin: Bin = {
      id: `new-${this.opened.length + 1}`,
      zone,
      isNew: true,
      room: newRoom,
      reserved: false,
    };
    this.opened.push(bin);
    this.#bins.push(bin);
    this.#file(bin);
    return bin;
  }

  #file(bin: Bin): void {
    if (bin.reserved) return;
    const state = stateOf(bin);
    const bins = this.#states.get(state);
    if (bins === undefined) this.#states.set(state, [bin]);
    else bins.push(bin);
  }

  #unfile(bin: Bin): void {
    const state = stateOf(bin);
    const bins = this.#states.get(state);
    // Nearly always the last one.
    const at = bins?.lastIndexOf(bin) ?? -1;
    if (bins === undefined || at < 0) return;
    bins.splice(at, 1);
    if (bins.length === 0) this.#states.delete(state);
  }
}

function isIn(wanted: string | undefined, zone: string | undefined): boolean {
  return wanted === undefined || wanted === zone;
}

function stateOf({ zone = "", room }: Bin): string {
  return `${zone}|${room.maxReplicas}|${room.total}|${room.replicas}|${room.kept}`;
}

/**
 * Packs all of them in whichever of these orders needs the fewest new bins: the largest first; those
 * bound to a zone first.
 * @returns `undefined` when no order fits them all
 */
export function packAll(
  wishes: readonly Wish[],
  bins: readonly Bin[],
  limits: Limits,
): Packing | undefined {
  const bySize = wishes.toSorted((one, other) => other.volumes - one.volumes || order(one, other));
  const bound = bySize.filter(({ zone }) => zone !== undefined);
  const orders = [bySize];
  if (bound.length > 0 && bound.length < bySize.length) {
    orders.push([...bound, ...bySize.filter(({ zone }) => zone === undefined)]);
  }
  let fewest: Packing | undefined;
  for (const wished of orders) {
    const packing = new Packing(bins, limits);
    if (!wished.every((wish) => packing.place(wish) !== undefined)) continue;
    if (fewest === undefined || packing.opened.length < fewest.opened.length) fewest = packing;
  }
  return fewest;
}

function order(one: { id: string }, other: { id: string }): number {
  return one.id < other.id ? -1 : Number(one.id > other.id);
}
