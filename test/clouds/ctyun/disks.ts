/** EBS: disks. Sources: the models named in api.ts; www.ctyun.cn/document/10027696/10168629 (states). */
import { type Handler, once, orderJson, unlessOpening } from "./orders.ts";
import { pageOf, Refusal, refuse } from "./request.ts";
import { type Disk, get, type Pool } from "./state.ts";

const GiB = 1024 ** 3;

/** "超高IO/高IO/极速型SSD/普通IO：10GB~32768GB". Source: new-ebs, diskSize. */
const sizes = [10, 32_768] as const;
const diskTypes = new Set(["SATA", "SAS", "SSD", "FAST-SSD"]);
const inProgress = "ebs.order.inProgress";

/** 20 characters of the id, as OpenStack's virtio disks show them. Not seen on this cloud yet. */
const serialOf = ({ id }: Disk) => id.slice(0, 20);

function diskJson(pool: Pool, disk: Disk) {
  const hangs = disk.serverId !== undefined && disk.status !== "attaching";
  return {
    diskID: disk.id,
    diskName: disk.name,
    diskSize: disk.sizeGiB,
    diskType: disk.type,
    diskMode: "VBD",
    diskStatus: disk.status,
    regionID: pool.regionId,
    azName: pool.zones[0] ?? "",
    onDemand: true,
    isPackaged: disk.isSystem,
    // Only for system disks, and only while it hangs somewhere: the fields are left out else.
    ...(disk.isSystem ? { isSystemVolume: true } : {}),
    ...(hangs
      ? {
          instanceID: disk.serverId,
          attachments: [
            {
              instanceID: disk.serverId,
              attachmentID: disk.id,
              device: disk.isSystem ? "/dev/vda" : "/dev/vdb",
            },
          ],
        }
      : {}),
  };
}

/** The data disks of a server, in the order in which they came. */
export const dataDisksOf = (pool: Pool, serverId: string): Disk[] =>
  [...pool.disks.values()]
    .filter((disk) => disk.serverId === serverId && !disk.isSystem)
    .sort((a, b) => a.hungAt - b.hungAt);

export async function addDisk(
  pool: Pool,
  wish: Pick<Disk, "name" | "sizeGiB" | "type" | "isSystem" | "isHollow"> & { serverId?: string },
  fromSnapshotId?: string,
): Promise<Disk> {
  const thing = pool.newThing();
  const disk: Disk = {
    ...thing,
    ...wish,
    shownAt: thing.shownAt + (wish.isSystem ? 0 : pool.delays.orderMs),
    status: wish.isSystem ? "attached" : "creating",
    hungAt: 0,
    changesAt: pool.now() + pool.delays.orderMs,
  };
  pool.disks.set(disk.id, disk);
  if (!disk.isHollow) {
    await pool.machines?.createVolume(disk.id, disk.sizeGiB * GiB, fromSnapshotId);
  }
  return disk;
}

export async function removeDisk(pool: Pool, disk: Disk): Promise<void> {
  pool.disks.delete(disk.id);
  if (!disk.isHollow) await pool.machines?.deleteVolume(disk.id);
}

/** What has come about by itself since the last call. */
export async function letDisksHappen(pool: Pool): Promise<void> {
  const now = pool.now();
  for (const disk of pool.disks.values()) {
    if (now < disk.changesAt) continue;
    if (disk.status === "creating") disk.status = "unattached";
    if (disk.status === "attaching") {
      disk.status = "attached";
      if (runsGateway(pool, disk)) {
        await pool.machines?.attach(disk.id, disk.serverId ?? "", serialOf(disk));
      }
    }
    if (disk.status === "detaching") await takeOff(pool, disk);
    if (disk.status === "deleting") await removeDisk(pool, disk);
  }
}

const runsGateway = (pool: Pool, { serverId = "" }: Disk) =>
  pool.servers.get(serverId)?.runs === "gateway";

export async function takeOff(pool: Pool, disk: Disk): Promise<void> {
  if (runsGateway(pool, disk)) await pool.machines?.detach(disk.id);
  delete disk.serverId;
  disk.status = "unattached";
}

/** @throws Refusal for what no disk is made of; the codes of names and quotas are guessed, the words are read */
function examine(pool: Pool, { diskName, diskSize, diskMode, onDemand }: Record<string, unknown>) {
  const [least, most] = sizes;
  if (Number(diskSize) < least || Number(diskSize) > most) refuse("ebs", `diskSize ${diskSize}`);
  if (diskMode !== "VBD") refuse("ebs", `diskMode ${diskMode}`);
  if (onDemand === false) refuse("ebs", "cycleType is missing");
  if ([...pool.disks.values()].some(({ name }) => name === diskName)) {
    throw new Refusal("ebs.ebsInfo.nameExists", `diskName ${diskName} already exists`);
  }
  if ([...pool.disks.values()].filter(({ isSystem }) => !isSystem).length >= pool.quotas.volumes) {
    throw new Refusal("ebs.quota.exceeded", "volume quota exceeded / 磁盘配额不足");
  }
}

