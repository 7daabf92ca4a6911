/** Snapshots of disks. Source: the models named in api.ts, and resource_ctyun_ebs_snapshot.go. */
import { type Handler, orderJson } from "./orders.ts";
import { Refusal, refuse } from "./request.ts";
import { get, type Pool, type Snapshot } from "./state.ts";

function snapshotJson(pool: Pool, snapshot: Snapshot) {
  return {
    snapshotID: snapshot.id,
    snapshotName: snapshot.name,
    snapshotStatus: snapshot.status,
    snapshotType: "manu",
    diskID: snapshot.diskId,
    volumeSize: snapshot.sizeGiB,
    volumeAttr: "data",
    retentionPolicy: "forever",
    azName: pool.zone,
  };
}

export async function letSnapshotsHappen(pool: Pool): Promise<void> {
  for (const snapshot of pool.snapshots.values()) {
    if (pool.now() < snapshot.changesAt) continue;
    if (snapshot.status === "creating") snapshot.status = "available";
    if (snapshot.status === "deleting") {
      pool.snapshots.delete(snapshot.id);
      await pool.machines?.deleteSnapshot(snapshot.id);
    }
  }
}

const create: Handler = async (pool, { asked }) => {
  const disk = get(pool, pool.disks, "disk", asked.diskID);
  if (disk.status !== "unattached" && disk.status !== "attached") {
    throw new Refusal("ebs.ebsInfo.StatusNotAllowed", `disk ${disk.id} is ${disk.status}`);
  }
  if (!["custom", "forever"].includes(asked.retentionPolicy)) {
    refuse("ebs", `retentionPolicy ${asked.retentionPolicy}`);
  }
  // "同一个租户在同一个资源池下创建的快照名称不能重复"; the code is guessed.
  if ([...pool.snapshots.values()].some(({ name }) => name === asked.snapshotName)) {
    throw new Refusal("ebs.snapshotInfo.nameExists", `${asked.snapshotName} already exists`);
  }
  const snapshot: Snapshot = {
    ...pool.newThing(),
    name: asked.snapshotName,
    diskId: disk.id,
    sizeGiB: disk.sizeGiB,
    type: disk.type,
    status: "creating",
    changesAt: pool.now() + pool.delays.snapshotMs,
  };
  pool.snapshots.set(snapshot.id, snapshot);
  await pool.machines?.createSnapshot(snapshot.id, disk.id);
  if (pool.snapshotOrders.has(disk.id)) return { snapshotJobID: snapshot.id };
  pool.snapshotOrders.add(disk.id);
  const order = pool.newOrder([snapshot.id]);
  throw new Refusal("ebs.order.inProgress", "order in progress / 订单处理中", {
    returnObj: orderJson(pool, order),
  });
};

/** Without pages; the name is looked for as a part. */
const list: Handler = (pool, { asked }) => {
  const { snapshotID, snapshotName = "", diskID } = asked;
  const found = [...pool.snapshots.values()].filter(
    (snapshot) =>
      pool.isShown(snapshot) &&
      (snapshotID === undefined || snapshot.id === snapshotID) &&
      (diskID === undefined || snapshot.diskId === diskID) &&
      snapshot.name.includes(snapshotName),
  );
  return {
    snapshotTotal: found.length,
    snapshotList: found.map((snapshot) => snapshotJson(pool, snapshot)),
  };
};

const remove: Handler = (pool, { asked }) => {
  if (asked.refundOrder === true)
    refuse("ebs", "this fake deletes no disk's snapshots all at once");
  const notAllowedList: string[] = [];
  const notFoundList: string[] = [];
  for (const id of asked.snapshotIDs) {
    const snapshot = pool.snapshots.get(id);
    if (snapshot === undefined) notFoundList.push(id);
    else if (snapshot.status !== "available") notAllowedList.push(id);
    else {
      snapshot.status = "deleting";
      snapshot.changesAt = pool.now() + pool.delays.snapshotMs;
    }
  }
  return { snapshotJobID: "job", notAllowedList, notFoundList };
};

export const snapshotHandlers: Record<string, Handler> = {
  CreateEbsSnap: create,
  ListEbsSnap: list,
  DeleteEbsSnap: remove,
};
