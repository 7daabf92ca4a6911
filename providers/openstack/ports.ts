/**
 * A server's port: it alone fixes subnet, address and security groups together (Nova takes groups by name, and
 * heeds them only where it makes the port itself). What we made stays when its server goes, so it goes before.
 */
import type { CreateOptions } from "../provider.ts";
import { type Account, listAll, type Made, makeOnce, unlessAbsent } from "./account.ts";
import { descriptionOf, isDescribed } from "./tags.ts";

export interface Port extends Made {
  readonly name: string;
  readonly description?: string | null;
  /** The server it belongs to; empty where there is none. */
  readonly device_id: string;
}

export interface PortOrder extends CreateOptions {
  readonly networkId: string;
  readonly subnetId: string;
  readonly privateAddress?: string | undefined;
  readonly groupIds: readonly string[];
}

export async function listPorts(
  account: Account,
  query: Readonly<Record<string, string>>,
): Promise<Port[]> {
  const { projectId } = await account.client.session();
  return listAll<Port>(account, "ListPorts", "ports", { ...query, project_id: projectId });
}

async function listPortsByToken(account: Account, token: string): Promise<Port[]> {
  const named = await listPorts(account, { name: token });
  const of = { console: account.consoleId, token };
  return named.filter(({ description }) => isDescribed(description, of));
}

/** @returns its id */
export async function ensurePort(account: Account, order: PortOrder): Promise<string> {
  const { client } = account;
  const port = await makeOnce(account, {
    key: `port ${order.token}`,
    find: () => listPortsByToken(account, order.token),
    async make() {
      const { privateAddress } = order;
      const answer = await client.call<{ port: Port }>("CreatePort", {
        body: {
          port: {
            name: order.token,
            description: descriptionOf(order),
            network_id: order.networkId,
            fixed_ips: [
              {
                subnet_id: order.subnetId,
                ...(privateAddress === undefined ? {} : { ip_address: privateAddress }),
              },
            ],
            security_groups: order.groupIds,
          },
        },
      });
      return answer.port;
    },
    remove: (id) => deletePort(account, id),
  });
  return port.id;
}

export async function deletePort({ client }: Account, id: string): Promise<void> {
  await unlessAbsent(client.call("DeletePort", { path: { id } }));
}

/** Neutron tells Nova, which takes the interface away; a floating address on it is free afterwards. */
export async function deletePortsOf(account: Account, token: string): Promise<void> {
  for (const { id } of await listPortsByToken(account, token)) await deletePort(account, id);
}
