/**
 * Azure's error codes as the `cloud.…` errors every platform has. Sources: ARM docs, "Troubleshoot common
 * Azure deployment errors" and "Throttling"; Compute docs, "Understand common error messages"; Entra ID
 * docs, "Error codes" (AADSTS…).
 */
import { MigrationError } from "#domain/errors.ts";

const platform = "azure";

/** What passes by itself; the last ones while something that was just deleted is still being let go. */
const passing = new Set([
  "InternalServerError",
  "InternalExecutionError",
  "InternalOperationError",
  "ServerTimeout",
  "ServiceUnavailable",
  "GatewayTimeout",
  "Conflict",
  "ConflictingConcurrentWriteNotAllowed",
  "RetryableError",
  "RetryableErrorDueToAnotherOperation",
  "AnotherOperationInProgress",
  "OperationPreempted",
  "PreconditionFailed",
  "ReferencedResourceNotProvisioned",
  "ResourceGroupBeingDeleted",
  "NicReservedForAnotherVm",
  "NicInUse",
  "InUseNetworkSecurityGroupCannotBeDeleted",
  "PublicIPAddressCannotBeDeleted",
  "PublicIPAddressInUse",
]);

const throttling = new Set(["TooManyRequests", "SubscriptionRequestsThrottled"]);

/** Without an answer of Azure's: the way there failed. */
const onTheWay =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|REQUEST_SEND_ERROR|AbortError)$/;

const credentials = new Set([
  "InvalidAuthenticationToken",
  "InvalidAuthenticationTokenTenant",
  "AuthenticationFailed",
  "ExpiredAuthenticationToken",
  "SubscriptionNotFound",
  "invalid_client",
  "unauthorized_client",
  "invalid_request",
  "invalid_scope",
]);

const forbidden = new Set(["AuthorizationFailed", "LinkedAuthorizationFailed"]);

const capacity = new Set([
  "SkuNotAvailable",
  "AllocationFailed",
  "ZonalAllocationFailed",
  "OverconstrainedAllocationRequest",
  "OverconstrainedZonalAllocationRequest",
  "NotAvailableForSubscription",
]);

const quotas = new Set([
  "QuotaExceeded",
  "ResourceQuotaExceeded",
  "PublicIPCountLimitReached",
  "PublicIPAddressCountLimitReached",
  "NetworkSecurityGroupCountLimitReached",
  "NetworkInterfaceCountLimitReached",
  "MaxSnapshotsCountExceeded",
]);

const states = new Set(["DiskAttached", "AttachDiskWhileBeingDetached", "DiskBeingDeleted"]);

const refused = new Set([
  "BadRequest",
  "RequestDisallowedByPolicy",
  "ScopeLocked",
  "MissingSubscriptionRegistration",
  "NoRegisteredProviderFound",
  "LocationNotAvailableForResourceType",
  "MarketplacePurchaseEligibilityFailed",
  "PropertyChangeNotAllowed",
  "ResizeDiskError",
]);

/** Source: ARM docs, "Reactivate a disabled Azure subscription". */
const unpaid = new Set(["ReadOnlyDisabledSubscription", "SubscriptionDisabled"]);

/** An answer that came to us outside of Azure's clients. */
class Refusal extends Error {
  override readonly name = "RestError";
  readonly code: string;
  readonly statusCode: number;

  constructor(statusCode: number, code: string, message: string) {
    super(message);
    this.code = code;
    this.statusCode = statusCode;
  }
}

export function refusalOf(status: number, body: string | null | undefined): Error {
  try {
    const { code = "", message = "" } = Object(JSON.parse(body ?? "").error);
    return new Refusal(status, String(code), String(message));
  } catch {
    return new Refusal(status, "", body ?? "");
  }
}

/** Its description begins with a code of its own: "AADSTS7000215: Invalid client secret provided. …" */
export function refusalOfEntra(status: number, body: string | null | undefined): Error {
  try {
    const { error = "", error_description: text = "" } = Object(JSON.parse(body ?? ""));
    const [first = ""] = String(text).split(/ Trace ID:|\r?\n/);
    return new Refusal(status, String(error), first);
  } catch {
    return new Refusal(status, "", body ?? "");
  }
}

/**
 * The code of an answer of Azure's, or of the failure that came instead. An operation that failed later
 * says it in its text alone. Source: @azure/core-lro, poller/operation.js, processOperationStatus.
 */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const later = /^The long-running operation has failed\. (\w+)\. /.exec(error.message)?.[1];
  if (later !== undefined) return later;
  const code = Object(error).code;
  return typeof code === "string" && code !== "" ? code : error.name;
}

