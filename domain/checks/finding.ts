/**
 * What a check says: which row of the requirement document speaks, how much it weighs, of which thing,
 * and the facts for the words. The words are in `words.ts`; a finding keeps facts only.
 */
import { z } from "zod";
import type { LimitName } from "../limits/definitions.ts";

/** BLOCK stops the work, WARN is for a person to weigh, NOTE is to be known. */
export const severities = ["BLOCK", "WARN", "NOTE"] as const;
export type Severity = (typeof severities)[number];

export const thingKinds = [
  "server",
  "disk",
  "partition",
  "logical volume",
  "array",
  "volume group",
  "raw device",
  "operating system",
  "firewall",
  "instance type",
  "network",
  "gateway",
  "target",
  "line",
] as const;
export type ThingKind = (typeof thingKinds)[number];

/** A person took it upon themselves, for one server at one target. */
export const acknowledgement = z.object({
  row: z.string(),
  targetId: z.string(),
  reason: z.string(),
  by: z.string(),
  at: z.iso.datetime(),
});
export type Acknowledgement = z.output<typeof acknowledgement>;

/** Rows that stop a migration unless a person acknowledges them. */
export const acknowledgeableRows = ["R-175", "R-199", "R-211"] as const;

export function isAcknowledgeable(row: string): boolean {
  return acknowledgeableRows.some((known) => known === row);
}

export interface Finding {
  /** Of the catalogue. */
  readonly code: string;
  readonly row: string;
  readonly severity: Severity;
  readonly thing: { readonly kind: ThingKind; readonly name: string };
  readonly params: Readonly<Record<string, string | number>>;
  /** The figure of the target that decides, where one does. */
  readonly limit?: LimitName;
  readonly acknowledged?: Acknowledgement;
}

/** The heaviest first, otherwise in the order of the rows. */
export function bySeverity(one: Finding, other: Finding): number {
  const weight = ({ severity }: Finding) => severities.indexOf(severity);
  return weight(one) - weight(other) || compare(one.row, other.row);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

export function worstOf(findings: readonly Finding[]): Severity | undefined {
  return severities.find((severity) => findings.some((found) => found.severity === severity));
}
