/** Snapshots of volumes, which stay on the storage of the volume. */
import type { Provider, ResourceState } from "../provider.ts";
import { type Account, findOne, makeOnce, notFound, type Thing } from "./account.ts";
import { deletionOf } from "./snapshot-tree.ts";
import { marksOf, readMarks, uuidOf, written } from "./tags.ts";

/** Source: zstack 5.2.1, VolumeSnapshotInventory.java. */
export interface ZstackSnapshot extends Thing {
  readonly volumeUuid: string;
  readonly parentUuid?: string | null;
  readonly primaryStorageUuid?: string | null;
  readonly status: string;
}

/** Source: zstack 5.2.1, VolumeSnapshotStatus.java. */
const states: Record<string, ResourceState> = {
  Creating: "pending",
  Ready: "ready",
  Deleting: "deleting",
  Deleted: "deleting",
};

const isRetired = ({ description }: Thing) => readMarks(description)?.retired === "yes";

type Snapshots = Pick<Provider["volumes"], "createSnapshot" | "findSnapshot" | "deleteSnapshot">;

export function openSnapshots(account: Account): Snapshots {
  const { client, consoleId } = account;
  const find = (id: string) => findOne<ZstackSnapshot>(account, "QueryVolumeSnapshot", id);

  return {
    async createSnapshot(options) {
      const id = uuidOf(consoleId, "snapshot", options.token);
      const { volumeId } = options;
      await makeOnce(
        account,
        "snapshot",
        () => find(id),
        async () => {
          const volume = await findOne<Thing>(account, "QueryVolume", volumeId);
          if (volume === undefined) throw notFound("volume", volumeId);
          const os = readMarks(volume.description)?.os;
          const marks = { ...marksOf(options), ...(os === undefined ? {} : { os }) };
          await client.order("CreateVolumeSnapshot", {
            path: { volume: volumeId },
            params: {
              name: options.tags.Name,
              description: written(marks),
              resourceUuid: id,
            },
          });
        },
      );
      return { id };
    },

    async findSnapshot(id) {
      const snapshot = await find(id);
      if (snapshot === undefined || isRetired(snapshot)) return undefined;
      const { volumeUuid: volumeId, status } = snapshot;
      return { id, volumeId, state: states[status] ?? "pending" };
    },

    async deleteSnapshot(id) {
      const snapshot = await find(id);
      if (snapshot === undefined || snapshot.status === "Deleting") return;
      const all = await client.list<ZstackSnapshot>("QueryVolumeSnapshot", [
        `volumeUuid=${snapshot.volumeUuid}`,
      ]);
      const tree = all.map((one) => ({ ...one, isRetired: isRetired(one) }));
      const doomed = deletionOf(id, tree);
      if (doomed !== undefined) {
        await client.order("DeleteVolumeSnapshot", { path: { snapshot: doomed } });
        return;
      }
      const marks = readMarks(snapshot.description);
      if (marks === undefined || marks.retired === "yes") return;
      await client.order("UpdateVolumeSnapshot", {
        path: { snapshot: id },
        params: { description: written({ ...marks, retired: "yes" }) },
      });
    },
  };
}
