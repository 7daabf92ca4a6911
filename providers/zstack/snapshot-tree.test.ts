import fc from "fast-check";
import { expect, test } from "vitest";
import { deletionOf, type SnapshotInTree } from "./snapshot-tree.ts";

/** Storage that deletes with a snapshot all that are built on it. */
class Storage {
  all: SnapshotInTree[];

  constructor(parents: readonly (number | undefined)[]) {
    this.all = parents.map((parent, index) => ({
      uuid: String(index),
      parentUuid: parent === undefined ? null : String(parent),
      isRetired: false,
    }));
  }

  private below(uuid: string): string[] {
    const children = this.all.filter(({ parentUuid }) => parentUuid === uuid);
    return [uuid, ...children.flatMap((child) => this.below(child.uuid))];
  }

  /** As snapshots.ts does it. @returns those that are gone by it */
  remove(uuid: string): string[] {
    if (!this.all.some((one) => one.uuid === uuid)) return [];
    const doomed = deletionOf(uuid, this.all);
    if (doomed === undefined) {
      this.all = this.all.map((one) => (one.uuid === uuid ? { ...one, isRetired: true } : one));
      return [];
    }
    const gone = this.below(doomed);
    this.all = this.all.filter((one) => !gone.includes(one.uuid));
    return gone;
  }
}

/** Each is built on one before it, or on none. */
const trees = fc
  .integer({ min: 1, max: 12 })
  .chain((size) =>
    fc.tuple(
      ...Array.from({ length: size }, (_, index) =>
        fc.option(fc.integer({ min: 0, max: Math.max(0, index - 1) }), { nil: undefined }),
      ),
    ),
  )
  .map((parents) => parents.map((parent, index) => (index === 0 ? undefined : parent)));

test("in whatever order snapshots are deleted, none goes that is still wanted, and in the end all are gone", () => {
  fc.assert(
    fc.property(trees, fc.infiniteStream(fc.nat()), (parents, chances) => {
      const storage = new Storage(parents);
      const wanted = new Set(parents.map((_, index) => String(index)));
      while (wanted.size > 0) {
        const at = (chances.next().value ?? 0) % wanted.size;
        const uuid = [...wanted][at] ?? "";
        wanted.delete(uuid);
        for (const gone of storage.remove(uuid)) expect(wanted.has(gone)).toBe(false);
        for (const kept of wanted) expect(storage.all.map((one) => one.uuid)).toContain(kept);
      }
      expect(storage.all).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