function statusOf(error: unknown): number | undefined {
  const status = Object(error).statusCode;
  return typeof status === "number" ? status : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function isNotFound(error: unknown): boolean {
  return statusOf(error) === 404 && !/^(Subscription|ResourceGroup)NotFound$/.test(codeOf(error));
}

/** @param action of ours, such as `volumes.createVolume`; ours pass unchanged */
export function inCloudTerms(error: unknown, action: string): MigrationError {
  if (error instanceof MigrationError) return error;
  const code = codeOf(error);
  const message = messageOf(error);
  const status = statusOf(error);
  const cause = { cause: error };
  const what = action.replace(/^\w+\./, "");
  if (status === 429 || throttling.has(code)) {
    return new MigrationError("cloud.throttled", { platform }, cause);
  }
  if (capacity.has(code)) {
    return new MigrationError("cloud.capacity", { platform, what: message }, cause);
  }
  if (quotas.has(code) || (code === "OperationNotAllowed" && isAboutQuota(message))) {
    return new MigrationError("cloud.quota-exceeded", { platform, what: message }, cause);
  }
  if (unpaid.has(code)) {
    return new MigrationError("cloud.payment", { platform, problem: message }, cause);
  }
  if (forbidden.has(code)) {
    // "… does not have authorization to perform action 'Microsoft.Compute/disks/write' over scope …"
    const needed = /action '([^']+)'/.exec(message)?.[1];
    return new MigrationError("cloud.forbidden", { platform, action: needed ?? what }, cause);
  }
  if (isAboutTime(message) && (status === 401 || credentials.has(code))) {
    return new MigrationError("cloud.clock-skew", { platform, problem: message }, cause);
  }
  if (credentials.has(code) || status === 401) {
    return new MigrationError("cloud.credentials", { platform, problem: message }, cause);
  }
  if (
    isNotFound(error) ||
    code === "InvalidResourceReference" ||
    code === "ResourceGroupNotFound"
  ) {
    return new MigrationError("cloud.not-found", { platform, ...missing(message) }, cause);
  }
  if (states.has(code) || (code === "OperationNotAllowed" && status !== 429)) {
    const facts = { platform, what, id: "-", state: message };
    return new MigrationError("cloud.wrong-state", facts, cause);
  }
  if (passing.has(code) || (status ?? 0) >= 500 || onTheWay.test(code)) {
    return new MigrationError("cloud.transient", { platform, problem: message }, cause);
  }
  if (refused.has(code) || /^(Invalid|Missing|Unsupported|SecurityRule)/.test(code)) {
    const problem = `${code}: ${message}`;
    return new MigrationError("cloud.refused", { platform, what, problem }, cause);
  }
  if (status === 403) {
    return new MigrationError("cloud.forbidden", { platform, action: what }, cause);
  }
  const problem = `${code}: ${message}`;
  return new MigrationError("cloud.unexpected", { platform, problem }, cause);
}

/**
 * "Operation could not be completed as it results in exceeding approved standardFFamily Cores quota", "The
 * maximum number of data disks allowed to be attached to a VM of this size is 8".
 */
function isAboutQuota(message: string): boolean {
  return /quota|exceed|maximum number of data disks/i.test(message);
}

/** "The access token … is not yet valid", "AADSTS700024: … is not within its valid time range". */
function isAboutTime(message: string): boolean {
  return /not yet valid|valid time range|AADSTS700024/i.test(message);
}

/**
 * "The Resource 'Microsoft.Compute/disks/x' under resource group 'y' was not found", "Resource
 * /subscriptions/…/networkSecurityGroups/x referenced by resource … was not found".
 */
function missing(message: string): { what: string; id: string } {
  const [, type, name] = /Resource '?(?:\S*\/)?([A-Za-z]+)\/([^\s'/]+)'? /.exec(message) ?? [];
  return { what: kinds[type ?? ""] ?? type ?? "resource", id: name ?? message };
}

const kinds: Readonly<Record<string, string>> = {
  disks: "volume",
  snapshots: "snapshot",
  virtualMachines: "instance",
  networkSecurityGroups: "security group",
  publicIPAddresses: "address",
  networkInterfaces: "network interface",
  virtualNetworks: "virtual network",
  subnets: "subnet",
};

/**
 * Azure does not boot from the disk as it is: "The selected VM size … cannot boot Hypervisor Generation '1'",
 * "Changing property 'osDisk.osType' is not allowed", "Security type of VM is not compatible with the
 * security type of attached OS Disk". Sources: azure-cli issues 21264 and 16321, azure-docs issue 11240,
 * azure-sdk-for-python issue 30479.
 */
export function refusesSystemDisk(error: unknown): boolean {
  const status = statusOf(error);
  return (
    (status === 400 || status === 409) && /os\s?disk|hypervisor generation/i.test(messageOf(error))
  );
}
