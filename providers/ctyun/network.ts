/** Security groups and elastic addresses. Names have at most 32 characters, which is what says whose they are. */
import { MigrationError } from "#domain/errors.ts";
import { labelOf } from "../choices.ts";
import type { Provider, SecurityRule } from "../provider.ts";
import { type Account, listPages, notYet, unlessAbsent, untilSeen } from "./account.ts";
import { orderInProgress } from "./errors.ts";
import { consolePart, isOwned, stemOf } from "./names.ts";
import { buy, onceToken } from "./orders.ts";
import { listSubnetsNear } from "./subnets.ts";

interface Rule {
  readonly direction?: string;
  readonly action?: string;
  readonly protocol?: string;
  /** `22` or `22-22`. */
  readonly range?: string;
  readonly destCidrIp?: string;
}

interface SecurityGroup {
  readonly id: string;
  readonly securityGroupName: string;
  readonly description?: string;
  readonly vpcID?: string;
  readonly securityGroupRuleList?: readonly Rule[] | null;
}

interface Eip {
  readonly ID: string;
  readonly name?: string;
  readonly eipAddress?: string;
  /** Of the server it is bound to. */
  readonly associationID?: string | null;
  /** ACTIVE while it is bound, else DOWN. */
  readonly status?: string;
}

/** Of all VPCs, unless one is told. */
const listGroups = (
  account: Account,
  wanted: { readonly vpcID?: string; readonly queryContent?: string } = {},
): Promise<SecurityGroup[]> =>
  listPages<SecurityGroup>(
    account,
    "QuerySecurityGroups",
    wanted,
    ({ securityGroups }) => securityGroups,
  );

/** Of the target's VPC, with a text in the name. */
const listGroupsByText = async (account: Account, queryContent: string) =>
  listGroups(account, { vpcID: await account.vpcId(), queryContent });

const listAddresses = (account: Account, ids?: readonly string[]): Promise<Eip[]> =>
  listPages<Eip>(
    account,
    "ListEip",
    { ids, projectID: account.config.projectId },
    ({ eips }) => eips,
  );

export async function listOwnedGroups(
  account: Account,
  owner: string | undefined,
): Promise<{ id: string; name: string }[]> {
  const found = await listGroupsByText(account, consolePart(account.consoleId));
  return found
    .filter(({ securityGroupName }) => isOwned(securityGroupName, account.consoleId, owner))
    .map(({ id, securityGroupName }) => ({ id, name: securityGroupName }));
}

export async function listOwnedAddresses(
  account: Account,
  owner: string | undefined,
): Promise<{ id: string; name: string }[]> {
  const found = await listAddresses(account);
  return found.flatMap(({ ID, name = "" }) =>
    isOwned(name, account.consoleId, owner) ? [{ id: ID, name }] : [],
  );
}

/** Of the whole range: 1 is first, 100 last. Source: create-security-group-ingress, priority. */
const priority = 1;

function asRules(rules: readonly SecurityRule[]) {
  return rules.flatMap(({ port, from }) =>
    from.map((destCidrIp) => ({
      direction: "ingress",
      action: "accept",
      priority,
      protocol: "TCP",
      ethertype: destCidrIp.includes(":") ? "IPv6" : "IPv4",
      destCidrIp,
      range: String(port),
      // By address, not by another group.
      remoteType: 0,
    })),
  );
}

/** What is open is opened no second time: the cloud would refuse it, or keep two. */
function isOpen(have: readonly Rule[], wanted: Rule): boolean {
  const only = (range = "") => range.replace(/^(\d+)-\1$/, "$1");
  return have.some(
    ({ direction, action = "accept", protocol = "", range, destCidrIp }) =>
      direction === wanted.direction &&
      action === wanted.action &&
      protocol.toUpperCase() === wanted.protocol &&
      only(range) === wanted.range &&
      destCidrIp === wanted.destCidrIp,
  );
}

