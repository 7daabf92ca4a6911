/** Instance types as ECS describes them, wherever they are sold. */
import type { Firmware, InstanceType } from "../provider.ts";
import type { AliyunClient } from "./client.ts";
import { GiB } from "./disk-sizes.ts";
import { listByToken } from "./paging.ts";

export interface EcsInstanceType {
  readonly InstanceTypeId: string;
  readonly InstanceTypeFamily: string;
  readonly CpuArchitecture?: string;
  readonly CpuCoreCount: number;
  /** GiB. */
  readonly MemorySize: number;
  readonly GPUAmount?: number;
  /** Disks it attaches, the system disk among them. */
  readonly DiskQuantity?: number;
  readonly NvmeSupport?: string;
  readonly SupportedBootModes?: { SupportedBootMode?: string[] };
}

interface InstanceTypes {
  NextToken?: string;
  InstanceTypes?: { InstanceType?: EcsInstanceType[] };
}

/** Every type there is, sold here or not. x86, without GPU, and with virtio disks. */
export async function listTypes(caller: { client: AliyunClient }): Promise<EcsInstanceType[]> {
  const all = await listByToken<InstanceTypes, EcsInstanceType>(
    caller,
    "ecs",
    "DescribeInstanceTypes",
    {},
    (answer) => answer.InstanceTypes?.InstanceType,
  );
  return all.filter(
    ({ CpuArchitecture, GPUAmount = 0, NvmeSupport }) =>
      CpuArchitecture !== "ARM" &&
      GPUAmount === 0 &&
      // They refuse an image that is not known to have an NVMe driver, and ours can't be marked so.
      NvmeSupport !== "required",
  );
}

export function shown(type: EcsInstanceType): InstanceType {
  const modes = type.SupportedBootModes?.SupportedBootMode ?? ["BIOS"];
  return {
    name: type.InstanceTypeId,
    vcpus: type.CpuCoreCount,
    memoryBytes: type.MemorySize * GiB,
    hardware: { storage: "virtio-blk", network: "virtio-net" },
    firmware: modes.flatMap((mode): Firmware[] => {
      if (mode === "BIOS") return ["bios"];
      return mode === "UEFI" ? ["uefi"] : [];
    }),
    // 17 with the system disk where the platform does not say. Source: ECS user guide, "Limits".
    maxVolumes: (type.DiskQuantity ?? 17) - 1,
  };
}
