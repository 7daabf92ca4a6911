/** The region's vSwitches, as somebody who chooses one sees them. */
import { type Choice, labelOf } from "../choices.ts";
import type { Parameters } from "../numbered-parameters.ts";
import { type Caller, listByNumber } from "./paging.ts";

interface VSwitch {
  readonly VSwitchId: string;
  readonly VSwitchName?: string;
  readonly CidrBlock?: string;
  readonly ZoneId?: string;
  readonly VpcId?: string;
  readonly AvailableIpAddressCount?: number;
}

interface VSwitches {
  TotalCount?: number;
  VSwitches?: { VSwitch?: VSwitch[] };
}

/** Source: VPC API 2016-04-28, DescribeVSwitches, PageSize. */
const mostVSwitches = 50;

export async function listVSwitches(caller: Caller, filter: Parameters): Promise<Choice[]> {
  const vSwitches = await listByNumber<VSwitches, VSwitch>(
    caller,
    "vpc",
    "DescribeVSwitches",
    filter,
    (answer) => answer.VSwitches?.VSwitch,
    mostVSwitches,
  );
  return vSwitches.map(({ VSwitchId, VSwitchName, CidrBlock, ZoneId, VpcId, ...vSwitch }) => ({
    value: VSwitchId,
    label: labelOf(VSwitchName, CidrBlock, ZoneId, VpcId),
    freeAddresses: vSwitch.AvailableIpAddressCount,
    network: VpcId,
  }));
}
