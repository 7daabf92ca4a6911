/** CBS. Source for states and refusals: CBS API, data types and error codes. */
import type { Client as Cbs } from "tencentcloud-sdk-nodejs/tencentcloud/services/cbs/v20170312/cbs_client.js";
import type {
  Disk as CbsDisk,
  Snapshot as CbsSnapshot,
} from "tencentcloud-sdk-nodejs/tencentcloud/services/cbs/v20170312/cbs_models.js";
import { type Actions, listed } from "./listing.ts";
import { Refusal } from "./request.ts";
import {
  type Account,
  type Disk,
  get,
  notFound,
  remember,
  repeated,
  type Snapshot,
} from "./state.ts";

const GiB = 1024 ** 3;

/** GiB, for data disks. Source: CBS user guide, "Cloud disk types"; step: CVM API, data type DataDisk. */
const offers: Record<string, { least: number; most: number; step: number }> = {
  CLOUD_PREMIUM: { least: 10, most: 32_000, step: 10 },
  CLOUD_BSSD: { least: 20, most: 32_000, step: 10 },
  CLOUD_SSD: { least: 20, most: 32_000, step: 10 },
  CLOUD_HSSD: { least: 20, most: 32_000, step: 10 },
};

/** Elastic disks on one instance. Source: CBS user guide, "Use limits". */
const mostAttached = 20;
/** Source: CBS API, AttachDisks and DetachDisks, DiskIds. */
const mostAtOnce = 10;

export const disksOn = (account: Account, instanceId: string): Disk[] =>
  [...account.disks.values()].filter((disk) => disk.instanceId === instanceId);

function diskSeen(account: Account, disk: Disk): CbsDisk {
  return {
    DiskId: disk.id,
    DiskName: disk.name,
    DiskSize: disk.sizeGiB,
    DiskType: disk.type,
    DiskUsage: disk.usage,
    DiskState: disk.state,
    DiskChargeType: "POSTPAID_BY_HOUR",
    Placement: { Zone: account.zone },
    Portable: disk.usage === "DATA_DISK",
    SnapshotAbility: true,
    Encrypt: disk.encrypted,
    Attached: disk.state === "ATTACHED",
    DeleteWithInstance: disk.deleteWithInstance,
    InstanceId: disk.instanceId ?? "",
    Tags: [...disk.tags],
  };
}

/** Makes it, with its bytes where it has some. */
export async function makeDisk(
  account: Account,
  wish: Omit<Disk, "id" | "madeAt" | "state" | "changesAt" | "deleteWithInstance">,
): Promise<Disk> {
  if (account.disks.size >= account.quotas.disks) {
    throw new Refusal("ResourceInsufficient.OverQuota", "Your quota of disks is used up.");
  }
  const disk: Disk = {
    ...wish,
    ...account.newThing("disk", wish.tags),
    ...{ state: "UNATTACHED", changesAt: Number.POSITIVE_INFINITY, deleteWithInstance: false },
  };
  account.disks.set(disk.id, disk);
  if (!disk.isForeign) {
    await account.machines?.createVolume(disk.id, disk.sizeGiB * GiB, disk.snapshotId);
  }
  return disk;
}

export async function removeDisk(account: Account, disk: Disk): Promise<void> {
  account.disks.delete(disk.id);
  if (!disk.isForeign) await account.machines?.deleteVolume(disk.id);
}

/** On a gateway the bytes come off at once; a server's machine has been ended before. */
export async function takeOff(account: Account, disk: Disk): Promise<void> {
  const { instanceId } = disk;
  disk.state = "DETACHING";
  disk.changesAt = account.now() + account.delays.attachMs;
  if (instanceId === undefined || disk.isForeign) return;
  if (account.instances.get(instanceId)?.runs === "gateway") {
    await account.machines?.detach(disk.id);
  }
}

