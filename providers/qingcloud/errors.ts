/**
 * QingCloud's `ret_code`s as the `cloud.…` errors every platform has. 1400 and 2500 mean several things,
 * which only their words tell apart. Sources: QingCloud API, "Error codes"; yunify/qingcloud-csi,
 * `pkg/cloud/errors_test.go`, and yunify/qingcloud-sdk-go for words that were seen.
 */
import { MigrationError } from "#domain/errors.ts";
import { NoAnswer } from "../transport.ts";

const platform = "qingcloud";

/** What QingCloud answered instead of doing it; without a code where the answer was not its own. */
export class QingcloudRefusal extends Error {
  readonly action: string;
  readonly status: number;
  readonly code: number | undefined;

  constructor(
    action: string,
    status: number,
    code: number | undefined,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "QingcloudRefusal";
    this.action = action;
    this.status = status;
    this.code = code;
  }
}

export const isNotFound = (error: unknown): boolean =>
  error instanceof QingcloudRefusal && error.code === 2100;

/** It may have taken effect all the same. */
export function isAmbiguous(error: unknown): boolean {
  if (error instanceof NoAnswer) return true;
  if (!(error instanceof QingcloudRefusal)) return false;
  return error.code === 5000 || error.code === 5100 || error.status >= 500;
}

/** "lease info not ready yet, please try later", "is [creating], please try later". */
const laterWords = /try (again )?later|lease info not ready|is \[?(creat|updat|attach|detach)ing/i;

/** It says so itself, of what it is still busy with. */
export const asksToTryLater = (error: unknown): boolean =>
  error instanceof QingcloudRefusal && error.code === 1400 && laterWords.test(error.message);

interface About {
  readonly code: number;
  readonly message: string;
  readonly action: string;
}

type Meaning = (about: About, cause: ErrorOptions) => MigrationError;

const problem = ({ code, message }: About) => `${code}: ${message}`;

const refused: Meaning = (about, cause) =>
  new MigrationError(
    "cloud.refused",
    { platform, what: about.action, problem: problem(about) },
    cause,
  );

const transient: Meaning = (about, cause) =>
  new MigrationError("cloud.transient", { platform, problem: problem(about) }, cause);

const wrongState: Meaning = (about, cause) =>
  new MigrationError(
    "cloud.wrong-state",
    { platform, what: about.action, id: idIn(about.message), state: problem(about) },
    cause,
  );

/** "or the resource is in a state that allows no change": words about a state, not about a right. */
const stateWords =
  /status|state|in[- ]use|not available|already|attached|associated|running|stopped|busy|locked/i;

const meanings: Readonly<Record<number, Meaning>> = {
  1100: refused,
  1101: refused,
  1200: (about, cause) =>
    new MigrationError("cloud.credentials", { platform, problem: problem(about) }, cause),
  1300: (about, cause) =>
    new MigrationError("cloud.clock-skew", { platform, problem: problem(about) }, cause),
  1400: (about, cause) => {
    if (laterWords.test(about.message)) return transient(about, cause);
    if (stateWords.test(about.message)) return wrongState(about, cause);
    const action = `${about.action} (${problem(about)})`;
    return new MigrationError("cloud.forbidden", { platform, action }, cause);
  },
  2100: (about, cause) =>
    new MigrationError(
      "cloud.not-found",
      { platform, what: kindIn(about.message), id: idIn(about.message) },
      cause,
    ),
  2110: refused,
  2400: (about, cause) =>
    new MigrationError("cloud.payment", { platform, problem: problem(about) }, cause),
  2500: (about, cause) =>
    /request|api|access|frequen|too many/i.test(about.message)
      ? new MigrationError("cloud.throttled", { platform }, cause)
      : new MigrationError("cloud.quota-exceeded", { platform, what: problem(about) }, cause),
  5000: transient,
  5100: transient,
  5200: (about, cause) =>
    new MigrationError("cloud.capacity", { platform, what: problem(about) }, cause),
  5300: transient,
  /** Something depends on it that goes first. */
  5400: wrongState,
  5600: refused,
};

const idPattern = /\b(vol|ss|img|eip|sg|vxnet|kp|rtr|j|i)-[a-z0-9]{6,}\b/;
const idIn = (message: string): string => idPattern.exec(message)?.[0] ?? "-";

const kinds: Readonly<Record<string, string>> = {
  ...{ vol: "volume", ss: "snapshot", img: "image", eip: "address", sg: "security group" },
  ...{ vxnet: "network", kp: "key pair", i: "instance" },
};
const kindIn = (message: string): string =>
  kinds[idPattern.exec(message)?.[1] ?? ""] ?? "what was asked for";

/** @param method of ours, such as `volumes.createVolume`; errors of ours pass unchanged */
export function inCloudTerms(error: unknown, method: string): MigrationError {
  if (error instanceof MigrationError) return error;
  const cause = { cause: error };
  if (error instanceof NoAnswer) {
    return new MigrationError("cloud.transient", { platform, problem: error.message }, cause);
  }
  if (!(error instanceof QingcloudRefusal)) {
    const words = error instanceof Error ? error.message : String(error);
    return new MigrationError(
      "cloud.unexpected",
      { platform, problem: `${method}: ${words}` },
      cause,
    );
  }
  const { action, code, message, status } = error;
  const about = { action, code: code ?? status, message };
  const meaning = meanings[code ?? 0];
  if (meaning !== undefined) return meaning(about, cause);
  if (status === 429) return new MigrationError("cloud.throttled", { platform }, cause);
  if (status >= 500) return transient(about, cause);
  // Licences and settings of a private QingCloud: 4000 to 4005, 8000 to 8004.
  if ([4, 8].includes(Math.floor(about.code / 1000)) && code !== undefined) {
    return refused(about, cause);
  }
  return new MigrationError("cloud.unexpected", { platform, problem: problem(about) }, cause);
}