export function openNetwork(account: Account): Provider["network"] {
  const { client, config } = account;

  async function findGroup(name: string): Promise<string | undefined> {
    const found = await listGroupsByText(account, name);
    return found.find(({ securityGroupName }) => securityGroupName === name)?.id;
  }

  /** Those that are there are left alone. */
  async function allow(securityGroupID: string, rules: readonly SecurityRule[]): Promise<void> {
    const { securityGroupRuleList } = await client.call<SecurityGroup>("ShowSecurityGroup", {
      securityGroupID,
      projectID: config.projectId,
      direction: "ingress",
    });
    const have = securityGroupRuleList ?? [];
    const securityGroupRules = asRules(rules).filter((rule) => !isOpen(have, rule));
    if (securityGroupRules.length === 0) return;
    await client.call("CreateSgIngressRule", {
      clientToken: onceToken(),
      securityGroupID,
      securityGroupRules,
    });
  }

  async function findAddress(id: string): Promise<Eip | undefined> {
    return (await listAddresses(account, [id])).find(({ ID }) => ID === id);
  }

  async function buyAddress(
    options: Parameters<Provider["network"]["ensureAddress"]>[0],
  ): Promise<string> {
    const name = stemOf(options);
    const earlier = (await listAddresses(account)).find((one) => one.name === name);
    if (earlier !== undefined) return earlier.ID;
    return buy(account, {
      options,
      what: "an elastic address",
      operation: "CreateEip",
      parameters: {
        name,
        projectID: config.projectId,
        cycleType: "on_demand",
        demandBillingType: "upflowc",
        bandwidth: config.gateway.bandwidthMbps,
        lineType: config.gateway.lineType,
      },
      idIn: ({ eipID }) => eipID,
      find: findAddress,
    });
  }

  return {
    async ensureSecurityGroup(options) {
      const name = stemOf(options);
      const order = { name, vpcID: await account.vpcId(), projectID: config.projectId };
      const id =
        (await findGroup(name)) ??
        (await buy(account, {
          options,
          what: "a security group",
          operation: "CreateSecurityGroup",
          parameters: order,
          idIn: ({ securityGroupID }) => securityGroupID,
          find: () => findGroup(name),
        }));
      await allow(id, options.rules);
      return { id };
    },

    async deleteSecurityGroup(id) {
      const order = { clientToken: onceToken(), securityGroupID: id, projectID: config.projectId };
      await unlessAbsent(client.call("DeleteSecurityGroup", order));
    },

    async ensureAddress(options) {
      if (config.gateway.publicAddress === "none") return undefined;
      const { instanceId } = options;
      const eipID = await buyAddress(options);
      const eip = await findAddress(eipID);
      const address = eip?.eipAddress;
      if (!address) throw notYet(`elastic address ${eipID} is still being made`);
      if (eip.associationID && eip.associationID !== instanceId) {
        const state = `bound to ${eip.associationID}`;
        const facts = { platform: "ctyun", what: "elastic address", id: eipID, state };
        throw new MigrationError("cloud.wrong-state", facts);
      }
      if (!eip.associationID) {
        await client.call("AssociateEip", {
          clientToken: onceToken(),
          projectID: config.projectId,
          eipID,
          associationID: instanceId,
          associationType: 1,
        });
      }
      return { id: eipID, address };
    },

    async releaseAddress(eipID) {
      const eip = await findAddress(eipID);
      if (eip === undefined) return;
      if (eip.associationID) {
        const order = { clientToken: onceToken(), projectID: config.projectId, eipID };
        await unlessAbsent(client.call("DisassociateEip", order));
        const free = await untilSeen(account, async () =>
          (await findAddress(eipID))?.associationID ? undefined : true,
        );
        if (free === undefined) throw notYet(`elastic address ${eipID} is still bound`);
      }
      try {
        await unlessAbsent(client.call("DeleteEip", { clientToken: onceToken(), eipID }));
      } catch (error) {
        if (orderInProgress(error) === undefined) throw error;
      }
    },

    listSubnets: () => listSubnetsNear(account),

    /** A group is ordered in a VPC, and holds there (create-security-group, vpcID). */
    async listSecurityGroups() {
      const groups = await listGroups(account);
      return groups.map(({ id, securityGroupName, description, vpcID }) => ({
        value: id,
        label: labelOf(securityGroupName, description, vpcID),
        network: vpcID || undefined,
      }));
    },
  };
}
