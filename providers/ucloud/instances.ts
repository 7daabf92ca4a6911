/** Hosts (UHost) as UCloud shows them. */

import type { Parameters } from "../numbered-parameters.ts";
import type { Instance, InstanceState } from "../provider.ts";
import { type Account, unlessGone } from "./account.ts";
import { listAll } from "./client.ts";
import { isOurs, markOf, partsOf } from "./names.ts";

export interface UHost {
  readonly UHostId: string;
  readonly Name?: string;
  readonly Tag?: string;
  readonly State?: string;
  readonly CreateTime?: number;
  readonly IPSet?: readonly {
    /** Private, Bgp or Internation (sic). */
    readonly Type?: string;
    readonly IP?: string;
    readonly IPMode?: string;
  }[];
}

/** Source: UHost API, DescribeUHostInstance, State; empty where UCloud could not tell in time. */
const states: Record<string, InstanceState> = {
  Initializing: "pending",
  Starting: "pending",
  Running: "running",
  Rebooting: "running",
  Stopping: "running",
  Stopped: "stopped",
  "Install Fail": "failed",
};

export async function listHosts(account: Account, filter: Parameters = {}): Promise<UHost[]> {
  return listAll<{ UHostSet?: UHost[] }, UHost>(
    account,
    "DescribeUHostInstance",
    { Zone: account.config.zone, ...filter },
    ({ UHostSet }) => UHostSet,
  );
}

export async function findHost(account: Account, id: string): Promise<UHost | undefined> {
  const found = await unlessGone(listHosts(account, { UHostIds: [id] }));
  return found?.find(({ UHostId }) => UHostId === id);
}

export async function listByToken(account: Account, token: string): Promise<UHost[]> {
  const hosts = await listHosts(account);
  return hosts.filter(
    ({ Name, Tag }) => isOurs(Tag, account.consoleId) && partsOf(Name).mark === markOf(token),
  );
}

export function addressOf(host: UHost): string | undefined {
  const { publicAddress, privateAddress } = shown(host);
  return publicAddress ?? privateAddress;
}

export function shown({ UHostId: id, State = "", IPSet = [] }: UHost): Instance {
  const addresses = IPSet.filter(({ IPMode }) => IPMode !== "IPv6");
  const privateAddress = addresses.find(({ Type }) => Type === "Private")?.IP;
  const publicAddress = addresses.find(({ Type }) => Type !== "Private")?.IP;
  const state = states[State] ?? "pending";
  return {
    id,
    state,
    ...(privateAddress === undefined ? {} : { privateAddress }),
    ...(publicAddress === undefined ? {} : { publicAddress }),
    ...(state === "failed" ? { problem: State } : {}),
  };
}
