/** UDisks and their snapshots. Source for states, sizes and codes: UDisk API and its "error_code". */

import { Refusal, unfit } from "./request.ts";
import { type Action, type Disk, get, type Project, page, requireZone, seconds } from "./state.ts";

const GiB = 1024 ** 3;

/** Type as created, as shown, and the most GB. Source: CreateUDisk, DiskType and Size. */
export const types: Record<string, readonly [shown: string, mostGiB: number]> = {
  DataDisk: ["CLOUD_NORMAL", 8000],
  SSDDataDisk: ["CLOUD_SSD", 8000],
  ESSDDataDisk: ["CLOUD_ESSD", 8000],
  RSSDDataDisk: ["CLOUD_RSSD", 32_000],
};

/** Source: UDisk documentation, "Limits". */
const mostOnHost = 26;

const diskNotFound = 17041;

export const disksOf = (project: Project, hostId: string): Disk[] =>
  [...project.disks.values()]
    .filter((disk) => disk.hostId === hostId)
    .sort((a, b) => ((a.device ?? "") < (b.device ?? "") ? -1 : 1));

export function letDisksHappen(project: Project): void {
  for (const disk of project.disks.values()) {
    if (project.now() < disk.changesAt) continue;
    if (disk.state === "Initializating" || disk.state === "Cloning") disk.state = "Available";
    if (disk.state === "Attaching") disk.state = "InUse";
    if (disk.state === "Detaching") free(disk);
  }
}

function free(disk: Disk): void {
  disk.state = "Available";
  delete disk.hostId;
  delete disk.device;
}

/** It has bytes where HyperDoor is to copy to it. */
export async function addBootDisk(
  project: Project,
  hostId: string,
  { type, sizeGiB, hasBytes }: Pick<Disk, "type" | "sizeGiB" | "hasBytes">,
): Promise<void> {
  const disk: Disk = {
    ...project.newThing("bsi", "", ""),
    ...{ sizeGiB, type, isBoot: true, chargeType: "Dynamic", hasSnapshots: false, hasBytes },
    ...{ state: "InUse", changesAt: 0, hostId, device: "vda" },
  };
  project.disks.set(disk.id, disk);
  if (hasBytes) await project.machines?.createVolume(disk.id, sizeGiB * GiB);
}

async function addDisk(
  project: Project,
  wish: Pick<Disk, "name" | "group" | "sizeGiB" | "type" | "chargeType" | "hasSnapshots">,
  fromSnapshotId?: string,
): Promise<Disk> {
  const data = [...project.disks.values()].filter(({ isBoot }) => !isBoot);
  if (data.length >= project.quotas.disks) {
    throw new Refusal(17067, "quota not enough, please contact your account manager");
  }
  const isClone = fromSnapshotId !== undefined;
  const disk: Disk = {
    ...wish,
    ...project.newThing("bsm", wish.name, wish.group),
    ...{ isBoot: false, hasBytes: true, state: isClone ? "Cloning" : "Initializating" },
    changesAt: project.now() + (isClone ? project.delays.cloneMs : project.delays.createMs),
  };
  project.disks.set(disk.id, disk);
  await project.machines?.createVolume(disk.id, disk.sizeGiB * GiB, fromSnapshotId);
  return disk;
}

/** From the host at once: the state and, on a gateway, the bytes. */
export async function takeOff(project: Project, disk: Disk): Promise<void> {
  if (!disk.isBoot && project.hosts.get(disk.hostId ?? "")?.runs === "gateway") {
    await project.machines?.detach(disk.id);
  }
  free(disk);
}

export async function removeDisk(project: Project, disk: Disk): Promise<void> {
  project.disks.delete(disk.id);
  if (disk.hasBytes) await project.machines?.deleteVolume(disk.id);
}

const createDisk: Action = async (project, parameters) => {
  requireZone(project, parameters);
  const type = types[parameters.find("DiskType") ?? "DataDisk"];
  const sizeGiB = parameters.number("Size") ?? 0;
  if (type === undefined) throw unfit("DiskType");
  if (sizeGiB < 1 || sizeGiB > type[1]) throw unfit("Size");
  const { id } = await addDisk(project, {
    ...{ name: parameters.get("Name"), group: parameters.get("Tag"), sizeGiB, type: type[0] },
    chargeType: parameters.find("ChargeType") ?? "Dynamic",
    hasSnapshots: parameters.get("SnapshotService") === "Yes",
  });
  return { UDiskId: [id] };
};

