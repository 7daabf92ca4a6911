/** Prices of orders, of an account with a tenth off. Source: ctecs_query_new_order_price_v42_api.go and its comments. */
import { flavors } from "./instances.ts";
import type { Handler } from "./orders.ts";
import { refuse } from "./request.ts";
import { getImage, type Pool } from "./state.ts";

// biome-ignore lint/suspicious/noExplicitAny: checked against the table of calls
type Asked = any;

function diskHour({ tariff }: Pool, type: string, sizeGiB: number): number {
  const gib = tariff.diskGiB[type];
  return gib === undefined ? refuse("ecs", `disk type ${type}`) : gib * sizeGiB;
}

function within(name: string, value: number, [least, most]: readonly [number, number]): void {
  if (!(value >= least && value <= most)) refuse("ecs", `${name} is ${least} to ${most}`);
}

/** With its system disk. */
function machine(pool: Pool, { flavorName, imageUUID, sysDiskType, sysDiskSize }: Asked): Item[] {
  const flavor = flavors.find((one) => one.flavorName === flavorName);
  if (flavor === undefined) return refuse("ecs", `flavorName ${flavorName}`);
  getImage(pool, imageUUID);
  within("sysDiskSize", sysDiskSize, [40, 2048]);
  const { vcpu, memoryGiB } = pool.tariff;
  return [
    { resourceType: "VM", hour: flavor.flavorCPU * vcpu + flavor.flavorRAM * memoryGiB },
    { resourceType: "EBS", hour: diskHour(pool, sysDiskType, sysDiskSize) },
  ];
}

function disk(pool: Pool, { diskType, diskSize, diskMode }: Asked): Item[] {
  if (!["VBD", "ISCSI", "FCSAN"].includes(diskMode)) refuse("ecs", `diskMode ${diskMode}`);
  within("diskSize", diskSize, [5, 2000]);
  return [{ resourceType: "EBS", hour: diskHour(pool, diskType, diskSize) }];
}

interface Item {
  readonly resourceType: string;
  readonly hour: number;
}

const priced: Record<string, (pool: Pool, asked: Asked) => Item[]> = { VM: machine, EBS: disk };

const newOrderPrice: Handler = (pool, { asked }) => {
  const items = priced[asked.resourceType]?.(pool, asked);
  if (items === undefined) return refuse("ecs", `resourceType ${asked.resourceType}`);
  if (!asked.onDemand) refuse("ecs", "cycleType is missing");
  const price = (hour: number) => ({
    totalPrice: hour * asked.count,
    finalPrice: hour * asked.count * 0.9,
  });
  const all = price(items.reduce((sum, { hour }) => sum + hour, 0));
  const orderItemPrices = items.map(({ resourceType, hour }) => ({ resourceType, ...price(hour) }));
  return {
    isSucceed: true,
    ...all,
    subOrderPrices: [{ serviceTag: "OVMS", ...all, orderItemPrices }],
  };
};

export const priceHandlers: Record<string, Handler> = { QueryNewOrderPrice: newOrderPrice };
