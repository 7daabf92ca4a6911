/**
 * Sizes of servers, as far as the subscription may use them in the target's location and zone. Source:
 * Compute REST API, "Resource Skus - List": capabilities and restrictions.
 */
import type { ResourceSku } from "@azure/arm-compute";
import { MigrationError } from "#domain/errors.ts";
import { checkGatewayType, chooseGatewayType } from "#domain/gateway-defaults.ts";
import type { Firmware, InstanceType } from "../provider.ts";
import type { AzureConfig } from "./config.ts";

const GiB = 1024 ** 3;

export interface Size extends InstanceType {
  readonly series: string;
  /** Takes volumes of the Premium types. */
  readonly premium: boolean;
}

/** Of all SKUs those that are sizes, offered here, for x86, with the disks our guests are repaired for. */
export function sizesOf(skus: readonly ResourceSku[], config: AzureConfig): Size[] {
  return skus
    .filter((sku) => sku.resourceType === "virtualMachines" && isOffered(sku, config))
    .flatMap((sku) => sizeOf(sku) ?? [])
    .sort((a, b) => a.memoryBytes - b.memoryBytes || a.vcpus - b.vcpus);
}

function isOffered({ locationInfo = [], restrictions = [] }: ResourceSku, { zone }: AzureConfig) {
  const here = zone === undefined || locationInfo.some(({ zones }) => zones?.includes(zone));
  return (
    here &&
    restrictions.every(
      ({ type, restrictionInfo }) =>
        type === "Zone" && !(zone !== undefined && restrictionInfo?.zones?.includes(zone)),
    )
  );
}

function sizeOf({ name = "", capabilities = [] }: ResourceSku): Size | undefined {
  const told = new Map(capabilities.map((one) => [one.name, one.value ?? ""]));
  const architecture = told.get("CpuArchitectureType") ?? "x64";
  // Sizes with NVMe alone want system disks marked for it, and number their volumes otherwise.
  const controllers = told.get("DiskControllerTypes") ?? "SCSI";
  if (architecture !== "x64" || !controllers.includes("SCSI")) return undefined;
  if (told.has("ConfidentialComputingType")) return undefined;
  const generations = (told.get("HyperVGenerations") ?? "V1").split(",");
  const firmware: Firmware[] = [
    ...(generations.includes("V1") ? ["bios" as const] : []),
    ...(generations.includes("V2") ? ["uefi" as const] : []),
  ];
  return {
    name,
    series: seriesOf(name),
    vcpus: Number(told.get("vCPUsAvailable") ?? told.get("vCPUs") ?? 1),
    memoryBytes: Number(told.get("MemoryGB") ?? 0) * GiB,
    hardware: { storage: "hyperv", network: "hyperv" },
    firmware,
    maxVolumes: Number(told.get("MaxDataDiskCount") ?? 0),
    premium: told.get("PremiumIO") === "True",
  };
}

/** `Standard_D4s_v5` is of the series Dsv5, `Standard_F4` of F; a size with fewer CPUs than it seems is not. */
function seriesOf(name: string): string {
  const parts = /^Standard_([A-Z]+)\d+([a-z]*)(?:_(v\d+))?$/.exec(name);
  return parts === null ? "" : `${parts[1]}${parts[2]}${parts[3] ?? ""}`;
}

/**
 * The size a gateway is made with. @param wanted instead of the target's own
 * @throws `cloud.capacity` when it is not offered; `gateway.too-small`, `gateway.no-type`
 */
export function gatewaySize(sizes: readonly Size[], config: AzureConfig, wanted?: string): Size {
  const { gateway, launch, location, zone } = config;
  const name = wanted ?? gateway.instanceType;
  if (name === undefined) {
    const usable = sizes
      .filter(({ series }) => launch.series.includes(series))
      .filter((size) => takes(size, config));
    return chooseGatewayType("azure", usable);
  }
  const size = sizes.find((one) => one.name === name);
  if (size === undefined) {
    const where = zone === undefined ? location : `${location}, zone ${zone}`;
    const what = `${name} in ${where}`;
    throw new MigrationError("cloud.capacity", { platform: "azure", what });
  }
  checkGatewayType("azure", size);
  if (takes(size, config)) return size;
  throw new MigrationError("cloud.refused", {
    ...{ platform: "azure", what: `volumes of the type ${config.volume.type}` },
    problem: `${name} takes none of them`,
  });
}

/** Whether the target's volumes can hang on it. */
export function takes({ premium }: Size, { volume }: AzureConfig): boolean {
  return premium || !volume.type.startsWith("Premium");
}
