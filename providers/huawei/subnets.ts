/** The project's subnets, as somebody who chooses one sees them: a subnet's id is its network's too. */
import { type Choice, labelOf } from "../choices.ts";
import { type Account, listByMarker } from "./account.ts";

/** Sources: VPC API reference, ListSubnets; huaweicloud-sdk-go-v3 v0.1.188, services/vpc/v2/model/model_subnet.go. */
interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly cidr: string;
  readonly vpc_id: string;
  /** Where it was made; that alone keeps no server of another zone out. */
  readonly availability_zone?: string;
  /** The zone it is limited to, or `center`, which is none. */
  readonly scope?: string;
  readonly available_ip_address_count?: number;
}

const list = (account: Pick<Account, "client">) =>
  listByMarker(account, "ListSubnets", {}, ({ subnets }) => subnets as Subnet[]);

export async function listSubnets(account: Pick<Account, "client">): Promise<Choice[]> {
  return (await list(account)).map(shown);
}

/** The target's own, and all others that servers of its zone can be in. */
export async function listSubnetsNear(account: Account): Promise<Choice[]> {
  const { subnetId, zone } = account.config;
  const isNear = ({ id, scope }: Subnet) =>
    id === subnetId || !scope || scope === "center" || scope === zone;
  return (await list(account)).filter(isNear).map(shown);
}

function shown({ id, name, cidr, vpc_id, ...subnet }: Subnet): Choice {
  return {
    value: id,
    label: labelOf(name, cidr, subnet.availability_zone, `VPC ${vpc_id}`),
    freeAddresses: subnet.available_ip_address_count,
    network: vpc_id,
  };
}
