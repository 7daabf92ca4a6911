/** What can be chosen for a target's settings. */
import { type Asking, type Choices, settingsSoFar } from "../choices.ts";
import { listAll, openClients, type TencentClients } from "./client.ts";
import { type TencentSecrets, tencentConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";

/** Each region knows all the others. */
const standIns = { region: "ap-guangzhou", subnetId: "subnet-00000000" };

export const tencentChoices: Choices<TencentSecrets, "region" | "subnetId" | "hyperDoor.image"> = {
  region: (asking) =>
    ask(asking, [], async ({ cvm }) => {
      const { RegionSet = [] } = await cvm.DescribeRegions(null);
      return RegionSet.filter(({ RegionState }) => RegionState === "AVAILABLE").map(
        ({ Region = "", RegionName = "" }) => ({ value: Region, label: RegionName }),
      );
    }),

  subnetId: (asking) =>
    ask(asking, ["region"], async ({ vpc }) => {
      const subnets = await listAll(async ({ Offset, Limit }) => {
        // This API counts in text.
        const page = { Offset: String(Offset), Limit: String(Limit) };
        return (await vpc.DescribeSubnets(page)).SubnetSet;
      });
      return subnets.map(({ SubnetId = "", ...subnet }) => ({
        value: SubnetId,
        label: `${subnet.SubnetName}, ${subnet.CidrBlock}, ${subnet.Zone}, ${subnet.VpcId}, ${subnet.AvailableIpAddressCount} addresses free`,
      }));
    }),

  "hyperDoor.image": (asking) =>
    ask(asking, ["region"], async ({ cvm }) => {
      const Filters = [{ Name: "image-type", Values: ["PRIVATE_IMAGE"] }];
      const images = await listAll(
        async (page) => (await cvm.DescribeImages({ Filters, ...page })).ImageSet,
      );
      return images.map(({ ImageId = "", ImageName, OsName }) => ({
        value: ImageId,
        label: `${ImageName}, ${OsName}`,
      }));
    }),
};

async function ask<T>(
  { config, secrets }: Asking<TencentSecrets>,
  needed: readonly string[],
  list: (clients: TencentClients) => Promise<T>,
): Promise<T> {
  const settings = settingsSoFar(tencentConfig, config, standIns, needed);
  try {
    return await list(openClients(settings, secrets));
  } catch (error) {
    throw inCloudTerms(error, "choices");
  }
}
