/**
 * What costs money is ordered, and an order is not the thing: its answer names a master order, of which the thing's
 * id is asked until it is there. Sources: terraform-provider-ctyun, internal/business/order_{const,looper}.go.
 */
import { randomUUID } from "node:crypto";
import { MigrationError } from "#domain/errors.ts";
import type { CreateOptions } from "../provider.ts";
import { type Account, notYet, orderPatienceMs, untilSeen } from "./account.ts";
import type { Parameters } from "./client.ts";
import { orderInProgress } from "./errors.ts";
import { stemOf } from "./names.ts";
import type { OperationName } from "./operations.ts";

/** For calls that are safe to repeat by what they ask, where the API wants a token all the same. */
export const onceToken = (): string => randomUUID();

const finished = 3;
const paymentFailed = 22;

/** Those of which nothing will come. */
const failures = new Map([
  [0, "an error"],
  [4, "cancelled"],
  [5, "provisioning failed"],
  [10, "refused in review"],
  [11, "revoked"],
  [12, "being refunded"],
  [13, "refunded"],
  [paymentFailed, "payment failed"],
  [999, "deleted"],
]);

type Outcome = { readonly id: string } | { readonly failure: MigrationError };

export interface Purchase {
  readonly options: CreateOptions;
  /** Named in an error. */
  readonly what: string;
  readonly operation: OperationName;
  readonly parameters: Parameters;
  /** The id in the answer of an order that is done at once. */
  idIn?(answer: Readonly<Record<string, unknown>>): unknown;
  find(id: string): Promise<unknown>;
}

/**
 * Orders of one client token, the first and those that follow it. For 24 hours the cloud answers a token with its
 * first order, also when what came of it failed or was deleted since; then the next one is taken.
 */
const generations = 4;

/**
 * Buys what a token stands for; may be repeated.
 * @returns its id, once it is shown
 * @throws why nothing came of it; `cloud.transient` while the order is carried out
 */
export async function buy(account: Account, purchase: Purchase): Promise<string> {
  let failure: MigrationError | undefined;
  for (let generation = 0; generation < generations; generation += 1) {
    const outcome = await place(account, purchase, generation);
    if ("failure" in outcome) {
      ({ failure } = outcome);
      continue;
    }
    const look = () => purchase.find(outcome.id);
    const found = await untilSeen(account, look, account.config.lostAnswerMs);
    if (found !== undefined) return outcome.id;
  }
  throw failure ?? notYet(`${purchase.what} was ordered, and is not shown`);
}

/** @returns a failure only where the order had failed before we looked: it may be an earlier one of that token */
async function place(account: Account, purchase: Purchase, generation: number): Promise<Outcome> {
  const { client } = account;
  const clientToken = `${stemOf(purchase.options)}-${generation}`;
  let orderId: string | undefined;
  try {
    const answer = await client.call<Record<string, unknown>>(purchase.operation, {
      clientToken,
      ...purchase.parameters,
    });
    const id = purchase.idIn?.(answer);
    if (typeof id === "string" && id !== "") return { id };
    orderId = typeof answer.masterOrderID === "string" ? answer.masterOrderID : undefined;
  } catch (error) {
    const pending = orderInProgress(error);
    if (pending === undefined) throw error;
    ({ orderId } = pending);
  }
  if (orderId === undefined) throw notYet(`the order for ${purchase.what} is carried out`);
  return follow(account, purchase.what, orderId);
}

async function follow(account: Account, what: string, orderId: string): Promise<Outcome> {
  let looks = 0;
  const outcome = await untilSeen<Outcome>(
    account,
    async () => {
      const { orderStatus, instanceIDList } = await account.client.call<{
        orderStatus?: string | number;
        instanceIDList?: string[] | null;
      }>("QueryOrderUuid", { masterOrderID: orderId });
      looks += 1;
      const status = Number(orderStatus ?? Number.NaN);
      const [id] = instanceIDList ?? [];
      // Done, and the id comes a moment later: the vendor's provider looks again too.
      if (status === finished && id !== undefined) return { id };
      const failed = failures.get(status);
      return failed === undefined ? undefined : { failure: whyNot(what, orderId, status, failed) };
    },
    orderPatienceMs,
  );
  if (outcome === undefined) throw notYet(`order ${orderId} for ${what} is carried out`);
  if ("failure" in outcome && looks > 1) throw outcome.failure;
  return outcome;
}

function whyNot(what: string, orderId: string, status: number, failed: string): MigrationError {
  const problem = `order ${orderId} ended as ${failed} (${status}); its page in the console says why`;
  if (status === paymentFailed) {
    return new MigrationError("cloud.payment", { platform: "ctyun", problem });
  }
  return new MigrationError("cloud.refused", { platform: "ctyun", what, problem });
}
