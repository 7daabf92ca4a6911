import type { z } from "zod";

/** A hostile body can have thousands. */
const mostShown = 5;

/**
 * What is wrong with an input, field by field: `zone: must be given; gateway.diskGiB: Too small: …`. It names
 * fields and never repeats their values, which may be secret.
 */
export function problemsOf({ issues }: Pick<z.ZodError, "issues">): string {
  const shown = issues.slice(0, mostShown).map(problemOf);
  const rest = issues.length - shown.length;
  return shown.join("; ") + (rest > 0 ? `; and ${rest} more` : "");
}

function problemOf({ path, message }: z.core.$ZodIssue): string {
  const words = /received undefined$/.test(message) ? "must be given" : message;
  return path.length === 0 ? words : `${path.join(".")}: ${words}`;
}
