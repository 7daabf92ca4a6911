/** The account's subnets, as somebody who chooses one sees them. */
import {
  DescribeSubnetsCommand,
  type EC2Client,
  type Filter,
  type Subnet,
} from "@aws-sdk/client-ec2";
import { type Choice, labelOf } from "../choices.ts";
import { tagValue } from "./tags.ts";

export async function listSubnets(ec2: EC2Client, Filters: Filter[]): Promise<Choice[]> {
  const found: Subnet[] = [];
  let NextToken: string | undefined;
  do {
    const order = new DescribeSubnetsCommand({ Filters, MaxResults: 500, NextToken });
    const page = await ec2.send(order);
    found.push(...(page.Subnets ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found.map(shown);
}

/** Few subnets have a name, and one for IPv6 alone has no such block. */
function shown({ SubnetId = "", Tags, ...subnet }: Subnet): Choice {
  const name = tagValue(Tags, "Name");
  return {
    value: SubnetId,
    label: labelOf(name, subnet.CidrBlock, subnet.AvailabilityZone, subnet.VpcId),
    freeAddresses: subnet.AvailableIpAddressCount,
    network: subnet.VpcId,
  };
}
