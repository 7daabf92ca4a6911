/** This machine's refusals as the `cloud.…` errors every platform has. */
import { MigrationError } from "#domain/errors.ts";

const platform = "local";

/** True for an error of Node's whose `code` is one of these. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

export const notFound = (what: string, id: string) =>
  new MigrationError("cloud.not-found", { platform, what, id });

export const wrongState = (what: string, id: string, state: string) =>
  new MigrationError("cloud.wrong-state", { platform, what, id, state });

export const quotaExceeded = (what: string) =>
  new MigrationError("cloud.quota-exceeded", { platform, what });

export const refused = (what: string, problem: string) =>
  new MigrationError("cloud.refused", { platform, what, problem });

/** A file system's errors under their cloud codes; ours pass unchanged. */
export function inCloudTerms(error: unknown, action: string): MigrationError {
  if (error instanceof MigrationError) return error;
  const cause = { cause: error };
  if (hasCode(error, "EACCES", "EPERM", "EROFS")) {
    return new MigrationError("cloud.forbidden", { platform, action }, cause);
  }
  if (hasCode(error, "ENOSPC", "EDQUOT")) {
    return new MigrationError("cloud.capacity", { platform, what: "disk space" }, cause);
  }
  if (hasCode(error, "EMFILE", "ENFILE", "EAGAIN", "EBUSY")) {
    const problem = error instanceof Error ? error.message : String(error);
    return new MigrationError("cloud.transient", { platform, problem }, cause);
  }
  const problem = `${action}: ${error instanceof Error ? error.message : String(error)}`;
  return new MigrationError("cloud.unexpected", { platform, problem }, cause);
}
