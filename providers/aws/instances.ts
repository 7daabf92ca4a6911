/** Instances as EC2 shows them. */
import {
  DescribeInstancesCommand,
  type Instance as Ec2Instance,
  type Filter,
} from "@aws-sdk/client-ec2";
import type { Instance, InstanceState } from "../provider.ts";
import { type Account, unlessAbsent } from "./account.ts";
import { byToken } from "./tags.ts";

const states: Record<string, InstanceState> = {
  pending: "pending",
  running: "running",
  "shutting-down": "deleting",
  stopping: "running",
  stopped: "stopped",
};

/** A terminated instance is shown for about an hour more; it is gone all the same. */
const isThere = ({ State }: Ec2Instance) => State?.Name !== "terminated";

export async function findEc2Instance(
  { ec2 }: Account,
  id: string,
): Promise<Ec2Instance | undefined> {
  const answer = await unlessAbsent(ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] })));
  return answer?.Reservations?.flatMap(({ Instances = [] }) => Instances).find(isThere);
}

export async function listEc2Instances(
  { ec2 }: Account,
  ...filters: Filter[]
): Promise<Ec2Instance[]> {
  const found: Ec2Instance[] = [];
  let NextToken: string | undefined;
  do {
    const page = await ec2.send(
      new DescribeInstancesCommand({ Filters: filters, MaxResults: 500, NextToken }),
    );
    found.push(...(page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found;
}

/** All that were ever made by this token and are still shown, terminated ones too. */
export async function listByToken(account: Account, token: string): Promise<Ec2Instance[]> {
  return listEc2Instances(account, byToken(token));
}

export async function findByToken(
  account: Account,
  token: string,
): Promise<Ec2Instance | undefined> {
  return (await listByToken(account, token)).find(isThere);
}

export function shown(instance: Ec2Instance): Instance {
  const { InstanceId = "", State, PrivateIpAddress, PublicIpAddress, StateReason } = instance;
  // "Client.InvalidSnapshot.NotFound: …" and the like; a stop that was asked for gives one too.
  const problem = /^Server\./.test(StateReason?.Code ?? "") ? StateReason?.Message : undefined;
  return {
    id: InstanceId,
    state: states[State?.Name ?? ""] ?? "pending",
    ...(PrivateIpAddress === undefined ? {} : { privateAddress: PrivateIpAddress }),
    ...(PublicIpAddress === undefined ? {} : { publicAddress: PublicIpAddress }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** The volume an instance boots from, and the name it hangs under. */
export function rootOf({ RootDeviceName, BlockDeviceMappings = [] }: Ec2Instance) {
  const mapping = BlockDeviceMappings.find(({ DeviceName }) => DeviceName === RootDeviceName);
  return { device: RootDeviceName ?? "/dev/xvda", volumeId: mapping?.Ebs?.VolumeId };
}
