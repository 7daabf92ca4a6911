/** Security groups (VPC) and elastic IP addresses (EIP). */
import { MigrationError } from "#domain/errors.ts";
import { labelOf } from "../choices.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { Provider, SecurityRule } from "../provider.ts";
import { type Account, makeOnce, unlessAbsent, untilSeen } from "./account.ts";
import { findKecInstance, type KecInstance } from "./instances.ts";
import { listByToken } from "./paging.ts";
import { listSubnets } from "./subnets.ts";
import { isMadeBy, isOwned, nameOf } from "./tags.ts";

/** Source: VPC API, DescribeSecurityGroups. */
interface VpcGroup {
  readonly SecurityGroupId: string;
  readonly SecurityGroupName: string;
  readonly Description?: string;
  readonly VpcId?: string;
  readonly SecurityGroupEntrySet?: readonly GroupEntry[];
}

interface GroupEntry {
  readonly SecurityGroupEntryId: string;
  readonly Direction: string;
  readonly Protocol: string;
  readonly CidrBlock: string;
  readonly PortRangeFrom?: number;
  readonly PortRangeTo?: number;
}

/** Source: EIP API, DescribeAddresses. */
interface Eip {
  readonly AllocationId: string;
  readonly PublicIp: string;
  readonly InstanceId?: string;
}

interface Line {
  readonly LineId: string;
  readonly LineName: string;
  readonly LineType?: string;
  readonly IpVersion?: string;
}

async function listGroups(account: Account, filter: Parameters): Promise<VpcGroup[]> {
  return listByToken<{ NextToken?: string; SecurityGroupSet?: VpcGroup[] }, VpcGroup>(
    account,
    "vpc",
    "DescribeSecurityGroups",
    filter,
    (answer) => answer.SecurityGroupSet,
  );
}

async function listGroupsHere(account: Account): Promise<VpcGroup[]> {
  const { vpcId } = await account.place();
  return listGroups(account, { Filter: [{ Name: "vpc-id", Value: [vpcId] }] });
}

export async function listOwnedGroups(
  account: Account,
  owner: string | undefined,
): Promise<VpcGroup[]> {
  const all = await listGroupsHere(account);
  return all.filter((group) => isOwned(group.SecurityGroupName, account.consoleId, owner));
}

async function listEips(account: Account, filter: Parameters = {}): Promise<Eip[]> {
  return listByToken<{ NextToken?: string; AddressesSet?: Eip[] }, Eip>(
    account,
    "eip",
    "DescribeAddresses",
    { ProjectId: [account.config.projectId], ...filter },
    (answer) => answer.AddressesSet,
  );
}

/** Addresses have no name: whose they are is what their instance says. */
export async function addressesOf(
  account: Account,
  instances: readonly KecInstance[],
): Promise<{ id: string; instance: KecInstance }[]> {
  if (instances.length === 0) return [];
  const all = await listEips(account);
  return all.flatMap(({ AllocationId: id, InstanceId }) => {
    const instance = instances.find((each) => each.InstanceId === InstanceId);
    return instance === undefined ? [] : [{ id, instance }];
  });
}

/** Of the wanted name, else the first BGP one, else the first. @throws `cloud.not-found` */
export async function findLine(account: Account): Promise<string> {
  const wanted = account.config.gateway.line;
  const answer = await account.client.call<{ LineSet?: Line[] }>("eip", "GetLines");
  const lines = (answer.LineSet ?? []).filter(({ IpVersion = "ipv4" }) => /4$/.test(IpVersion));
  const found =
    wanted === undefined
      ? (lines.find((line) => /BGP/i.test(`${line.LineName} ${line.LineType}`)) ?? lines[0])
      : lines.find(({ LineName }) => LineName === wanted);
  if (found !== undefined) return found.LineId;
  throw new MigrationError("cloud.not-found", {
    platform: "kingsoft",
    what: "line for elastic addresses",
    id: wanted ?? "",
  });
}

interface Entry {
  readonly Direction: string;
  readonly Protocol: string;
  readonly CidrBlock: string;
  readonly PortRangeFrom?: number;
  readonly PortRangeTo?: number;
}

/** What comes in by the rules, and all that goes out: a new group may let nothing out. */
function entriesOf(rules: readonly SecurityRule[]): Entry[] {
  const into = rules.flatMap(({ port, from }) =>
    from.map((CidrBlock) => ({
      ...{ Direction: "in", Protocol: "tcp", CidrBlock },
      ...{ PortRangeFrom: port, PortRangeTo: port },
    })),
  );
  return [...into, { Direction: "out", Protocol: "ip", CidrBlock: "0.0.0.0/0" }];
}

