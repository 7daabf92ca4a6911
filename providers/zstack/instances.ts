/** VMs as ZStack shows them. Source: zstack 5.2.1, VmInstanceInventory.java, VmInstanceState.java. */
import type { Instance, InstanceState } from "../provider.ts";
import { type Account, findOne, notFound, type Thing } from "./account.ts";

export interface ZstackVm extends Thing {
  readonly state: string;
  readonly rootVolumeUuid?: string | null;
  readonly defaultL3NetworkUuid?: string | null;
  readonly vmNics: readonly Nic[];
  readonly allVolumes: readonly { readonly uuid: string; readonly type: string }[];
}

interface Nic {
  readonly uuid: string;
  readonly l3NetworkUuid: string;
  readonly ip?: string | null;
}

const states: Record<string, InstanceState> = {
  Created: "pending",
  Starting: "pending",
  Running: "running",
  Rebooting: "running",
  Migrating: "running",
  VolumeMigrating: "running",
  Pausing: "running",
  Stopped: "stopped",
  Destroying: "deleting",
  Destroyed: "deleting",
  Expunging: "deleting",
  Error: "failed",
  Crashed: "failed",
};

/** What an answer has no list of is empty there. */
export async function findVm(account: Account, id: string): Promise<ZstackVm | undefined> {
  const vm = await findOne<ZstackVm>(account, "QueryVmInstance", id);
  return vm && { ...vm, vmNics: vm.vmNics ?? [], allVolumes: vm.allVolumes ?? [] };
}

/** @throws `cloud.not-found` */
export async function getVm(account: Account, id: string): Promise<ZstackVm> {
  const vm = await findVm(account, id);
  if (vm !== undefined && states[vm.state] !== "deleting") return vm;
  throw notFound("VM", id);
}

/** The interface in its first network. */
export function nicOf({ vmNics, defaultL3NetworkUuid }: ZstackVm): Nic | undefined {
  return vmNics.find(({ l3NetworkUuid }) => l3NetworkUuid === defaultL3NetworkUuid) ?? vmNics[0];
}

/** @param publicAddress bound to it, where it has one */
export function shown(vm: ZstackVm, publicAddress: string | undefined): Instance {
  // Of a host that is lost nothing is known; its VMs may still run there.
  const state = states[vm.state] ?? "pending";
  const privateAddress = nicOf(vm)?.ip;
  return {
    id: vm.uuid,
    state,
    ...(privateAddress ? { privateAddress } : {}),
    ...(publicAddress === undefined ? {} : { publicAddress }),
    ...(state === "failed" ? { problem: vm.state } : {}),
  };
}
