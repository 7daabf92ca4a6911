/**
 * CTyun's error codes as the `cloud.…` errors every platform has. Sources: terraform-provider-ctyun,
 * internal/common/error_code.go, which is the vendor's own but short; what the gateway before the products was
 * seen to answer (CTAPI_10002, CTAPI_10009). Most codes are in no list that is open, so the words count too, in
 * both languages, and codes are of three parts whose last tells the kind.
 */
import { MigrationError } from "#domain/errors.ts";
import { CtyunRefusal } from "./client.ts";

const platform = "ctyun";

/** Without an answer of CTyun's: the way there failed. */
const onTheWay =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|TimeoutError|AbortError)$/;

/** A damaged disk is treated as gone by the vendor's own provider. */
const absent = /\.(NotFound|NotExists?|resourceNotExists)$|^ebs\.ebsInfo\.dataDamaged$/i;

function codeOf(error: unknown): string {
  if (error instanceof CtyunRefusal) return error.code;
  if (!(error instanceof Error)) return "";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

export function isNotFound(error: unknown): boolean {
  return error instanceof CtyunRefusal && absent.test(error.code);
}

/** The order was taken and is not carried out yet. @returns its id, where the answer names it */
export function orderInProgress(error: unknown): { orderId: string | undefined } | undefined {
  if (!(error instanceof CtyunRefusal) || !/\.order\.inprogress$/i.test(error.code)) {
    return undefined;
  }
  const { masterOrderID, resources } = Object(error.returned);
  const orderId = masterOrderID ?? Object(Object(resources)[0]).orderID;
  return { orderId: typeof orderId === "string" && orderId !== "" ? orderId : undefined };
}

/** Nobody knows whether the call took effect: its answer was lost, or the cloud failed over it. */
export function isAmbiguous(error: unknown): boolean {
  if (error instanceof CtyunRefusal) {
    return error.status >= 500 || (error.status < 300 && error.code === "");
  }
  return onTheWay.test(codeOf(error)) || /socket hang up|aborted|ETIMEDOUT/.test(messageOf(error));
}

/** @param action of ours, such as `volumes.createVolume`; ours pass unchanged */
export function inCloudTerms(error: unknown, action: string): MigrationError {
  if (error instanceof MigrationError) return error;
  const cause = { cause: error };
  const problem = messageOf(error);
  if (!(error instanceof CtyunRefusal)) {
    const code = isAmbiguous(error) ? "cloud.transient" : "cloud.unexpected";
    return new MigrationError(code, { platform, problem }, cause);
  }
  return refused(error, action.replace(/^\w+\./, ""), cause);
}

/** Codes and words, the first that fits; what only words tell is a guess, and the words are shown. */
const meanings: readonly {
  readonly code?: RegExp;
  readonly words?: RegExp;
  readonly status?: readonly number[];
  readonly means:
    | "throttled"
    | "clock-skew"
    | "credentials"
    | "forbidden"
    | "payment"
    | "quota-exceeded"
    | "capacity"
    | "transient"
    | "wrong-state";
}[] = [
  { means: "throttled", status: [429], words: /too many requests|throttl|rate limit|限流|频繁/i },
  { means: "clock-skew", words: /eop-?date|time ?stamp|clock|request.*expired|时间戳|请求.*过期/i },
  { means: "credentials", status: [401], code: /^CTAPI_100(02|09)$/ },
  { means: "forbidden", status: [403], code: /^CTIAM_(0005|1044)$|AccessDenied|NoPermission/i },
  { means: "payment", words: /arrears|balance|unpaid|欠费|余额|实名|未支付/i },
  {
    means: "quota-exceeded",
    code: /quota/i,
    words: /quota|exceeds? the (upper )?limit|配额|超[出过].*(限|数量)/i,
  },
  {
    means: "capacity",
    code: /soldout/i,
    words: /sold ?out|insufficient (capacity|resource)|售罄|资源不足/i,
  },
  // A security group is held by a server that is being deleted.
  { means: "transient", words: /in use|being used|正在使用|被使用|关联/i },
  { means: "wrong-state", code: /\.Status\w+$|StatusError/i, words: /status|状态/i },
];

function meaningOf({ code, status, message }: CtyunRefusal): string {
  if (absent.test(code)) return "not-found";
  for (const one of meanings) {
    if (one.status?.includes(status) || one.code?.test(code) || one.words?.test(message)) {
      return one.means;
    }
  }
  if (status >= 500 || (status < 300 && code === "")) return "transient";
  // Three parts, as products name their refusals: what is none of the above is about what was asked.
  return /^\w+\.\w+\.\w+$/.test(code) ? "refused" : "unexpected";
}

function refused(error: CtyunRefusal, what: string, cause: { cause: unknown }): MigrationError {
  const problem = error.code === "" ? error.message : `${error.code}: ${error.message}`;
  const meaning = meaningOf(error);
  switch (meaning) {
    case "throttled":
      return new MigrationError("cloud.throttled", { platform }, cause);
    case "forbidden": {
      const action = `${error.operation}: ${problem}`;
      return new MigrationError("cloud.forbidden", { platform, action }, cause);
    }
    case "not-found":
      return new MigrationError("cloud.not-found", { platform, what, id: error.message }, cause);
    case "quota-exceeded":
      return new MigrationError("cloud.quota-exceeded", { platform, what: problem }, cause);
    case "capacity":
      return new MigrationError("cloud.capacity", { platform, what: problem }, cause);
    case "wrong-state": {
      const facts = { platform, what, id: "-", state: problem };
      return new MigrationError("cloud.wrong-state", facts, cause);
    }
    case "refused":
      return new MigrationError("cloud.refused", { platform, what, problem }, cause);
    case "clock-skew":
    case "credentials":
    case "payment":
    case "transient":
      return new MigrationError(`cloud.${meaning}`, { platform, problem }, cause);
    default:
      return new MigrationError("cloud.unexpected", { platform, problem }, cause);
  }
}
