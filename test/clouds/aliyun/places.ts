/** Regions and zones. */
import type { Parameters } from "../parameters.ts";
import type { Answer } from "./rpc.ts";
import type { Account } from "./state.ts";

type Action = (account: Account, parameters: Parameters) => Answer;

interface Place {
  readonly id: string;
  readonly names: { readonly en: string; readonly zh: string };
}

/** Source: ECS user guide, "Regions and zones". */
const regions: readonly Place[] = [
  { id: "cn-hangzhou", names: { en: "China (Hangzhou)", zh: "华东1（杭州）" } },
  { id: "cn-shanghai", names: { en: "China (Shanghai)", zh: "华东2（上海）" } },
];

const zones: readonly Place[] = [
  { id: "cn-hangzhou-b", names: { en: "Hangzhou Zone B", zh: "杭州 可用区B" } },
  { id: "cn-hangzhou-h", names: { en: "Hangzhou Zone H", zh: "杭州 可用区H" } },
];

/** Source: DescribeRegions, AcceptLanguage: Chinese unless told. */
const nameOf = ({ names }: Place, parameters: Parameters) =>
  parameters.find("AcceptLanguage") === "en-US" ? names.en : names.zh;

const describeRegions: Action = (_account, parameters) => ({
  Regions: {
    Region: regions.map((region) => ({
      RegionId: region.id,
      LocalName: nameOf(region, parameters),
      RegionEndpoint: `ecs.${region.id}.aliyuncs.com`,
      Status: "available",
    })),
  },
});

const describeZones: Action = (_account, parameters) => ({
  Zones: {
    Zone: zones.map((zone) => ({ ZoneId: zone.id, LocalName: nameOf(zone, parameters) })),
  },
});

export const placeActions: Record<string, Action> = {
  DescribeRegions: describeRegions,
  DescribeZones: describeZones,
};
