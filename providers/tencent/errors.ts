/**
 * Tencent's error codes as the `cloud.…` errors every platform has. A refusal arrives with HTTP status
 * 200, so only the code tells. Sources: "Error Codes" of CVM, CBS and VPC, and the lists per action in
 * tencentcloud-sdk-go (errors.go and client.go of cvm, cbs and vpc v20170312).
 */
import { MigrationError } from "#domain/errors.ts";

const platform = "tencent";

type Kind =
  | "throttled"
  | "passing"
  | "forbidden"
  | "skew"
  | "credentials"
  | "payment"
  | "capacity"
  | "quota"
  | "state"
  | "not found"
  | "refused";

/** The first that fits. A code's second part narrows its first, so exceptions stand before the rule. */
const meanings: readonly (readonly [Kind, RegExp])[] = [
  ["throttled", /^RequestLimitExceeded|^LimitExceeded\.ActionLimited$/],

  ["skew", /^AuthFailure\.SignatureExpire$/],
  ["forbidden", /^AuthFailure\.UnauthorizedOperation$/],
  ["credentials", /^AuthFailure|^UnauthorizedOperation\.InvalidToken$/],
  // The account is not verified, or its second factor is asked for: no policy helps.
  ["refused", /^UnauthorizedOperation\.(NotCertification|NoRealNameAuthentication|MFA\w+)$/],
  ["forbidden", /^UnauthorizedOperation/],

  ["payment", /Insufficient(Balance|Funds)|BalanceInsufficient|UnpaidOrder|InArrears?$/],

  ["passing", /^Internal(Server)?Error/],
  ["passing", /^(ServiceUnavailable|ResourceBusy|TradeDealConflict|SecGroupActionFailure)/],
  ["passing", /MutexOperation|MutexTaskRunning|OperationInProgress|IdempotentProcessing/],
  [
    "passing",
    /^InvalidDisk\.(Busy|SnapshotCreating)$|^ResourceInUse\.Disk(Rollbacking|Migrating)$/,
  ],
  [
    "passing",
    /^ResourceUnavailable\.TooManyCreatingSnapshot$|^FailedOperation\.SecurityGroupAction/,
  ],
  // "Busy, please try again later", unlike InvalidImageId.IncorrectState.
  ["passing", /\.InvalidImageState$/],

  ["quota", /^ResourceInsufficient\.(OverQuota|\w+Quota)$/],
  ["capacity", /^Resource(sSoldOut|Insufficient)\b|^ResourceUnavailable\.InstanceType$|SoldOut/],
  ["capacity", /^ResourceNotFound\.(InvalidZoneInstanceType|NoDefaultCbs\w*)$/],
  ["capacity", /NoAvailableIpAddressCountInSubnet$|^LimitExceeded\.VpcSubnetNum$/],
  // Too many values in one request: ours, not the account's.
  ["refused", /^Invalid\w*\.LimitExceeded$|^LimitExceeded\.NumberOfFilters$/],
  ["quota", /^LimitExceeded|LimitExceeded(\.|$)|OverQuota|OutOfQuota|^Insufficient\w*Quota$/],

  [
    "state",
    /^InvalidInstanceState|^UnsupportedOperation\.(InvalidInstanceState|InstanceState\w*)$/,
  ],
  ["state", /^UnsupportedOperation\.(StateError|InvalidState|InstanceNotStopped)$/],
  ["state", /^UnsupportedOperation\.(SnapshotHasBindedImage|Address(Ip)?StatusNotPermit)$/],
  ["state", /^InvalidDisk\.(Attached|NotSupported)$|\.(Disk)?Attached$|^ResourceInUse/],
  ["state", /^ResourceUnavailable\.SnapshotCreating$|^InvalidImageId\.(IncorrectState|InShared)$/],
  [
    "state",
    /^InvalidAddress(State|IdStatus\.NotPermit|Id\.Blocked)$|^InvalidInstanceId\.AlreadyBindEip$/,
  ],
  ["state", /^UnsupportedOperation\.InvalidAddressState$/],

  // Types, families and zones are a matter of the request, and so is a snapshot of the wrong kind.
  ["refused", /(InstanceType|SystemSnapshot|Zone|Region)\w*Not(Found|Exist(ed)?)$/],
  ["not found", /Not(Found|Exist(ed)?)$|^ResourceNotFound/],

  ["refused", /^(Invalid|Missing|Unknown|Unsupported|Failed|OperationDenied|ResourceUnavailable)/],
  ["refused", /^(ZoneNotMatch|AccountQualification|EniNotAllowed|RegionAbility|NoSuchVersion)/],
];

