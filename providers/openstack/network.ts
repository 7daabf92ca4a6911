/** Networks, security groups and floating addresses. Source: Networking API v2.0. */
import { MigrationError } from "#domain/errors.ts";
import { type Choice, labelOf } from "../choices.ts";
import type { Provider, SecurityRule } from "../provider.ts";
import {
  type Account,
  absent,
  type Connection,
  listAll,
  type Made,
  makeOnce,
  unlessAbsent,
} from "./account.ts";
import { isDuplicate } from "./errors.ts";
import { deletePort, listPorts } from "./ports.ts";
import { descriptionOf, isDescribed } from "./tags.ts";

interface SecurityGroup extends Made {
  readonly name: string;
  readonly description?: string | null;
  readonly project_id?: string;
  /** With this project, whoever's it is. Source: neutron-lib, security_groups_shared_filtering. */
  readonly shared?: boolean;
}

interface FloatingIp extends Made {
  readonly description?: string | null;
  readonly floating_ip_address: string;
  readonly port_id?: string | null;
}

interface Network {
  readonly id: string;
  readonly name: string;
  readonly project_id?: string;
  /** With this project, whoever's it is. Source: neutron/db/db_base_plugin_common.py, `_is_network_shared`. */
  readonly shared?: boolean;
  readonly "router:external"?: boolean;
}

interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly cidr: string;
  readonly network_id: string;
}

/**
 * Those that servers may be in: an administrator sees others' too, and on an external network Nova puts none that
 * is not shared. Source: nova/network/neutron.py, `_check_external_network_attach`.
 */
export async function listNetworks(connection: Connection): Promise<Network[]> {
  const { projectId } = await connection.client.session();
  const all = await listAll<Network>(connection, "ListNetworks", "networks");
  return all.filter(
    ({ shared, project_id, "router:external": isExternal }) =>
      shared === true || (project_id === projectId && isExternal !== true),
  );
}

export async function listExternalNetworks(connection: Connection): Promise<Network[]> {
  const networks = await listAll<Network>(connection, "ListNetworks", "networks", {
    "router:external": "true",
  });
  return networks.filter((network) => network["router:external"] === true);
}

/** None has a zone. @param of those networks alone */
export async function listSubnets(
  connection: Connection,
  of: readonly Pick<Network, "id" | "name">[],
): Promise<Choice[]> {
  const networks = new Map(of.map(({ id, name }) => [id, name]));
  const subnets = await listAll<Subnet>(connection, "ListSubnets", "subnets");
  return subnets
    .filter(({ network_id }) => networks.has(network_id))
    .map(({ id, name, cidr, network_id }) => ({
      value: id,
      label: labelOf(name, cidr, networks.get(network_id)),
      network: network_id,
    }));
}

/** Of the project alone, also where the user sees others'. */
async function listOf<T extends Made>(
  account: Account,
  operation: "ListSecurityGroups" | "ListFloatingIps",
  key: string,
  query: Readonly<Record<string, string>> = {},
): Promise<T[]> {
  const { projectId } = await account.client.session();
  return listAll<T>(account, operation, key, { ...query, project_id: projectId });
}

export async function listOwnedGroups(account: Account, owner?: string): Promise<SecurityGroup[]> {
  const all = await listOf<SecurityGroup>(account, "ListSecurityGroups", "security_groups");
  const of = { console: account.consoleId, owner };
  return all.filter(({ description }) => isDescribed(description, of));
}

/** With ports of ours that have no server: a launch or a gateway that came no further. */
export async function listOwnedAddresses(
  account: Account,
  owner?: string,
): Promise<{ id: string; name: string }[]> {
  const of = { console: account.consoleId, owner };
  const floating = await listOf<FloatingIp>(account, "ListFloatingIps", "floatingips");
  const ports = await listPorts(account, {});
  return [
    ...floating
      .filter(({ description }) => isDescribed(description, of))
      .map(({ id, floating_ip_address: name }) => ({ id, name })),
    ...ports
      .filter(({ description, device_id }) => isDescribed(description, of) && device_id === "")
      .map(({ id, name }) => ({ id, name })),
  ];
}

/**
 * The target's own, or the only one there is.
 * @throws `cloud.refused` where there is none or more than one
 */
export async function externalNetworkOf(account: Account): Promise<string> {
  const { externalNetworkId } = account.config.gateway;
  if (externalNetworkId !== undefined) return externalNetworkId;
  const external = await listExternalNetworks(account);
  const [found] = external;
  if (found !== undefined && external.length === 1) return found.id;
  const names = external.map(({ id, name }) => `${name} (${id})`).join(", ");
  const problem =
    external.length === 0
      ? "there is no external network; set gateway.publicAddress=none where its own address is reached"
      : `there are external networks ${names}: set gateway.externalNetworkId to one of them`;
  const facts = { platform: "openstack", what: "the target's settings", problem };
  throw new MigrationError("cloud.refused", facts);
}