/** What has come about by itself since the last call. */
export function letDisksSettle(account: Account): void {
  for (const disk of account.disks.values()) {
    if (account.now() < disk.changesAt) continue;
    disk.changesAt = Number.POSITIVE_INFINITY;
    if (disk.state === "ATTACHING") disk.state = "ATTACHED";
    if (disk.state === "DETACHING") {
      disk.state = "UNATTACHED";
      disk.deleteWithInstance = false;
      delete disk.instanceId;
    }
  }
}

function readySnapshot(account: Account, id: string): Snapshot {
  const snapshot = get(account.snapshots, "snapshot", id);
  if (account.now() >= snapshot.readyAt) return snapshot;
  throw new Refusal("ResourceUnavailable.SnapshotCreating", `\`${id}\` is still being created.`);
}

function snapshotSeen(account: Account, snapshot: Snapshot): CbsSnapshot {
  const isReady = account.now() >= snapshot.readyAt;
  const Images = [...account.images.values()]
    .filter(({ snapshotId }) => snapshotId === snapshot.id)
    .map(({ id, name }) => ({ ImageId: id, ImageName: name }));
  return {
    SnapshotId: snapshot.id,
    SnapshotName: snapshot.name,
    SnapshotState: isReady ? "NORMAL" : "CREATING",
    Percent: isReady ? 100 : 42,
    DiskId: snapshot.diskId,
    DiskSize: snapshot.sizeGiB,
    DiskUsage: snapshot.usage,
    Encrypt: snapshot.encrypted,
    SnapshotType: "PRIVATE_SNAPSHOT",
    Images,
    ImageCount: Images.length,
    Tags: [...snapshot.tags],
  };
}

export const diskActions: Actions<
  Cbs,
  | "AttachDisks"
  | "CreateDisks"
  | "CreateSnapshot"
  | "DeleteSnapshots"
  | "DescribeDiskConfigQuota"
  | "DescribeDisks"
  | "DescribeSnapshots"
  | "DetachDisks"
  | "InquiryPriceCreateDisks"
  | "ModifyDiskAttributes"
  | "TerminateDisks"
