/**
 * Security groups, and public addresses: a virtual IP of the public network that an EIP binds to a VM's interface.
 * Where no public network is set, gateways are reached at their own address.
 */
import type { Provider, SecurityRule } from "../provider.ts";
import { type Account, findOne, makeOnce, notFound, type Thing } from "./account.ts";
import { choice, listNetworks, networkChoice, sorted } from "./choosing.ts";
import type { ZstackConfig } from "./config.ts";
import { getVm, nicOf } from "./instances.ts";
import { gatewayServices, ofCluster, ofUsers, type Service } from "./place.ts";
import { marksOf, uuidOf, written } from "./tags.ts";

interface Rule {
  readonly type: string;
  readonly protocol: string;
  readonly startPort?: number | null;
  readonly endPort?: number | null;
  readonly allowedCidr?: string | null;
  readonly srcIpRange?: string | null;
  readonly dstPortRange?: string | null;
}

interface SecurityGroup extends Thing {
  readonly attachedL3NetworkUuids?: readonly string[];
  readonly rules?: readonly Rule[];
}

export interface Vip extends Thing {
  readonly ip: string;
}

interface Eip extends Thing {
  readonly vipUuid: string;
  readonly vipIp: string;
  readonly vmNicUuid?: string | null;
}

/** @throws `cloud.not-found` */
export async function getGroup(account: Account, id: string): Promise<SecurityGroup> {
  const group = await findOne<SecurityGroup>(account, "QuerySecurityGroup", id);
  if (group !== undefined) return group;
  throw notFound("security group", id);
}

/** A group is for interfaces of the networks it is attached to. May be repeated. */
export async function attachGroup(
  account: Account,
  groupId: string,
  networkId: string,
): Promise<void> {
  const { attachedL3NetworkUuids = [] } = await getGroup(account, groupId);
  if (attachedL3NetworkUuids.includes(networkId)) return;
  await account.client.order("AttachSecurityGroupToL3Network", {
    path: { group: groupId, network: networkId },
  });
}

/** The address that is bound to a VM's interface. */
export async function publicAddressOf(
  { client, config }: Account,
  nicId: string | undefined,
): Promise<string | undefined> {
  if (config.gateway.publicNetworkId === undefined || nicId === undefined) return undefined;
  const [eip] = await client.list<Eip>("QueryEip", [`vmNicUuid=${nicId}`]);
  return eip?.vipIp;
}

const everyone: Record<"4" | "6", string> = { "4": "0.0.0.0/0", "6": "::/0" };

/** As one text, however this version of ZStack shows it. Source: zstack 5.2.1, SecurityGroupRuleInventory.java. */
function shownRule(rule: Rule): string {
  const { type, protocol, startPort, srcIpRange, allowedCidr, dstPortRange } = rule;
  const from = srcIpRange || allowedCidr || everyone["4"];
  return `${type} ${protocol} ${dstPortRange || startPort} ${from}`;
}

/** HyperDoor gets its orders as user data. */
const servicesOf = ({ launch }: ZstackConfig): readonly Service[] =>
  launch.boot === "hyperDoor" ? gatewayServices : ["SecurityGroup"];

export function openNetwork(account: Account): Provider["network"] {
  const { client, config, consoleId } = account;

  async function allow(group: SecurityGroup, rules: readonly SecurityRule[]): Promise<void> {
    const there = new Set(group.rules?.map(shownRule));
    const wanted = rules.flatMap(({ port, from }) =>
      from.map((allowedCidr) => ({
        type: "Ingress",
        protocol: "TCP",
        ipVersion: allowedCidr.includes(":") ? 6 : 4,
        // The older form of a rule, which all versions take. Source: zstack 5.2.1, SecurityGroupApiInterceptor.java.
        startPort: port,
        endPort: port,
        allowedCidr,
      })),
    );
    const missing = wanted.filter((rule) => !there.has(shownRule(rule)));
    if (missing.length === 0) return;
    const order = { path: { group: group.uuid }, params: { rules: missing } };
    await client.order("AddSecurityGroupRule", order);
  }

  const findEip = async (vipId: string) =>
    (await client.list<Eip>("QueryEip", [`vipUuid=${vipId}`]))[0];

  return {
    async ensureSecurityGroup(options) {
      const id = uuidOf(consoleId, "security-group", options.token);
      const params = {
        name: options.tags.Name,
        description: written(marksOf(options)),
        resourceUuid: id,
      };
      await makeOnce(
        account,
        "security-group",
        () => findOne(account, "QuerySecurityGroup", id),
        () => client.order("CreateSecurityGroup", { params }),
      );
      await attachGroup(account, id, config.networkId);
      await allow(await getGroup(account, id), options.rules);
      return { id };
    },

    async deleteSecurityGroup(id) {
      if ((await findOne(account, "QuerySecurityGroup", id)) === undefined) return;
      await client.order("DeleteSecurityGroup", { path: { group: id } });
    },

    async ensureAddress(options) {
      const { publicNetworkId } = config.gateway;
      if (publicNetworkId === undefined) return undefined;
      const id = uuidOf(consoleId, "address", options.token);
      const findVip = () => findOne<Vip>(account, "QueryVip", id);
      const described = { name: options.tags.Name, description: written(marksOf(options)) };
      await makeOnce(account, "address", findVip, () =>
        client.order("CreateVip", {
          params: { ...described, l3NetworkUuid: publicNetworkId, resourceUuid: id },
        }),
      );
      const nic = nicOf(await getVm(account, options.instanceId));
      if (nic === undefined) throw notFound("interface of VM", options.instanceId);
      await makeOnce(
        account,
        "address",
        () => findEip(id),
        () =>
          client.order("CreateEip", {
            params: {
              ...described,
              vipUuid: id,
              vmNicUuid: nic.uuid,
              resourceUuid: uuidOf(consoleId, "binding", options.token),
            },
          }),
      );
      const vip = await findVip();
      if (vip === undefined) throw notFound("address", id);
      return { id, address: vip.ip };
    },

    async releaseAddress(id) {
      const eip = await findEip(id);
      if (eip !== undefined) await client.order("DeleteEip", { path: { eip: eip.uuid } });
      if ((await findOne(account, "QueryVip", id)) === undefined) return;
      await client.order("DeleteVip", { path: { vip: id } });
    },

    /** Those of the target's cluster, where its storage is. */
    async listSubnets() {
      const conditions = [ofCluster(config.clusterId), ofUsers];
      const networks = await listNetworks(client, conditions, servicesOf(config));
      return sorted(networks.map(networkChoice));
    },

    /** A group is of no network until a launch attaches it. */
    async listSecurityGroups() {
      const groups = await client.list<SecurityGroup>("QuerySecurityGroup");
      return sorted(groups.map((group) => choice(group)));
    },
  };
}
