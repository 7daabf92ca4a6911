/**
 * What the services' refusals mean, as the `cloud.…` errors every platform has. Each service has its own ways:
 *
 *   quota       Nova 403 "Quota exceeded"; Cinder 413, with Retry-After 0 (seen on Zed); Neutron 409 OverQuota;
 *               Glance 413 without Retry-After
 *   throttling  429, or 413 with a Retry-After above 0, by what stands before the services
 *   no room     Nova: the server is in ERROR, "No valid host was found"; Neutron 409 IpAddressGenerationFailure
 *
 * Sources: nova/exception.py, cinder/exception.py, neutron_lib/exceptions, each with its `code`; what a running Zed
 * answered.
 */
import { MigrationError } from "#domain/errors.ts";
import { OpenstackRefusal } from "./refusal.ts";

const platform = "openstack";

/** Without an answer: the way there failed. */
const onTheWay =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|TimeoutError|AbortError)$/;

/** Source: Node, "TLS errors"; OpenSSL, X509_STORE_CTX_get_error. */
const certificates =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|ERR_TLS_\w+)$/;

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function isNotFound(error: unknown): boolean {
  return error instanceof OpenstackRefusal && error.status === 404;
}

/** The same thing is there already. */
export function isDuplicate(error: unknown): boolean {
  return (
    error instanceof OpenstackRefusal &&
    error.status === 409 &&
    /RuleExists|already exists/i.test(`${error.code} ${error.message}`)
  );
}

/** It is busy, such as being made. Sources: cinder/volume/api.py, delete; nova and neutron by 409. */
export function isWrongState(error: unknown): boolean {
  if (!(error instanceof OpenstackRefusal)) return false;
  return error.status === 409 || (error.status === 400 && /status must be/i.test(error.message));
}

/** Nobody knows whether the call took effect: its answer was lost, or the cloud failed over it. */
export function isAmbiguous(error: unknown): boolean {
  if (error instanceof OpenstackRefusal) return error.status >= 500 || error.status < 300;
  return onTheWay.test(codeOf(error)) || /socket hang up|aborted|ETIMEDOUT/.test(messageOf(error));
}

/** @param action of ours, such as `volumes.createVolume`; ours pass unchanged */
export function inCloudTerms(error: unknown, action: string): MigrationError {
  if (error instanceof MigrationError) return error;
  const what = action.replace(/^\w+\./, "");
  const problem = messageOf(error);
  const cause = { cause: error };
  if (error instanceof OpenstackRefusal) return refused(error, what, cause);
  if (certificates.test(codeOf(error))) {
    const told = `${problem} (${codeOf(error)}): its certificate is signed by nobody known here; give the target its authority's as caCertificates`;
    return new MigrationError(
      "cloud.refused",
      { platform, what: "a connection", problem: told },
      cause,
    );
  }
  return isAmbiguous(error)
    ? new MigrationError("cloud.transient", { platform, problem }, cause)
    : new MigrationError("cloud.unexpected", { platform, problem }, cause);
}

interface Cause {
  readonly cause: unknown;
}

function refused(refusal: OpenstackRefusal, what: string, cause: Cause): MigrationError {
  const { status, code, message } = refusal;
  const problem = code === "" ? message : `${code}: ${message}`;
  if (status === 401) {
    return new MigrationError("cloud.credentials", { platform, problem: message }, cause);
  }
  if (status === 429) return new MigrationError("cloud.throttled", { platform }, cause);
  if (status === 501) {
    return new MigrationError("cloud.refused", { platform, what, problem }, cause);
  }
  if (status >= 500 || status < 300) {
    return new MigrationError("cloud.transient", { platform, problem }, cause);
  }
  const meaning = meanings.find(([statuses, words]) => {
    return statuses.includes(status) && words.test(problem);
  })?.[2];
  switch (meaning ?? byStatus[status]) {
    case "too-large":
      return (refusal.retryAfterSeconds ?? 0) > 0
        ? new MigrationError("cloud.throttled", { platform }, cause)
        : new MigrationError("cloud.quota-exceeded", { platform, what: problem }, cause);
    case "quota":
      return new MigrationError("cloud.quota-exceeded", { platform, what: problem }, cause);
    case "capacity":
      return new MigrationError("cloud.capacity", { platform, what: problem }, cause);
    case "transient":
      return new MigrationError("cloud.transient", { platform, problem }, cause);
    case "state": {
      const facts = { platform, what, id: idIn(message) ?? "-", state: problem };
      return new MigrationError("cloud.wrong-state", facts, cause);
    }
    case "absent": {
      const facts = { platform, what, id: idIn(message) ?? problem };
      return new MigrationError("cloud.not-found", facts, cause);
    }
    case "forbidden":
      return new MigrationError("cloud.forbidden", { platform, action: ruleIn(refusal) }, cause);
    case "refused":
      return new MigrationError("cloud.refused", { platform, what, problem }, cause);
    default:
      return new MigrationError("cloud.unexpected", { platform, problem }, cause);
  }
}

type Meaning =
  | "too-large"
  | "quota"
  | "capacity"
  | "transient"
  | "state"
  | "absent"
  | "forbidden"
  | "refused";

/** By what is said; the first that fits counts. */
const meanings: readonly (readonly [readonly number[], RegExp, Meaning])[] = [
  [[413], /quota|LimitExceeded|exceed|maximum/i, "quota"],
  [[403], /quota|TooManyDiskDevices|maximum (number|allowed)|exceed/i, "quota"],
  // Nova, by its policy for flavors: not what this user may, but what nobody may.
  [[403], /zero disk|volume-backed servers are allowed/i, "refused"],
  [[409], /OverQuota|quota exceeded/i, "quota"],
  [[409], /AddressGenerationFailure|no more ip addresses/i, "capacity"],
  [[409], /Address(AlreadyAllocated|InUse)|already in use|ip address .* already/i, "refused"],
  [[409], /Multiple possible networks|more than one/i, "refused"],
  // A deleted server's port still holds its group.
  [[409], /SecurityGroup(In)?Use|in use\.?$/i, "transient"],
  [[409], /task_state|vm_state building|concurrent|please retry/i, "transient"],
  [[400], /could not be found|not found|can(not| ?not) find|invalid flavorRef/i, "absent"],
  [[400], /status must be|already attached|not attached|must not|root device|in-use/i, "state"],
];

const byStatus: Readonly<Record<number, Meaning>> = {
  400: "refused",
  403: "forbidden",
  404: "absent",
  406: "refused",
  409: "state",
  413: "too-large",
};

function idIn(message: string): string | undefined {
  return /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(message)?.[0];
}

/**
 * "Policy doesn't allow os_compute_api:servers:create to be performed."         Nova, Cinder
 * "rule:create_port is disallowed by policy"                                     Neutron
 */
function ruleIn({ message, operation }: OpenstackRefusal): string {
  return (
    /allow <?([\w:-]+)>? to be performed/.exec(message)?.[1] ??
    /rule:([\w:-]+)/.exec(message)?.[1] ??
    operation
  );
}

/** What a server in ERROR says of itself. Source: nova/exception.py, NoValidHost and its kin. */
export function faultOf(id: string, message: string): MigrationError {
  if (/no valid host|insufficient|not enough|no available/i.test(message)) {
    return new MigrationError("cloud.capacity", {
      platform,
      what: `room for a server: ${message}`,
    });
  }
  if (/quota|exceeded/i.test(message)) {
    return new MigrationError("cloud.quota-exceeded", { platform, what: message });
  }
  const facts = { platform, what: "server", id, state: message };
  return new MigrationError("cloud.wrong-state", facts);
}
