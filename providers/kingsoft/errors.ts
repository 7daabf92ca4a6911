/**
 * Kingsoft Cloud's error codes as the `cloud.…` errors every platform has. Sources: KEC API, the error codes
 * of RunInstances, StartInstances and TerminateInstances (docs.ksyun.com/documents/1528, 1529, 1534); EBS API,
 * "Response" (endocs.ksyun.com/documents/37593); terraform-provider-ksyun, errors.go. Codes of spent quotas and
 * of too many requests are printed nowhere: they are told by their words.
 */
import { MigrationError } from "#domain/errors.ts";
import { NoAnswer } from "../transport.ts";

const platform = "kingsoft";

/** What Kingsoft Cloud answered instead of doing it. */
export class KingsoftRefusal extends Error {
  /** As permissions name it, such as `ebs:CreateVolume`. */
  readonly action: string;
  readonly status: number;
  readonly code: string;
  /** Kingsoft Cloud's support asks for it. */
  readonly requestId: string | undefined;

  constructor(
    action: string,
    status: number,
    code: string,
    message: string,
    requestId: string | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "KingsoftRefusal";
    this.action = action;
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

/** It may have been done all the same. */
export function isAmbiguous(error: unknown): boolean {
  return error instanceof NoAnswer || (error instanceof KingsoftRefusal && isOwnFault(error));
}

export function isNotFound(error: unknown): boolean {
  return error instanceof KingsoftRefusal && meaningOf(error)?.means === "not-found";
}

const isOwnFault = (refusal: KingsoftRefusal) =>
  refusal.status >= 500 || meaningOf(refusal)?.means === "transient";

interface About {
  readonly code: string;
  readonly message: string;
  /** Ours, such as `createVolume`. */
  readonly what: string;
  /** The platform's. */
  readonly action: string;
}

type Means =
  | "throttled"
  | "transient"
  | "clock-skew"
  | "credentials"
  | "forbidden"
  | "payment"
  | "capacity"
  | "quota-exceeded"
  | "not-found"
  | "wrong-state"
  | "refused";

interface Meaning {
  readonly means: Means;
  readonly codes: RegExp;
  /** Where one code stands for several things. */
  readonly message?: RegExp;
}

/** The first that fits; from the particular to the general. */
const meanings: readonly Meaning[] = [
  {
    means: "throttled",
    codes: /^(Throttling(\..+)?|Request(Limit|Rate)Exceeded|TooManyRequests|FlowControl.*)$/i,
  },
  // An instance whose order is still being booked can't take a disk. Source: terraform-provider-ksyun,
  // service_ksyun_volume.go, tried again.
  {
    means: "transient",
    codes:
      /^(ServiceTimeout|ServiceUnavailable|INTERNAL_?FAILURE|InternalError|InternalServerError|OperationFailedWithTradeInstanceError)$/i,
  },
  {
    means: "clock-skew",
    codes: /^(RequestExpired|RequestTimeTooSkewed|SignatureExpired|Invalid(Time|Date)\w*)$/i,
  },
  { means: "clock-skew", codes: /^SignatureDoesNotMatch$/, message: /expired|not yet current/i },
  {
    means: "credentials",
    codes:
      /^(MissingAuthenticationToken|SignatureDoesNotMatch|IncompleteSignature|InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKey\w*|InvalidSignature|AccessKey\w*(NotFound|Inactive|Disabled))$/i,
  },
  {
    means: "forbidden",
    codes:
      /^(AccessDenied\w*|Unauthorized\w*|UnAuthorized\w*|Forbidden|NoPermission|NotAuthorized\w*)$/,
  },
  {
    means: "payment",
    codes: /(Balance|Arrears|Overdue|NotEnoughMoney|PayFail)/i,
  },
  {
    means: "payment",
    codes: /^(\w*Trade\w*|Return|InvalidParameter\w*)$/,
    message: /余额不足|欠费|insufficient balance/i,
  },
  { means: "capacity", codes: /(Sell|Sold)Out|NoStock|InsufficientCapacity|ResourceInsufficient/i },
  { means: "capacity", codes: /^(Return|\w*)$/, message: /售罄|sell out|sold out/i },
  // Of one request, not of the account: "it attempted to handle instance resources beyond limits (100)".
  { means: "refused", codes: /^InstanceIdLimitExceeded$/ },
  {
    means: "quota-exceeded",
    codes: /Quota|LimitExceed|ExceedLimit|Exceed\w*Limit|BeyondLimit|TooMany/i,
  },
  { means: "quota-exceeded", codes: /^\w*$/, message: /quota|配额/i },
  {
    means: "not-found",
    codes: /NotFound|not_found|NotExist|DoesNotExist|^InstanceIdInvalid$/i,
  },
  {
    means: "wrong-state",
    codes:
      /(State|Status)\w*(NotSupport|Invalid|Error|NotAllow)|InUse|invalid_action|Incorrect\w*(State|Status)|HasAssociat|Attached|Mounted/i,
  },
  { means: "wrong-state", codes: /^\w*$/, message: /\bin use\b|inuse|invalid_action/i },
  {
    means: "refused",
    codes:
      /Invalid|Missing|Required|Unsupport|NotSupport|NotAllow|Duplicate|Exist|Illegal|^Return$/i,
  },
];

function meaningOf({ code, message, status }: KingsoftRefusal): Meaning | undefined {
  if (status === 404 && !/Action/i.test(code)) return { means: "not-found", codes: /^/ };
  if (status === 429) return { means: "throttled", codes: /^/ };
  return meanings.find(
    (meaning) => meaning.codes.test(code) && (meaning.message?.test(message) ?? true),
  );
}

/** `VolumeNotFound` is about a volume. */
function kindOf(code: string): string {
  const name = /^(?:Invalid)?([A-Z][a-zA-Z]*?)(?:Ids?)?\.?(?:Not_?Found|NotExist|Invalid)/.exec(
    code,
  );
  return name?.[1]?.toLowerCase() ?? "thing";
}

function errorOf(means: Means, about: About, cause: ErrorOptions): MigrationError {
  const { code, message, what, action } = about;
  const problem = code === "" || code === "Return" ? message : `${code}: ${message}`;
  switch (means) {
    case "throttled":
      return new MigrationError("cloud.throttled", { platform }, cause);
    case "transient":
      return new MigrationError("cloud.transient", { platform, problem }, cause);
    case "clock-skew":
      return new MigrationError("cloud.clock-skew", { platform, problem }, cause);
    case "credentials":
      return new MigrationError("cloud.credentials", { platform, problem }, cause);
    case "forbidden":
      return new MigrationError("cloud.forbidden", { platform, action }, cause);
    case "payment":
      return new MigrationError("cloud.payment", { platform, problem }, cause);
    case "capacity":
      return new MigrationError("cloud.capacity", { platform, what: problem }, cause);
    case "quota-exceeded":
      return new MigrationError("cloud.quota-exceeded", { platform, what: problem }, cause);
    case "not-found":
      return new MigrationError(
        "cloud.not-found",
        { platform, what: kindOf(code), id: message },
        cause,
      );
    case "wrong-state":
      return new MigrationError(
        "cloud.wrong-state",
        { platform, what, id: "-", state: problem },
        cause,
      );
    case "refused":
      return new MigrationError("cloud.refused", { platform, what, problem }, cause);
  }
}

/** @param method of ours, such as `volumes.createVolume`; errors of ours pass unchanged */
export function inCloudTerms(error: unknown, method: string): MigrationError {
  if (error instanceof MigrationError) return error;
  const cause = { cause: error };
  if (error instanceof NoAnswer) {
    return new MigrationError("cloud.transient", { platform, problem: error.message }, cause);
  }
  if (!(error instanceof KingsoftRefusal)) {
    const text = error instanceof Error ? error.message : String(error);
    return new MigrationError("cloud.unexpected", { platform, problem: text }, cause);
  }
  const { code, message, status, action } = error;
  const about = { code, message, action, what: method.replace(/^\w+\./, "") };
  const meaning = meaningOf(error);
  if (meaning !== undefined) return errorOf(meaning.means, about, cause);
  if (status >= 500) return errorOf("transient", about, cause);
  const problem = `${code}: ${message}`;
  return new MigrationError("cloud.unexpected", { platform, problem }, cause);
}
