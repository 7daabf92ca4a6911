import type { RunDetails, RunView } from "#api/runs.ts";
import type { Language } from "#domain/errors.ts";
import type { Run } from "#domain/records.ts";
import { checkParts, describePart } from "#domain/target-check.ts";
import type { HistoryEntry } from "../../deps.ts";
import { wordsOf } from "../errors.ts";

export function runView(run: Run, language: Language): RunView {
  const {
    version: _version,
    updatedAt: _updatedAt,
    createdAt,
    input: _input,
    repair: _repair,
    repairLog: _repairLog,
    console: _console,
    members: _members,
    verification: _verification,
    checked: _checked,
    stopAskedBy: _stopAskedBy,
    error,
    ...shown
  } = run;
  return {
    ...shown,
    startedAt: createdAt,
    ...(error === undefined ? {} : { error: { ...error, ...wordsOf(error, language) } }),
  };
}

export function runDetails(
  run: Run,
  history: readonly HistoryEntry[],
  language: Language,
): RunDetails {
  const { kind, input, verification, repair, repairLog, console } = run;
  return {
    ...runView(run, language),
    input,
    ...(verification === undefined ? {} : { verification }),
    ...(kind === "check-target" ? { checked: checkedParts(run, language) } : {}),
    ...(repair === undefined ? {} : { repair }),
    ...(repairLog === undefined ? {} : { repairLog }),
    ...(console === undefined ? {} : { console }),
    history: [...history],
  };
}

/** All parts of a check, in their order; what it did not come to is said too, once it has ended. */
function checkedParts(
  { state, checked = [] }: Run,
  language: Language,
): NonNullable<RunDetails["checked"]> {
  const known = checked.map(({ part, result, words, params, error, at }) => ({
    ...{ part, result, params, at },
    ...(error === undefined
      ? { text: describePart({ words, params }, language) }
      : { text: wordsOf(error, language).message, error: wordsOf(error, language) }),
  }));
  const missing = checkParts
    .filter((part) => state !== "running" && !checked.some((found) => found.part === part))
    .map((part) => ({
      part,
      result: "not-tried" as const,
      params: {},
      text: describePart({ words: "not reached", params: {} }, language),
    }));
  return [...known, ...missing].sort(
    (a, b) => checkParts.indexOf(a.part) - checkParts.indexOf(b.part),
  );
}
