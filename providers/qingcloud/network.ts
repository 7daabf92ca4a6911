/** Firewalls, which QingCloud's API calls security groups, and elastic addresses. */
import { labelOf } from "../choices.ts";
import type { CreateOptions, Provider, SecurityRule } from "../provider.ts";
import { type Account, inWrongState, listAll, unlessAbsent } from "./account.ts";
import { nameOf } from "./names.ts";
import { insist, type Kind, makeOnce, type Ordered, settle, untilSeen } from "./orders.ts";
import { listNetworks } from "./vxnets.ts";

interface QingGroup {
  readonly security_group_id: string;
  readonly security_group_name?: string | null;
  readonly description?: string | null;
  /** 0 when its rules were changed since. */
  readonly is_applied?: number;
  /** Instances and routers that use it. */
  readonly resources?: readonly { readonly resource_id?: string }[];
}

interface QingRule {
  readonly security_group_rule_id: string;
  readonly protocol: string;
  readonly action: string;
  /** First and last port, and who may connect. */
  readonly val1?: string;
  readonly val2?: string;
  readonly val3?: string;
}

interface QingEip {
  readonly eip_id: string;
  readonly eip_name?: string | null;
  readonly eip_addr?: string;
  readonly status: string;
  readonly transition_status?: string;
  readonly resource?: { readonly resource_id?: string } | null;
}

export const groupKind: Kind<QingGroup> = {
  action: "DescribeSecurityGroups",
  set: "security_group_set",
  idOf: ({ security_group_id }) => security_group_id,
  nameOf: ({ security_group_name }) => security_group_name,
  isGone: () => false,
};

export const eipKind: Kind<QingEip> = {
  action: "DescribeEips",
  set: "eip_set",
  idOf: ({ eip_id }) => eip_id,
  nameOf: ({ eip_name }) => eip_name,
  isGone: ({ status }) => status === "released" || status === "ceased",
};

async function findGroup(account: Account, id: string): Promise<QingGroup | undefined> {
  const { action, set } = groupKind;
  const order = { security_groups: [id], verbose: 1 };
  const found = await unlessAbsent(listAll<QingGroup>(account, action, set, order));
  return found?.find(({ security_group_id }) => security_group_id === id);
}

async function findEip(account: Account, id: string): Promise<QingEip | undefined> {
  const { action, set } = eipKind;
  const found = await unlessAbsent(listAll<QingEip>(account, action, set, { eips: [id] }));
  return found?.find((eip) => eip.eip_id === id && !eipKind.isGone(eip));
}

const ruleOf = (port: number, from: string) => `tcp ${port} ${port} ${from}`;

/** Incoming ones. Source: QingCloud API, AddSecurityGroupRules, `direction`. */
const incoming = 0;

/** Makes the rules those that are wanted. @returns whether any was another */
async function setRules(
  account: Account,
  groupId: string,
  rules: readonly SecurityRule[],
): Promise<boolean> {
  const { client } = account;
  const there = await listAll<QingRule>(
    account,
    "DescribeSecurityGroupRules",
    "security_group_rule_set",
    { security_group: groupId, direction: incoming },
  );
  const wanted = rules.flatMap(({ port, from }) => from.map((block) => ({ port, block })));
  const wantedTexts = new Set(wanted.map(({ port, block }) => ruleOf(port, block)));
  const textOf = ({ protocol, action, val1, val2, val3 }: QingRule) =>
    action === "accept" ? `${protocol} ${val1} ${val2} ${val3}` : action;
  const thereTexts = new Set(there.map(textOf));
  const missing = wanted.filter(({ port, block }) => !thereTexts.has(ruleOf(port, block)));
  const stale = there.filter((rule) => !wantedTexts.has(textOf(rule)));
  if (missing.length > 0) {
    await client.call("AddSecurityGroupRules", {
      security_group: groupId,
      rules: missing.map(({ port, block }) => ({
        protocol: "tcp",
        priority: 1,
        action: "accept",
        direction: incoming,
        security_group_rule_name: `port ${port}`,
        val1: port,
        val2: port,
        val3: block,
      })),
    });
  }
  if (stale.length > 0) {
    await client.call("DeleteSecurityGroupRules", {
      security_group_rules: stale.map(({ security_group_rule_id }) => security_group_rule_id),
    });
  }
  return missing.length + stale.length > 0;
}

