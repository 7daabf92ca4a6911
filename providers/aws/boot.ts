/**
 * What to do next on the way from an order to a running server: decided from what EC2 shows, so that
 * any step may be lost, repeated or found done by somebody else.
 *
 *   task   shell ─▶ running ─▶ data volumes ─▶ CreateReplaceRootVolumeTask ─▶ flags
 *   swap   shell ─▶ running ─▶ data volumes ─▶ stop ─▶ detach its root ─▶ attach ours ─▶ flags ─▶ start
 *   image  instance of the image ─▶ running ─▶ stop ─▶ data volumes ─▶ flags ─▶ start
 */

export interface Seen {
  /** Of the instance: pending, running, stopping, stopped. */
  readonly state: string;
  readonly rootVolumeId: string | undefined;
  /** Of the newest root replacement: none, in progress, failed, done. */
  readonly task: "none" | "under way" | "failed" | "done";
  /** Volumes that hang on it, with whether they are deleted with it. */
  readonly attached: ReadonlyMap<string, boolean>;
}

export interface Wanted {
  /** Undefined where an image boots. */
  readonly rootVolumeId: string | undefined;
  readonly dataVolumeIds: readonly string[];
  readonly way: "task" | "swap" | "auto";
}

export type Move =
  | { readonly move: "wait"; readonly for: string }
  | { readonly move: "replace-root" }
  | { readonly move: "stop" }
  | { readonly move: "detach-root"; readonly volumeId: string }
  | { readonly move: "attach-root" }
  | { readonly move: "start" }
  | { readonly move: "attach"; readonly volumeId: string }
  | { readonly move: "bind-lives"; readonly volumeIds: readonly string[] }
  | { readonly move: "fail"; readonly problem: string }
  | { readonly move: "done" };

const wait = (what: string): Move => ({ move: "wait", for: what });

export function nextMove(seen: Seen, wanted: Wanted): Move {
  if (seen.state === "pending") return wait("the instance to start");
  if (seen.state === "stopping") return wait("the instance to stop");
  if (seen.task === "under way") return wait("the root volume to be replaced");
  const boots = wanted.rootVolumeId === undefined || seen.rootVolumeId === wanted.rootVolumeId;
  const missing = wanted.dataVolumeIds.find((id) => !seen.attached.has(id));
  if (missing !== undefined) {
    // A guest that starts without a volume its fstab names ends in a rescue shell, so volumes come
    // first: while the shell runs, or while the guest is stopped.
    return boots && seen.state === "running"
      ? { move: "stop" }
      : { move: "attach", volumeId: missing };
  }
  if (!boots) return towardsRoot(seen, wanted);
  const root = wanted.rootVolumeId === undefined ? [] : [wanted.rootVolumeId];
  const unbound = [...root, ...wanted.dataVolumeIds].filter(
    (id) => seen.attached.get(id) === false,
  );
  if (unbound.length > 0) return { move: "bind-lives", volumeIds: unbound };
  return seen.state === "stopped" ? { move: "start" } : { move: "done" };
}

function towardsRoot(seen: Seen, { way }: Wanted): Move {
  if (seen.task === "done") return wait("EC2 to show the root volume it put in place");
  if (seen.task === "failed" && way === "task") {
    return { move: "fail", problem: "AWS could not replace the root volume" };
  }
  if (seen.state === "stopped") {
    const { rootVolumeId } = seen;
    return rootVolumeId === undefined
      ? { move: "attach-root" }
      : { move: "detach-root", volumeId: rootVolumeId };
  }
  return way === "swap" || seen.task === "failed" ? { move: "stop" } : { move: "replace-root" };
}
