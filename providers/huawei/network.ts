/**
 * Security groups and elastic addresses. Neither takes a client token, and names are not unique: a group's name
 * and an address's alias are the token, and both are looked for before they are made.
 */
import { MigrationError } from "#domain/errors.ts";
import { labelOf } from "../choices.ts";
import type { Provider, SecurityRule } from "../provider.ts";
import {
  type Account,
  listByMarker,
  makeOnce,
  pageSize,
  unlessAbsent,
  untilSeen,
} from "./account.ts";
import { findServer, portOf } from "./servers.ts";
import { listSubnetsNear } from "./subnets.ts";
import {
  asList,
  bandwidthName,
  bandwidthPrefix,
  consoleTag,
  type KeyValue,
  nameOf,
  ownerTag,
  tagsOf,
  tagValue,
} from "./tags.ts";

interface SecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags?: readonly KeyValue[];
}

interface PublicAddress {
  readonly id: string;
  readonly alias?: string;
  readonly status: string;
  readonly public_ip_address: string;
  readonly port_id?: string;
  readonly bandwidth_name?: string;
}

async function listGroups(
  { client }: Account,
  query: Readonly<Record<string, string>>,
): Promise<SecurityGroup[]> {
  const all: SecurityGroup[] = [];
  for (let marker: string | undefined; ; ) {
    const page = await client.call<{
      security_groups?: SecurityGroup[];
      page_info?: { next_marker?: string };
    }>("ListSecurityGroups", { query: { ...query, limit: pageSize, marker } });
    all.push(...(page.security_groups ?? []));
    marker = page.page_info?.next_marker;
    if (marker === undefined) return all;
  }
}

async function listAddresses(account: Account): Promise<PublicAddress[]> {
  return listByMarker(
    account,
    "ListPublicips",
    {},
    ({ publicips }) => publicips as PublicAddress[],
  );
}

export async function listOwnedGroups(
  account: Account,
  owner: string | undefined,
): Promise<{ id: string; name: string }[]> {
  const all = await listGroups(account, {});
  return all.filter(({ tags = [] }) => {
    const of = new Map(tags.map(({ key, value }) => [key, value]));
    const ours = of.get(consoleTag) === tagValue(account.consoleId);
    return ours && (owner === undefined || of.get(ownerTag) === tagValue(owner));
  });
}

export async function listOwnedAddresses(
  account: Account,
  owner: string | undefined,
): Promise<{ id: string; name: string }[]> {
  const { consoleId } = account;
  const all = await listAddresses(account);
  return all
    .filter(({ bandwidth_name = "", status }) => {
      if (/^(PENDING|NOTIFY)_DELETE$/.test(status)) return false;
      return owner === undefined
        ? bandwidth_name.startsWith(bandwidthPrefix(consoleId))
        : bandwidth_name === bandwidthName(consoleId, owner);
    })
    .map(({ id, alias = "" }) => ({ id, name: alias }));
}