const same = (a: Entry, b: Entry) =>
  a.Direction === b.Direction &&
  a.Protocol === b.Protocol &&
  a.CidrBlock === b.CidrBlock &&
  (a.Protocol === "ip" || (a.PortRangeFrom === b.PortRangeFrom && a.PortRangeTo === b.PortRangeTo));

/** Adds what is missing, then takes away what else comes in. */
async function setRules(account: Account, groupId: string, wanted: readonly Entry[]) {
  const { client } = account;
  const [group] = await listGroups(account, { SecurityGroupId: [groupId] });
  const there = group?.SecurityGroupEntrySet ?? [];
  for (const entry of wanted) {
    if (there.some((one) => same(one, entry))) continue;
    await client.call("vpc", "AuthorizeSecurityGroupEntry", {
      SecurityGroupId: groupId,
      Description: "HyperMotion",
      ...entry,
    });
  }
  for (const entry of there) {
    if (entry.Direction !== "in" || wanted.some((one) => same(one, entry))) continue;
    const order = {
      SecurityGroupId: groupId,
      SecurityGroupEntryId: entry.SecurityGroupEntryId,
    };
    await unlessAbsent(client.call("vpc", "RevokeSecurityGroupEntry", order));
  }
}

/** Off its instance, then back to the cloud. May be repeated. */
export async function releaseAddress(account: Account, id: string): Promise<void> {
  const { client } = account;
  const find = async () =>
    (await listEips(account, { AllocationId: [id] })).find(
      ({ AllocationId }) => AllocationId === id,
    );
  const eip = await find();
  if (eip === undefined) return;
  if (eip.InstanceId) {
    await unlessAbsent(client.call("eip", "DisassociateAddress", { AllocationId: id }));
    await untilSeen(account, async () => ((await find())?.InstanceId ? undefined : true));
  }
  await unlessAbsent(client.call("eip", "ReleaseAddress", { AllocationId: id }));
}

export function openNetwork(account: Account): Provider["network"] {
  const { client, config, consoleId } = account;

  return {
    async ensureSecurityGroup(options) {
      const { token, rules } = options;
      const { vpcId } = await account.place();
      const id = await makeOnce(account, "security-group", token, {
        find: async () =>
          (await listGroupsHere(account)).find(({ SecurityGroupName }) =>
            isMadeBy(SecurityGroupName, consoleId, token),
          )?.SecurityGroupId,
        async make() {
          const made = await client.call<{ SecurityGroup: VpcGroup }>(
            "vpc",
            "CreateSecurityGroup",
            {
              VpcId: vpcId,
              SecurityGroupName: nameOf(options),
              Description: "HyperMotion gateway and what it launches",
            },
          );
          return made.SecurityGroup.SecurityGroupId;
        },
      });
      await setRules(account, id, entriesOf(rules));
      return { id };
    },

    async deleteSecurityGroup(id) {
      await unlessAbsent(client.call("vpc", "DeleteSecurityGroup", { SecurityGroupId: id }));
    },

    /** It was bought with the instance, which alone tells whose it is. */
    async ensureAddress({ instanceId }) {
      if (config.gateway.publicAddress === "none") return undefined;
      const instance = await findKecInstance(account, instanceId);
      if (instance === undefined) {
        const facts = { platform: "kingsoft", what: "instance", id: instanceId };
        throw new MigrationError("cloud.not-found", facts);
      }
      const eip = (await listEips(account)).find(({ InstanceId }) => InstanceId === instanceId);
      if (eip !== undefined) return { id: eip.AllocationId, address: eip.PublicIp };
      const problem = `instance ${instanceId} has no elastic address yet; one is bought with it`;
      throw new MigrationError("cloud.transient", { platform: "kingsoft", problem });
    },

    releaseAddress: (id) => releaseAddress(account, id),

    /** A subnet has a zone, and volumes are the target's. */
    listSubnets: async () => listSubnets(account, await account.place()),

    async listSecurityGroups() {
      const groups = await listGroups(account, {});
      return groups.map(({ SecurityGroupId, SecurityGroupName, Description, VpcId }) => ({
        value: SecurityGroupId,
        label: labelOf(SecurityGroupName, Description, VpcId),
        network: VpcId,
      }));
    },
  };
}
