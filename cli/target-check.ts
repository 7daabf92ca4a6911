/** What a deep check of a target proved, as a table. */
import type { RunDetails } from "#api/runs.ts";
import type { Context } from "./context.ts";

type Checked = NonNullable<RunDetails["checked"]>;

export function showChecked({ out, say }: Context, parts: Checked): void {
  out.table(
    [say("WHAT"), say("RESULT"), say("SEEN")],
    parts.map(({ part, result, text }) => [say(`deep part ${part}`), say(`deep ${result}`), text]),
  );
}
