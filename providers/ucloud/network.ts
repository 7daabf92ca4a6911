/**
 * Firewalls (外网防火墙) as security groups, and elastic addresses. A firewall's name is unique in a project;
 * an address is found by its business group and the end of its name.
 */
import { MigrationError } from "#domain/errors.ts";
import { labelOf } from "../choices.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { Provider, SecurityRule } from "../provider.ts";
import { type Account, makeOnce, unlessGone, untilShown } from "./account.ts";
import { listAll } from "./client.ts";
import { groupOf, markOf, namesOf, partsOf } from "./names.ts";
import { listSubnets } from "./subnets.ts";

export interface Firewall {
  readonly FWId: string;
  readonly Name?: string;
  readonly Tag?: string;
  readonly CreateTime?: number;
}

export interface Eip {
  readonly EIPId: string;
  readonly Name?: string;
  readonly Tag?: string;
  readonly CreateTime?: number;
  /** `free`, `used` or `freeze`. */
  readonly Status?: string;
  readonly EIPAddr?: readonly { readonly IP?: string }[];
  readonly Resource?: { readonly ResourceID?: string; readonly ResourceType?: string };
}

export async function listFirewalls(account: Account, filter: Parameters = {}) {
  return listAll<{ DataSet?: Firewall[] }, Firewall>(
    account,
    "DescribeFirewall",
    filter,
    ({ DataSet }) => DataSet,
  );
}

/** @throws `cloud.not-found` */
export async function getFirewall(account: Account, id: string): Promise<void> {
  const found = await unlessGone(listFirewalls(account, { FWId: id }));
  if (found?.some(({ FWId }) => FWId === id)) return;
  throw new MigrationError("cloud.not-found", { platform: "ucloud", what: "security group", id });
}

export async function listEips(account: Account, filter: Parameters = {}): Promise<Eip[]> {
  return listAll<{ EIPSet?: Eip[] }, Eip>(account, "DescribeEIP", filter, ({ EIPSet }) => EIPSet);
}

async function findEip(account: Account, id: string): Promise<Eip | undefined> {
  const found = await unlessGone(listEips(account, { EIPIds: [id] }));
  return found?.find(({ EIPId }) => EIPId === id);
}

/** Of mainland regions and of the others. Source: UNet API, AllocateEIP, OperatorName. */
export const lineOf = (region: string): string =>
  region.startsWith("cn-") ? "BGP" : "International";

const hostType = "uhost";

export function openNetwork(account: Account): Provider["network"] {
  const { client, config, consoleId } = account;

  const isOfOrder =
    (token: string, owner: string) =>
    ({ Name, Tag }: { readonly Name?: string; readonly Tag?: string }) =>
      Tag === groupOf(consoleId, owner) && partsOf(Name).mark === markOf(token);

  async function deleteFirewall(id: string): Promise<void> {
    await unlessGone(client.call("DeleteFirewall", { FWId: id }));
  }

  async function release(id: string): Promise<void> {
    await unlessGone(client.call("ReleaseEIP", { EIPId: id }));
  }

  return {
    async ensureSecurityGroup(options) {
      const { token, tags } = options;
      const Rule = rulesOf(options.rules);
      const id = await makeOnce(account, `firewall ${token}`, {
        list: async () =>
          (await listFirewalls(account))
            .filter(isOfOrder(token, tags["hypermotion:owner"]))
            .map(({ FWId, CreateTime = 0 }) => ({ id: FWId, createdAt: CreateTime })),
        async create() {
          const made = await client.call<{ FWId?: string }>("CreateFirewall", {
            ...namesOf(options),
            Remark: "HyperMotion gateway and what it launches",
            Rule,
          });
          return made.FWId ?? "";
        },
        discard: deleteFirewall,
      });
      // All rules at once: what was asked for last counts.
      await client.call("UpdateFirewall", { FWId: id, Rule });
      return { id };
    },

    async deleteSecurityGroup(id) {
      const found = await unlessGone(listFirewalls(account, { FWId: id }));
      if (found?.some(({ FWId }) => FWId === id)) await deleteFirewall(id);
    },

    async ensureAddress(options) {
      const { token, tags, instanceId } = options;
      const { publicAddress, bandwidthMbps, line } = config.gateway;
      if (publicAddress === "none") return undefined;
      const id = await makeOnce(account, `address ${token}`, {
        list: async () =>
          (await listEips(account))
            .filter(isOfOrder(token, tags["hypermotion:owner"]))
            .map(({ EIPId, CreateTime = 0 }) => ({ id: EIPId, createdAt: CreateTime })),
        async create() {
          const made = await client.call<{ EIPSet?: { EIPId?: string }[] }>("AllocateEIP", {
            ...namesOf(options),
            OperatorName: line ?? lineOf(config.region),
            Bandwidth: bandwidthMbps,
            PayMode: "Traffic",
            // By the month unless told.
            ChargeType: "Dynamic",
          });
          return made.EIPSet?.[0]?.EIPId ?? "";
        },
        discard: release,
      });
      const eip = await findEip(account, id);
      if (eip?.Resource?.ResourceID !== instanceId) {
        const order = { EIPId: id, ResourceType: hostType, ResourceId: instanceId };
        await client.call("BindEIP", order);
      }
      return { id, address: eip?.EIPAddr?.[0]?.IP ?? "" };
    },

    async releaseAddress(id) {
      const eip = await findEip(account, id);
      if (eip === undefined) return;
      const { ResourceID: ResourceId, ResourceType = hostType } = eip.Resource ?? {};
      if (ResourceId) {
        await unlessGone(client.call("UnBindEIP", { EIPId: id, ResourceType, ResourceId }));
        await untilShown(account, async () => {
          const now = await findEip(account, id);
          return now?.Resource?.ResourceID ? undefined : true;
        });
      }
      await release(id);
    },

    /** Of all zones: that a host is in its subnet's is said nowhere. */
    listSubnets: () => listSubnets(account),

    /** They hold in every VPC of the project. */
    async listSecurityGroups() {
      const firewalls = await listFirewalls(account);
      return firewalls.map(({ FWId, Name, Tag }) => ({ value: FWId, label: labelOf(Name, Tag) }));
    },
  };
}

/** Protocol, port, source, action, priority, remark. Source: UNet API, CreateFirewall, Rule.N. */
function rulesOf(rules: readonly SecurityRule[]): string[] {
  const accepted = rules.flatMap(({ port, from }) =>
    from.map((block) => `TCP|${port}|${block}|ACCEPT|HIGH|HyperMotion`),
  );
  // A firewall has one rule at least; everything that none accepts is refused anyway.
  return accepted.length > 0 ? accepted : ["TCP|1-65535|0.0.0.0/0|DROP|LOW|HyperMotion"];
}