/** What passes by itself once what uses a thing has been let go, for deletions that come too early. */
const tooEarly: Readonly<Record<string, RegExp>> = {
  "network.deleteSecurityGroup": /^ResourceInUse/,
  "network.releaseAddress": /^InvalidAddress(State|IdStatus)|StatusNotPermit$/,
  "images.deleteImage": /^InvalidImageId\.IncorrectState$/,
  "compute.deleteInstance": /InstanceState(Pending|Starting|Stopping|Rebooting)$/,
};

/** Tencent's own code; empty where nothing of Tencent's own answered. */
export function codeOf(error: unknown): string {
  const code: unknown = Object(error).code;
  return typeof code === "string" ? code : "";
}

function kindOf(code: string): Kind | undefined {
  return meanings.find(([, pattern]) => pattern.test(code))?.[0];
}

/** It is not there, or was given back already. */
export function isGone(error: unknown): boolean {
  const code = codeOf(error);
  return (
    kindOf(code) === "not found" || /\.RepeatRefund$|\.InstanceStateTerminat(ed|ing)$/.test(code)
  );
}

/** The SDK's own errors, and those of the fetch below it. */
function failedOnTheWay(error: unknown): boolean {
  if (!(error instanceof Error) || codeOf(error) !== "") return false;
  // An answer that is no JSON is a FetchError too, and one without a `Response` a TypeError.
  return "traceId" in error || error.name === "FetchError" || error instanceof TypeError;
}

/** Nobody knows whether the call took effect: its answer was lost, or Tencent failed over it. */
export function isAmbiguous(error: unknown): boolean {
  return failedOnTheWay(error) || /^Internal(Server)?Error/.test(codeOf(error));
}

/** @param action of ours, such as `volumes.createVolume`; ours pass unchanged */
export function inCloudTerms(error: unknown, action: string): MigrationError {
  if (error instanceof MigrationError) return error;
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const cause = { cause: error };
  const what = action.replace(/^\w+\./, "");
  const problem = code === "" ? message : `${code}: ${message}`;
  if (failedOnTheWay(error) || tooEarly[action]?.test(code)) {
    return new MigrationError("cloud.transient", { platform, problem }, cause);
  }
  switch (kindOf(code)) {
    case "throttled":
      return new MigrationError("cloud.throttled", { platform }, cause);
    case "passing":
      return new MigrationError("cloud.transient", { platform, problem }, cause);
    case "forbidden": {
      // "you are not authorized to perform operation (cvm:RunInstances) resource (…) has no permission"
      const needed = /\(([a-z]+:\w+)\)/.exec(message)?.[1];
      const paying = /Payment/.test(code) ? "finance:trade" : undefined;
      return new MigrationError(
        "cloud.forbidden",
        { platform, action: needed ?? paying ?? what },
        cause,
      );
    }
    case "skew":
      return new MigrationError("cloud.clock-skew", { platform, problem: message }, cause);
    case "credentials":
      return new MigrationError("cloud.credentials", { platform, problem: message }, cause);
    case "payment":
      return new MigrationError("cloud.payment", { platform, problem: message }, cause);
    case "capacity":
      return new MigrationError("cloud.capacity", { platform, what: message }, cause);
    case "quota":
      return new MigrationError("cloud.quota-exceeded", { platform, what: problem }, cause);
    case "state":
      return new MigrationError(
        "cloud.wrong-state",
        { platform, what, id: idIn(message) ?? "-", state: problem },
        cause,
      );
    case "not found":
      return new MigrationError(
        "cloud.not-found",
        { platform, what: thingIn(code), id: idIn(message) ?? message },
        cause,
      );
    case "refused":
      return new MigrationError("cloud.refused", { platform, what, problem }, cause);
    case undefined:
      return new MigrationError("cloud.unexpected", { platform, problem }, cause);
  }
}

function idIn(message: string): string | undefined {
  return /\b(ins|disk|snap|img|sg|eip|subnet|vpc|skey)-[a-z0-9]+\b/.exec(message)?.[0];
}

/** `InvalidInstanceId.NotFound` is about an instance. */
function thingIn(code: string): string {
  return (/^Invalid(\w+?)I[dD]\./.exec(code)?.[1] ?? "resource").toLowerCase();
}
