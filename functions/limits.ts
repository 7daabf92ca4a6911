/** The limits of a target as they hold now: the document's, the operator's own, the cloud's. */
import type { LimitValues } from "#domain/limits/definitions.ts";
import {
  documentLimits,
  effectiveLimits,
  type LimitSources,
  type Limits,
} from "#domain/limits/effective.ts";
import { isOfFamily } from "#domain/limits/instance-families.ts";
import { limitTables } from "#domain/limits/tables.ts";
import type { SourceServer, Target } from "#domain/records.ts";
import type {
  BootStrategy,
  Capabilities,
  Firmware,
  InstanceType,
  Provider,
} from "#providers/provider.ts";
import type { Deps } from "./deps.ts";

const GiB = 1024 ** 3;

/** Without what the cloud says of itself, where it is not to be asked. */
export function limitSources(target: Target, can?: Capabilities): LimitSources {
  const { platform, limitChanges = [] } = target;
  return {
    platform,
    changes: limitChanges,
    ...(can === undefined ? {} : { cloud: cloudLimits(can) }),
  };
}

/** @param server whose acknowledgements count */
export async function limitsOf(
  target: Target,
  provider: Provider,
  server?: SourceServer,
): Promise<Limits> {
  const sources = limitSources(target, await provider.capabilities());
  const acknowledged = acknowledgementsAt(server, target).map(({ row }) => row);
  return effectiveLimits({ ...sources, acknowledged });
}

export function acknowledgementsAt(server: SourceServer | undefined, target: Target) {
  return (server?.acknowledgements ?? []).filter(({ targetId }) => targetId === target.id);
}

function cloudLimits(can: Capabilities): LimitValues {
  const { system, data } = can.volumes;
  return {
    gatewayMaxVolumes: can.gatewayMaxVolumes,
    systemDiskMinGB: system.minBytes / GiB,
    systemDiskMaxGB: system.maxBytes / GiB,
    systemDiskStepGB: system.stepBytes / GiB,
    dataDiskMinGB: data.minBytes / GiB,
    dataDiskMaxGB: data.maxBytes / GiB,
    dataDiskStepGB: data.stepBytes / GiB,
    samePrimaryStorage: can.onePool,
    gatewayRestartForbidden: can.deviceMapping === "difference",
  };
}

/** HyperDoor lives in it. */
export const hyperDoorMemoryGB = 2;

/** How a server may boot there, best first: what the platform offers and the limits allow. */
export async function allowedStrategies(
  provider: Provider,
  limits: Limits,
  firmware: Firmware,
): Promise<BootStrategy[]> {
  const { bootStrategies } = await provider.capabilities();
  return bootStrategies[firmware].filter(
    (strategy) => strategy !== "bootFromVolume" || limits.value("bootFromVolume") !== false,
  );
}

/**
 * The target's instance types that the limits let a server be launched as.
 * @param strategy of the launch, where it is known
 */
export async function allowedTypes(
  provider: Provider,
  limits: Limits,
  strategy?: string,
): Promise<InstanceType[]> {
  const families = limits.value("instanceFamilies");
  const needed = strategy === "hyperDoorCopy" ? hyperDoorMemoryGB : 0;
  const leastBytes = (limits.value("launchMinMemoryGB") ?? needed) * GiB;
  return (await provider.compute.listInstanceTypes()).filter(
    ({ name, memoryBytes }) =>
      memoryBytes >= leastBytes && (families === undefined || isOfFamily(name, families)),
  );
}

/** Of the line to the server's target; its cloud is not asked for them. */
export async function lineLimits(deps: Deps, { targetId }: SourceServer): Promise<Limits> {
  const target = targetId === undefined ? undefined : await deps.store.targets.find(targetId);
  return target === undefined
    ? documentLimits(limitTables.local)
    : effectiveLimits(limitSources(target));
}
