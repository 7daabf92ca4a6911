/** The figures of a target as people see them, and their change. */
import type { LimitView, TargetLimitsView } from "#api/limits.ts";
import type { Language } from "#domain/errors.ts";
import { type LimitValue, limitDefinitions } from "#domain/limits/definitions.ts";
import {
  type EffectiveLimit,
  effectiveLimits,
  type LimitChange,
  limitValue,
  withChange,
} from "#domain/limits/effective.ts";
import { platformFacts } from "#domain/limits/tables.ts";
import type { Target } from "#domain/records.ts";
import type { Capabilities } from "#providers/provider.ts";
import type { Deps } from "../../deps.ts";
import { limitSources } from "../../limits.ts";

export function targetLimits(
  target: Target,
  can: Capabilities,
  language: Language,
): TargetLimitsView {
  const limits = effectiveLimits(limitSources(target, can));
  return {
    targetId: target.id,
    limits: limits.all().map((limit) => shown(limit, language)),
    facts: (platformFacts[target.platform] ?? []).map((fact) => ({
      row: fact.row,
      meaning: fact[language],
    })),
    changes: target.limitChanges ?? [],
  };
}

/** @throws `input.invalid` */
export function changeLimit(
  deps: Deps,
  targetId: string,
  change: Omit<LimitChange, "at">,
): Promise<Target> {
  const at = deps.now().toISOString();
  return deps.store.targets.update(targetId, (target) => ({
    ...target,
    limitChanges: withChange(target.limitChanges ?? [], { ...change, at }),
  }));
}

function shown(limit: EffectiveLimit, language: Language): LimitView {
  const { name, row, document, own, cloud, value, from, figure } = limit;
  const { unit, ...meaning } = limitDefinitions[name];
  const told = (figureValue: LimitValue) => limitValue.parse(figureValue);
  return {
    ...{ name, row, unit, meaning: meaning[language], effective: told(value), from },
    ...(document === undefined ? {} : { document: told(document) }),
    ...(own === undefined
      ? {}
      : { own: { value: told(own.value), reason: own.reason, by: own.by, at: own.at } }),
    ...(cloud === undefined ? {} : { cloud: told(cloud) }),
    ...(figure?.today === undefined ? {} : { today: figure.today[language] }),
  };
}
