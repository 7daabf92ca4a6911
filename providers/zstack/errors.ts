/**
 * ZStack's refusals as the `cloud.…` errors every platform has. Sources: zstack 5.2.1, the enumerations SysErrors,
 * IdentityErrors, HostAllocatorError, PrimaryStorageErrors, BackupStorageErrors, L3Errors, VmErrors, VolumeErrors and
 * VolumeSnapshotErrors; RestServer.java for what is answered before an order is taken. Most refusals are
 * SYS.1006 or SYS.1007 and differ in their words alone: those of the interceptors named beside them.
 */
import { MigrationError } from "#domain/errors.ts";
import { NoAnswer } from "../transport.ts";

const platform = "zstack";

export interface ZstackErrorCode {
  readonly code?: string;
  readonly description?: string;
  readonly details?: string;
  readonly cause?: ZstackErrorCode | null;
}

/** An answer that is a refusal, or a job that failed. `error` is absent where only words were sent. */
export class ZstackRefusal extends Error {
  readonly status: number;
  readonly operation: string;
  readonly error: ZstackErrorCode | undefined;

  constructor(
    operation: string,
    status: number,
    said: { readonly error?: ZstackErrorCode | undefined; readonly words: string },
  ) {
    super(said.words);
    this.operation = operation;
    this.status = status;
    this.error = said.error;
  }

  /** Its codes, the outermost first: what failed, and why. */
  get codes(): string[] {
    return chainOf(this.error).flatMap(({ code }) => code ?? []);
  }
}

export function quotaExceeded(what: string): MigrationError {
  return new MigrationError("cloud.quota-exceeded", { platform, what });
}

function chainOf(error: ZstackErrorCode | null | undefined): ZstackErrorCode[] {
  return error == null ? [] : [error, ...chainOf(error.cause)];
}

/** All that it says, the reason behind the outermost words too. */
export function wordsOf(error: ZstackErrorCode): string {
  const words = chainOf(error).map(({ details, description }) => details ?? description ?? "");
  return [...new Set(words.filter((text) => text !== ""))].join(": ");
}

/** Whether the order was taken is unknown. */
export function isAmbiguous(error: unknown): boolean {
  if (error instanceof NoAnswer) return true;
  // 503 is a failed job's; it says why.
  return error instanceof ZstackRefusal && error.status >= 500 && error.error === undefined;
}

export function isSessionOver(error: unknown): boolean {
  return error instanceof ZstackRefusal && error.codes.includes("ID.1001");
}

/** Something has this uuid already. Source: the database's own words, in SYS.1000. */
export function isUuidTaken(error: unknown): boolean {
  return (
    error instanceof ZstackRefusal &&
    /duplicate entry|constraintviolation|duplicate resource/i.test(error.message)
  );
}

/** This ZStack has no such call. Source: RestServer.java, handle. */
export function isNotOffered(error: unknown): boolean {
  return (
    error instanceof ZstackRefusal && error.status === 404 && /no api mapping/.test(error.message)
  );
}

type Meaning =
  | "throttled"
  | "transient"
  | "quota"
  | "capacity"
  | "not-found"
  | "wrong-state"
  | "refused"
  | "forbidden"
  | "credentials";

const meanings: Readonly<Record<string, Meaning>> = {
  "ID.1000": "credentials",
  "ID.1001": "credentials",
  "ID.1002": "forbidden",
  "ID.1003": "quota",
  "ID.1005": "credentials",
  "ID.1006": "throttled",
  "ID.2001": "credentials",
  "ID.2002": "credentials",
  "SYS.1000": "transient",
  "SYS.1001": "transient",
  "SYS.1003": "not-found",
  "SYS.1009": "transient",
  "SYS.1010": "transient",
  "SYS.1011": "transient",
  "SYS.1012": "transient",
  "SYS.1013": "refused",
  "SYS.1014": "refused",
  "SYS.1015": "transient",
  "SYS.1016": "transient",
  "SYS.1017": "transient",
  "HOST_ALLOCATION.1000": "capacity",
  "HOST_ALLOCATION.1001": "capacity",
  "HOST.1004": "capacity",
  "HOST.1010": "transient",
  "PS.1000": "capacity",
  "PS.1003": "transient",
  "BS.1003": "capacity",
  "L3.1000": "capacity",
  "VM.1010": "wrong-state",
  "VOLUME.1000": "wrong-state",
  "VOLUME_SNAPSHOT.1000": "wrong-state",
};

