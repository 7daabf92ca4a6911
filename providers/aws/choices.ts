/** What can be chosen for a target's settings. */
import { DescribeRegionsCommand, DescribeSubnetsCommand, type Subnet } from "@aws-sdk/client-ec2";
import { asker, type Choice, type Choices, labelOf } from "../choices.ts";
import { openClients } from "./client.ts";
import { type AwsSecrets, awsConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { tagValue } from "./tags.ts";

/** A region knows the others of its partition; those of China and GovCloud know no accounts of this one's. */
const standIns = { region: "eu-central-1", subnetId: "subnet-00000000" };

const ask = asker({ schema: awsConfig, standIns, open: openClients, inCloudTerms });

export const awsChoices: Choices<AwsSecrets, "region" | "subnetId"> = {
  region: (asking) =>
    ask(asking, [], async ({ ec2 }) => {
      // Unless all are asked for, these are the regions that are enabled for the account.
      const { Regions = [] } = await ec2.send(new DescribeRegionsCommand({}));
      return Regions.map(({ RegionName = "", Geography = [] }) => ({
        value: RegionName,
        label: Geography.flatMap(({ Name = [] }) => Name).join(", "),
      }));
    }),

  subnetId: (asking) =>
    ask(asking, ["region"], async ({ ec2 }) => {
      const found: Subnet[] = [];
      let NextToken: string | undefined;
      do {
        const page = await ec2.send(new DescribeSubnetsCommand({ MaxResults: 500, NextToken }));
        found.push(...(page.Subnets ?? []));
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      return found.map(shown);
    }),
};

/** Few subnets have a name, and one for IPv6 alone has no such block. */
function shown({ SubnetId = "", Tags, ...subnet }: Subnet): Choice {
  const name = tagValue(Tags, "Name");
  return {
    value: SubnetId,
    label: labelOf(name, subnet.CidrBlock, subnet.AvailabilityZone, subnet.VpcId),
    freeAddresses: subnet.AvailableIpAddressCount,
  };
}
