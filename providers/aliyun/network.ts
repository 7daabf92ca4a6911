/** Security groups (ECS) and elastic IP addresses (VPC). */

import { labelOf } from "../choices.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { Provider } from "../provider.ts";
import { type Account, makeOnce, unlessAbsent, untilShown } from "./account.ts";
import { listByNumber, listByToken } from "./paging.ts";
import { byToken, displayName, type Tagged, tagsOf } from "./tags.ts";
import { listVSwitches } from "./vswitches.ts";

interface EcsGroup extends Tagged {
  readonly SecurityGroupId: string;
  readonly SecurityGroupName?: string;
  readonly Description?: string;
  /** `normal` or `enterprise`. */
  readonly SecurityGroupType?: string;
  readonly VpcId?: string;
  /** By a product of the platform's own. */
  readonly ServiceManaged?: boolean;
}

interface Groups {
  NextToken?: string;
  SecurityGroups?: { SecurityGroup?: EcsGroup[] };
}

interface Eip extends Tagged {
  readonly AllocationId: string;
  readonly IpAddress: string;
  readonly Status: string;
  readonly InstanceId?: string;
}

interface Eips {
  TotalCount?: number;
  EipAddresses?: { EipAddress?: Eip[] };
}

export async function listGroups(account: Account, filter: Parameters): Promise<EcsGroup[]> {
  return listByToken<Groups, EcsGroup>(
    account,
    "ecs",
    "DescribeSecurityGroups",
    filter,
    (answer) => answer.SecurityGroups?.SecurityGroup,
  );
}

export async function listEips(account: Account, filter: Parameters): Promise<Eip[]> {
  return listByNumber<Eips, Eip>(
    account,
    "vpc",
    "DescribeEipAddresses",
    filter,
    (answer) => answer.EipAddresses?.EipAddress,
  );
}

async function findEip(account: Account, id: string): Promise<Eip | undefined> {
  const found = await listEips(account, { AllocationId: id });
  return found.find(({ AllocationId }) => AllocationId === id);
}

/** Binding and letting go take some seconds, in which nothing else can be done with it. */
async function settledEip(account: Account, id: string): Promise<Eip | undefined> {
  const look = async () => {
    const eip = await findEip(account, id);
    const isBusy = eip?.Status === "Associating" || eip?.Status === "Unassociating";
    return isBusy ? undefined : { eip };
  };
  return (await untilShown(account, look))?.eip;
}

export function openNetwork(account: Account): Provider["network"] {
  const { client, config } = account;

  return {
    async ensureSecurityGroup(options) {
      const { token, rules } = options;
      const { vpcId } = await account.place();
      const id = await makeOnce(account, token, {
        find: async () =>
          (await listGroups(account, { VpcId: vpcId, Tag: byToken(token) }))[0]?.SecurityGroupId,
        create: async (clientToken) => {
          const made = await client.call<{ SecurityGroupId: string }>(
            "ecs",
            "CreateSecurityGroup",
            {
              VpcId: vpcId,
              SecurityGroupName: displayName(options.tags.Name),
              Description: "HyperMotion gateway and what it launches",
              SecurityGroupType: "normal",
              ClientToken: clientToken,
              Tag: tagsOf(options),
            },
          );
          return made.SecurityGroupId;
        },
        isThere: async (id) => (await listGroups(account, { SecurityGroupId: id })).length > 0,
      });
      const permissions = rules.flatMap(({ port, from }) =>
        from.map((SourceCidrIp) => ({
          IpProtocol: "TCP",
          PortRange: `${port}/${port}`,
          SourceCidrIp,
          Policy: "accept",
          Priority: "1",
        })),
      );
      // A rule that is there already is let pass. Source: ECS API 2014-05-26, AuthorizeSecurityGroup.
      if (permissions.length > 0) {
        await client.call("ecs", "AuthorizeSecurityGroup", {
          SecurityGroupId: id,
          Permissions: permissions,
        });
      }
      return { id };
    },

    async deleteSecurityGroup(id) {
      await unlessAbsent(client.call("ecs", "DeleteSecurityGroup", { SecurityGroupId: id }));
    },

    async ensureAddress(options) {
      const { publicAddress, bandwidthMbps } = config.gateway;
      const { token, instanceId } = options;
      if (publicAddress === "none") return undefined;
      const id = await makeOnce(account, token, {
        find: async () => (await listEips(account, { Tag: byToken(token) }))[0]?.AllocationId,
        create: async (clientToken) => {
          const made = await client.call<{ AllocationId: string }>("vpc", "AllocateEipAddress", {
            Name: displayName(options.tags.Name),
            InstanceChargeType: "PostPaid",
            InternetChargeType: "PayByTraffic",
            Bandwidth: String(bandwidthMbps),
            ClientToken: clientToken,
            Tag: tagsOf(options),
          });
          return made.AllocationId;
        },
        isThere: async (id) => (await findEip(account, id)) !== undefined,
      });
      const eip = await findEip(account, id);
      if (eip?.InstanceId !== instanceId) {
        await client.call("vpc", "AssociateEipAddress", {
          AllocationId: id,
          InstanceId: instanceId,
          InstanceType: "EcsInstance",
        });
      }
      return { id, address: eip?.IpAddress ?? "" };
    },

    async releaseAddress(id) {
      const bound = await settledEip(account, id);
      if (bound?.Status === "InUse") {
        const order = { AllocationId: id, InstanceId: bound.InstanceId };
        await unlessAbsent(
          client.call("vpc", "UnassociateEipAddress", { ...order, InstanceType: "EcsInstance" }),
        );
        await settledEip(account, id);
      }
      await unlessAbsent(client.call("vpc", "ReleaseEipAddress", { AllocationId: id }));
    },

    /** Disks are of one zone, which their instance must be in. */
    async listSubnets() {
      const { zone } = await account.place();
      return listVSwitches(account, { ZoneId: zone });
    },

    async listSecurityGroups() {
      // In a vSwitch those of the classic network are refused.
      const groups = await listGroups(account, { NetworkType: "vpc" });
      return (
        groups
          // Instances are refused in them. Source: RunInstances, InvalidOperation.ResourceManagedByCloudProduct.
          .filter(({ ServiceManaged }) => ServiceManaged !== true)
          .map(({ SecurityGroupId, SecurityGroupType, VpcId, ...group }) => ({
            value: SecurityGroupId,
            label: labelOf(
              group.SecurityGroupName,
              group.Description,
              // An instance's groups are all of one type.
              SecurityGroupType === "enterprise" && SecurityGroupType,
              VpcId,
            ),
            network: VpcId,
          }))
      );
    },
  };
}
