import type { RunDetails, RunView } from "#api/runs.ts";
import type { Language } from "#domain/errors.ts";
import type { Run } from "#domain/records.ts";
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
  const { input, verification, repair, repairLog, console } = run;
  return {
    ...runView(run, language),
    input,
    ...(verification === undefined ? {} : { verification }),
    ...(repair === undefined ? {} : { repair }),
    ...(repairLog === undefined ? {} : { repairLog }),
    ...(console === undefined ? {} : { console }),
    history: [...history],
  };
}
