/** Orders and their repetition. Sources: terraform-provider-ctyun, internal/business/order_{const,looper}.go. */
import { Refusal, type Request } from "./request.ts";
import type { Order, Pool } from "./state.ts";

export type Handler = (pool: Pool, request: Request) => object | Promise<object>;

const status = { finished: 3, opening: 14 } as const;

/**
 * The same token is the same request, whatever else it says (create-instance, clientToken).
 * @param make what is ordered for the first time
 */
export async function once(
  pool: Pool,
  { name, asked }: Request,
  make: () => Order | Promise<Order>,
): Promise<Order> {
  const key = `${name} ${asked.clientToken}`;
  const order = pool.tokens.get(key) ?? (await make());
  pool.tokens.set(key, order);
  return order;
}

export const orderJson = (pool: Pool, order: Order) => ({
  masterOrderID: order.id,
  masterOrderNO: `2026${order.id.slice(0, 14)}`,
  masterResourceID: order.ids[0] ?? null,
  regionID: pool.regionId,
});

/** While it is carried out, disks and addresses answer as if they refused. Source: resource_ctyun_{ebs,eip}.go. */
export function unlessOpening(pool: Pool, order: Order, code: string): Order {
  if (pool.isDone(order)) return order;
  throw new Refusal(code, "order in progress / 订单处理中", { returnObj: orderJson(pool, order) });
}

export const queryOrder: Handler = (pool, { asked }) => {
  const order = pool.orders.get(asked.masterOrderID);
  if (order === undefined) throw new Refusal("Ecs.Order.NotFound", "the order is not found");
  if (!pool.isDone(order)) return { orderStatus: String(status.opening), instanceIDList: [] };
  if (order.failsAs !== undefined)
    return { orderStatus: String(order.failsAs), instanceIDList: [] };
  return { orderStatus: String(status.finished), instanceIDList: order.ids };
};
