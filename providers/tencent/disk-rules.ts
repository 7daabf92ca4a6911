/** How large volumes may be, as Tencent offers them in the zone. */
import { MigrationError } from "#domain/errors.ts";
import type { Capabilities, VolumeRule } from "../provider.ts";
import type { Account } from "./account.ts";

const GiB = 1024 ** 3;

/** GiB, of system disks, whatever their type. Source: CVM user guide, "Storage overview". */
export const systemDisk = { least: 20, most: 2048 } as const;

/** In GiB. */
interface Offer {
  readonly least: number;
  readonly most: number;
  readonly step: number;
}

/**
 * Every volume is a data disk until an image is made of it, so a system volume keeps to both.
 * @throws `cloud.capacity` when disks of the type are not sold in the zone
 */
export async function volumeRules(account: Account): Promise<Capabilities["volumes"]> {
  const { type } = account.config.volume;
  const offer = await offerOf(account);
  const both = {
    least: Math.ceil(Math.max(offer.least, systemDisk.least) / offer.step) * offer.step,
    most: Math.min(offer.most, systemDisk.most),
    step: offer.step,
  };
  const rule = ({ least, most, step }: Offer): VolumeRule => ({
    ...{ type, isSsd: type !== "CLOUD_PREMIUM" },
    ...{ minBytes: least * GiB, maxBytes: most * GiB, stepBytes: step * GiB },
  });
  return { system: rule(both), data: rule(offer) };
}

async function offerOf({ cbs, config, place }: Account): Promise<Offer> {
  const { zone } = await place();
  const { type } = config.volume;
  const { DiskConfigSet = [] } = await cbs.DescribeDiskConfigQuota({
    InquiryType: "INQUIRY_CBS_CONFIG",
    DiskChargeType: "POSTPAID_BY_HOUR",
    DiskTypes: [type],
    Zones: [zone],
  });
  const sold = DiskConfigSet.find(
    ({ Available, DiskType, DiskUsage }) =>
      Available === true && DiskType === type && DiskUsage !== "SYSTEM_DISK",
  );
  if (sold === undefined) {
    throw new MigrationError("cloud.capacity", {
      platform: "tencent",
      what: `${type} disks in ${zone}`,
    });
  }
  const { MinDiskSize = 10, MaxDiskSize = 16_000, StepSize = 10 } = sold;
  return { least: MinDiskSize, most: MaxDiskSize, step: StepSize };
}
