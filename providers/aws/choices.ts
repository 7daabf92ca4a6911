/** What can be chosen for a target's settings. */
import { DescribeRegionsCommand } from "@aws-sdk/client-ec2";
import { asker, type Choices } from "../choices.ts";
import { openClients } from "./client.ts";
import { type AwsSecrets, awsConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { listSubnets } from "./subnets.ts";

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

  subnetId: (asking) => ask(asking, ["region"], ({ ec2 }) => listSubnets(ec2, [])),
};
