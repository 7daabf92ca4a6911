/** The project's subnets, of all its VPCs, as somebody who chooses one sees them. Source: VPC API, DescribeSubnet. */
import { type Choice, labelOf } from "../choices.ts";
import { listAll, type UCloudClient } from "./client.ts";

interface Subnet {
  readonly SubnetId?: string;
  readonly SubnetName?: string;
  readonly Subnet?: string;
  readonly Netmask?: string;
  readonly Zone?: string;
  readonly VPCId?: string;
  readonly VPCName?: string;
  readonly AvailableIPs?: number;
}

export async function listSubnets(account: { readonly client: UCloudClient }): Promise<Choice[]> {
  const subnets = await listAll<{ DataSet?: Subnet[] }, Subnet>(
    account,
    "DescribeSubnet",
    { ShowAvailableIPs: true },
    ({ DataSet }) => DataSet,
  );
  return subnets.map(({ SubnetId = "", AvailableIPs: freeAddresses, ...subnet }) => ({
    value: SubnetId,
    label: labelOf(
      ...[subnet.SubnetName, subnet.Subnet && `${subnet.Subnet}/${subnet.Netmask}`],
      ...[subnet.Zone, subnet.VPCName, subnet.VPCId],
    ),
    freeAddresses,
    network: subnet.VPCId,
  }));
}
