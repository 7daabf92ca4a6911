/**
 * What things would cost this account. Source: kingsoftcloud/sdk-java 9678ccf, kec/describeprice and
 * ebs/describecreatevolumeprice, for the answers and for what an amount and its discount are.
 */
import type { Parameters } from "../parameters.ts";
import { type Answer, Refusal } from "./request.ts";
import type { Account } from "./state.ts";
import { typeOf } from "./types.ts";
import { refuseCharge, refuseVolume } from "./volumes.ts";

type Action = (account: Account, parameters: Parameters) => Answer;

/** A day costs less than 24 hours by the hour. */
const hoursOf = (parameters: Parameters) => (parameters.get("ChargeType") === "Daily" ? 18 : 1);

const diskHour = ({ tariff }: Account, type: string, sizeGiB: number) =>
  sizeGiB * ((tariff.diskGiB as Readonly<Record<string, number>>)[type] ?? 0);

function amounts({ tariff }: Account, OriginalPrice: number) {
  const TradePrice = OriginalPrice * tariff.discount;
  return { OriginalPrice, TradePrice, DiscountPrice: OriginalPrice - TradePrice };
}

/** Of the instance, and apart from it of its cloud disks. */
const priceInstance: Action = (account, parameters) => {
  refuseCharge(parameters.get("ChargeType"));
  const invalid = (name: string) =>
    new Refusal(400, "InvalidParameterValue", `Invalid \`${name}\` parameter value.`);
  const { name, vcpus, gib, systemDisks } = typeOf(parameters.get("InstanceType"));
  if (!account.images.has(parameters.get("ImageId"))) throw invalid("ImageId");
  const disk = parameters.get("SystemDisk.DiskType");
  const sizeGiB = parameters.number("SystemDisk.DiskSize") ?? 20;
  if (!systemDisks.includes(disk)) throw invalid(`SystemDisk.DiskType of ${name}`);
  if (sizeGiB < 20 || sizeGiB > 500) throw invalid("SystemDisk.DiskSize");
  const { vcpu, memoryGiB, unit, discount } = account.tariff;
  const times = hoursOf(parameters) * (parameters.number("MaxCount") ?? 1);
  const priced = (hour: number) => ({
    ...amounts(account, hour * times),
    ...{ PriceUnit: unit, UserDiscount: discount * 10 },
  });
  return {
    PriceInfo: {
      InstancePrice: priced(vcpus * vcpu + gib * memoryGiB),
      EBSPrice: priced(diskHour(account, disk, sizeGiB)),
    },
  };
};

const priceVolume: Action = (account, parameters) => {
  const { type, sizeGiB } = refuseVolume(account, parameters);
  const hour = diskHour(account, type, sizeGiB);
  return {
    VolumePrice: {
      CurrencyUnit: account.tariff.unit,
      ...amounts(account, hour * hoursOf(parameters)),
    },
  };
};

export const priceActions: Record<string, Action> = {
  DescribeCreateVolumePrice: priceVolume,
  DescribePrice: priceInstance,
};
