/** Instance types, and what the zone has of them. */
import type { Parameters } from "../parameters.ts";
import { pagedByToken } from "./listing.ts";
import { type Answer, Refusal } from "./rpc.ts";
import type { Account } from "./state.ts";

type Action = (account: Account, parameters: Parameters) => Answer;

interface Type {
  readonly name: string;
  readonly family: string;
  readonly vcpus: number;
  readonly gib: number;
  /** With the system disk. */
  readonly disks: number;
  readonly categories: readonly string[];
  readonly bootModes: readonly string[];
  readonly nvme: "supported" | "unsupported" | "required";
  readonly architecture: "X86" | "ARM";
  readonly gpus: number;
}

const older = ["cloud_efficiency", "cloud_ssd", "cloud_essd"];
const newer = ["cloud_essd", "cloud_auto"];

/** Source: ECS user guide, "Instance families"; how many disks each attaches is made up where it varies. */
const types: readonly Type[] = [
  ...[
    { name: "ecs.c5.large", vcpus: 2, gib: 4 },
    { name: "ecs.c5.xlarge", vcpus: 4, gib: 8 },
    { name: "ecs.c5.2xlarge", vcpus: 8, gib: 16 },
  ].map((type) => ({ ...type, family: "ecs.c5", disks: 17, categories: older })),
  ...[
    { name: "ecs.c7.large", vcpus: 2, gib: 4 },
    { name: "ecs.c7.xlarge", vcpus: 4, gib: 8 },
  ].map((type) => ({ ...type, family: "ecs.c7", disks: 33, categories: newer })),
].map((type) => ({
  ...type,
  bootModes: ["BIOS", "UEFI"],
  nvme: "unsupported" as const,
  architecture: "X86" as const,
  gpus: 0,
}));

const others: readonly Type[] = [
  // Too small for a gateway, and for old boot loaders only.
  {
    ...{ name: "ecs.t5-lc1m1.small", family: "ecs.t5", vcpus: 1, gib: 1, disks: 17, gpus: 0 },
    ...{ categories: older, bootModes: ["BIOS"], nvme: "unsupported", architecture: "X86" },
  },
  {
    ...{ name: "ecs.g8i.xlarge", family: "ecs.g8i", vcpus: 4, gib: 16, disks: 33, gpus: 0 },
    ...{ categories: newer, bootModes: ["UEFI"], nvme: "required", architecture: "X86" },
  },
  {
    ...{ name: "ecs.c8y.xlarge", family: "ecs.c8y", vcpus: 4, gib: 8, disks: 17, gpus: 0 },
    ...{ categories: newer, bootModes: ["UEFI"], nvme: "supported", architecture: "ARM" },
  },
  {
    ...{ name: "ecs.gn6i-c4g1.xlarge", family: "ecs.gn6i", vcpus: 4, gib: 15, disks: 17, gpus: 1 },
    ...{ categories: older, bootModes: ["BIOS"], nvme: "unsupported", architecture: "X86" },
  },
];

/** Types no one asks for, so that there is more than one page of them. */
const many: readonly Type[] = Array.from({ length: 120 }, (_, index) => ({
  ...{ name: `ecs.old${index}.large`, family: `ecs.old${index}`, vcpus: 2, gib: 4, disks: 17 },
  ...{ categories: ["cloud"], bootModes: ["BIOS"], nvme: "unsupported" as const },
  ...{ architecture: "X86" as const, gpus: 0 },
}));

const all = [...many, ...types, ...others];
const sold = [...types, ...others];

export function typeOf(name: string): Type {
  const found = all.find((type) => type.name === name);
  if (found !== undefined) return found;
  throw new Refusal(
    404,
    "InvalidInstanceType.ValueNotSupported",
    "The specified InstanceType does not exist or beyond the permitted range.",
  );
}

const describeTypes: Action = (_account, parameters) => {
  const { items, next } = pagedByToken(all, parameters);
  return {
    ...next,
    InstanceTypes: {
      InstanceType: items.map((type) => ({
        InstanceTypeId: type.name,
        InstanceTypeFamily: type.family,
        CpuCoreCount: type.vcpus,
        MemorySize: type.gib,
        CpuArchitecture: type.architecture,
        GPUAmount: type.gpus,
        DiskQuantity: type.disks,
        NvmeSupport: type.nvme,
        SupportedBootModes: { SupportedBootMode: type.bootModes },
      })),
    },
  };
};

/** Source: DescribeAvailableResource: which parameters each destination asks for. */
const describeAvailable: Action = (account, parameters) => {
  const kind = parameters.get("DestinationResource");
  const name = parameters.find("InstanceType");
  if (kind === "SystemDisk" && name === undefined) {
    throw new Refusal(400, "MissingParameter", "InstanceType is needed for SystemDisk.");
  }
  const status = (isThere: boolean) =>
    isThere
      ? { Status: "Available", StatusCategory: "WithStock" }
      : { Status: "SoldOut", StatusCategory: "WithoutStock" };
  const resources =
    kind === "SystemDisk"
      ? typeOf(name ?? "").categories.map((Value) => ({
          ...{ Value, Min: 20, Max: 2048, Unit: "GiB" },
          ...status(true),
        }))
      : sold
          .filter((type) => name === undefined || type.name === name)
          .map((type) => ({ Value: type.name, ...status(!account.soldOut.has(type.name)) }));
  const zone = (ZoneId: string, SupportedResource: readonly unknown[]) => ({
    ...{ ZoneId, RegionId: account.region, ...status(true) },
    AvailableResources: {
      AvailableResource: [{ Type: kind, SupportedResources: { SupportedResource } }],
    },
  });
  return { AvailableZones: { AvailableZone: [zone(account.zone, resources)] } };
};

export const typeActions: Record<string, Action> = {
  DescribeInstanceTypes: describeTypes,
  DescribeAvailableResource: describeAvailable,
};
