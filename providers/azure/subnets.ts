/** A location's subnets, as somebody who chooses one sees them. */
import type { VirtualNetwork } from "@azure/arm-network";
import { type Choice, labelOf } from "../choices.ts";
import type { AzureClients } from "./client.ts";
import { subnetParts } from "./names.ts";

/** Of all of the subscription's networks there. */
export async function listSubnets(
  { network }: Pick<AzureClients, "network">,
  location: string,
): Promise<Choice[]> {
  const subnets: Choice[] = [];
  for await (const found of network.virtualNetworks.listAll()) {
    if (found.location === location) subnets.push(...subnetsIn(found));
  }
  return subnets;
}

/** A network is shown with all of its subnets, and how many addresses they have free is not among what is shown. */
function subnetsIn({ id: networkId, subnets = [] }: VirtualNetwork): Choice[] {
  return subnets.map(({ id = "", addressPrefix, addressPrefixes = [] }) => {
    const { subnet, network, resourceGroup } = subnetParts(id);
    const ranges = addressPrefix === undefined ? addressPrefixes : [addressPrefix];
    const label = labelOf(subnet, ...ranges, network, resourceGroup);
    return { value: id, label, network: networkId };
  });
}