export function openNetwork(account: Account): Provider["network"] {
  const { client, config, consoleId } = account;

  async function allow(groupId: string, rules: readonly SecurityRule[]): Promise<void> {
    for (const { port, from } of rules) {
      for (const remote_ip_prefix of from) {
        const rule = {
          security_group_id: groupId,
          direction: "ingress",
          ethertype: remote_ip_prefix.includes(":") ? "IPv6" : "IPv4",
          protocol: "tcp",
          port_range_min: port,
          port_range_max: port,
          remote_ip_prefix,
        };
        try {
          await client.call("CreateSecurityGroupRule", { body: { security_group_rule: rule } });
        } catch (error) {
          if (!isDuplicate(error)) throw error;
        }
      }
    }
  }

  async function deleteGroup(id: string): Promise<void> {
    await unlessAbsent(client.call("DeleteSecurityGroup", { path: { id } }));
  }

  async function deleteFloatingIp(id: string): Promise<void> {
    await unlessAbsent(client.call("DeleteFloatingIp", { path: { id } }));
  }

  async function portOf(instanceId: string): Promise<string> {
    const [port] = await listPorts(account, { device_id: instanceId });
    if (port === undefined) throw absent("port of server", instanceId);
    return port.id;
  }

  return {
    async ensureSecurityGroup(options) {
      const { token } = options;
      const group = await makeOnce<SecurityGroup>(account, {
        key: `group ${token}`,
        async find() {
          const named = await listOf<SecurityGroup>(
            account,
            "ListSecurityGroups",
            "security_groups",
            { name: token },
          );
          const of = { console: consoleId, token };
          return named.filter(({ description }) => isDescribed(description, of));
        },
        async make() {
          const body = { security_group: { name: token, description: descriptionOf(options) } };
          const answer = await client.call<{ security_group: SecurityGroup }>(
            "CreateSecurityGroup",
            { body },
          );
          return answer.security_group;
        },
        remove: deleteGroup,
      });
      await allow(group.id, options.rules);
      return { id: group.id };
    },

    deleteSecurityGroup: deleteGroup,

    async ensureAddress(options) {
      if (config.gateway.publicAddress === "none") return undefined;
      const { token } = options;
      const networkId = await externalNetworkOf(account);
      const address = await makeOnce<FloatingIp>(account, {
        key: `address ${token}`,
        async find() {
          const all = await listOf<FloatingIp>(account, "ListFloatingIps", "floatingips");
          const of = { console: consoleId, token };
          return all.filter(({ description }) => isDescribed(description, of));
        },
        async make() {
          const floatingip = {
            floating_network_id: networkId,
            description: descriptionOf(options),
          };
          const body = { floatingip };
          return (await client.call<{ floatingip: FloatingIp }>("CreateFloatingIp", { body }))
            .floatingip;
        },
        remove: deleteFloatingIp,
      });
      const port_id = await portOf(options.instanceId);
      if (address.port_id !== port_id) {
        const body = { floatingip: { port_id } };
        await client.call("UpdateFloatingIp", { path: { id: address.id }, body });
      }
      return { id: address.id, address: address.floating_ip_address };
    },

    /** A floating address, or a port that no server has (`listOwnedAddresses`). */
    async releaseAddress(id) {
      const known = await unlessAbsent(client.call("ShowFloatingIp", { path: { id } }));
      if (known !== undefined) return deleteFloatingIp(id);
      await deletePort(account, id);
    },

    async listSubnets() {
      const networks = await listNetworks(account);
      const own = { id: config.networkId, name: "" };
      // Whatever is said of the target's own network, its servers are there.
      return listSubnets(
        account,
        networks.some(({ id }) => id === own.id) ? networks : [...networks, own],
      );
    },

    /**
     * Those that a port of the project may have: an administrator sees others' too. Source:
     * neutron/db/securitygroups_db.py, `_get_security_groups_on_port`.
     */
    async listSecurityGroups() {
      const { projectId } = await client.session();
      const all = await listAll<SecurityGroup>(account, "ListSecurityGroups", "security_groups");
      return all
        .filter(({ shared, project_id }) => shared === true || project_id === projectId)
        .map(({ id, name, shared, description }) => ({
          value: id,
          label: labelOf(name, shared && "shared", description),
        }));
    },
  };
}