> = {
  /** The plain figures have two places only. */
  InquiryPriceCreateDisks({ tariff }, { DiskType, DiskSize, DiskCount = 1 }) {
    const gib = tariff.diskGiB[DiskType];
    if (gib === undefined) throw new Refusal("InvalidParameterValue", "There is no such type.");
    const hour = gib * DiskSize * DiskCount;
    return {
      DiskPrice: {
        ...{
          ChargeUnit: "HOUR",
          UnitPrice: Number(hour.toFixed(2)),
          UnitPriceHigh: hour.toFixed(6),
        },
        UnitPriceDiscount: Number((hour * 0.9).toFixed(2)),
        UnitPriceDiscountHigh: (hour * 0.9).toFixed(6),
      },
    };
  },

  async CreateDisks(account, request) {
    const earlier = repeated(account, "CreateDisks", request);
    if (earlier !== undefined) return { DiskIdSet: [earlier] };
    if (account.isUnpaid) {
      throw new Refusal("InvalidAccount.InsufficientBalance", "Your balance is not sufficient.");
    }
    if (request.Placement.Zone !== account.zone) {
      throw new Refusal("InvalidParameterValue", "No disks of ours are in that zone.");
    }
    if (request.DiskChargeType !== "POSTPAID_BY_HOUR") {
      throw new Refusal("InvalidParameterValue", "This account orders by the hour.");
    }
    const snapshot =
      request.SnapshotId === undefined ? undefined : readySnapshot(account, request.SnapshotId);
    if (snapshot?.usage === "SYSTEM_DISK") {
      throw new Refusal(
        "InvalidParameter.ShouldConvertSnapshotToImage",
        "A disk is made of a data disk's snapshot only.",
      );
    }
    const sizeGiB = request.DiskSize ?? snapshot?.sizeGiB ?? 0;
    if (sizeGiB < (snapshot?.sizeGiB ?? 0)) {
      throw new Refusal("InvalidParameter.DiskSizeNotMatch", "The snapshot is larger than that.");
    }
    const offer = offers[request.DiskType];
    if (offer === undefined) {
      throw new Refusal("InvalidParameter.DiskConfigNotSupported", "The type is not sold here.");
    }
    if (sizeGiB < offer.least || sizeGiB > offer.most || sizeGiB % offer.step !== 0) {
      throw new Refusal("InvalidParameterValue", `\`${sizeGiB}\` is no size of that type.`);
    }
    if (Buffer.byteLength(request.DiskName ?? "") > 60) {
      throw new Refusal("InvalidParameterValue", "A disk's name has at most 60 bytes.");
    }
    const disk = await makeDisk(account, {
      ...{ sizeGiB, type: request.DiskType, usage: "DATA_DISK", isForeign: false },
      encrypted: request.Encrypt === "ENCRYPT" || snapshot?.encrypted === true,
      name: request.DiskName ?? "",
      tags: request.Tags ?? [],
      ...(snapshot === undefined ? {} : { snapshotId: snapshot.id }),
    });
    remember(account, "CreateDisks", request, disk.id);
    return { DiskIdSet: [disk.id] };
  },

  DescribeDisks(account, request) {
    const { page, total } = listed(
      account,
      account.disks,
      request.DiskIds,
      request,
      {
        "disk-usage": ({ usage }) => usage,
        "disk-id": ({ id }) => id,
        "disk-state": ({ state }) => state,
        "instance-id": ({ instanceId }) => instanceId,
      },
      { ifAbsent: notFound.disk },
    );
    return { TotalCount: total, DiskSet: page.map((disk) => diskSeen(account, disk)) };
  },

  DescribeDiskConfigQuota(account, request) {
    const DiskConfigSet = (request.DiskTypes ?? Object.keys(offers)).flatMap((DiskType) => {
      const offer = offers[DiskType];
      if (offer === undefined || !request.Zones?.includes(account.zone)) return [];
      return [
        {
          Available: !account.soldOut.has(DiskType),
          DiskChargeType: "POSTPAID_BY_HOUR",
          DiskType,
          DiskUsage: "DATA_DISK",
          Zone: account.zone,
          MinDiskSize: offer.least,
          MaxDiskSize: offer.most,
          StepSize: offer.step,
        },
      ];
    });
    return { DiskConfigSet };
  },

  async AttachDisks(account, request) {
    const instance = get(account.instances, "instance", request.InstanceId);
    const disks = request.DiskIds.map((id) => get(account.disks, "disk", id));
    if (disks.length > mostAtOnce) {
      throw new Refusal("InvalidParameterValue.LimitExceeded", "At most 10 disks at once.");
    }
    for (const disk of disks) {
      if (disk.usage === "SYSTEM_DISK") {
        throw new Refusal("ResourceUnavailable.TypeError", `\`${disk.id}\` is a system disk.`);
      }
      if (disk.state === "ATTACHED" || disk.state === "ATTACHING") {
        throw new Refusal(
          "ResourceUnavailable.Attached",
          `\`${disk.id}\` is attached to \`${disk.instanceId}\`.`,
        );
      }
      if (disk.state !== "UNATTACHED") {
        throw new Refusal("InvalidDisk.Busy", `\`${disk.id}\` is busy.`);
      }
    }
    if (instance.state !== "RUNNING" && instance.state !== "STOPPED") {
      throw new Refusal("InvalidInstance.NotSupported", `\`${instance.id}\` takes no disks now.`);
    }
    const there = disksOn(account, instance.id).filter(({ usage }) => usage === "DATA_DISK");
    if (there.length + disks.length > mostAttached) {
      throw new Refusal("LimitExceeded.InstanceAttachedDisk", "The instance has 20 disks.");
    }
    if (instance.runs === "server" && instance.state === "RUNNING") {
      throw new Error("this fake's guests see their volumes only when they start");
    }
    for (const disk of disks) {
      disk.state = "ATTACHING";
      disk.changesAt = account.now() + account.delays.attachMs;
      disk.instanceId = instance.id;
      disk.deleteWithInstance = request.DeleteWithInstance ?? false;
      if (instance.runs === "gateway") {
        await account.machines?.attach(disk.id, instance.id, disk.id);
      }
    }
    return {};
  },

  async DetachDisks(account, request) {
    if (request.DiskIds.length > mostAtOnce) {
      throw new Refusal("InvalidParameterValue.LimitExceeded", "At most 10 disks at once.");
    }
    for (const id of request.DiskIds) {
      const disk = get(account.disks, "disk", id);
      if (disk.usage === "SYSTEM_DISK") {
        throw new Refusal("InvalidDisk.NotPortable", `\`${id}\` is a system disk.`);
      }
      if (disk.state !== "ATTACHED") {
        throw new Refusal("InvalidDisk.NotSupported", `\`${id}\` is ${disk.state}.`);
      }
      if (request.InstanceId !== undefined && request.InstanceId !== disk.instanceId) {
        throw new Refusal("InvalidParameterValue", `\`${id}\` hangs on another instance.`);
      }
      await takeOff(account, disk);
    }
    return {};
  },

  ModifyDiskAttributes(account, request) {
    for (const id of request.DiskIds) {
      const disk = get(account.disks, "disk", id);
      if (disk.instanceId === undefined) {
        throw new Refusal("InvalidDisk.NotSupported", `\`${id}\` hangs on nothing.`);
      }
      disk.deleteWithInstance = request.DeleteWithInstance ?? disk.deleteWithInstance;
    }
    return {};
  },

  async TerminateDisks(account, request) {
    for (const id of request.DiskIds) {
      const disk = get(account.disks, "disk", id);
      if (disk.state !== "UNATTACHED" && disk.state !== "TORECYCLE") {
        throw new Refusal("InvalidDisk.Attached", `\`${id}\` is ${disk.state}.`);
      }
      await removeDisk(account, disk);
    }
    return {};
  },

  async CreateSnapshot(account, request) {
    const disk = get(account.disks, "disk", request.DiskId ?? "");
    if (account.snapshots.size >= account.quotas.snapshots) {
      throw new Refusal("InsufficientSnapshotQuota", "Your quota of snapshots is used up.");
    }
    const wished = request.DiskUsage === "SYSTEM_DISK" && disk.usage === "DATA_DISK";
    if (wished && account.habits.systemSnapshots === "refused") {
      throw new Refusal("InvalidParameterValue", "`DiskUsage` does not fit the disk.");
    }
    const snapshot: Snapshot = {
      ...account.newThing("snap", request.Tags),
      diskId: disk.id,
      sizeGiB: disk.sizeGiB,
      usage: wished && account.habits.systemSnapshots === "taken" ? "SYSTEM_DISK" : disk.usage,
      encrypted: disk.encrypted,
      name: request.SnapshotName ?? "",
      readyAt: account.now() + account.delays.snapshotMs,
    };
    account.snapshots.set(snapshot.id, snapshot);
    await account.machines?.createSnapshot(snapshot.id, disk.id);
    return { SnapshotId: snapshot.id };
  },

  DescribeSnapshots(account, request) {
    const { page, total } = listed(
      account,
      account.snapshots,
      request.SnapshotIds,
      request,
      {
        "snapshot-type": () => "PRIVATE_SNAPSHOT",
        "snapshot-name": ({ name }) => name,
        "disk-id": ({ diskId }) => diskId,
        "disk-usage": ({ usage }) => usage,
      },
      { ifAbsent: notFound.snapshot, takesTags: false },
    );
    return {
      TotalCount: total,
      SnapshotSet: page.map((snapshot) => snapshotSeen(account, snapshot)),
    };
  },

  async DeleteSnapshots(account, request) {
    for (const id of request.SnapshotIds) {
      const snapshot = readySnapshot(account, id);
      if ([...account.images.values()].some((image) => image.snapshotId === id)) {
        throw new Refusal(
          "UnsupportedOperation.SnapshotHasBindedImage",
          `An image was made of \`${id}\`.`,
        );
      }
      account.snapshots.delete(snapshot.id);
      await account.machines?.deleteSnapshot(snapshot.id);
    }
    return {};
  },
};
