/**
 * What steps and routes need of the world around them. The SaaS edition and the standalone edition
 * each make one of these at start; tests make their own.
 */

import type { Logger } from "pino";
import type { SignIn } from "#api/auth.ts";
import type { Edition } from "#domain/gateway-defaults.ts";
import type { Event, Gateway, RunKind, Target } from "#domain/records.ts";
import type { Provider } from "#providers/provider.ts";
import type { Store } from "#store/store.ts";
import type { GatewayClient } from "./gateway-client.ts";

/** Credentials and tokens: Secrets Manager, or one encrypted file each. Never in records or logs. */
export interface Secrets {
  /** @throws `record.not-found` */
  get(name: string): Promise<string>;
  put(name: string, value: string): Promise<void>;
  delete(name: string): Promise<void>;
}

/** The state machines, through the Step Functions API. */
export interface Machines {
  /** May be repeated with the same name and input while it runs. */
  start(kind: RunKind, name: string, input: Record<string, unknown>): Promise<void>;
  /** `undefined` when there is no such execution. */
  status(kind: RunKind, name: string): Promise<"running" | "ended" | undefined>;
  stop(kind: RunKind, name: string, cause: string): Promise<void>;
  /** State names entered so far, with their times, oldest first. */
  history(kind: RunKind, name: string): Promise<HistoryEntry[]>;
  succeed(taskToken: string, output: Record<string, unknown>): Promise<void>;
  fail(taskToken: string, error: string, cause: string): Promise<void>;
  heartbeat(taskToken: string): Promise<void>;
}

export interface HistoryEntry {
  readonly at: string;
  /** AWS's event type, such as TaskStateEntered. */
  readonly type: string;
  readonly state?: string;
  readonly detail?: string;
}

/** What is asked of a provider for people, and not for a run, is in the ledger and the log under this. */
export const noRun = "people";

export interface Deps {
  readonly store: Store;
  readonly secrets: Secrets;
  readonly machines: Machines;
  /** The provider of a target, wrapped with retries, limits and the ledger of this run. */
  providerFor(target: Target, runId: string): Promise<Provider>;
  gatewayClient(gateway: Gateway): Promise<GatewayClient>;
  readonly console: {
    /** Tagged on everything made at targets. */
    readonly id: string;
    readonly edition: Edition;
    /** Where agents and gateways reach us. */
    readonly url: string;
    /** Of the certificate there, unless a public authority signed it. */
    readonly fingerprint?: string;
    /** Key from which callback tokens are made; the same after a restart. */
    readonly callbackKey: Uint8Array;
  };
  /** Where a bare machine gets the program of gateway and agent; its digest makes the way there unimportant. */
  software(): Promise<{ url: string; sha256: string }>;
  /** Puts an event on the deployment's bus and counts it, where there is one. May be repeated. */
  publish?(event: Event): Promise<void>;
  /** A list of servers that an operator has put into the deployment's bucket. @throws `record.not-found` */
  waveList?(key: string): Promise<string>;
  /**
   * Where people sign in, when not here: then the API's front door has checked who calls, and there are
   * no users and sessions of our own.
   */
  readonly signIn?: SignIn;
  /** How long a step looks, for a cloud, before it hands the wait back to its state machine. */
  readonly stepPatienceMs: number;
  readonly log: Logger;
  now(): Date;
  random(size: number): Uint8Array;
  sleep(ms: number): Promise<void>;
}

let hosted: Deps | undefined;

/** Called once by whoever hosts the handlers, before the first event. */
export function hostWith(deps: Deps): void {
  hosted = deps;
}

export function hostedDeps(): Deps {
  if (hosted === undefined) throw new Error("No host has called hostWith() yet");
  return hosted;
}
