/** How large volumes may be: what the user's limits and Tencent's offers have in common. */
import { MigrationError } from "#domain/errors.ts";
import { documentLimits } from "#domain/limits/effective.ts";
import { limitTables } from "#domain/limits/tables.ts";
import type { Capabilities, VolumeRule } from "../provider.ts";
import type { Account } from "./account.ts";
import type { TencentConfig } from "./config.ts";

const GiB = 1024 ** 3;

/** In GiB. */
export interface Offer {
  readonly least: number;
  readonly most: number;
  readonly step: number;
}

const document = documentLimits(limitTables.tencent);

/** Every volume is a data disk until an image is made of it, so both roles keep to the offer for those. */
export function volumeRules(
  { sizes, volume }: Pick<TencentConfig, "sizes" | "volume">,
  offer: Offer,
): Capabilities["volumes"] {
  const step = sizes.stepGiB ?? document.value("dataDiskStepGB") ?? 1;
  const systemMost = volume.type === "CLOUD_SSD" ? "systemDiskMaxSsdGB" : "systemDiskMaxGB";
  return {
    system: narrowed(
      {
        least: systemLeastGiB(sizes),
        most: sizes.systemMostGiB ?? document.value(systemMost) ?? offer.most,
        step,
      },
      offer,
    ),
    data: narrowed(
      {
        least: sizes.dataLeastGiB ?? document.value("dataDiskMinGB") ?? offer.least,
        most: sizes.dataMostGiB ?? document.value("dataDiskMaxGB") ?? offer.most,
        step,
      },
      offer,
    ),
  };
}

export function systemLeastGiB(sizes: TencentConfig["sizes"]): number {
  return sizes.systemLeastGiB ?? document.value("systemDiskMinGB") ?? 20;
}

function narrowed(own: Offer, offer: Offer): VolumeRule {
  // Steps are 10 or 1; the larger one is a multiple of the other.
  const step = Math.max(own.step, offer.step);
  const least = Math.ceil(Math.max(own.least, offer.least) / step) * step;
  return {
    minBytes: least * GiB,
    maxBytes: Math.min(own.most, offer.most) * GiB,
    stepBytes: step * GiB,
  };
}

/** @throws `cloud.capacity` when disks of the type are not sold in the zone */
export async function offerOf({ cbs, config, place }: Account): Promise<Offer> {
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
