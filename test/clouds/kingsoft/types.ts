/** Instance types, and what the zone has in stock for them. Source for the shape: sdk-go, DescribeInstanceTypeConfigs. */
import type { Parameters } from "../parameters.ts";
import { type Answer, Refusal } from "./request.ts";
import type { Account } from "./state.ts";

type Action = (account: Account, parameters: Parameters) => Answer;

interface Type {
  readonly name: string;
  readonly vcpus: number;
  readonly gib: number;
  readonly gpus?: number;
  readonly systemDisks: readonly string[];
  readonly dataDisks: Readonly<Record<string, number>>;
  readonly zones?: readonly string[];
}

const cloudDisks = ["SSD3.0", "EHDD"];

/** Families as the platform names them; how many volumes each attaches is made up. */
const types: readonly Type[] = [
  // Too small for a gateway.
  { name: "S6.1A", vcpus: 1, gib: 1, systemDisks: cloudDisks, dataDisks: { "SSD3.0": 8 } },
  { name: "S6.2B", vcpus: 2, gib: 4, systemDisks: cloudDisks, dataDisks: { "SSD3.0": 8, EHDD: 8 } },
  { name: "S6.4B", vcpus: 4, gib: 8, systemDisks: cloudDisks, dataDisks: { "SSD3.0": 8, EHDD: 8 } },
  {
    name: "C7.4B",
    vcpus: 4,
    gib: 8,
    systemDisks: ["ESSD_SYSTEM_PL1"],
    dataDisks: { ESSD_PL1: 16 },
  },
  { name: "I3.4B", vcpus: 4, gib: 16, systemDisks: ["Local_SSD"], dataDisks: { "SSD3.0": 8 } },
  {
    ...{ name: "P3.8B", vcpus: 8, gib: 32, gpus: 1 },
    ...{ systemDisks: cloudDisks, dataDisks: { "SSD3.0": 8 } },
  },
  {
    ...{ name: "S9.4B", vcpus: 4, gib: 8, zones: ["cn-beijing-6b"] },
    ...{ systemDisks: cloudDisks, dataDisks: { "SSD3.0": 8 } },
  },
];

export function typeOf(name: string): Type {
  const found = types.find((type) => type.name === name);
  if (found !== undefined) return found;
  throw new Refusal(400, "InvalidInstanceType", `InstanceType ${name} is invalid`);
}

export function isSoldOut({ soldOut }: Account, type: string, diskType: string): boolean {
  return soldOut.has(type) || soldOut.has(`${type} ${diskType}`);
}

const describeTypes: Action = (account) => ({
  InstanceTypeConfigSet: types.map((type) => {
    const zones = type.zones ?? [account.zone, account.otherZone];
    return {
      InstanceType: type.name,
      InstanceFamily: type.name.split(".")[0],
      CPU: type.vcpus,
      Memory: type.gib,
      GPU: type.gpus ?? 0,
      AvailabilityZoneSet: zones.map((AzCode) => ({ AzCode })),
      SystemDiskQuotaSet: type.systemDisks.map((SystemDiskType) => ({ SystemDiskType })),
      DataDiskQuotaSet: Object.entries(type.dataDisks).map(([DataDiskType, DataDiskCount]) => ({
        DataDiskType,
        DataDiskCount,
        DataDiskMinSize: 10,
        DataDiskMaxsize: 16_000,
        AvailabilityZoneSet: zones.map((AzCode) => ({
          AzCode,
          IsSellOut: isSoldOut(account, type.name, DataDiskType),
        })),
      })),
    };
  }),
});

const describeRegions: Action = ({ region }) => ({
  RegionSet: [
    { Region: region, RegionName: "华北1（北京）" },
    { Region: "cn-shanghai-2", RegionName: "华东1（上海）" },
  ],
});

export const typeActions: Record<string, Action> = {
  DescribeRegions: describeRegions,
  DescribeInstanceTypeConfigs: describeTypes,
};