async function ensureGroup(
  account: Account,
  options: CreateOptions & { rules: readonly SecurityRule[] },
): Promise<string> {
  const { client } = account;
  const id = await makeOnce(account, groupKind, options, async () => {
    const made = await client.call<{ security_group_id: string }>("CreateSecurityGroup", {
      security_group_name: nameOf(options),
    });
    return made.security_group_id;
  });
  const changed = await setRules(account, id, options.rules);
  const group = await findGroup(account, id);
  const isUsed = (group?.resources ?? []).length > 0;
  // Rules have no effect before. Whoever does not use it yet gets them with the group.
  if (isUsed && (changed || group?.is_applied === 0)) {
    const order = { security_group: id };
    await settle(
      account,
      await insist(account, () => client.call<Ordered>("ApplySecurityGroup", order)),
    );
  }
  return id;
}

/** As soon as nothing is being done with it; undefined when it is gone. */
async function settledEip(account: Account, id: string): Promise<QingEip | undefined> {
  const look = async () => {
    const eip = await findEip(account, id);
    const isBusy = eip !== undefined && (eip.status === "pending" || eip.transition_status);
    return isBusy ? undefined : { eip };
  };
  return (await untilSeen(account, look))?.eip;
}

export function openNetwork(account: Account): Provider["network"] {
  const { client, config } = account;

  async function associate(eip: QingEip, instanceId: string): Promise<void> {
    const holder = eip.resource?.resource_id;
    if (eip.status === "associated" && holder === instanceId) return;
    if (eip.status === "associated") {
      throw inWrongState("address", eip.eip_id, `bound to ${holder}`);
    }
    const order = { eip: eip.eip_id, instance: instanceId };
    try {
      await settle(
        account,
        await insist(account, () => client.call<Ordered>("AssociateEip", order)),
      );
    } catch (error) {
      const now = await findEip(account, eip.eip_id);
      if (now?.resource?.resource_id !== instanceId) throw error;
    }
  }

  return {
    ensureSecurityGroup: async (options) => ({ id: await ensureGroup(account, options) }),

    async deleteSecurityGroup(id) {
      const group = await findGroup(account, id);
      if (group === undefined) return;
      const [user] = group.resources ?? [];
      if (user !== undefined) {
        throw inWrongState("security group", id, `used by ${user.resource_id}`);
      }
      await unlessAbsent(client.call("DeleteSecurityGroups", { security_groups: [id] }));
    },

    async ensureAddress(options) {
      const { publicAddress, bandwidthMbps } = config.gateway;
      if (publicAddress === "none") return undefined;
      const id = await makeOnce(account, eipKind, options, async () => {
        const made = await client.call<{ eips: string[] }>("AllocateEips", {
          bandwidth: bandwidthMbps,
          billing_mode: "traffic",
          eip_name: nameOf(options),
          count: 1,
          need_icp: 0,
        });
        return made.eips[0] ?? "";
      });
      const eip = await settledEip(account, id);
      if (eip === undefined) throw inWrongState("address", id, "it is not there yet");
      await associate(eip, options.instanceId);
      return { id, address: eip.eip_addr ?? "" };
    },

    async releaseAddress(id) {
      const eip = await settledEip(account, id);
      if (eip === undefined) return;
      if (eip.status === "associated") {
        await settle(account, await client.call<Ordered>("DissociateEips", { eips: [id] }));
        await settledEip(account, id);
      }
      await unlessAbsent(
        insist(account, async () =>
          settle(account, await client.call<Ordered>("ReleaseEips", { eips: [id] })),
        ),
      );
    },

    listSubnets: () => listNetworks(account),

    /** They are the zone's: none belongs to a VPC. */
    async listSecurityGroups() {
      const { action, set } = groupKind;
      const groups = await listAll<QingGroup>(account, action, set, {});
      return groups.map(({ security_group_id, security_group_name, description }) => ({
        value: security_group_id,
        label: labelOf(security_group_name, description),
      }));
    },
  };
}
