/** How large disks may be. Source: ECS API 2014-05-26, CreateDisk and RunInstances, Size by category. */
import type { VolumeRule } from "../provider.ts";
import type { AliyunConfig, DiskCategory } from "./config.ts";

export const GiB = 1024 ** 3;

const ranges: Record<
  Exclude<DiskCategory, "cloud_essd">,
  readonly [least: number, most: number]
> = {
  cloud_efficiency: [20, 32_768],
  cloud_ssd: [20, 32_768],
  cloud_auto: [1, 65_536],
  cloud_essd_entry: [10, 32_768],
};

const essdLeast = { PL0: 1, PL1: 20, PL2: 461, PL3: 1261 } as const;
const essdMost = 65_536;

/** A system disk's, whatever its category. */
export const systemLeastGiB = 20;
const systemMostGiB = 2048;

/** The platform's own; what the document allows of it is domain/limits. */
export function sizeRules(
  category: DiskCategory,
  { performanceLevel }: AliyunConfig["volume"],
): { system: VolumeRule; data: VolumeRule } {
  const [least, most] =
    category === "cloud_essd" ? [essdLeast[performanceLevel], essdMost] : ranges[category];
  const rule = (least: number, most: number): VolumeRule => ({
    type: category,
    minBytes: least * GiB,
    maxBytes: most * GiB,
    stepBytes: GiB,
  });
  return {
    system: rule(Math.max(least, systemLeastGiB), systemMostGiB),
    data: rule(least, most),
  };
}

/** Only ESSD has levels. */
export function levelOf(
  category: DiskCategory,
  { performanceLevel }: AliyunConfig["volume"],
): string | undefined {
  return category === "cloud_essd" ? performanceLevel : undefined;
}