const cloneSnapshot: Action = async (project, parameters) => {
  requireZone(project, parameters);
  const snapshot = get(project.snapshots, 17045, parameters.get("SourceId"));
  if (project.now() < snapshot.readyAt) throw new Refusal(17085, "snapshot is being created");
  const origin = project.disks.get(snapshot.diskId);
  const { id } = await addDisk(
    project,
    {
      ...{ name: parameters.get("Name"), group: parameters.get("Tag") },
      // A smaller size than the snapshot's is raised to it.
      sizeGiB: Math.max(parameters.number("Size") ?? 0, snapshot.sizeGiB),
      type: origin?.type ?? "CLOUD_SSD",
      chargeType: parameters.find("ChargeType") ?? "Dynamic",
      hasSnapshots: parameters.get("SnapshotService") === "Yes",
    },
    snapshot.id,
  );
  return { UDiskId: [id] };
};

const describeDisks: Action = (project, parameters) => {
  requireZone(project, parameters);
  const id = parameters.find("UDiskId");
  const hostId = parameters.find("HostId");
  const group = parameters.find("Tag");
  const found = [...project.disks.values()].filter(
    (disk) =>
      project.isShown(disk) &&
      (id === undefined || disk.id === id) &&
      (hostId === undefined || disk.hostId === hostId) &&
      (group === undefined || disk.group === group),
  );
  return {
    TotalCount: found.length,
    DataSet: page(found, parameters).map((disk) => ({
      ...{ Zone: project.zone, UDiskId: disk.id, Name: disk.name, Tag: disk.group },
      ...{ Size: disk.sizeGiB, Status: disk.state, CreateTime: seconds(disk) },
      ...{ DiskType: disk.type, IsBoot: disk.isBoot ? "True" : "False" },
      ...{ HostId: disk.hostId ?? "", UHostId: disk.hostId ?? "", DeviceName: disk.device ?? "" },
      ...{ ChargeType: disk.chargeType, IsExpire: "No", Version: "2.0" },
      ...{ SnapEnable: disk.hasSnapshots ? 1 : 0, SnapshotLimit: project.quotas.snapshots },
    })),
  };
};

const attachDisk: Action = async (project, parameters) => {
  const disk = get(project.disks, diskNotFound, parameters.get("UDiskId"));
  const host = get(project.hosts, 8039, parameters.get("HostId"));
  // UCloud would let several hosts write to one disk unless told not to; here that is never meant.
  if (parameters.get("MultiAttach") !== "No") throw unfit("MultiAttach");
  if (disk.state === "Attaching") throw new Refusal(17056, "disk is being attached");
  if (disk.state === "Detaching") throw new Refusal(17061, "disk is being detached");
  if (disk.state === "InUse") throw new Refusal(17057, "disk has been attached");
  if (disk.state !== "Available") throw new Refusal(17086, `disk is ${disk.state}`);
  if (host.state !== "Running" && host.state !== "Stopped") {
    throw new Refusal(8905, "host power state error, try again later");
  }
  const there = disksOf(project, host.id);
  if (there.length > mostOnHost) throw new Refusal(17067, "too many disks on this host");
  const taken = new Set(there.map(({ device }) => device));
  const letters = Array.from({ length: mostOnHost }, (_, n) => `vd${(n + 10).toString(36)}`);
  const device = letters.find((letter) => letter > "vda" && !taken.has(letter)) ?? "vdz";
  disk.hostId = host.id;
  disk.device = device;
  disk.state = "Attaching";
  disk.changesAt = project.now() + project.delays.attachMs;
  if (host.runs === "gateway") {
    // Source: UHost documentation, guide/disk: /dev/disk/by-id/virtio-UCLOUD_DISK_VDC.
    await project.machines?.attach(disk.id, host.id, `UCLOUD_DISK_${device.toUpperCase()}`);
  }
  return { UDiskId: disk.id, UHostId: host.id, HostId: host.id, DeviceName: device };
};

