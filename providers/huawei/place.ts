/** Where the target is: the VPC of a subnet. */
import { MigrationError } from "#domain/errors.ts";
import { unlessAbsent } from "./account.ts";
import type { HuaweiClient } from "./client.ts";

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
