/** Security groups and Elastic IPs. Neither takes a client token: names and tags make them one. */
import {
  type Address,
  AllocateAddressCommand,
  AssociateAddressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeAddressesCommand,
  DescribeSecurityGroupsCommand,
  DisassociateAddressCommand,
  ReleaseAddressCommand,
  type SecurityGroup,
} from "@aws-sdk/client-ec2";
import { labelOf } from "../choices.ts";
import type { Provider, SecurityRule } from "../provider.ts";
import { type Account, makeOnce, unlessAbsent, untilShown } from "./account.ts";
import { codeOf } from "./errors.ts";
import { listSubnets } from "./subnets.ts";
import { byToken, specification, tagValue } from "./tags.ts";

export function openNetwork(account: Account): Provider["network"] {
  const { ec2, config } = account;

  async function findGroup(name: string): Promise<string | undefined> {
    const { vpcId } = await account.place();
    const { SecurityGroups = [] } = await ec2.send(
      new DescribeSecurityGroupsCommand({
        Filters: [
          { Name: "vpc-id", Values: [vpcId] },
          { Name: "group-name", Values: [name] },
        ],
      }),
    );
    return SecurityGroups[0]?.GroupId;
  }

  async function findAddress(token: string): Promise<Address | undefined> {
    const { Addresses = [] } = await ec2.send(
      new DescribeAddressesCommand({ Filters: [byToken(token)] }),
    );
    return Addresses[0];
  }

  async function allow(groupId: string, rule: SecurityRule): Promise<void> {
    try {
      await ec2.send(
        new AuthorizeSecurityGroupIngressCommand({
          GroupId: groupId,
          IpPermissions: [
            {
              IpProtocol: "tcp",
              FromPort: rule.port,
              ToPort: rule.port,
              IpRanges: rule.from.map((CidrIp) => ({ CidrIp, Description: "HyperMotion" })),
            },
          ],
        }),
      );
    } catch (error) {
      if (codeOf(error) !== "InvalidPermission.Duplicate") throw error;
    }
  }

  async function release(allocationId: string): Promise<void> {
    const answer = await unlessAbsent(
      ec2.send(new DescribeAddressesCommand({ AllocationIds: [allocationId] })),
    );
    const association = answer?.Addresses?.[0]?.AssociationId;
    if (association !== undefined) {
      await unlessAbsent(ec2.send(new DisassociateAddressCommand({ AssociationId: association })));
    }
    await unlessAbsent(ec2.send(new ReleaseAddressCommand({ AllocationId: allocationId })));
  }

  return {
    async ensureSecurityGroup(options) {
      const { vpcId } = await account.place();
      // A group's name is unique in its VPC, which makes it the token.
      const name = options.token;
      const id = await makeOnce(
        account,
        () => findGroup(name),
        async () => {
          const { GroupId = "" } = await ec2.send(
            new CreateSecurityGroupCommand({
              GroupName: name,
              Description: "HyperMotion gateway and what it launches",
              VpcId: vpcId,
              TagSpecifications: [specification("security-group", options)],
            }),
          );
          return GroupId;
        },
      );
      await untilShown(account, () => findGroup(name));
      // One call per rule: a rule that is there fails its call, and none but its own.
      for (const rule of options.rules) await allow(id, rule);
      return { id };
    },

    async deleteSecurityGroup(id) {
      await unlessAbsent(ec2.send(new DeleteSecurityGroupCommand({ GroupId: id })));
    },

    async ensureAddress(options) {
      if (config.gateway.publicAddress === "none") return undefined;
      const address = await makeOnce(
        account,
        () => findAddress(options.token),
        async (): Promise<Address> =>
          ec2.send(
            new AllocateAddressCommand({
              Domain: "vpc",
              TagSpecifications: [specification("elastic-ip", options)],
            }),
          ),
      );
      const { AllocationId: id = "", PublicIp = "", InstanceId } = address;
      if (InstanceId !== options.instanceId) {
        await ec2.send(
          new AssociateAddressCommand({ AllocationId: id, InstanceId: options.instanceId }),
        );
      }
      return { id, address: PublicIp };
    },

    releaseAddress: release,

    /** Its volumes are in the target's zone. */
    async listSubnets() {
      const { zone } = await account.place();
      return listSubnets(ec2, [{ Name: "availability-zone", Values: [zone] }]);
    },

    async listSecurityGroups() {
      const found: SecurityGroup[] = [];
      let NextToken: string | undefined;
      do {
        const order = { MaxResults: 1000, NextToken };
        const page = await ec2.send(new DescribeSecurityGroupsCommand(order));
        found.push(...(page.SecurityGroups ?? []));
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      return found.map(({ GroupId = "", GroupName, Description, VpcId, Tags }) => ({
        value: GroupId,
        label: labelOf(tagValue(Tags, "Name"), GroupName, Description, VpcId),
        network: VpcId,
      }));
    },
  };
}
