/** Security groups and elastic addresses. Names need not be unique, so both are found by their tag. */
import type {
  Address,
  Filter,
  SecurityGroup,
  SecurityGroupPolicySet,
} from "tencentcloud-sdk-nodejs/tencentcloud/services/vpc/v20170312/vpc_models.js";
import { MigrationError } from "#domain/errors.ts";
import { labelOf } from "../choices.ts";
import type { Provider, SecurityRule } from "../provider.ts";
import { type Account, makeOnce, unlessGone, untilShown } from "./account.ts";
import { listAll } from "./client.ts";
import { shownName, uniqueName } from "./names.ts";
import { listSubnets } from "./subnets.ts";
import { byToken, hasToken, tagsOf } from "./tags.ts";

export async function listGroups({ vpc }: Account, ...Filters: Filter[]): Promise<SecurityGroup[]> {
  return listAll(async ({ Offset, Limit }) => {
    // Texts here, numbers elsewhere.
    const page = { Offset: String(Offset), Limit: String(Limit) };
    return (await vpc.DescribeSecurityGroups({ Filters, ...page })).SecurityGroupSet;
  });
}

export async function listAddresses({ vpc }: Account, ...Filters: Filter[]): Promise<Address[]> {
  return listAll(async (page) => (await vpc.DescribeAddresses({ Filters, ...page })).AddressSet);
}

export function openNetwork(account: Account): Provider["network"] {
  const { vpc, config } = account;

  async function findGroup(token: string): Promise<string | undefined> {
    return (await listGroups(account, byToken(token))).find(hasToken(token))?.SecurityGroupId;
  }

  async function findAddress(id: string): Promise<Address | undefined> {
    const answer = await unlessGone(vpc.DescribeAddresses({ AddressIds: [id] }));
    return answer?.AddressSet?.[0];
  }

  /** @throws `cloud.transient` when it does not come to that within about a minute */
  async function inStatus(id: string, ...wanted: string[]): Promise<Address> {
    const address = await untilShown(account, async () => {
      const found = await findAddress(id);
      return wanted.includes(found?.AddressStatus ?? "") ? found : undefined;
    });
    if (address !== undefined) return address;
    throw new MigrationError("cloud.transient", {
      platform: "tencent",
      problem: `address ${id} is not yet ${wanted.join(" or ")}`,
    });
  }

  return {
    async ensureSecurityGroup(options) {
      const id = await makeOnce(
        account,
        () => findGroup(options.token),
        async () => {
          const { SecurityGroup } = await vpc.CreateSecurityGroup({
            GroupName: uniqueName(options.token),
            GroupDescription: "HyperMotion gateway and what it launches",
            Tags: tagsOf(options),
          });
          return SecurityGroup?.SecurityGroupId ?? "";
        },
      );
      await untilShown(account, () => findGroup(options.token));
      // Replaces all rules at once, in both directions; a new group has none, which refuses everything.
      await vpc.ModifySecurityGroupPolicies({
        SecurityGroupId: id,
        SecurityGroupPolicySet: policySet(options.rules),
      });
      return { id };
    },

    async deleteSecurityGroup(id) {
      await unlessGone(vpc.DeleteSecurityGroup({ SecurityGroupId: id }));
    },

    async ensureAddress(options) {
      if (config.gateway.publicAddress !== "elastic") return undefined;
      const id = await makeOnce(
        account,
        async () =>
          (await listAddresses(account, byToken(options.token))).find(hasToken(options.token))
            ?.AddressId,
        async () => {
          const { AddressSet } = await vpc.AllocateAddresses({
            AddressCount: 1,
            InternetChargeType: "TRAFFIC_POSTPAID_BY_HOUR",
            InternetMaxBandwidthOut: config.gateway.bandwidthMbps,
            AddressName: shownName(options.tags.Name),
            Tags: tagsOf(options),
            ClientToken: options.token,
          });
          return AddressSet?.[0] ?? "";
        },
      );
      const { AddressIp: address = "", InstanceId } = await inStatus(
        id,
        "UNBIND",
        "BINDING",
        "BIND",
      );
      if (InstanceId !== options.instanceId) {
        await vpc.AssociateAddress({ AddressId: id, InstanceId: options.instanceId });
      }
      return { id, address };
    },

    async releaseAddress(id) {
      const address = await findAddress(id);
      if (address === undefined || address.AddressStatus === "OFFLINING") return;
      const { AddressStatus } = await inStatus(id, "UNBIND", "BIND");
      if (AddressStatus === "BIND") {
        await unlessGone(
          vpc.DisassociateAddress({ AddressId: id, ReallocateNormalPublicIp: false }),
        );
      }
      await inStatus(id, "UNBIND");
      await unlessGone(vpc.ReleaseAddresses({ AddressIds: [id] }));
    },

    /** Disks are of one zone, which their instance must be in. */
    async listSubnets() {
      const { zone } = await account.place();
      return listSubnets(account, { Name: "zone", Values: [zone] });
    },

    /** They hold in every VPC of the region, whatever the project. Source: CVM, use limits of security groups. */
    async listSecurityGroups() {
      const groups = await listGroups(account);
      return groups.map(({ SecurityGroupId = "", SecurityGroupName, SecurityGroupDesc }) => ({
        value: SecurityGroupId,
        label: labelOf(SecurityGroupName, SecurityGroupDesc),
      }));
    },
  };
}

function policySet(rules: readonly SecurityRule[]): SecurityGroupPolicySet {
  return {
    Ingress: rules.flatMap(({ port, from }) =>
      from.map((block) => ({
        Protocol: "TCP",
        Port: String(port),
        ...(block.includes(":") ? { Ipv6CidrBlock: block } : { CidrBlock: block }),
        Action: "ACCEPT",
        PolicyDescription: "HyperMotion",
      })),
    ),
    Egress: [{ Protocol: "ALL", Port: "all", CidrBlock: "0.0.0.0/0", Action: "ACCEPT" }],
  };
}
