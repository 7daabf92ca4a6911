/** Instance types as KEC describes them, and what our zone has in stock of them. */
import type { InstanceType } from "../provider.ts";
import type { KingsoftClient } from "./client.ts";

export const GiB = 1024 ** 3;

/** Source: KEC API, DescribeInstanceTypeConfigs. */
export interface KecType {
  readonly InstanceType: string;
  readonly CPU: number;
  /** GB. */
  readonly Memory: number;
  readonly GPU?: number;
  readonly AvailabilityZoneSet?: readonly { readonly AzCode: string }[];
  readonly SystemDiskQuotaSet?: readonly { readonly SystemDiskType: string }[];
  readonly DataDiskQuotaSet?: readonly DataDiskQuota[];
}

interface DataDiskQuota {
  readonly DataDiskType: string;
  readonly DataDiskMinSize?: number;
  readonly DataDiskMaxsize?: number;
  readonly DataDiskCount?: number;
  readonly AvailabilityZoneSet?: readonly {
    readonly AzCode: string;
    readonly IsSellOut?: boolean;
  }[];
}

export async function listTypes(client: KingsoftClient): Promise<readonly KecType[]> {
  const answer = await client.call<{ InstanceTypeConfigSet?: KecType[] }>(
    "kec",
    "DescribeInstanceTypeConfigs",
  );
  return answer.InstanceTypeConfigSet ?? [];
}

/** Where a type says nothing. Source: github.com/kingsoftcloud/csi-plugin, DefaultMaxVolumesPerNode. */
const usualVolumes = 8;

/** Volumes of a type that instances attach, where that type of volume is not sold out in the zone. */
interface Attachable {
  readonly count: number;
  readonly leastGiB: number;
  readonly mostGiB: number;
}

/** Sources for the widest range: EBS API, CreateVolume, Size; csi-plugin, MIN_VOLUME_SIZE and MAX_VOLUME_SIZE. */
const volumeGiB = { least: 10, most: 32_000 } as const;

function findAttachable(type: KecType, zone: string, volumeType: string): Attachable | undefined {
  const quota = type.DataDiskQuotaSet?.find(({ DataDiskType }) => DataDiskType === volumeType);
  const here = quota?.AvailabilityZoneSet?.find(({ AzCode }) => AzCode === zone);
  if (quota === undefined || here === undefined || here.IsSellOut === true) return undefined;
  return {
    count: quota.DataDiskCount ?? usualVolumes,
    leastGiB: Math.max(volumeGiB.least, quota.DataDiskMinSize ?? 0),
    mostGiB: Math.min(volumeGiB.most, quota.DataDiskMaxsize || volumeGiB.most),
  };
}

const nothing: Attachable = { count: 0, leastGiB: volumeGiB.least, mostGiB: volumeGiB.most };

export function getAttachable(type: KecType, zone: string, volumeType: string): Attachable {
  return findAttachable(type, zone, volumeType) ?? nothing;
}

/** Sold in the zone, with that type of volumes in stock, a system disk that can move, and no GPU. */
export function isOffered(type: KecType, zone: string, volumeType: string): boolean {
  const isHere = type.AvailabilityZoneSet?.some(({ AzCode }) => AzCode === zone) ?? false;
  const attaches = findAttachable(type, zone, volumeType) !== undefined;
  return isHere && attaches && systemDiskTypes(type).length > 0 && (type.GPU ?? 0) === 0;
}

/** A local disk would go with its host. */
export function systemDiskTypes({ SystemDiskQuotaSet = [] }: KecType): string[] {
  return SystemDiskQuotaSet.map(({ SystemDiskType }) => SystemDiskType).filter(
    (type) => !/^Local/i.test(type),
  );
}

export function shown(type: KecType, zone: string, volumeType: string): InstanceType {
  return {
    name: type.InstanceType,
    vcpus: type.CPU,
    memoryBytes: type.Memory * GiB,
    hardware: { storage: "virtio-blk", network: "virtio-net" },
    // The image decides. Source: KEC API, DescribeImages, BootMode.
    firmware: ["bios", "uefi"],
    maxVolumes: getAttachable(type, zone, volumeType).count,
  };
}
