/**
 * What to do next on the way from an order to a running server: decided from what ECS shows, so that any step may
 * be lost, repeated or found done by somebody else.
 *
 *   swap    shell ─▶ runs ─▶ stop ─▶ data volumes ─▶ detach its system disk ─▶ attach ours ─▶ flags ─▶ start
 *   image   server of the image ─▶ runs ─▶ stop ─▶ data volumes ─▶ flags ─▶ start
 *   copy    server of HyperDoor's image ─▶ runs ─▶ the disk that it copies ─▶ flags
 */

export interface Seen {
  /** ECS's own word: BUILD, ACTIVE, SHUTOFF, ERROR. */
  readonly status: string;
  /** It is at an order: starting, stopping, attaching. */
  readonly busy: boolean;
  readonly systemVolumeId: string | undefined;
  /** Volumes that hang on it, with whether they are deleted with it. */
  readonly attached: ReadonlyMap<string, boolean>;
  /** Volumes that are coming on or off. */
  readonly moving: ReadonlySet<string>;
}

export interface Wanted {
  /** Undefined where an image boots. */
  readonly systemVolumeId: string | undefined;
  readonly dataVolumeIds: readonly string[];
  /** What runs there waits for its volumes: they come without a stop. */
  readonly awaitsVolumes?: boolean;
}

export type Move =
  | { readonly move: "wait"; readonly for: string }
  | { readonly move: "stop"; readonly hard: boolean }
  | { readonly move: "detach-system"; readonly volumeId: string }
  | { readonly move: "attach-system" }
  | { readonly move: "attach"; readonly volumeId: string }
  | { readonly move: "bind-lives"; readonly volumeIds: readonly string[] }
  | { readonly move: "start" }
  | { readonly move: "fail" }
  | { readonly move: "done" };

const wait = (what: string): Move => ({ move: "wait", for: what });

export function nextMove(seen: Seen, wanted: Wanted): Move {
  if (seen.status === "ERROR") return { move: "fail" };
  if (seen.status !== "ACTIVE" && seen.status !== "SHUTOFF") return wait("the server to be made");
  if (seen.busy) return wait("the server to carry out an order");
  const [moving] = seen.moving;
  if (moving !== undefined) return wait(`volume ${moving} to come on or off`);
  const runs = seen.status === "ACTIVE";
  const boots =
    wanted.systemVolumeId === undefined || seen.systemVolumeId === wanted.systemVolumeId;
  const missing = wanted.dataVolumeIds.find((id) => !seen.attached.has(id));
  // A guest that starts without a volume its fstab names ends in a rescue shell, so all are there before.
  // A shell has nothing to lose; a guest is asked to stop.
  const comesLate = missing !== undefined && wanted.awaitsVolumes !== true;
  if (runs && (comesLate || !boots)) return { move: "stop", hard: !boots };
  if (missing !== undefined) return { move: "attach", volumeId: missing };
  if (!boots) {
    return seen.systemVolumeId === undefined
      ? { move: "attach-system" }
      : { move: "detach-system", volumeId: seen.systemVolumeId };
  }
  // A system disk always goes with its server; data disks when they are told to.
  const unbound = wanted.dataVolumeIds.filter((id) => seen.attached.get(id) === false);
  if (unbound.length > 0) return { move: "bind-lives", volumeIds: unbound };
  return runs ? { move: "done" } : { move: "start" };
}
