/** The region's subnets that take instances, as somebody who chooses one sees them. */
import { type Choice, labelOf } from "../choices.ts";
import type { Account } from "./account.ts";
import { listByToken } from "./paging.ts";

interface Subnet {
  readonly SubnetId: string;
  readonly SubnetName?: string;
  readonly SubnetType?: string;
  readonly CidrBlock?: string;
  readonly AvailabilityZoneName?: string;
  readonly VpcId?: string;
  readonly AvailableIpNumber?: string;
  /** Sic. Source: sdk-go and terraform-provider-ksyun know both spellings. */
  readonly AvailbleIPNumber?: string;
}

/** Of a zone, where one is given. */
export async function listSubnets(
  account: Pick<Account, "client">,
  { zone }: { readonly zone?: string | undefined },
): Promise<Choice[]> {
  const subnets = await listByToken<{ NextToken?: string; SubnetSet?: Subnet[] }, Subnet>(
    account,
    "vpc",
    "DescribeSubnets",
    {},
    ({ SubnetSet }) => SubnetSet,
  );
  return subnets
    .filter(({ SubnetType = "Normal" }) => SubnetType === "Normal")
    .filter(({ AvailabilityZoneName = "" }) => zone === undefined || AvailabilityZoneName === zone)
    .map(({ SubnetId, AvailableIpNumber, AvailbleIPNumber, ...subnet }) => ({
      value: SubnetId,
      label: labelOf(
        subnet.SubnetName,
        subnet.CidrBlock,
        subnet.AvailabilityZoneName,
        subnet.VpcId,
      ),
      freeAddresses: countOf(AvailableIpNumber ?? AvailbleIPNumber),
      network: subnet.VpcId,
    }));
}

const countOf = (text: string | undefined) => (text === undefined ? undefined : Number(text));
