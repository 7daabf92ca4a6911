/** The pool's subnets, of all VPCs, as somebody who chooses one sees them. Source: new-list-subnet. */
import { type Choice, labelOf } from "../choices.ts";
import { type Account, listPages } from "./account.ts";
import { oneZone } from "./config.ts";

/** Source: subnet_list.go, type. */
const bareMetal = 1;

interface Subnet {
  readonly subnetID: string;
  readonly name?: string;
  readonly CIDR?: string;
  /** A subnet is ordered without any (vpc_create_subnet), and is shown with those that it is in. */
  readonly availabilityZones?: readonly string[] | null;
  readonly vpcID?: string;
  readonly availableIPCount?: number;
  readonly type?: number;
}

async function list(account: Pick<Account, "client">): Promise<Subnet[]> {
  const found = await listPages<Subnet>(account, "NewSubnetList", {}, ({ subnets }) => subnets);
  return found.filter(({ type }) => type !== bareMetal);
}

export async function listSubnets(account: Pick<Account, "client">): Promise<Choice[]> {
  return (await list(account)).map(shown);
}

/** The target's own, and all others that servers of its zone can be in. */
export async function listSubnetsNear(account: Account): Promise<Choice[]> {
  const { subnetId, zone } = account.config;
  const isNear = ({ subnetID, availabilityZones }: Subnet) => {
    // In a pool of one zone nothing is elsewhere, whatever it is called there.
    if (subnetID === subnetId || zone === oneZone) return true;
    return !availabilityZones?.length || availabilityZones.includes(zone);
  };
  return (await list(account)).filter(isNear).map(shown);
}

function shown({ subnetID, name, CIDR, availabilityZones, vpcID, ...subnet }: Subnet): Choice {
  return {
    value: subnetID,
    label: labelOf(name, CIDR, ...(availabilityZones ?? []), vpcID),
    freeAddresses: subnet.availableIPCount,
    network: vpcID,
  };
}