/** Before the codes: what several of them are used for. */
const spoken: readonly (readonly [RegExp, Meaning])[] = [
  // VolumeBase, vmAttachVolumeValidator.
  [/quota exceed|only allows max \d+ data volumes/i, "quota"],
  [
    /no (enough|available) (capacity|host)|not enough capacity|qualified primary storage/i,
    "capacity",
  ],
];

/** After the codes. VolumeApiInterceptor, VmInstanceApiInterceptor, AbstractVmInstance. */
const states =
  /has been attached|attached volume|is not attached|not in (the )?(status|state)|in (status|state)|current (is|vm instance state)|doesn't allow to proceed|could not satisfy conditions|is not deleted yet/i;

function meaningOf(refusal: ZstackRefusal): Meaning | undefined {
  const heard = spoken.find(([words]) => words.test(refusal.message));
  if (heard !== undefined) return heard[1];
  // The reason stands innermost; around it is what failed by it.
  const known = refusal.codes.reverse().flatMap((code) => meanings[code] ?? []);
  const telling = known.find((meaning) => meaning !== "transient") ?? known[0];
  if (telling !== undefined) return telling;
  if (refusal.status >= 500 && refusal.error === undefined) return "transient";
  if (states.test(refusal.message)) return "wrong-state";
  const plain = refusal.codes.some((code) => code === "SYS.1006" || code === "SYS.1007");
  return plain || refusal.status === 400 || isNotOffered(refusal) ? "refused" : undefined;
}

/** @param action of ours, such as `volumes.createVolume`; ours pass unchanged */
export function inCloudTerms(error: unknown, action: string): MigrationError {
  if (error instanceof MigrationError) return error;
  const cause = { cause: error };
  const words = error instanceof Error ? error.message : String(error);
  if (error instanceof NoAnswer) {
    return new MigrationError("cloud.transient", { platform, problem: words }, cause);
  }
  if (!(error instanceof ZstackRefusal)) {
    return new MigrationError("cloud.unexpected", { platform, problem: words }, cause);
  }
  const [code] = error.codes;
  const problem = code === undefined ? words : `${code}: ${words}`;
  const what = action.replace(/^\w+\./, "");
  // Source: RestServer.java, checkTime.
  if (/requestTimeTooSkewed/.test(words)) {
    return new MigrationError("cloud.clock-skew", { platform, problem }, cause);
  }
  if (error.status === 401) {
    return new MigrationError("cloud.credentials", { platform, problem }, cause);
  }
  switch (meaningOf(error)) {
    case "throttled":
      return new MigrationError("cloud.throttled", { platform }, cause);
    case "transient":
      return new MigrationError("cloud.transient", { platform, problem }, cause);
    case "quota":
      return new MigrationError("cloud.quota-exceeded", { platform, what: problem }, cause);
    case "capacity":
      return new MigrationError("cloud.capacity", { platform, what: words }, cause);
    case "not-found": {
      const id = /[0-9a-f]{32}/.exec(words)?.[0] ?? words;
      return new MigrationError("cloud.not-found", { platform, what, id }, cause);
    }
    case "wrong-state": {
      const facts = { platform, what, id: "-", state: problem };
      return new MigrationError("cloud.wrong-state", facts, cause);
    }
    case "refused":
      return new MigrationError("cloud.refused", { platform, what, problem }, cause);
    case "forbidden":
      return new MigrationError("cloud.forbidden", { platform, action: error.operation }, cause);
    case "credentials":
      return new MigrationError("cloud.credentials", { platform, problem }, cause);
    case undefined:
      return new MigrationError("cloud.unexpected", { platform, problem }, cause);
  }
}
