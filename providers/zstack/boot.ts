/**
 * What to do next on the way from an order to a running server: decided from what ZStack shows, so that any step
 * may be lost, repeated or found done by somebody else.
 *
 *   made, not started ─▶ into its security groups ─▶ its volumes, one after the other ─▶ start
 *
 * A guest that starts without a volume its fstab names ends in a rescue shell, so all are there before.
 */
export interface Seen {
  /** ZStack's own word. */
  readonly state: string;
  readonly groups: ReadonlySet<string>;
  readonly attached: ReadonlySet<string>;
}

export interface Wanted {
  readonly groupIds: readonly string[];
  readonly dataVolumeIds: readonly string[];
}

export type Move =
  | { readonly move: "wait" | "start" | "fail" | "done" }
  | { readonly move: "join"; readonly groupId: string }
  | { readonly move: "attach"; readonly volumeId: string };

export function nextMove({ state, groups, attached }: Seen, wanted: Wanted): Move {
  if (state === "Error" || state === "Crashed") return { move: "fail" };
  // What hangs on it from now on is its own affair: HyperDoor's disk is taken off again.
  if (state === "Running") return { move: "done" };
  if (state !== "Stopped") return { move: "wait" };
  const groupId = wanted.groupIds.find((id) => !groups.has(id));
  if (groupId !== undefined) return { move: "join", groupId };
  const volumeId = wanted.dataVolumeIds.find((id) => !attached.has(id));
  if (volumeId !== undefined) return { move: "attach", volumeId };
  return { move: "start" };
}
