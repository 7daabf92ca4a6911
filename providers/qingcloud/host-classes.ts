/**
 * Which hosts take which volumes. Source: QingCloud API, CreateVolumes and RunInstances;
 * yunify/qingcloud-csi, `pkg/disk/driver/types.go`, for what hangs on what.
 */
import type { VolumeRule } from "../provider.ts";

export const GiB = 1024 ** 3;

/** Performance 0, super-high 1, basic 101, enterprise 201 to 203, premium 301; with SAN 3, 6, 7. */
export const hostClasses = [0, 1, 3, 6, 7, 101, 201, 202, 203, 301] as const;
export type HostClass = (typeof hostClasses)[number];

/**
 * Performance 0, capacity 2, super-high 3, NeonSAN 5 and 6, basic 100, SSD enterprise 200. Not NeonSAN by
 * RDMA, 7: it begins at 450 GB, and no system disk may be that large.
 */
export const volumeTypes = [0, 2, 3, 5, 6, 100, 200] as const;
export type VolumeType = (typeof volumeTypes)[number];

const enterprise = [201, 202, 301] as const;

const hostsOf: Readonly<Record<VolumeType, readonly HostClass[]>> = {
  0: [0, 101],
  2: [0, 1, 101, ...enterprise],
  3: [1, ...enterprise],
  5: hostClasses,
  6: hostClasses,
  100: [0, 101],
  200: [1, 203, ...enterprise],
};

export const takes = (host: HostClass, volume: VolumeType): boolean =>
  hostsOf[volume].includes(host);

const usual: Readonly<Record<HostClass, VolumeType>> = {
  ...{ 0: 0, 1: 3, 3: 5, 6: 5, 7: 5, 101: 100 },
  ...{ 201: 200, 202: 200, 203: 200, 301: 200 },
};

export const usualVolumeType = (host: HostClass): VolumeType => usual[host];

/** Of a NeonSAN volume's snapshot no image is made. Source: QingCloud API, CaptureImageFromSnapshot. */
export const isNeonSan = (volume: VolumeType): boolean => volume === 5 || volume === 6;

/** Some zones sell larger ones. */
const mostGiB: Readonly<Record<VolumeType, number>> = {
  ...{ 0: 1000, 2: 5000, 3: 1000, 5: 5000, 6: 32_000 },
  ...{ 100: 2000, 200: 2000 },
};

export const stepGiB = 10;
export const leastGiB = 20;

/** The platform's own; what the document allows of it is domain/limits. */
export function sizeRules(
  type: VolumeType,
  most: { readonly dataGiB?: number | undefined; readonly systemGiB: number },
): { system: VolumeRule; data: VolumeRule } {
  const dataGiB = most.dataGiB ?? mostGiB[type];
  const rule = (maxGiB: number): VolumeRule => ({
    type: String(type),
    isSsd: type === 3 || type === 200,
    minBytes: leastGiB * GiB,
    maxBytes: maxGiB * GiB,
    stepBytes: stepGiB * GiB,
  });
  return { system: rule(Math.min(most.systemGiB, dataGiB)), data: rule(dataGiB) };
}

/** Whole steps, as orders take them. */
export const inSteps = (sizeBytes: number): number =>
  Math.max(leastGiB, Math.ceil(sizeBytes / GiB / stepGiB) * stepGiB);
