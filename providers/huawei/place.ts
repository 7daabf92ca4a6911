/** Where the target is: its zone, and the VPC of its subnet. */
import { MigrationError } from "#domain/errors.ts";
import { unlessAbsent } from "./account.ts";
import type { HuaweiClient } from "./client.ts";

/** Names of those that are open. */
export async function listZones(client: HuaweiClient): Promise<string[]> {
  const { availabilityZoneInfo = [] } = await client.call<{
    availabilityZoneInfo?: { zoneName: string; zoneState: { available: boolean } }[];
  }>("NovaListAvailabilityZones");
  return availabilityZoneInfo
    .filter(({ zoneState }) => zoneState.available)
    .map(({ zoneName }) => zoneName);
}

/** @throws `cloud.not-found` when the subnet is not there */
export async function vpcOf(client: HuaweiClient, subnetId: string): Promise<string> {
  const path = { subnet_id: subnetId };
  const answer = await unlessAbsent(
    client.call<{ subnet: { vpc_id: string } }>("ShowSubnet", { path }),
  );
  if (answer !== undefined) return answer.subnet.vpc_id;
  const facts = { platform: "huawei", what: "subnet", id: subnetId };
  throw new MigrationError("cloud.not-found", facts);
}
