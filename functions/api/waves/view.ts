/** A wave's server as people see it. */
import type { memberResults, WaveView } from "#api/waves.ts";
import type { Language } from "#domain/errors.ts";
import type { SourceServer } from "#domain/records.ts";
import type { MemberRuns } from "../../waves.ts";
import { runView } from "../runs/view.ts";

export function memberView(
  runs: MemberRuns,
  server: SourceServer | undefined,
  language: Language,
): WaveView["members"][number] {
  const { member, copy, cutover } = runs;
  return {
    ...member,
    // A server that was removed since keeps its place in the list.
    name: server?.name ?? member.serverId,
    ...(server === undefined ? {} : { state: server.state }),
    result: resultOf(runs),
    ...(copy === undefined ? {} : { copy: runView(copy, language) }),
    ...(cutover === undefined ? {} : { cutover: runView(cutover, language) }),
  };
}

function resultOf({ copy, cutover }: MemberRuns): (typeof memberResults)[number] {
  if (copy === undefined) return "waiting";
  const [newest, ongoing, done] =
    cutover === undefined
      ? ([copy, "copying", "copied"] as const)
      : ([cutover, "cutting-over", "cut-over"] as const);
  if (newest.state === "running") return ongoing;
  return newest.state === "succeeded" ? done : "failed";
}
