/** Disks and snapshots. Sources: Compute REST API (DiskRP); Azure docs, "Managed disks overview", "Incremental snapshots". */
import { randomUUID } from "node:crypto";
import { type Answer, accepted, type Handler, type Request, shownList } from "./answers.ts";
import { Refusal } from "./refusal.ts";
import { type Disk, nameIn, type Snapshot, type Subscription } from "./state.ts";

const GiB = 1024 ** 3;

export function diskBody(subscription: Subscription, disk: Disk) {
  const { attachment } = disk;
  return {
    id: subscription.idOf("Microsoft.Compute/disks", disk.name),
    name: disk.name,
    type: "Microsoft.Compute/disks",
    location: disk.location,
    tags: disk.tags,
    ...(disk.zone === undefined ? {} : { zones: [disk.zone] }),
    sku: { name: disk.type, tier: disk.type.startsWith("Premium") ? "Premium" : "Standard" },
    // In capitals, as Compute gives it.
    ...(attachment === undefined
      ? {}
      : {
          managedBy: subscription.idOf(
            "Microsoft.Compute/virtualMachines",
            attachment.machine,
            subscription.resourceGroup.toUpperCase(),
          ),
        }),
    properties: {
      ...(disk.osType === undefined ? {} : { osType: disk.osType }),
      ...(disk.generation === undefined ? {} : { hyperVGeneration: disk.generation }),
      creationData: {
        createOption: disk.createOption,
        ...(disk.source === undefined ? {} : { sourceResourceId: disk.source }),
      },
      diskSizeGB: disk.sizeGiB,
      diskSizeBytes: disk.sizeGiB * GiB,
      provisioningState: subscription.provisioningState(disk),
      diskState: attachment === undefined ? "Unattached" : "Attached",
    },
  };
}

/** Makes it, with its bytes unless it is of a marketplace image. */
export async function makeDisk(subscription: Subscription, disk: Disk): Promise<void> {
  if (subscription.disks.all().length >= subscription.quotas.disks) {
    throw new Refusal(
      409,
      "OperationNotAllowed",
      "Operation could not be completed as it results in exceeding approved StandardSSDDiskCount quota.",
    );
  }
  subscription.disks.put(disk);
  if (disk.isOfImage) return;
  const snapshot =
    disk.source === undefined ? undefined : subscription.snapshots.find(nameIn(disk.source));
  await subscription.backing?.createVolume(disk.name, disk.sizeGiB * GiB, snapshot?.behind);
}

export async function removeDisk(subscription: Subscription, disk: Disk): Promise<void> {
  subscription.disks.remove(disk.name);
  if (!disk.isOfImage) await subscription.backing?.deleteVolume(disk.name);
}

const putDisk: Handler = async (subscription, request) => {
  const { name, body } = request;
  const { location, tags, zones, sku, properties } = body;
  const { creationData, osType, hyperVGeneration: generation } = properties;
  const earlier = subscription.disks.find(name);
  if (earlier !== undefined) {
    subscription.requireIdle(earlier);
    // Source: DiskRP: what a disk was made from and for is fixed.
    const changed =
      earlier.createOption !== creationData.createOption ||
      (generation !== undefined && earlier.generation !== generation);
    if (changed) {
      throw new Refusal(
        409,
        "PropertyChangeNotAllowed",
        `Changing property 'creationData' is not allowed for disk ${name}.`,
      );
    }
    earlier.tags = { ...tags };
    return { status: 200, body: diskBody(subscription, earlier) };
  }
  const source: Snapshot | undefined =
    creationData.createOption === "Copy"
      ? subscription.snapshots.get(nameIn(creationData.sourceResourceId), request.group)
      : undefined;
  if (source !== undefined && subscription.provisioningState(source) !== "Succeeded") {
    throw new Refusal(
      409,
      "OperationNotAllowed",
      `Snapshot ${source.name} is not in a state to be copied.`,
    );
  }
  const sizeGiB = properties.diskSizeGB ?? source?.sizeGiB;
  const most = osType === undefined ? 32_767 : 4_095;
  if (!(sizeGiB >= (source?.sizeGiB ?? 1) && sizeGiB <= most)) {
    throw new Refusal(
      400,
      "InvalidParameter",
      `The value '${sizeGiB}' of parameter 'disk.diskSizeGB' is out of range.`,
    );
  }
  const disk: Disk = {
    ...subscription.newThing(name, location, tags, subscription.delays.createMs),
    type: sku?.name ?? "Standard_LRS",
    ...(zones === undefined ? {} : { zone: zones[0] }),
    sizeGiB,
    // A copy is what its source was, unless told.
    ...orNothing("osType", osType ?? source?.osType),
    ...orNothing("generation", generation ?? source?.generation),
    createOption: creationData.createOption,
    ...orNothing("source", creationData.sourceResourceId),
    isOfImage: false,
  };
  await makeDisk(subscription, disk);
  return accepted(subscription, 202, subscription.delays.createMs, diskBody(subscription, disk));
};

