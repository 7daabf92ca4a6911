/**
 * What to do next so that a repaired disk can be the system disk of a server: decided from what Azure
 * shows, so that any step may be lost, repeated or found done.
 *
 *   attach   the disk as it is
 *   copy     disk ─▶ snapshot ─▶ the disk is deleted ─▶ a copy takes its name ─▶ attach
 *
 * The copy is made as what it boots, which Azure fixes when a disk is made; its name stays, so that
 * whoever knows the volume goes on knowing it.
 */

export interface Seen {
  /** Which one has the volume's name. */
  readonly disk: "absent" | "original" | "copy";
  /** It can be used. */
  readonly isReady: boolean;
  /** It was made for the firmware that is wanted. */
  readonly fits: boolean;
  /** What the copy is made of. */
  readonly snapshot: "none" | "pending" | "ready" | "failed";
}

export type Way = "auto" | "attach" | "copy";

export type Move =
  | { readonly move: "wait"; readonly for: string }
  | { readonly move: "take-snapshot" | "delete-original" | "make-copy" | "attach" }
  | { readonly move: "fail"; readonly problem: string };

export function nextMove(seen: Seen, way: Way): Move {
  const { disk, isReady, fits, snapshot } = seen;
  if (disk === "copy") return isReady ? { move: "attach" } : wait("the copy of the system disk");
  switch (snapshot) {
    case "failed":
      return { move: "fail", problem: "Azure could not make a snapshot of the system disk" };
    case "pending":
      return wait("the snapshot of the system disk");
    case "ready":
      return { move: disk === "original" ? "delete-original" : "make-copy" };
    case "none":
      break;
  }
  if (disk === "absent") return { move: "fail", problem: "its system disk is gone" };
  if (!isReady) return wait("the system disk");
  if (way === "copy" || (way === "auto" && !fits)) return { move: "take-snapshot" };
  if (fits) return { move: "attach" };
  return { move: "fail", problem: "its system disk was made for another firmware" };
}

function wait(what: string): Move {
  return { move: "wait", for: what };
}
