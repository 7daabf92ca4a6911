/** Servers as ECS shows them. Source: instance-details and list-instances. */
import { MigrationError } from "#domain/errors.ts";
import type { Instance, InstanceState } from "../provider.ts";
import { type Account, listPages, notYet, unlessAbsent } from "./account.ts";
import { consolePart, isMadeBy, isOwned, tokenPart } from "./names.ts";

export interface EcsInstance {
  readonly instanceID: string;
  /** Its host name: whose it is, and by which order. */
  readonly instanceName: string;
  readonly displayName?: string;
  readonly instanceStatus: string;
  readonly attachedVolume?: readonly string[] | null;
  readonly privateIP?: string;
  readonly floatingIP?: string;
  readonly fixedIPList?: readonly string[] | null;
}

/** What is missing comes about by itself. */
const states: Record<string, InstanceState> = {
  running: "running",
  restarting: "running",
  snapshotting: "running",
  backingup: "running",
  stopping: "running",
  stopped: "stopped",
  shelve: "stopped",
  expired: "failed",
  freezing: "failed",
  error: "failed",
  unsubscribing: "deleting",
};

/** A server paid by use is gone when it is given back; only subscriptions stay. Source: unsubscribe-instance. */
const isThere = ({ instanceStatus }: EcsInstance) => instanceStatus !== "unsubscribed";

export async function findEcsInstance(
  { client }: Account,
  id: string,
): Promise<EcsInstance | undefined> {
  const found = await unlessAbsent(client.call<EcsInstance>("DetailsInstance", { instanceID: id }));
  return found !== undefined && isThere(found) ? found : undefined;
}

/** @throws `cloud.not-found` */
export async function getEcsInstance(account: Account, id: string): Promise<EcsInstance> {
  const found = await findEcsInstance(account, id);
  if (found !== undefined) return found;
  throw new MigrationError("cloud.not-found", { platform: "ctyun", what: "instance", id });
}

/** The keyword is a part of the host name. */
async function listByKeyword(account: Account, keyword: string): Promise<EcsInstance[]> {
  const found = await listPages<EcsInstance>(
    account,
    "ListInstance",
    { keyword },
    ({ results }) => results,
  );
  return found.filter(isThere);
}

export async function findInstanceByToken(
  account: Account,
  token: string,
): Promise<EcsInstance | undefined> {
  const found = await listByKeyword(account, tokenPart(token));
  return found.find(({ instanceName }) => isMadeBy(instanceName, account.consoleId, token));
}

/** For an order: what is being given back keeps its name until it is gone. @throws `cloud.transient` then */
export async function findMadeInstance(
  account: Account,
  token: string,
): Promise<EcsInstance | undefined> {
  const found = await findInstanceByToken(account, token);
  if (found?.instanceStatus !== "unsubscribing") return found;
  throw notYet(`server ${found.instanceID} is still being given back, and its name is taken`);
}

export async function listOwnedInstances(
  account: Account,
  owner: string | undefined,
): Promise<{ id: string; name: string }[]> {
  const found = await listByKeyword(account, consolePart(account.consoleId));
  return found
    .filter(({ instanceName, instanceStatus }) => {
      const ours = isOwned(instanceName, account.consoleId, owner);
      return ours && instanceStatus !== "unsubscribing";
    })
    .map(({ instanceID, instanceName, displayName }) => ({
      id: instanceID,
      name: displayName || instanceName,
    }));
}

export function shown(instance: EcsInstance): Instance {
  const { instanceID, instanceStatus, privateIP, fixedIPList, floatingIP } = instance;
  const state = states[instanceStatus] ?? "pending";
  const fixed = privateIP || fixedIPList?.[0];
  return {
    id: instanceID,
    state,
    ...(fixed ? { privateAddress: fixed } : {}),
    ...(floatingIP ? { publicAddress: floatingIP } : {}),
    ...(state === "failed" ? { problem: instanceStatus } : {}),
  };
}
