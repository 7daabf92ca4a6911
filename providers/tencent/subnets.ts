/** The region's subnets, as somebody who chooses one sees them. */
import type { Filter } from "tencentcloud-sdk-nodejs/tencentcloud/services/vpc/v20170312/vpc_models.js";
import { type Choice, labelOf } from "../choices.ts";
import { listAll, type TencentClients } from "./client.ts";

export async function listSubnets(
  { vpc }: Pick<TencentClients, "vpc">,
  ...Filters: Filter[]
): Promise<Choice[]> {
  const subnets = await listAll(async ({ Offset, Limit }) => {
    // This API counts in text.
    const page = { Offset: String(Offset), Limit: String(Limit) };
    return (await vpc.DescribeSubnets({ Filters, ...page })).SubnetSet;
  });
  return subnets.map(({ SubnetId = "", ...subnet }) => ({
    value: SubnetId,
    label: labelOf(subnet.SubnetName, subnet.CidrBlock, subnet.Zone, subnet.VpcId),
    freeAddresses: subnet.AvailableIpAddressCount,
    network: subnet.VpcId,
  }));
}
