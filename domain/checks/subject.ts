/** What is judged: a source server, where it is to go, and how it is to be launched there. */
import type { Inventory } from "../inventory.ts";
import type { LimitName } from "../limits/definitions.ts";
import type { LimitSources, Limits } from "../limits/effective.ts";
import type { Acknowledgement, Finding, Severity, ThingKind } from "./finding.ts";
import type { FindingCode, FindingParams } from "./words.ts";

/** What the platform offers and tells of itself; what is absent it does not tell. */
export interface Offer {
  readonly repairsOn: "gateway" | "hyperDoor";
  readonly canClone: boolean;
  readonly zone?: string | undefined;
  readonly subnetId?: string | undefined;
  /** By firmware, best first. */
  readonly bootStrategies: Readonly<Record<"bios" | "uefi", readonly string[]>>;
  readonly volumeTypes?: { readonly system: string; readonly data: string } | undefined;
  readonly systemVolumeIsSsd?: boolean | undefined;
  readonly isAdministrator?: boolean | undefined;
}

export interface SubjectTarget extends LimitSources {
  readonly gatewayInstanceType?: string | undefined;
  /** Absent where the platform was not asked. */
  readonly offer?: Offer | undefined;
}

/** How the server is to be launched, as far as it is said. */
export interface LaunchWish {
  readonly instanceType?: string | undefined;
  readonly memoryBytes?: number | undefined;
  readonly repair?: boolean | undefined;
  readonly zone?: string | undefined;
  readonly subnetId?: string | undefined;
  readonly securityGroupIds?: readonly string[] | undefined;
}

export interface OfferedPlace {
  readonly id: string;
  /** Where it is, or holds; absent where that does not matter. */
  readonly network?: string | undefined;
}

/** What the target has of each kind; absent where it was not asked, or doesn't say. */
export interface Offered {
  readonly instanceTypes?: readonly string[] | undefined;
  readonly subnets?: readonly OfferedPlace[] | undefined;
  readonly securityGroups?: readonly OfferedPlace[] | undefined;
}

export interface Subject {
  readonly inventory: Inventory;
  /** Absent: only the source is judged, by the document's rules for sources. */
  readonly target?: SubjectTarget | undefined;
  readonly launch?: LaunchWish | undefined;
  /** To choose from for the launch. */
  readonly offered?: Offered | undefined;
  /** Its own, where it has one already. */
  readonly gateway?:
    | {
        readonly vcpus?: number | undefined;
        readonly securityGroupId?: string | undefined;
        readonly os?: Inventory["os"] | undefined;
      }
    | undefined;
  /** As it was measured last. */
  readonly lineBitsPerSecond?: number | undefined;
  /** The disks are copied, and the server is about to be launched: what is said of source and disks is past. */
  readonly isLaunch?: boolean | undefined;
  /** It has a copy at the target already. */
  readonly isReplicated?: boolean | undefined;
  readonly acknowledged?: readonly Acknowledgement[] | undefined;
}

/** A subject at a target, with the limits that hold for it. */
export interface AtTarget extends Subject {
  readonly target: SubjectTarget;
  readonly limits: Limits;
}

export function finding<C extends FindingCode>(
  code: C,
  row: string,
  severity: Severity,
  thing: readonly [kind: ThingKind, name: string],
  params: FindingParams<C>,
  limit?: LimitName,
): Finding {
  const [kind, name] = thing;
  const all: Readonly<Record<string, string | number>> = params;
  return {
    ...{ code, row, severity, thing: { kind, name }, params: all },
    ...(limit === undefined ? {} : { limit }),
  };
}
