/** EBS volumes and snapshots. */
import {
  AttachVolumeCommand,
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  type Snapshot as Ec2Snapshot,
  type Volume as Ec2Volume,
  type Filter,
} from "@aws-sdk/client-ec2";
import { MigrationError } from "#domain/errors.ts";
import type { Provider, ResourceState, Volume } from "../provider.ts";
import { type Account, makeOnce, unlessAbsent, untilShown } from "./account.ts";
import { freeDeviceName } from "./device-names.ts";
import { codeOf } from "./errors.ts";
import { byToken, specification } from "./tags.ts";

export const GiB = 1024 ** 3;

const volumeStates: Record<string, ResourceState> = {
  creating: "pending",
  available: "ready",
  "in-use": "ready",
  deleting: "deleting",
  error: "failed",
};

const snapshotStates: Record<string, ResourceState> = {
  pending: "pending",
  completed: "ready",
  error: "failed",
};

export async function findEc2Volume({ ec2 }: Account, id: string): Promise<Ec2Volume | undefined> {
  const answer = await unlessAbsent(ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] })));
  return answer?.Volumes?.find(({ State }) => State !== "deleted");
}

export async function listEc2Volumes({ ec2 }: Account, ...filters: Filter[]): Promise<Ec2Volume[]> {
  const found: Ec2Volume[] = [];
  let NextToken: string | undefined;
  do {
    const page = await ec2.send(
      new DescribeVolumesCommand({ Filters: filters, MaxResults: 500, NextToken }),
    );
    found.push(...(page.Volumes ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found.filter(({ State }) => State !== "deleting" && State !== "deleted");
}

/** The instance a volume hangs on, or is about to. */
export function attachmentOf(volume: Ec2Volume) {
  return volume.Attachments?.find(({ State }) => State !== "detached");
}

/**
 * Hangs a volume under the first name that is free, or the given one. May be repeated.
 * @param options atMost volumes beside the root
 */
export async function attach(
  account: Account,
  volumeId: string,
  instanceId: string,
  { device, atMost }: { device?: string; atMost?: number } = {},
): Promise<void> {
  const { ec2 } = account;
  const found = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
  const mappings = found.Reservations?.[0]?.Instances?.[0]?.BlockDeviceMappings ?? [];
  if (mappings.some(({ Ebs }) => Ebs?.VolumeId === volumeId)) return;
  if (mappings.length > (atMost ?? Number.POSITIVE_INFINITY)) {
    const what = `volumes on one gateway (${atMost})`;
    throw new MigrationError("cloud.quota-exceeded", { platform: "aws", what });
  }
  const taken = mappings.map(({ DeviceName = "" }) => DeviceName);
  for (;;) {
    const Device = device ?? freeDeviceName(taken);
    if (Device === undefined) {
      throw new MigrationError("cloud.quota-exceeded", {
        platform: "aws",
        what: `device names on ${instanceId}`,
      });
    }
    try {
      const order = { VolumeId: volumeId, InstanceId: instanceId, Device };
      await ec2.send(new AttachVolumeCommand(order));
      return;
    } catch (error) {
      if (await hangsAlready(account, volumeId, instanceId)) return;
      // "Invalid value '/dev/sdf' for unixDevice. Attachment point /dev/sdf is already in use"
      const clash = codeOf(error) === "InvalidParameterValue" && /in use/.test(String(error));
      if (device !== undefined || !clash) throw error;
      taken.push(Device);
    }
  }
}

async function hangsAlready(
  account: Account,
  volumeId: string,
  instanceId: string,
): Promise<boolean> {
  const volume = await findEc2Volume(account, volumeId);
  return volume !== undefined && attachmentOf(volume)?.InstanceId === instanceId;
}

export async function detach({ ec2 }: Account, volumeId: string): Promise<void> {
  try {
    await ec2.send(new DetachVolumeCommand({ VolumeId: volumeId }));
  } catch (error) {
    // "Volume 'vol-…' is in the 'available' state"
    if (codeOf(error) !== "IncorrectState") throw error;
  }
}

export function openVolumes(account: Account): Provider["volumes"] {
  const { ec2, config } = account;

  async function findByToken(token: string): Promise<string | undefined> {
    return (await listEc2Volumes(account, byToken(token)))[0]?.VolumeId;
  }

  async function findEc2Snapshot(id: string): Promise<Ec2Snapshot | undefined> {
    const answer = await unlessAbsent(
      ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] })),
    );
    return answer?.Snapshots?.[0];
  }

  return {
    async createVolume(options) {
      const { token, sizeBytes, fromSnapshotId } = options;
      const earlier = await findByToken(token);
      if (earlier !== undefined) return { id: earlier };
      const { type, iops, throughput, encrypted, kmsKeyId } = config.volume;
      const { zone } = await account.place();
      const { VolumeId: id = "" } = await ec2.send(
        new CreateVolumeCommand({
          AvailabilityZone: zone,
          Size: Math.ceil(sizeBytes / GiB),
          VolumeType: type,
          Iops: iops,
          Throughput: throughput,
          // A clone is encrypted as its snapshot is, and may not be asked to be less.
          Encrypted: encrypted ? true : undefined,
          KmsKeyId: kmsKeyId,
          SnapshotId: fromSnapshotId,
          ClientToken: token,
          TagSpecifications: [specification("volume", options)],
        }),
      );
      await untilShown(account, () => findEc2Volume(account, id));
      return { id };
    },

    async findVolume(id) {
      const volume = await findEc2Volume(account, id);
      return volume && shown(volume);
    },

    attachVolume: (volumeId, instanceId) =>
      attach(account, volumeId, instanceId, {
        atMost: config.gateway.maxVolumes + config.gateway.spareVolumes,
      }),

    async detachVolume(id) {
      const volume = await findEc2Volume(account, id);
      const attachment = volume && attachmentOf(volume);
      if (attachment === undefined || attachment.State === "detaching") return;
      // A volume that goes with its instance may have gone since we looked.
      await unlessAbsent(detach(account, id));
    },

    async deleteVolume(id) {
      await unlessAbsent(ec2.send(new DeleteVolumeCommand({ VolumeId: id })));
    },

    async createSnapshot(options) {
      const id = await makeOnce(
        account,
        async () => {
          const { Snapshots = [] } = await ec2.send(
            new DescribeSnapshotsCommand({ OwnerIds: ["self"], Filters: [byToken(options.token)] }),
          );
          return Snapshots[0]?.SnapshotId;
        },
        async () => {
          const { SnapshotId = "" } = await ec2.send(
            new CreateSnapshotCommand({
              VolumeId: options.volumeId,
              Description: options.tags.Name,
              TagSpecifications: [specification("snapshot", options)],
            }),
          );
          return SnapshotId;
        },
      );
      await untilShown(account, () => findEc2Snapshot(id));
      return { id };
    },

    async findSnapshot(id) {
      const found = await findEc2Snapshot(id);
      if (found === undefined) return undefined;
      const { VolumeId: volumeId = "", State = "", StateMessage: problem } = found;
      const state = snapshotStates[State] ?? "pending";
      return { id, volumeId, state, ...(problem ? { problem } : {}) };
    },

    async deleteSnapshot(id) {
      await unlessAbsent(ec2.send(new DeleteSnapshotCommand({ SnapshotId: id })));
    },
  };
}

function shown(volume: Ec2Volume): Volume {
  const { VolumeId: id = "", Size = 0, State = "" } = volume;
  const attachment = attachmentOf(volume);
  const { InstanceId, State: attachmentState } = attachment ?? {};
  return {
    id,
    sizeBytes: Size * GiB,
    state: volumeStates[State] ?? "pending",
    ...(InstanceId === undefined ? {} : { attachedTo: InstanceId }),
    // Nitro: the NVMe serial is the volume's id without its dash. Source: EC2 user guide, "Map
    // non-root volumes to NVMe device names".
    ...(attachmentState === "attached"
      ? { device: { by: "serial" as const, serial: id.replace("-", "") } }
      : {}),
  };
}
