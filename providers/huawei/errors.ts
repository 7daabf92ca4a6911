/**
 * Huawei's error codes as the `cloud.…` errors every platform has. Sources: "Error Codes" of the ECS, EVS, IMS,
 * VPC, EIP and BSS API references; "API Gateway Error Codes"; huaweicloud-sdk-go (legacy), "Not Found Error code".
 * The codes are no full list by their own word, so the HTTP status and the message count too.
 */
import { MigrationError } from "#domain/errors.ts";
import { HuaweiRefusal } from "./client.ts";

const platform = "huawei";

const notFound = new Set([
  "Ecs.0114",
  "Ecs.0614",
  "EVS.5404",
  "IMG.0020",
  "IMG.0027",
  "VPC.0003",
  "VPC.0012",
  "VPC.0202",
  "VPC.0504",
  "VPC.0602",
  "itemNotFound",
]);

const quota = new Set([
  "Ecs.0001", // instances, vCPUs, memory
  "Ecs.0012", // addresses in the subnet
  "Ecs.0104", // disks on a server
  "EVS.5413", // volumes, gigabytes, snapshots
  "IMG.0018", // private images
  "VPC.0522", // elastic addresses
  "VPC.0604", // security groups
  "overLimit",
]);

const capacity = new Set(["Ecs.0319", "Ecs.0707", "Ecs.0321"]);

/** The account may not, for money or for its state, rather than the key. */
const payment = new Set(["Ecs.0003", "VPC.0502", "VPC.0005", "VPC.0009"]);

/** A server is busy with another order: its remedy is to try again (ECS API reference, Ecs.0100). */
const passing = new Set([
  "Ecs.0002",
  "Ecs.0100",
  "Ecs.0106",
  "VPC.0004",
  "APIGW.0201",
  "APIGW.0202",
]);

const states = new Set(["Ecs.0057", "Ecs.0101", "Ecs.0102", "Ecs.0103", "Ecs.0111", "VPC.0510"]);

/** Without an answer of Huawei's: the way there failed. */
const onTheWay =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|TimeoutError|AbortError)$/;

/** The code of an answer, or of the failure that came instead. */
export function codeOf(error: unknown): string {
  if (error instanceof HuaweiRefusal) return error.code;
  if (!(error instanceof Error)) return "";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function isNotFound(error: unknown): boolean {
  if (!(error instanceof HuaweiRefusal)) return false;
  if (notFound.has(error.code)) return true;
  // The gateway's 404 is about the path, not about the thing (APIGW.0101).
  return error.status === 404 && !error.code.startsWith("APIG");
}

/** Nobody knows whether the call took effect: its answer was lost, or the cloud failed over it. */
export function isAmbiguous(error: unknown): boolean {
  if (error instanceof HuaweiRefusal) return error.status >= 500 || error.status < 300;
  return onTheWay.test(codeOf(error)) || /socket hang up|aborted|ETIMEDOUT/.test(messageOf(error));
}

/** An order of the same client token was another one; that it is told by words alone is a guess. */
export function isTokenReused(error: unknown): boolean {
  if (!(error instanceof HuaweiRefusal) || error.status < 400 || error.status >= 500) return false;
  return /client-?_?token|idempoten/i.test(error.message);
}

/** @param action of ours, such as `volumes.createVolume`; ours pass unchanged */
export function inCloudTerms(error: unknown, action: string): MigrationError {
  if (error instanceof MigrationError) return error;
  const what = action.replace(/^\w+\./, "");
  const message = messageOf(error);
  const cause = { cause: error };
  if (!(error instanceof HuaweiRefusal)) {
    return isAmbiguous(error)
      ? new MigrationError("cloud.transient", { platform, problem: message }, cause)
      : new MigrationError("cloud.unexpected", { platform, problem: message }, cause);
  }
  return answered(error.status, error.code, message, { what, operation: error.operation }, cause);
}

/** Why a job failed, in the same terms as a refusal. */
export function jobFailure(code: string, reason: string, what: string): MigrationError {
  return answered(400, code, reason || "the job failed", { what, operation: what }, {});
}

/** The right that is missing, where it is told: "Policy doesn't allow ecs:cloudServers:create to be performed." */
function rightIn(message: string): string | undefined {
  const told = /allow <?([\w:*]+)>? to be performed|correct permission code is ([\w:]+)/;
  const [, ofServices, ofBss] = told.exec(message) ?? [];
  return ofServices ?? ofBss;
}

function answered(
  status: number,
  code: string,
  message: string,
  { what, operation }: { what: string; operation: string },
  cause: { cause?: unknown },
): MigrationError {
  const problem = code === "" ? message : `${code}: ${message}`;
  if (status === 429 || code === "APIGW.0308" || code === "APIG.0308") {
    return new MigrationError("cloud.throttled", { platform }, cause);
  }
  // Before credentials: a signature of the wrong time is refused with the same code and status.
  if (/signature expired|x-sdk-date|timestamp|clock/i.test(message) && status === 401) {
    return new MigrationError("cloud.clock-skew", { platform, problem }, cause);
  }
  if (payment.has(code) || /arrears|restricted|frozen|insufficient balance/i.test(message)) {
    const problem = `${code}: the account is in arrears or restricted: ${message}`;
    return new MigrationError("cloud.refused", { platform, what, problem }, cause);
  }
  if (status === 401) {
    return new MigrationError("cloud.credentials", { platform, problem }, cause);
  }
  if (status === 403 && !/quota/i.test(message)) {
    return new MigrationError(
      "cloud.forbidden",
      { platform, action: rightIn(message) ?? operation },
      cause,
    );
  }
  if (notFound.has(code) || (status === 404 && !code.startsWith("APIG"))) {
    const id = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(message)?.[0] ?? message;
    return new MigrationError("cloud.not-found", { platform, what, id }, cause);
  }
  if (
    quota.has(code) ||
    status === 413 ||
    /quota|exceed(s|ed)? the (upper )?limit/i.test(message)
  ) {
    return new MigrationError("cloud.quota-exceeded", { platform, what: problem }, cause);
  }
  if (capacity.has(code) || /sold out|insufficient (flavor )?(capacity|resources)/i.test(message)) {
    return new MigrationError("cloud.capacity", { platform, what: message }, cause);
  }
  if (passing.has(code) || status >= 500 || status < 300) {
    return new MigrationError("cloud.transient", { platform, problem }, cause);
  }
  if (status === 409 && /in use/i.test(message)) {
    // An interface of a deleted server holds its security group for some seconds.
    return new MigrationError("cloud.transient", { platform, problem }, cause);
  }
  if (states.has(code) || status === 409 || /status (must|should) be|in status/i.test(message)) {
    const facts = { platform, what, id: "-", state: problem };
    return new MigrationError("cloud.wrong-state", facts, cause);
  }
  if (status === 400)
    return new MigrationError("cloud.refused", { platform, what, problem }, cause);
  return new MigrationError("cloud.unexpected", { platform, problem }, cause);
}