const newEbs: Handler = async (pool, request) => {
  const { asked } = request;
  const order = await once(pool, request, async () => {
    examine(pool, asked);
    if (!diskTypes.has(asked.diskType)) refuse("ebs", `diskType ${asked.diskType}`);
    // Must be told in pools of several zones.
    if (asked.azName !== pool.zones[0]) refuse("ebs", `azName ${asked.azName}`);
    const wish = { name: asked.diskName, sizeGiB: asked.diskSize, type: asked.diskType };
    const disk = await addDisk(pool, { ...wish, isSystem: false, isHollow: false });
    return pool.newOrder([disk.id]);
  });
  return bought(pool, unlessOpening(pool, order, inProgress));
};

const newFromSnapshot: Handler = async (pool, request) => {
  const { asked } = request;
  const order = await once(pool, request, async () => {
    const snapshot = get(pool, pool.snapshots, "snapshot", asked.snapshotID);
    if (snapshot.status !== "available") {
      throw new Refusal("ebs.snapshotInfo.StatusNotAvailable", `snapshot is ${snapshot.status}`);
    }
    examine(pool, asked);
    if (asked.diskSize < snapshot.sizeGiB) refuse("ebs", `diskSize ${asked.diskSize} is too small`);
    const wish = { name: asked.diskName, sizeGiB: asked.diskSize, type: snapshot.type };
    const disk = await addDisk(pool, { ...wish, isSystem: false, isHollow: false }, snapshot.id);
    return pool.newOrder([disk.id]);
  });
  return bought(pool, unlessOpening(pool, order, inProgress));
};

const bought = (pool: Pool, order: Parameters<typeof orderJson>[1]) => ({
  ...orderJson(pool, order),
  masterResourceStatus: "started",
  resources: order.ids.map((diskID) => ({ diskID, orderID: order.id, resourceType: "EBS" })),
});

const listEbs: Handler = (pool, { asked }) => {
  const { queryContent = "" } = asked;
  const found = [...pool.disks.values()].filter((disk) => {
    const server = pool.servers.get(disk.serverId ?? "");
    const texts = [disk.id, disk.name, disk.serverId ?? "", server?.name ?? ""];
    return pool.isShown(disk) && texts.some((text) => text.includes(queryContent));
  });
  const { items, counts } = pageOf(asked, found, 300);
  return {
    diskList: items.map((disk) => diskJson(pool, disk)),
    diskTotal: found.length,
    ...counts,
  };
};

const updateName: Handler = (pool, { asked }) => {
  const disk = get(pool, pool.disks, "disk", asked.diskID);
  if ([...pool.disks.values()].some((one) => one !== disk && one.name === asked.diskName)) {
    throw new Refusal("ebs.ebsInfo.nameExists", `diskName ${asked.diskName} already exists`);
  }
  disk.name = asked.diskName;
  return {};
};

const attachEbs: Handler = (pool, { asked }) => {
  const disk = get(pool, pool.disks, "disk", asked.diskID);
  const server = get(pool, pool.servers, "instance", asked.instanceID);
  if (disk.status !== "unattached") {
    throw new Refusal("ebs.ebsInfo.StatusNotUnattached", `disk ${disk.id} is ${disk.status}`);
  }
  if (!["running", "stopped"].includes(server.status)) {
    throw new Refusal("Ecs.Instance.StatusNotRunning", `instance is ${server.status}`);
  }
  const others = dataDisksOf(pool, server.id);
  if (others.length >= pool.quotas.disksPerServer) {
    throw new Refusal("ebs.quota.attachExceeded", "the quota of disks on one instance is exceeded");
  }
  disk.serverId = server.id;
  disk.status = "attaching";
  disk.hungAt = Math.max(0, ...others.map(({ hungAt }) => hungAt)) + 1;
  disk.changesAt = pool.now() + pool.delays.attachMs;
  return { diskJobID: disk.id, diskRequestID: disk.id };
};

const detachEbs: Handler = (pool, { asked }) => {
  const disk = get(pool, pool.disks, "disk", asked.diskID);
  if (disk.status !== "attached" || disk.isSystem) {
    throw new Refusal("ebs.ebsInfo.StatusNotAttached", `disk ${disk.id} is ${disk.status}`);
  }
  disk.status = "detaching";
  disk.changesAt = pool.now() + pool.delays.attachMs;
  return { diskJobID: disk.id, diskRequestID: disk.id };
};

const refundEbs: Handler = async (pool, request) => {
  const order = await once(pool, request, () => {
    const disk = get(pool, pool.disks, "disk", request.asked.diskID);
    if (disk.status !== "unattached") {
      throw new Refusal("ebs.ebsInfo.StatusNotUnattached", `disk ${disk.id} is ${disk.status}`);
    }
    disk.status = "deleting";
    disk.changesAt = pool.now() + pool.delays.orderMs;
    return pool.newOrder([disk.id]);
  });
  return orderJson(pool, unlessOpening(pool, order, inProgress));
};

export const diskHandlers: Record<string, Handler> = {
  NewEbs: newEbs,
  NewFromSnapshot: newFromSnapshot,
  QueryEbsByID: (pool, { asked }) => diskJson(pool, get(pool, pool.disks, "disk", asked.diskID)),
  QueryEbsList: listEbs,
  UpdateEbsName: updateName,
  AttachEbs: attachEbs,
  DetachEbs: detachEbs,
  RefundEbs: refundEbs,
};
