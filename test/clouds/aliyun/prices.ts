/** Prices by the hour, of an account with a tenth off. Source: ECS API reference 2014-05-26, DescribePrice. */
import type { Parameters } from "../parameters.ts";
import { refuseSize } from "./disks.ts";
import { type Answer, Refusal } from "./rpc.ts";
import { type Account, get } from "./state.ts";
import { typeOf } from "./types.ts";

type Action = (account: Account, parameters: Parameters) => Answer;

/** The most that is priced, also where disks are larger. */
const mostGiB = 32_768;

function priceOfDisk(
  { tariff }: Account,
  disk: { category: string; level: string | undefined; sizeGiB: number },
): number {
  const { category, level, sizeGiB } = disk;
  refuseSize(category, level, sizeGiB);
  if (sizeGiB > mostGiB) {
    throw new Refusal(400, "InvalidDataDiskSize.ValueNotSupported", "DataDisk.n.Size");
  }
  const name = category === "cloud_essd" ? `cloud_essd ${level ?? "PL1"}` : category;
  const price = tariff.diskGiB[name];
  if (price !== undefined) return price * sizeGiB;
  throw new Refusal(
    400,
    "PriceNotFound",
    "The price of your queried resource is not available now, please try other resources.",
  );
}

function dataDisk(account: Account, parameters: Parameters): number {
  const [disk] = parameters.structures("DataDisk");
  const category = disk?.find("Category");
  if (category === undefined) {
    throw new Refusal(404, "InvalidDiskCategory.Missing", "DataDisk.1.Category is not provided.");
  }
  const sizeGiB = disk?.number("Size") ?? 0;
  return priceOfDisk(account, { category, level: disk?.find("PerformanceLevel"), sizeGiB });
}

/** With its system disk. */
function instance(account: Account, parameters: Parameters): number {
  const name = parameters.find("InstanceType");
  if (name === undefined) {
    throw new Refusal(404, "InvalidInstanceType.Missing", "The InstanceType is not provided.");
  }
  const type = typeOf(name);
  // Source: SystemDisk.Category: "you must also specify ImageId".
  const image = get(account.images, "ImageId", parameters.get("ImageId"));
  const category = parameters.find("SystemDisk.Category") ?? "cloud_efficiency";
  if (!type.categories.includes(category)) {
    throw new Refusal(400, "InvalidSystemDiskCategory.ValueNotSupported", "SystemDisk.Category");
  }
  const sizeGiB = parameters.number("SystemDisk.Size") ?? Math.max(20, image.sizeGiB);
  if (sizeGiB < image.sizeGiB) {
    throw new Refusal(400, "InvalidSystemDiskSize.LessThanImageSize", "SystemDisk.Size");
  }
  const level = parameters.find("SystemDisk.PerformanceLevel");
  const { vcpu, memoryGiB } = account.tariff;
  return (
    type.vcpus * vcpu + type.gib * memoryGiB + priceOfDisk(account, { category, level, sizeGiB })
  );
}

const priced: Record<string, (account: Account, parameters: Parameters) => number> = {
  instance,
  disk: dataDisk,
};

const describePrice: Action = (account, parameters) => {
  const price = priced[parameters.find("ResourceType") ?? "instance"];
  if (price === undefined) {
    throw new Refusal(400, "InvalidResourceType.ValueNotSupported", "ResourceType is not valid.");
  }
  // Of disks the platform takes nothing else, of instances this fake.
  if ((parameters.find("PriceUnit") ?? "Hour") !== "Hour") {
    throw new Refusal(400, "InvalidPriceUnit.ValueNotSupported", "PriceUnit is not valid.");
  }
  const OriginalPrice = price(account, parameters);
  const DiscountPrice = OriginalPrice * 0.1;
  return {
    PriceInfo: {
      Price: {
        ...{ Currency: account.currency, OriginalPrice, DiscountPrice },
        TradePrice: OriginalPrice - DiscountPrice,
      },
      Rules: { Rule: [] },
    },
  };
};

export const priceActions: Record<string, Action> = { DescribePrice: describePrice };
