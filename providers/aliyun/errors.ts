/**
 * Alibaba Cloud's error codes as the `cloud.…` errors every platform has. Sources: ECS API reference
 * 2014-05-26, the error codes of each action; VPC API reference 2016-04-28; terraform-provider-alicloud,
 * the codes it tries again.
 */
import { MigrationError } from "#domain/errors.ts";
import { NoAnswer } from "../transport.ts";

const platform = "aliyun";

/** What Alibaba Cloud answered instead of doing it. */
export class AliyunRefusal extends Error {
  readonly status: number;
  readonly code: string;
  /** Alibaba Cloud's support asks for it. */
  readonly requestId: string | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    requestId: string | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "AliyunRefusal";
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

export function codeOf(error: unknown): string {
  return error instanceof AliyunRefusal ? error.code : "";
}

export function isNotFound(error: unknown): boolean {
  const code = codeOf(error);
  return /\.NotFound$/.test(code) && !accessKeyCodes.test(code);
}

/** What names no resource but the caller. */
const accessKeyCodes = /^InvalidAccessKeyId/;

interface Meaning {
  readonly codes: RegExp;
  readonly error: (
    about: { readonly code: string; readonly message: string; readonly action: string },
    cause: ErrorOptions,
  ) => MigrationError;
}

const problem = ({ code, message }: { code: string; message: string }) => `${code}: ${message}`;

const refused: Meaning["error"] = (about, cause) =>
  new MigrationError(
    "cloud.refused",
    { platform, what: about.action, problem: problem(about) },
    cause,
  );

/** The first that fits; from the particular to the general. */
const meanings: readonly Meaning[] = [
  {
    codes: /^(Throttling(\..+)?|ServiceUnavailable|SystemBusy|FlowControl.*)$/,
    error: (_, cause) => new MigrationError("cloud.throttled", { platform }, cause),
  },
  {
    // A request with the same token is still at work, or the thing is busy with the order before; the
    // last two while what was just deleted is still being let go.
    codes:
      /^(LastTokenProcessing|IdempotentProcessing|OperationConflict|InvalidOperation\.Conflict|TaskConflict|IncorrectStatus\.Eip|IncorrectEipStatus|IncorrectDiskStatus\.(Initializing|CreatingSnapshot|Transferring)|IncorrectInstanceStatus\.Initializing|DependencyViolation(\..+)?|InternalError|UnknownError|ServiceTimeout)$/,
    error: (about, cause) =>
      new MigrationError("cloud.transient", { platform, problem: problem(about) }, cause),
  },
  {
    codes: /^(InvalidTimeStamp\.(Expired|Format)|IllegalTimestamp|SignatureNonceUsed)$/,
    error: (about, cause) =>
      new MigrationError("cloud.clock-skew", { platform, problem: problem(about) }, cause),
  },
  {
    codes:
      /^(InvalidAccessKeyId(\..+)?|SignatureDoesNotMatch|IncompleteSignature|InvalidSecurityToken(\..+)?|MissingSecurityToken|Forbidden\.AccessKeyDisabled|AccessKeyDisabled)$/,
    error: (about, cause) =>
      new MigrationError("cloud.credentials", { platform, problem: problem(about) }, cause),
  },
  {
    codes:
      /^(Forbidden\.RAM|Forbidden\.SubUser|Forbidden\.Unauthorized|NoPermission|Forbidden|OperationDenied\.NoPermission)$/,
    // "User not authorized to operate on the specified resource, or this API doesn't support RAM."
    error: ({ action }, cause) =>
      new MigrationError("cloud.forbidden", { platform, action }, cause),
  },
  {
    // "The user is not in the white list of create image by data disk snapshot."
    codes: /^UserNotInTheWhiteList$/,
    error: (about, cause) =>
      new MigrationError(
        "cloud.refused",
        {
          platform,
          what: about.action,
          problem: `this account may not make images of data disks' snapshots; ask Alibaba Cloud's support to allow it (${problem(about)})`,
        },
        cause,
      ),
  },
  {
    // Money, a person's name that was never verified, a service that must be opened once.
    codes:
      /^(InvalidAccountStatus\..+|RealNameAuthenticationError|Forbidden\.RiskControl|Account\.Arrearage|DiskInArrears|InvalidPayMethod)$/,
    error: refused,
  },
  {
    codes:
      /^(OperationDenied\.NoStock|Zone\.NotOnSale|Zone\.NotOpen|InvalidInstanceType\.(NotSupported|PhasedOut|ValueNotSupported|ZoneNotSupported)|InvalidResourceType\.NotSupported|ResourceNotAvailable|InvalidVSwitchId\.IpNotEnough)$/,
    error: (about, cause) =>
      new MigrationError("cloud.capacity", { platform, what: problem(about) }, cause),
  },
  {
    codes:
      /^((Quota(Exceed|Exceeded)|LimitExceeded)(\..+)?|Instance(Disk|DiskNumber)LimitExceed(ed)?|InstanceDiskNumber\.LimitExceed|.+\.LimitExceed(ed)?)$/,
    error: (about, cause) =>
      new MigrationError("cloud.quota-exceeded", { platform, what: problem(about) }, cause),
  },
  {
    codes: /\.NotFound$/,
    error: ({ code, message }, cause) =>
      new MigrationError("cloud.not-found", { platform, what: kindOf(code), id: message }, cause),
  },
  {
    codes:
      /^(Incorrect(Disk|Instance|Image|Snapshot|Eip)Status(\..+)?|IncorrectDisk.*|DiskInUse.*|InvalidStatus\..+|InvalidInstanceStatus\..+|InvalidDiskStatus.*|InvalidSnapshotId\.NotReady|SnapshotCreated(Disk|Image)|InstanceLockedForSecurity|InvalidAssociation\..+|InvalidIPAddress\.AlreadyUsed)$/,
    error: (about, cause) =>
      new MigrationError(
        "cloud.wrong-state",
        { platform, what: about.action, id: "-", state: problem(about) },
        cause,
      ),
  },
  {
    codes:
      /^(Invalid|Missing|Unsupported|OperationDenied|Idempotent|Duplicate|.*ValueNotSupported)/,
    error: refused,
  },
];

/** `InvalidDiskId.NotFound` is about a disk, which we call a volume. */
function kindOf(code: string): string {
  const name = /^(?:Invalid|Forbidden\.)?(\w+?)(?:Ids?)?(?:\.)?NotFound$/.exec(code)?.[1] ?? code;
  return name === "Disk" ? "volume" : name.toLowerCase();
}

/** @param method of ours, such as `volumes.createVolume`; errors of ours pass unchanged */
export function inCloudTerms(error: unknown, method: string): MigrationError {
  if (error instanceof MigrationError) return error;
  const cause = { cause: error };
  if (error instanceof NoAnswer) {
    return new MigrationError("cloud.transient", { platform, problem: error.message }, cause);
  }
  if (!(error instanceof AliyunRefusal)) {
    const text = error instanceof Error ? error.message : String(error);
    return new MigrationError("cloud.unexpected", { platform, problem: text }, cause);
  }
  const { code, message, status } = error;
  const about = { code, message, action: method.replace(/^\w+\./, "") };
  const meaning = meanings.find(({ codes }) => codes.test(code));
  if (meaning !== undefined) return meaning.error(about, cause);
  if (status === 429) return new MigrationError("cloud.throttled", { platform }, cause);
  if (status >= 500) {
    return new MigrationError("cloud.transient", { platform, problem: problem(about) }, cause);
  }
  return new MigrationError("cloud.unexpected", { platform, problem: problem(about) }, cause);
}
