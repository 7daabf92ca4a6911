/** Instances as ECS shows them. */

import type { Parameters } from "../numbered-parameters.ts";
import type { Instance, InstanceState } from "../provider.ts";
import type { Account } from "./account.ts";
import { listByToken } from "./paging.ts";
import { byToken, type Tagged } from "./tags.ts";

export interface EcsInstance extends Tagged {
  readonly InstanceId: string;
  readonly Status: string;
  readonly SecurityGroupIds?: { SecurityGroupId?: string[] };
  readonly VpcAttributes?: { PrivateIpAddress?: { IpAddress?: string[] } };
  readonly PublicIpAddress?: { IpAddress?: string[] };
  readonly EipAddress?: { IpAddress?: string };
}

interface Instances {
  NextToken?: string;
  Instances?: { Instance?: EcsInstance[] };
}

const states: Record<string, InstanceState> = {
  Pending: "pending",
  Starting: "pending",
  Running: "running",
  Stopping: "running",
  Stopped: "stopped",
};

export async function listInstances(account: Account, filter: Parameters): Promise<EcsInstance[]> {
  return listByToken<Instances, EcsInstance>(
    account,
    "ecs",
    "DescribeInstances",
    filter,
    (answer) => answer.Instances?.Instance,
  );
}

export async function findEcsInstance(
  account: Account,
  id: string,
): Promise<EcsInstance | undefined> {
  const found = await listInstances(account, { InstanceIds: JSON.stringify([id]) });
  return found.find(({ InstanceId }) => InstanceId === id);
}

export async function findByToken(
  account: Account,
  token: string,
): Promise<EcsInstance | undefined> {
  return (await listInstances(account, { Tag: byToken(token) }))[0];
}

export function addressOf(instance: EcsInstance): string | undefined {
  const { publicAddress, privateAddress } = shown(instance);
  return publicAddress ?? privateAddress;
}

export function shown(instance: EcsInstance): Instance {
  const { InstanceId: id, Status, VpcAttributes, EipAddress, PublicIpAddress } = instance;
  const privateAddress = VpcAttributes?.PrivateIpAddress?.IpAddress?.[0];
  const publicAddress = EipAddress?.IpAddress || PublicIpAddress?.IpAddress?.[0];
  return {
    id,
    state: states[Status] ?? "pending",
    ...(privateAddress === undefined ? {} : { privateAddress }),
    ...(publicAddress === undefined ? {} : { publicAddress }),
  };
}
