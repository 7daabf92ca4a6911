/** The zone's private networks, as somebody who chooses one sees them. */
import { type Choice, labelOf } from "../choices.ts";
import { type Account, listAll } from "./account.ts";

/** Everybody has it, and it is no one's: it is in no list. */
export const baseNetwork = "vxnet-0";

/** Source: yunify/qingcloud-api-specs, 2013-08-30/swagger/definitions.json. */
interface Vxnet {
  readonly vxnet_id: string;
  readonly vxnet_name?: string | null;
  /** Empty where it is in no VPC. */
  readonly vpc_router_id?: string;
  /** Likewise; may be a border router. Source: QingCloud API, DescribeBorderVxnets, whose example tells both. */
  readonly router?: { readonly router_id?: string; readonly ip_network?: string };
  readonly available_ip_count?: number;
}

/** The page of DescribeVxnets knows only routers. */
const vpcOf = ({ vpc_router_id, router }: Vxnet): string | undefined =>
  vpc_router_id || router?.router_id || undefined;

const listVxnets = (account: Pick<Account, "client">) =>
  listAll<Vxnet>(account, "DescribeVxnets", "vxnet_set", {});

export async function listVpcNetworks(account: Pick<Account, "client">): Promise<Choice[]> {
  const all = await listVxnets(account);
  return all.filter((vxnet) => vpcOf(vxnet) !== undefined).map(shown);
}

/** All of the zone: volumes are the zone's, and hang on instances in any network. */
export async function listNetworks(account: Pick<Account, "client">): Promise<Choice[]> {
  const base = { value: baseNetwork, label: "base network" };
  return [base, ...(await listVxnets(account)).map(shown)];
}

function shown(vxnet: Vxnet): Choice {
  return {
    value: vxnet.vxnet_id,
    label: labelOf(vxnet.vxnet_name, vxnet.router?.ip_network, vpcOf(vxnet)),
    freeAddresses: vxnet.available_ip_count,
    network: vpcOf(vxnet),
  };
}
