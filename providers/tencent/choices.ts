/** What can be chosen for a target's settings. */
import { asker, type Choices, labelOf } from "../choices.ts";
import { listAll, openClients } from "./client.ts";
import { type TencentSecrets, tencentConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { listSubnets } from "./subnets.ts";

/** Each region knows all the others. */
const standIns = { region: "ap-guangzhou", subnetId: "subnet-00000000" };

const ask = asker({ schema: tencentConfig, standIns, open: openClients, inCloudTerms });

export const tencentChoices: Choices<TencentSecrets, "region" | "subnetId" | "hyperDoor.image"> = {
  region: (asking) =>
    ask(asking, [], async ({ cvm }) => {
      const { RegionSet = [] } = await cvm.DescribeRegions(null);
      return RegionSet.filter(({ RegionState }) => RegionState === "AVAILABLE").map(
        ({ Region = "", RegionName = "" }) => ({ value: Region, label: RegionName }),
      );
    }),

  subnetId: (asking) => ask(asking, ["region"], (clients) => listSubnets(clients)),

  "hyperDoor.image": (asking) =>
    ask(asking, ["region"], async ({ cvm }) => {
      const Filters = [{ Name: "image-type", Values: ["PRIVATE_IMAGE"] }];
      const images = await listAll(
        async (page) => (await cvm.DescribeImages({ Filters, ...page })).ImageSet,
      );
      return images.map(({ ImageId = "", ImageName, OsName }) => ({
        value: ImageId,
        label: labelOf(ImageName, OsName),
      }));
    }),
};
