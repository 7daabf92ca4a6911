/** Housekeeping of many things, each on its own. */
import { describeError, factsOf } from "#domain/errors.ts";
import type { Deps } from "./deps.ts";

/** A cloud that does not answer for one is no reason to leave the others. */
export async function apart(deps: Deps, what: object, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { message } = describeError(factsOf(error));
    deps.log.error({ ...what, err: error, message }, "housekeeping failed; it is tried again");
  }
}
