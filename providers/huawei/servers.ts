/** Servers as ECS shows them. Source: ECS API reference, ShowServer; "ECS Statuses". */
import type { Instance, InstanceState } from "../provider.ts";
import { type Account, unlessAbsent } from "./account.ts";
import { consoleTag, fromStrings, tagValue, tokenTag } from "./tags.ts";

export interface EcsServer {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly "OS-EXT-STS:task_state"?: string | null;
  readonly fault?: { readonly message?: string } | null;
  readonly tags?: readonly string[];
  readonly addresses: Readonly<Record<string, readonly ServerAddress[]>>;
  readonly "os-extended-volumes:volumes_attached": readonly AttachedVolume[];
}

interface ServerAddress {
  readonly addr: string;
  readonly "OS-EXT-IPS:type"?: "fixed" | "floating";
  readonly "OS-EXT-IPS:port_id"?: string;
}

interface AttachedVolume {
  readonly id: string;
  readonly device: string;
  /** "0" for the system disk. */
  readonly bootIndex?: string;
  readonly delete_on_termination: string;
}

const states: Record<string, InstanceState> = {
  BUILD: "pending",
  ACTIVE: "running",
  REBOOT: "running",
  HARD_REBOOT: "running",
  SHUTOFF: "stopped",
  ERROR: "failed",
};

/** A deleted server is shown for a moment more; it is gone all the same. */
const isThere = ({ status }: EcsServer) => status !== "DELETED" && status !== "SOFT_DELETED";

/** What an answer has no list of is empty there. */
export function asServer({ server }: { server: EcsServer }): EcsServer {
  const volumes = server["os-extended-volumes:volumes_attached"] ?? [];
  const addresses = server.addresses ?? {};
  return { ...server, addresses, "os-extended-volumes:volumes_attached": volumes };
}

export async function findServer({ client }: Account, id: string): Promise<EcsServer | undefined> {
  const answer = await unlessAbsent(
    client.call<{ server: EcsServer }>("ShowServer", { path: { server_id: id } }),
  );
  if (answer === undefined) return undefined;
  const server = asServer(answer);
  return isThere(server) ? server : undefined;
}

const pageSize = 100;

/** All that carry a tag, bare metal left out. Pages are numbered from 1. */
export async function listServers(
  { client }: Account,
  key: string,
  value: string,
): Promise<EcsServer[]> {
  const all: EcsServer[] = [];
  for (let page = 1; ; page += 1) {
    const { servers = [] } = await client.call<{ servers?: EcsServer[] }>("ListServersDetails", {
      query: {
        tags: `${key}=${value}`,
        "not-tags": "__type_baremetal",
        limit: pageSize,
        offset: page,
      },
    });
    // The filter looks for a part of the text.
    all.push(
      ...servers
        .map((server) => asServer({ server }))
        .filter((server) => isThere(server) && fromStrings(server.tags).get(key) === value),
    );
    if (servers.length < pageSize) return all;
  }
}

export async function findServerByToken(
  account: Account,
  token: string,
): Promise<EcsServer | undefined> {
  const found = await listServers(account, tokenTag, tagValue(token));
  const ours = tagValue(account.consoleId);
  return found.find(({ tags }) => fromStrings(tags).get(consoleTag) === ours);
}

export function shown(server: EcsServer): Instance {
  const { id, status, fault } = server;
  const all = Object.values(server.addresses).flat();
  const fixed = all.find((one) => one["OS-EXT-IPS:type"] === "fixed")?.addr;
  const floating = all.find((one) => one["OS-EXT-IPS:type"] === "floating")?.addr;
  const state = isDeleting(server) ? "deleting" : (states[status] ?? "pending");
  return {
    id,
    state,
    ...(fixed === undefined ? {} : { privateAddress: fixed }),
    ...(floating === undefined ? {} : { publicAddress: floating }),
    ...(state === "failed" ? { problem: fault?.message ?? status } : {}),
  };
}

function isDeleting(server: EcsServer): boolean {
  return server["OS-EXT-STS:task_state"] === "deleting";
}

/** The port of its first interface, which an elastic address is bound to. */
export function portOf(server: EcsServer): string | undefined {
  const all = Object.values(server.addresses).flat();
  return all.find((one) => one["OS-EXT-IPS:type"] === "fixed")?.["OS-EXT-IPS:port_id"];
}

export function systemDiskOf(server: EcsServer): AttachedVolume | undefined {
  return server["os-extended-volumes:volumes_attached"].find(({ bootIndex }) => bootIndex === "0");
}