const detachDisk: Action = async (project, parameters) => {
  const disk = get(project.disks, diskNotFound, parameters.get("UDiskId"));
  if (disk.isBoot || disk.hostId === undefined || disk.hostId !== parameters.get("HostId")) {
    throw unfit("HostId");
  }
  if (disk.state === "Attaching") throw new Refusal(17056, "disk is being attached");
  if (disk.state === "Detaching") throw new Refusal(17061, "disk is being detached");
  if (project.hosts.get(disk.hostId)?.runs === "gateway") await project.machines?.detach(disk.id);
  disk.state = "Detaching";
  disk.changesAt = project.now() + project.delays.attachMs;
  return { UDiskId: disk.id, UHostId: disk.hostId, HostId: disk.hostId };
};

const deleteDisk: Action = async (project, parameters) => {
  requireZone(project, parameters);
  const disk = get(project.disks, diskNotFound, parameters.get("UDiskId"));
  if (disk.hostId !== undefined) throw new Refusal(17026, "disk is attached, detach it first");
  if (disk.state !== "Available") throw new Refusal(17086, `disk is ${disk.state}`);
  await removeDisk(project, disk);
  return {};
};

const renameDisk: Action = (project, parameters) => {
  const disk = get(project.disks, diskNotFound, parameters.get("UDiskId"));
  disk.name = parameters.get("UDiskName");
  return {};
};

const createSnapshot: Action = async (project, parameters) => {
  requireZone(project, parameters);
  const disk = get(project.disks, diskNotFound, parameters.get("UDiskId"));
  // Source: UDisk documentation, "创建快照": the service is bought first. Which code says so is not documented.
  if (!disk.hasSnapshots) throw new Refusal(17070, "snapshot service is not enabled for this disk");
  if (disk.state !== "Available" && disk.state !== "InUse") {
    throw new Refusal(17086, `disk is ${disk.state}`);
  }
  const others = [...project.snapshots.values()].filter(({ diskId }) => diskId === disk.id);
  if (others.some(({ readyAt }) => project.now() < readyAt)) {
    throw new Refusal(17085, "a snapshot of the disk is being created");
  }
  if (others.length >= project.quotas.snapshots) throw new Refusal(17011, "snapshot quota reached");
  const snapshot = {
    ...project.newThing("bsSnap", parameters.get("Name"), parameters.get("Comment")),
    ...{ diskId: disk.id, sizeGiB: disk.sizeGiB },
    readyAt: project.now() + project.delays.snapshotMs,
  };
  project.snapshots.set(snapshot.id, snapshot);
  await project.machines?.createSnapshot(snapshot.id, disk.id);
  return { SnapshotId: [snapshot.id] };
};

const describeSnapshots: Action = (project, parameters) => {
  requireZone(project, parameters);
  const id = parameters.find("SnapshotId");
  const diskId = parameters.find("UDiskId");
  if (diskId !== undefined && parameters.find("Zone") === undefined) throw unfit("Zone");
  const found = [...project.snapshots.values()].filter(
    (one) =>
      project.isShown(one) &&
      (id === undefined ? diskId === undefined || one.diskId === diskId : one.id === id),
  );
  return {
    TotalCount: found.length,
    DataSet: page(found, parameters).map((one) => ({
      ...{ Zone: project.zone, SnapshotId: one.id, Name: one.name, Comment: one.group },
      ...{ UDiskId: one.diskId, UDiskName: "", Size: one.sizeGiB, CreateTime: seconds(one) },
      Status: project.now() < one.readyAt ? "Creating" : "Normal",
    })),
  };
};

const deleteSnapshot: Action = async (project, parameters) => {
  requireZone(project, parameters);
  const snapshot = get(project.snapshots, 17045, parameters.get("SnapshotId"));
  if (project.now() < snapshot.readyAt) throw new Refusal(17085, "snapshot is being created");
  project.snapshots.delete(snapshot.id);
  await project.machines?.deleteSnapshot(snapshot.id);
  return {};
};

export const diskActions: Readonly<Record<string, Action>> = {
  AttachUDisk: attachDisk,
  CloneUDiskSnapshot: cloneSnapshot,
  CreateUDisk: createDisk,
  CreateUDiskSnapshot: createSnapshot,
  DeleteUDisk: deleteDisk,
  DeleteUDiskSnapshot: deleteSnapshot,
  DescribeUDisk: describeDisks,
  DescribeUDiskSnapshot: describeSnapshots,
  DetachUDisk: detachDisk,
  RenameUDisk: renameDisk,
};
