/** Servers as Nova shows them. Source: Compute API, "Show Server Details"; "Server concepts", states. */
import type { Instance, InstanceState } from "../provider.ts";
import { type Account, listAll, type Made, unlessAbsent } from "./account.ts";
import { isOwned, type Metadata, tagValue, tokenTag } from "./tags.ts";

export interface NovaServer extends Made {
  readonly name: string;
  readonly status: string;
  readonly "OS-EXT-STS:task_state"?: string | null;
  readonly fault?: { readonly message?: string } | null;
  readonly metadata?: Metadata;
  /** Empty where it boots from a volume. */
  readonly image?: unknown;
  /** Since 2.9. */
  readonly locked?: boolean;
  readonly addresses?: Readonly<Record<string, readonly ServerAddress[]>>;
}

interface ServerAddress {
  readonly addr: string;
  readonly "OS-EXT-IPS:type"?: "fixed" | "floating";
}

/** What is missing is on its way. */
const states: Readonly<Record<string, InstanceState>> = {
  ACTIVE: "running",
  REBOOT: "running",
  HARD_REBOOT: "running",
  PASSWORD: "running",
  SHUTOFF: "stopped",
  PAUSED: "stopped",
  SUSPENDED: "stopped",
  SHELVED: "stopped",
  SHELVED_OFFLOADED: "stopped",
  SOFT_DELETED: "deleting",
  ERROR: "failed",
};

export async function findServer({ client }: Account, id: string): Promise<NovaServer | undefined> {
  const answer = await unlessAbsent(
    client.call<{ server: NovaServer }>("ShowServer", { path: { id } }),
  );
  return answer?.server.status === "DELETED" ? undefined : answer?.server;
}

/** Of a console. A filter by metadata is taken from members and not heeded (seen on Zed), so all are looked at. */
export async function listServers(account: Account, owner?: string): Promise<NovaServer[]> {
  const all = await listAll<NovaServer>(account, "ListServers", "servers");
  return all.filter(
    ({ metadata, status }) => status !== "DELETED" && isOwned(metadata, account.consoleId, owner),
  );
}

export async function listServersByToken(account: Account, token: string): Promise<NovaServer[]> {
  const ours = await listServers(account);
  return ours.filter((server) => server.metadata?.[tokenTag] === tagValue(token));
}

export function isDeleting(server: NovaServer): boolean {
  return server["OS-EXT-STS:task_state"] === "deleting";
}

export function faultIn({ fault, status }: NovaServer): string {
  return fault?.message ?? status;
}

export function shown(server: NovaServer): Instance {
  const all = Object.values(server.addresses ?? {}).flat();
  const fixed = all.find((one) => one["OS-EXT-IPS:type"] === "fixed")?.addr;
  const floating = all.find((one) => one["OS-EXT-IPS:type"] === "floating")?.addr;
  const state = isDeleting(server) ? "deleting" : (states[server.status] ?? "pending");
  return {
    id: server.id,
    state,
    ...(fixed === undefined ? {} : { privateAddress: fixed }),
    ...(floating === undefined ? {} : { publicAddress: floating }),
    ...(state === "failed" ? { problem: faultIn(server) } : {}),
  };
}
