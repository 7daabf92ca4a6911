/**
 * Every limit known before the first byte: all that can be judged of a source server, of where
 * it is to go and of how it is to be launched there. Nothing is asked and nothing is changed here.
 */
import { documentLimits, effectiveLimits } from "../limits/effective.ts";
import { sourceLimits } from "../limits/tables.ts";
import { checkDisks } from "./disks.ts";
import { type Acknowledgement, bySeverity, type Finding, isAcknowledgeable } from "./finding.ts";
import { checkLaunch } from "./launch.ts";
import { checkSource } from "./source.ts";
import type { AtTarget, Subject } from "./subject.ts";
import { checkSystem } from "./systems.ts";
import { checkTarget } from "./target.ts";

/** The heaviest first. */
export function check(subject: Subject): Finding[] {
  const { inventory, target, acknowledged = [] } = subject;
  if (target === undefined) {
    return checkSource(inventory, documentLimits(sourceLimits)).sort(bySeverity);
  }
  const limits = effectiveLimits(target);
  const found = checkAt({ ...subject, target, limits });
  const lifted = liftedFindings({ ...subject, target, limits }, acknowledged).filter(
    (one) => !found.some((other) => isSame(one, other)),
  );
  return [...found.map((one) => weighed(one, acknowledged)), ...lifted].sort(bySeverity);
}

function isSame(one: Finding, other: Finding): boolean {
  return one.code === other.code && one.row === other.row && one.thing.name === other.thing.name;
}

function checkAt(subject: AtTarget): Finding[] {
  const copying =
    subject.isLaunch === true
      ? []
      : [...checkSource(subject.inventory, subject.limits), ...checkDisks(subject)];
  return [...copying, ...checkSystem(subject), ...checkLaunch(subject), ...checkTarget(subject)];
}

/** Once the document's figure was acknowledged, the cloud's own still holds. */
function liftedFindings(subject: AtTarget, acknowledged: readonly Acknowledgement[]): Finding[] {
  const rows = acknowledged.map(({ row }) => row);
  if (subject.isLaunch === true || !rows.some(isAcknowledgeable)) return [];
  const limits = effectiveLimits({ ...subject.target, acknowledged: rows });
  return checkDisks({ ...subject, limits }).filter(({ row }) => row === "X-19");
}

function weighed(found: Finding, acknowledged: readonly Acknowledgement[]): Finding {
  const by = acknowledged.find(({ row }) => row === found.row);
  if (found.severity !== "BLOCK" || by === undefined || !isAcknowledgeable(found.row)) return found;
  return { ...found, severity: "WARN", acknowledged: by };
}
