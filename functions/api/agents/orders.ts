/** The long poll of agents: answered when what they should do has changed, or after a while. */
import { createHash } from "node:crypto";
import { ordersOf } from "#domain/orders.ts";
import type { SyncOrder } from "#domain/protocol/agent.ts";
import type { Deps } from "../../deps.ts";

export interface Orders {
  revision: string;
  orders: SyncOrder[];
}

/** How many agents wait here now. The more there are, the more seldom each looks into the store. */
let waiting = 0;
const leastPauseMs = 250;
const mostPauseMs = 5000;
const pausePerAgentMs = 5;

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
      const found = await findOrders(deps, serverId);
      const isOver = deps.now().getTime() >= until || wait.patience.aborted;
      if (found.revision !== wait.revision || isOver) return found;
      await deps.sleep(Math.min(mostPauseMs, Math.max(leastPauseMs, waiting * pausePerAgentMs)));
    }
  } finally {
    waiting -= 1;
  }
}

async function findOrders(deps: Deps, serverId: string): Promise<Orders> {
  const server = await deps.store.servers.get(serverId);
  const { sessionId } = server.replication;
  const session = sessionId === undefined ? undefined : await deps.store.sessions.find(sessionId);
  const gateway =
    session?.state === "open" ? await deps.store.gateways.find(session.gatewayId) : undefined;
  const orders = ordersOf(server, session, gateway);
  const revision = createHash("sha256").update(JSON.stringify(orders)).digest("hex").slice(0, 32);
  return { revision, orders };
}