export function openNetwork(account: Account): Provider["network"] {
  const { client, config, consoleId } = account;

  async function findGroup(name: string): Promise<string | undefined> {
    const named = await listGroups(account, { name });
    const ours = named.filter(({ tags = [] }) =>
      tags.some(({ key, value }) => key === consoleTag && value === tagValue(consoleId)),
    );
    return ours.find((group) => group.name === name)?.id;
  }

  async function findAddress(id: string): Promise<PublicAddress | undefined> {
    const path = { publicip_id: id };
    const answer = await unlessAbsent(
      client.call<{ publicip: PublicAddress }>("ShowPublicip", { path }),
    );
    return answer?.publicip;
  }

  async function findAddressByToken(token: string): Promise<PublicAddress | undefined> {
    const found = await listAddresses(account);
    return found.find(
      ({ alias, bandwidth_name = "" }) =>
        alias === token && bandwidth_name.startsWith(bandwidthPrefix(consoleId)),
    );
  }

  async function allow(groupId: string, rules: readonly SecurityRule[]): Promise<void> {
    const all = rules.flatMap(({ port, from }) =>
      from.map((remote_ip_prefix) => ({
        direction: "ingress",
        ethertype: remote_ip_prefix.includes(":") ? "IPv6" : "IPv4",
        protocol: "tcp",
        multiport: String(port),
        remote_ip_prefix,
        action: "allow",
        description: "HyperMotion",
      })),
    );
    if (all.length === 0) return;
    await client.call("BatchCreateSecurityGroupRules", {
      path: { security_group_id: groupId },
      // Those that are there are left alone.
      body: { security_group_rules: all, ignore_duplicate: true },
    });
  }

  /** The port that a server's elastic address hangs on. */
  async function portOfServer(instanceId: string): Promise<string> {
    const server = await findServer(account, instanceId);
    const port = server && portOf(server);
    if (port !== undefined) return port;
    const facts = { platform: "huawei", what: "interface of server", id: instanceId };
    throw new MigrationError("cloud.not-found", facts);
  }

  return {
    async ensureSecurityGroup(options) {
      const name = options.token;
      const id = await makeOnce(
        account,
        () => findGroup(name),
        async () => {
          const { security_group } = await client.call<{ security_group: SecurityGroup }>(
            "CreateSecurityGroup",
            {
              body: {
                security_group: {
                  name,
                  description: nameOf(options.tags),
                  tags: asList(tagsOf(options)),
                },
              },
            },
          );
          return security_group.id;
        },
      );
      await allow(id, options.rules);
      return { id };
    },

    async deleteSecurityGroup(id) {
      await unlessAbsent(client.call("DeleteSecurityGroup", { path: { security_group_id: id } }));
    },

    async ensureAddress(options) {
      const { publicAddress, addressType, bandwidthMbps } = config.gateway;
      if (publicAddress === "none") return undefined;
      const made = await makeOnce(
        account,
        () => findAddressByToken(options.token),
        async () => {
          const { publicip } = await client.call<{ publicip: PublicAddress }>("CreatePublicip", {
            body: {
              publicip: { type: addressType, alias: options.token },
              bandwidth: {
                name: bandwidthName(consoleId, options.tags["hypermotion:owner"]),
                size: bandwidthMbps,
                share_type: "PER",
                charge_mode: "traffic",
              },
            },
          });
          return publicip;
        },
      );
      // It can be bound once it is DOWN, which takes a moment.
      const usable = await untilSeen(account, async () => {
        const now = await findAddress(made.id);
        return now === undefined || /^(PENDING_CREATE|NOTIFYING|BINDING)$/.test(now.status)
          ? undefined
          : now;
      });
      if (usable === undefined) {
        const problem = `elastic address ${made.id} is still being made`;
        throw new MigrationError("cloud.transient", { platform: "huawei", problem });
      }
      const port = await portOfServer(options.instanceId);
      if (usable.port_id !== port) {
        const body = { publicip: { port_id: port } };
        await client.call("UpdatePublicip", { path: { publicip_id: made.id }, body });
      }
      return { id: made.id, address: usable.public_ip_address };
    },

    async releaseAddress(id) {
      const address = await findAddress(id);
      if (address === undefined) return;
      if (address.port_id) {
        // No port means: bound no more. Source: EIP API reference, UpdatePublicip, port_id.
        const body = { publicip: { port_id: "" } };
        await unlessAbsent(client.call("UpdatePublicip", { path: { publicip_id: id }, body }));
      }
      await unlessAbsent(client.call("DeletePublicip", { path: { publicip_id: id } }));
    },

    listSubnets: () => listSubnetsNear(account),

    /** They are the project's: none belongs to a VPC. */
    async listSecurityGroups() {
      const groups = await listGroups(account, {});
      return groups.map(({ id, name, description }) => ({
        value: id,
        label: labelOf(name, description),
      }));
    },
  };
}
