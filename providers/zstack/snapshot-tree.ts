/**
 * What to do when a snapshot is to go. On storage that keeps snapshots as a chain, ZStack deletes with a snapshot
 * all that are built on it: pruning an old recovery point would take the newest with it. Source: zstack 5.2.1,
 * VolumeSnapshotTreeBase.java, deletion (`currentLeaf.getDescendants()`). So one that others are built on is only
 * marked as retired; it goes with the last of those.
 *
 *   a ◀─ b ◀─ c    deleting a, then b, marks them; deleting c then deletes a, and with it b and c
 */
export interface SnapshotInTree {
  readonly uuid: string;
  readonly parentUuid?: string | null;
  /** Nobody wants it any more. */
  readonly isRetired: boolean;
}

/** @param all of its volume. @returns which one to delete, and so all built on it; undefined to retire it for now */
export function deletionOf(uuid: string, all: readonly SnapshotInTree[]): string | undefined {
  const byUuid = new Map(all.map((snapshot) => [snapshot.uuid, snapshot]));
  const isFree = (root: string): boolean =>
    all
      .filter(({ parentUuid }) => parentUuid === root)
      .every((child) => (child.uuid === uuid || child.isRetired) && isFree(child.uuid));
  if (!isFree(uuid)) return undefined;
  let doomed = uuid;
  for (;;) {
    const parent = byUuid.get(byUuid.get(doomed)?.parentUuid ?? "");
    if (parent === undefined || !parent.isRetired || !isFree(parent.uuid)) return doomed;
    doomed = parent.uuid;
  }
}
