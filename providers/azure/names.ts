/**
 * Resources are known by their names within the target's resource group: a name is the token of the order
 * that made it, so that the same order twice is one resource.
 */
import type { AzureConfig } from "./config.ts";

type Type =
  | "Microsoft.Compute/disks"
  | "Microsoft.Compute/snapshots"
  | "Microsoft.Network/networkInterfaces"
  | "Microsoft.Network/networkSecurityGroups"
  | "Microsoft.Network/publicIPAddresses";

export function idOf(
  { subscriptionId, resourceGroup }: AzureConfig,
  type: Type,
  name: string,
): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${name}`;
}

/** Of an id as Azure gives it, which may write the group in another case than we did. */
export function nameIn(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

export function isSameId(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}

export interface SubnetParts {
  readonly resourceGroup: string;
  readonly network: string;
  readonly subnet: string;
}

export function subnetParts(subnetId: string): SubnetParts {
  const [, , , , resourceGroup = "", , , , network = "", , subnet = ""] = subnetId.split("/");
  return { resourceGroup, network, subnet };
}
