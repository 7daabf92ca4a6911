/** Instances as KEC shows them. Source: KEC API, DescribeInstances (docs.ksyun.com/documents/816). */

import type { Parameters } from "../numbered-parameters.ts";
import type { Instance, InstanceState } from "../provider.ts";
import type { Account } from "./account.ts";
import { listByMarker } from "./paging.ts";
import { isMadeBy, markIn, type Role } from "./tags.ts";

export interface KecInstance {
  readonly InstanceId: string;
  readonly InstanceName: string;
  readonly InstanceState?: { readonly Name?: string; readonly TaskState?: string | null };
  readonly PrivateIpAddress?: string;
  readonly NetworkInterfaceSet?: readonly NetworkInterface[];
}

interface NetworkInterface {
  readonly NetworkInterfaceId: string;
  readonly NetworkInterfaceType?: string;
  readonly PrivateIpAddress?: string;
  readonly PublicIp?: string;
  readonly SecurityGroupSet?: readonly { readonly SecurityGroupId: string }[];
}

interface Instances {
  InstancesSet?: KecInstance[];
}

/** Source: terraform-provider-ksyun, service_ksyun_instance.go; what is not here is on its way. */
const states: Record<string, InstanceState> = {
  active: "running",
  stopping: "running",
  stopped: "stopped",
  deleting: "deleting",
  error: "failed",
};

/** Of the target's project: others are not looked at unless named. */
export async function listInstances(
  account: Account,
  filter: Parameters = {},
): Promise<KecInstance[]> {
  return listByMarker<Instances, KecInstance>(
    account,
    "kec",
    "DescribeInstances",
    { ProjectId: [account.config.projectId], ...filter },
    (answer) => answer.InstancesSet,
  );
}

export async function findKecInstance(
  account: Account,
  id: string,
): Promise<KecInstance | undefined> {
  const found = await listInstances(account, { InstanceId: [id] });
  return found.find(({ InstanceId }) => InstanceId === id);
}

/** All of them are looked at: only the whole name is a filter, and an order may come with another. */
export async function findByToken(
  account: Account,
  token: string,
): Promise<KecInstance | undefined> {
  const found = await listInstances(account);
  return found.find(
    (instance) =>
      isMadeBy(instance.InstanceName, account.consoleId, token) && !isDeleting(instance),
  );
}

export const roleOf = ({ InstanceName }: KecInstance): Role | undefined =>
  markIn(InstanceName)?.role;

export function primaryInterface({ NetworkInterfaceSet = [] }: KecInstance) {
  return (
    NetworkInterfaceSet.find(({ NetworkInterfaceType }) => NetworkInterfaceType === "primary") ??
    NetworkInterfaceSet[0]
  );
}

export function isDeleting({ InstanceState }: KecInstance): boolean {
  return InstanceState?.Name === "deleting" || InstanceState?.TaskState === "deleting";
}

export function shown(instance: KecInstance): Instance {
  const { InstanceId: id, InstanceState, PrivateIpAddress } = instance;
  const own = primaryInterface(instance);
  const privateAddress = own?.PrivateIpAddress || PrivateIpAddress || undefined;
  const publicAddress = own?.PublicIp || undefined;
  const name = InstanceState?.Name ?? "";
  const state = isDeleting(instance) ? "deleting" : (states[name] ?? "pending");
  return {
    id,
    state,
    ...(privateAddress === undefined ? {} : { privateAddress }),
    ...(publicAddress === undefined ? {} : { publicAddress }),
    ...(state === "failed" ? { problem: `Kingsoft Cloud shows it as ${name}` } : {}),
  };
}
