/**
 * What to do next on the way from an order to a running server: decided from what Tencent shows, so
 * that any step may be lost, repeated or found done by somebody else.
 *
 *   instance of the image ─▶ running ─▶ stop ─▶ data volumes ─▶ start
 *
 * An instance can't be made without being started, and a guest that starts without a volume its fstab
 * names ends in a rescue shell; so it is started a second time with all its volumes. HyperDoor waits for
 * the disk that it copies: that hangs on while it runs.
 */

export interface SeenVolume {
  readonly id: string;
  /** Of the disk: UNATTACHED, ATTACHING, …; undefined when it is not there. */
  readonly state: string | undefined;
  readonly instanceId: string | undefined;
  /** Whether it is deleted with the instance. */
  readonly bound: boolean;
}

export interface Seen {
  readonly instanceId: string;
  /** Of the instance: PENDING, RUNNING, STOPPED, …. */
  readonly state: string;
  readonly volumes: readonly SeenVolume[];
  /** What runs there waits for its volumes. */
  readonly waitsForVolumes?: boolean;
}

export type Move =
  | { readonly move: "wait"; readonly for: string }
  | { readonly move: "stop" }
  | { readonly move: "start" }
  | { readonly move: "attach"; readonly volumeIds: readonly string[] }
  | { readonly move: "bind-lives"; readonly volumeIds: readonly string[] }
  | { readonly move: "fail"; readonly problem: string }
  | { readonly move: "done" };

/** In one call. Source: CBS API, AttachDisks, DiskIds. */
export const mostAtOnce = 10;

const wait = (what: string): Move => ({ move: "wait", for: what });
const idsOf = (volumes: readonly SeenVolume[]) => volumes.map(({ id }) => id);

export function nextMove({ instanceId, state, volumes, waitsForVolumes = false }: Seen): Move {
  if (state === "LAUNCH_FAILED") return { move: "fail", problem: state };
  // The caller waits for an instance to run anyway.
  if (volumes.length === 0) return { move: "done" };
  if (state !== "RUNNING" && state !== "STOPPED") return wait(`the instance, which is ${state}`);

  const lost = volumes.find((volume) => volume.state === undefined);
  if (lost !== undefined) return { move: "fail", problem: `volume ${lost.id} is gone` };
  const elsewhere = volumes.find((volume) => (volume.instanceId ?? instanceId) !== instanceId);
  if (elsewhere !== undefined) return wait(`volume ${elsewhere.id} to be let go`);

  const free = volumes.filter((volume) => volume.instanceId === undefined);
  if (free.length > 0) {
    return state === "RUNNING" && !waitsForVolumes
      ? { move: "stop" }
      : { move: "attach", volumeIds: idsOf(free).slice(0, mostAtOnce) };
  }
  const moving = volumes.find((volume) => volume.state !== "ATTACHED");
  if (moving !== undefined) return wait(`volume ${moving.id}, which is ${moving.state}`);
  const unbound = volumes.filter(({ bound }) => !bound);
  if (unbound.length > 0) return { move: "bind-lives", volumeIds: idsOf(unbound) };
  return state === "STOPPED" ? { move: "start" } : { move: "done" };
}
