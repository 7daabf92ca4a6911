/** Instances as QingCloud shows them, and the firewall that each of them gets after it is there. */
import type { Instance, InstanceState } from "../provider.ts";
import { type Account, isAbsent, listAll, unlessAbsent } from "./account.ts";
import { readName } from "./names.ts";
import { insist, type Kind, type Ordered, settle } from "./orders.ts";

export interface QingInstance {
  readonly instance_id: string;
  readonly instance_name?: string | null;
  readonly status: string;
  readonly transition_status?: string;
  readonly vxnets?: readonly { readonly private_ip?: string }[];
  readonly eip?: { readonly eip_addr?: string } | null;
  readonly security_group?: { readonly security_group_id?: string } | null;
  readonly volume_ids?: readonly string[];
}

export const instanceKind: Kind<QingInstance> = {
  action: "DescribeInstances",
  set: "instance_set",
  idOf: ({ instance_id }) => instance_id,
  nameOf: ({ instance_name }) => instance_name,
  isGone: ({ status }) => status === "terminated" || status === "ceased",
  // Else neither firewall nor volumes are shown.
  filter: { verbose: 1 },
};

export async function findQingInstance(
  account: Account,
  id: string,
): Promise<QingInstance | undefined> {
  const { action, set, filter } = instanceKind;
  const order = { ...filter, instances: [id] };
  const found = await unlessAbsent(listAll<QingInstance>(account, action, set, order));
  return found?.find((one) => one.instance_id === id && !instanceKind.isGone(one));
}

export async function getInstance(account: Account, id: string): Promise<QingInstance> {
  const instance = await findQingInstance(account, id);
  if (instance === undefined) throw isAbsent("instance", id);
  return instance;
}

/** A gateway's name tells its firewall, so that whoever looks at it later can see to it. */
const groupPrefix = "sg-";
const gatewayMark = "g";
export const gatewayNote = (groupId: string): string =>
  `${gatewayMark}${groupId.slice(groupPrefix.length)}`;

/** `undefined` for what is no gateway. */
export function gatewayGroupOf({ instance_name }: QingInstance): string | undefined {
  const note = readName(instance_name)?.note ?? "";
  return note.startsWith(gatewayMark) ? groupPrefix + note.slice(gatewayMark.length) : undefined;
}

export const isSteady = ({ status, transition_status }: QingInstance): boolean =>
  (status === "running" || status === "stopped") && !transition_status;

/**
 * An order for an instance brings its firewall only in the base network; everywhere else, and whenever
 * rules change, it is applied afterwards. Source: QingCloud API, RunInstances and ApplySecurityGroup.
 * @returns false while it is still to come
 */
export async function applyFirewall(
  account: Account,
  instance: QingInstance,
  groupId: string,
): Promise<boolean> {
  if (instance.security_group?.security_group_id === groupId) return true;
  if (!isSteady(instance)) return false;
  const order = { security_group: groupId, instances: [instance.instance_id] };
  await settle(
    account,
    await insist(account, () => account.client.call<Ordered>("ApplySecurityGroup", order)),
  );
  return false;
}

const states: Readonly<Record<string, InstanceState>> = {
  pending: "pending",
  running: "running",
  stopped: "stopped",
};

const transitions: Readonly<Record<string, InstanceState>> = {
  ...{ creating: "pending", starting: "pending", restarting: "pending", resuming: "pending" },
  ...{ stopping: "running", terminating: "deleting" },
};

export function shown(instance: QingInstance): Instance {
  const { instance_id: id, status, transition_status = "", vxnets, eip } = instance;
  const privateAddress = vxnets?.find(({ private_ip }) => private_ip)?.private_ip;
  const publicAddress = eip?.eip_addr;
  return {
    id,
    state: transitions[transition_status] ?? states[status] ?? "failed",
    ...(privateAddress ? { privateAddress } : {}),
    ...(publicAddress ? { publicAddress } : {}),
    ...(status === "suspended" ? { problem: "suspended: the account owes money" } : {}),
  };
}
