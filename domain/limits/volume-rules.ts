/** Sizes of volumes as the limits of a target have them. */
import type { SizeRule } from "../volume-size.ts";
import type { LimitName } from "./definitions.ts";
import type { EffectiveLimit, Limits } from "./effective.ts";

const GiB = 1024 ** 3;

export type VolumeRole = "system" | "data";

type SizeLimit = EffectiveLimit<LimitName & `${string}GB`>;

export interface RoleLimits {
  readonly least?: SizeLimit | undefined;
  readonly most?: SizeLimit | undefined;
  readonly step?: SizeLimit | undefined;
}

/** @param isSsd of the system disk's volume */
export function roleLimits(limits: Limits, role: VolumeRole, isSsd: boolean): RoleLimits {
  if (role === "data") {
    return {
      least: limits.find("dataDiskMinGB"),
      most: limits.find("dataDiskMaxGB"),
      step: limits.find("dataDiskStepGB"),
    };
  }
  const most = limits.find("systemDiskMaxGB");
  const ssd = isSsd ? limits.find("systemDiskMaxSsdGB") : undefined;
  const isSmaller = ssd !== undefined && ssd.value < (most?.value ?? Number.POSITIVE_INFINITY);
  return {
    least: limits.find("systemDiskMinGB"),
    most: isSmaller ? ssd : most,
    step: limits.find("systemDiskStepGB"),
  };
}

/** Without a step volumes are made in whole sectors. */
export function sizeRule({ least, most, step }: RoleLimits): SizeRule {
  return {
    minBytes: Math.max(1, bytes(least?.value ?? 0)),
    maxBytes: most === undefined ? Number.MAX_SAFE_INTEGER : bytes(most.value),
    stepBytes: bytes(step?.value ?? 512 / GiB),
  };
}

export function volumeRules(limits: Limits, isSsd: boolean): Record<VolumeRole, SizeRule> {
  return {
    system: sizeRule(roleLimits(limits, "system", isSsd)),
    data: sizeRule(roleLimits(limits, "data", isSsd)),
  };
}

function bytes(gib: number): number {
  return Math.round(gib * GiB);
}