export function orNothing<K extends string>(key: K, value: string | undefined) {
  return (value === undefined ? {} : { [key]: value }) as { readonly [k in K]?: string };
}

const patchDisk: Handler = (subscription, { name, group, body }) => {
  const disk = subscription.disks.get(name, group);
  subscription.requireIdle(disk);
  // Put as a whole. Source: DiskRP, DiskUpdate.
  disk.tags = { ...body.tags };
  return { status: 200, body: diskBody(subscription, disk) };
};

const deleteDisk: Handler = (subscription, { name }) => {
  const disk = subscription.disks.find(name);
  if (disk === undefined) return { status: 204 };
  if (disk.attachment !== undefined) {
    throw new Refusal(
      409,
      "OperationNotAllowed",
      `Disk ${name} is attached to VM ${subscription.idOf("Microsoft.Compute/virtualMachines", disk.attachment.machine)}.`,
    );
  }
  disk.deletedAt ??= subscription.now();
  return accepted(subscription, 202, subscription.delays.deleteMs);
};

export function snapshotBody(subscription: Subscription, snapshot: Snapshot) {
  const state = subscription.provisioningState(snapshot);
  return {
    id: subscription.idOf("Microsoft.Compute/snapshots", snapshot.name),
    name: snapshot.name,
    type: "Microsoft.Compute/snapshots",
    location: snapshot.location,
    tags: snapshot.tags,
    sku: { name: "Standard_ZRS", tier: "Standard" },
    properties: {
      ...(snapshot.osType === undefined ? {} : { osType: snapshot.osType }),
      ...(snapshot.generation === undefined ? {} : { hyperVGeneration: snapshot.generation }),
      creationData: { createOption: "Copy", sourceResourceId: snapshot.source },
      diskSizeGB: snapshot.sizeGiB,
      incremental: snapshot.incremental,
      provisioningState: state,
      completionPercent: state === "Creating" ? 42 : 100,
    },
  };
}

const putSnapshot: Handler = async (subscription, { name, group, body }) => {
  const { location, tags, properties } = body;
  const { creationData, incremental = false } = properties;
  const earlier = subscription.snapshots.find(name);
  if (earlier !== undefined) {
    subscription.requireIdle(earlier);
    return { status: 200, body: snapshotBody(subscription, earlier) };
  }
  if (creationData.createOption !== "Copy") {
    throw new Refusal(400, "InvalidParameter", "A snapshot is a copy of something.");
  }
  const disk = subscription.disks.get(nameIn(creationData.sourceResourceId), group);
  const snapshot: Snapshot = {
    ...subscription.newThing(name, location, tags, subscription.delays.snapshotMs),
    source: subscription.idOf("Microsoft.Compute/disks", disk.name),
    sizeGiB: disk.sizeGiB,
    ...orNothing("osType", disk.osType),
    ...orNothing("generation", disk.generation),
    incremental,
    behind: `snapshot-${randomUUID().slice(0, 13)}`,
  };
  subscription.snapshots.put(snapshot);
  await subscription.backing?.createSnapshot(snapshot.behind, disk.name);
  const now = snapshotBody(subscription, snapshot);
  return accepted(subscription, 202, subscription.delays.snapshotMs, now);
};

const deleteSnapshot: Handler = async (subscription, { name }) => {
  const snapshot = subscription.snapshots.find(name);
  if (snapshot === undefined) return { status: 204 };
  snapshot.deletedAt ??= subscription.now();
  return accepted(subscription, 202, subscription.delays.deleteMs);
};

export async function letDisksGo(subscription: Subscription): Promise<void> {
  const isOver = ({ deletedAt = Number.POSITIVE_INFINITY }) =>
    subscription.now() >= deletedAt + subscription.delays.deleteMs;
  for (const disk of subscription.disks.all()) {
    if (isOver(disk)) await removeDisk(subscription, disk);
  }
  for (const snapshot of subscription.snapshots.all()) {
    if (!isOver(snapshot)) continue;
    subscription.snapshots.remove(snapshot.name);
    await subscription.backing?.deleteSnapshot(snapshot.behind);
  }
}

const get =
  <T>(
    find: (subscription: Subscription, request: Request) => T,
    show: (of: Subscription, thing: T) => object,
  ): Handler =>
  (subscription, request): Answer => ({
    status: 200,
    body: show(subscription, find(subscription, request)),
  });

export const diskHandlers: Record<string, Handler> = {
  "PUT disks": putDisk,
  "PATCH disks": patchDisk,
  "GET disks": get(({ disks }, { name, group }) => disks.get(name, group), diskBody),
  "LIST disks": (subscription, request) =>
    shownList(subscription, request, subscription.disks.all(), diskBody),
  "DELETE disks": deleteDisk,
  "PUT snapshots": putSnapshot,
  "GET snapshots": get(
    ({ snapshots }, { name, group }) => snapshots.get(name, group),
    snapshotBody,
  ),
  "LIST snapshots": (subscription, request) =>
    shownList(subscription, request, subscription.snapshots.all(), snapshotBody),
  "DELETE snapshots": deleteSnapshot,
};
