/** One resource group of one subscription, as the rest of this folder sees it. */
import { MigrationError } from "#domain/errors.ts";
import type { AzureClients } from "./client.ts";
import type { AzureConfig, AzureSecrets } from "./config.ts";
import { isNotFound } from "./errors.ts";
import type { Size } from "./sizes.ts";

export interface Subscription extends AzureClients {
  readonly config: AzureConfig;
  readonly adminPassword: AzureSecrets["adminPassword"];
  readonly consoleId: string;
  /** Given with every order of an operation. */
  readonly polling: { readonly updateIntervalInMs: number };
  /** What may be run in the target's location and zone. Cheap after the first call. */
  sizes(): Promise<readonly Size[]>;
}

/** What is not there is `undefined`. */
export async function unlessAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** An operation of Azure's: ordered by one call, carried out later, asked for by the header it gave. */
interface Operation<T> {
  submitted(): Promise<void>;
  pollUntilDone(options: { abortSignal: AbortSignal }): Promise<T>;
}

/** How long operations that mostly end in seconds are waited for. */
const patienceMs = 45_000;

/**
 * Waits for the end of an operation, so that its failure is told by the call that ordered it. One that
 * takes longer goes on without us, and what comes of it is seen by asking for the resource.
 */
export async function ended(operation: Operation<unknown>): Promise<void> {
  await operation.submitted();
  const enough = AbortSignal.timeout(patienceMs);
  try {
    await operation.pollUntilDone({ abortSignal: enough });
  } catch (error) {
    if (!enough.aborted) throw error;
  }
}

/** The same for deletions: what is gone already is deleted. */
export async function endedUnlessAbsent(operation: Operation<unknown>): Promise<void> {
  await unlessAbsent(ended(operation));
}

/** @throws `cloud.transient` while an earlier one of that name is being deleted */
export function isMadeAlready(
  what: string,
  found: { provisioningState?: string } | undefined,
): boolean {
  if (found?.provisioningState !== "Deleting") return found !== undefined;
  const problem = `an earlier ${what} is being deleted`;
  throw new MigrationError("cloud.transient", { platform: "azure", problem });
}
