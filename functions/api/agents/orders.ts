/**
 * What agents should be doing. A console that can keep a call waiting answers when that has changed, or after
 * a while; in a Lambda, where waiting is paid by the millisecond, it answers at once and says when to ask again.
 */
import { createHash } from "node:crypto";
import { idlePollSeconds } from "#domain/connection.ts";
import { ordersOf } from "#domain/orders.ts";
import type { SyncOrder } from "#domain/protocol/agent.ts";
import type { Deps } from "../../deps.ts";

export interface Orders {
  revision: string;
  orders: SyncOrder[];
  askAgainSeconds: number;
}

/** While a run is under way its orders come soon, and people look at a progress bar. */
export const busyPollSeconds = 10;

/** How many agents wait here now. The more there are, the more seldom each looks into the store. */
let waiting = 0;
const leastPauseMs = 250;
const mostPauseMs = 5000;
const pausePerAgentMs = 5;

/** For a console that keeps nobody waiting. */
export async function presentOrders(deps: Deps, serverId: string): Promise<Orders> {
  const { activeRunId, ...found } = await findOrders(deps, serverId);
  return {
    ...found,
    askAgainSeconds: activeRunId === undefined ? idlePollSeconds : busyPollSeconds,
  };
}

/** @param patience aborted when the caller is gone or the console stops */
export async function waitForOrders(
  deps: Deps,
  serverId: string,
  wait: { revision: string | undefined; seconds: number; patience: AbortSignal },
): Promise<Orders> {
  const until = deps.now().getTime() + wait.seconds * 1000;
  waiting += 1;
  try {
    for (;;) {
      const { activeRunId: _, ...found } = await findOrders(deps, serverId);
      const isOver = deps.now().getTime() >= until || wait.patience.aborted;
      if (found.revision !== wait.revision || isOver) return { ...found, askAgainSeconds: 0 };
      await deps.sleep(Math.min(mostPauseMs, Math.max(leastPauseMs, waiting * pausePerAgentMs)));
    }
  } finally {
    waiting -= 1;
  }
}

async function findOrders(deps: Deps, serverId: string) {
  const server = await deps.store.servers.get(serverId);
  const sessionId = server.comparisonId ?? server.replication.sessionId;
  const session = sessionId === undefined ? undefined : await deps.store.sessions.find(sessionId);
  const gateway =
    session?.state === "open" ? await deps.store.gateways.find(session.gatewayId) : undefined;
  const orders = ordersOf(server, session, gateway);
  const revision = createHash("sha256").update(JSON.stringify(orders)).digest("hex").slice(0, 32);
  return { revision, orders, activeRunId: server.activeRunId };
}
