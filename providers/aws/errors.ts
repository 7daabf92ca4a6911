/**
 * AWS's error codes as the `cloud.…` errors every platform has. Sources: EC2 API reference, "Error codes
 * for the Amazon EC2 API"; the SDK's own list of throttling codes (@smithy/core, service-error-classification).
 */
import { MigrationError } from "#domain/errors.ts";

const platform = "aws";

const throttling = new Set([
  "RequestLimitExceeded",
  "Throttling",
  "ThrottlingException",
  "EC2ThrottledException",
  "SlowDown",
  "BandwidthLimitExceeded",
  "PriorRequestNotComplete",
  "RequestThrottled",
]);

/** What passes by itself; the last two while something that was just deleted is still being let go. */
const passing = new Set([
  "InternalError",
  "InternalFailure",
  "ServiceUnavailable",
  "Unavailable",
  "RequestTimeout",
  "TimeoutError",
  "DependencyViolation",
  "InvalidIPAddress.InUse",
]);

/** Without a code of AWS's: the way there failed. */
const onTheWay =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|TimeoutError|AbortError)$/;

const credentials = new Set([
  "AuthFailure",
  "InvalidClientTokenId",
  "SignatureDoesNotMatch",
  "UnrecognizedClientException",
  "IncompleteSignature",
  "MissingAuthenticationToken",
  "ExpiredToken",
  "ExpiredTokenException",
  "CredentialsProviderError",
]);

const forbidden = new Set(["UnauthorizedOperation", "AccessDenied", "AccessDeniedException"]);

const skew = new Set(["RequestExpired", "RequestTimeTooSkewed"]);

const states = new Set([
  "IncorrectState",
  "IncorrectInstanceState",
  "VolumeInUse",
  "InvalidSnapshot.InUse",
  "InvalidGroup.InUse",
  "IncorrectSpotRequestState",
]);

/** The code of an answer of AWS's, or of the failure that came instead. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if (error.name !== "Error") return error.name;
  return "code" in error ? String(error.code) : error.name;
}

export function isNotFound(error: unknown): boolean {
  const code = codeOf(error);
  return code.endsWith(".NotFound") || code === "InvalidAMIID.Unavailable";
}

/** Nobody knows whether the call took effect: its answer was lost, or AWS failed over it. */
export function isAmbiguous(error: unknown): boolean {
  const status = Object(Object(error).$metadata).httpStatusCode;
  if (typeof status === "number") return status >= 500 && !throttling.has(codeOf(error));
  return onTheWay.test(codeOf(error)) || /socket hang up|aborted/.test(messageOf(error));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** @param action of ours, such as `volumes.createVolume`; ours pass unchanged */
export function inCloudTerms(error: unknown, action: string): MigrationError {
  if (error instanceof MigrationError) return error;
  const code = codeOf(error);
  const message = messageOf(error);
  const cause = { cause: error };
  const what = action.replace(/^\w+\./, "");
  if (throttling.has(code)) return new MigrationError("cloud.throttled", { platform }, cause);
  if (passing.has(code) || isAmbiguous(error)) {
    return new MigrationError("cloud.transient", { platform, problem: message }, cause);
  }
  if (forbidden.has(code)) {
    // "You are not authorized to perform this operation. User: … is not authorized to perform: ec2:RunInstances on …"
    const needed = /to perform:? ([\w-]+:\w+)/.exec(message)?.[1];
    return new MigrationError("cloud.forbidden", { platform, action: needed ?? what }, cause);
  }
  if (credentials.has(code)) {
    return new MigrationError("cloud.credentials", { platform, problem: message }, cause);
  }
  if (skew.has(code)) {
    return new MigrationError("cloud.clock-skew", { platform, problem: message }, cause);
  }
  if (isNotFound(error)) {
    const id = /'([^']+)'/.exec(message)?.[1] ?? message;
    return new MigrationError("cloud.not-found", { platform, what: kindOf(code), id }, cause);
  }
  if (/LimitExceeded$/.test(code)) {
    const quota = code.replace(/LimitExceeded$/, "").toLowerCase();
    return new MigrationError(
      "cloud.quota-exceeded",
      { platform, what: `${quota}: ${message}` },
      cause,
    );
  }
  if (/^Insufficient\w*(Capacity|Addresses\w*)$/.test(code) || code === "Unsupported") {
    return new MigrationError("cloud.capacity", { platform, what: message }, cause);
  }
  if (states.has(code)) {
    return new MigrationError(
      "cloud.wrong-state",
      { platform, what, id: "-", state: message },
      cause,
    );
  }
  if (/^(Invalid|Missing|Malformed|Unknown|Unsupported|OptIn|Idempotent|Validation)/.test(code)) {
    return new MigrationError(
      "cloud.refused",
      { platform, what, problem: `${code}: ${message}` },
      cause,
    );
  }
  return new MigrationError(
    "cloud.unexpected",
    { platform, problem: `${code}: ${message}` },
    cause,
  );
}

/** `InvalidInstanceID.NotFound` is about an instance. */
function kindOf(code: string): string {
  const name = /^Invalid(\w+?)(ID|Id)?\./.exec(code)?.[1] ?? code;
  return name === "AMI" ? "image" : name.toLowerCase();
}
