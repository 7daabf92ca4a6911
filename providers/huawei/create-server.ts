/** One server, pay-per-use: a gateway, or what a launch begins with. */
import type { CreateOptions } from "../provider.ts";
import { type Account, makeByToken } from "./account.ts";
import { vpcOf } from "./place.ts";
import { findServer, findServerByToken } from "./servers.ts";
import { asList, nameOf, roleTag, tagsOf } from "./tags.ts";

export interface ServerOrder extends CreateOptions {
  /** What becomes of its volumes when it is deleted. */
  readonly role: "gateway" | "server";
  readonly instanceType: string;
  readonly imageId: string;
  readonly disk: { readonly type: string; readonly GiB: number };
  readonly subnetId: string;
  readonly privateAddress?: string | undefined;
  readonly groupIds: readonly string[];
  readonly keyName?: string | undefined;
  readonly userData?: string | undefined;
}

/** The least system disk. */
const leastDiskGiB = 40;

/** @returns what ECS is asked to make; also sent as a rehearsal by `check()` */
export async function serverBody(account: Account, order: ServerOrder) {
  const { config } = account;
  const vpcid =
    order.subnetId === config.subnetId
      ? await account.vpcId()
      : await vpcOf(account.client, order.subnetId);
  return {
    name: nameOf(order.tags),
    flavorRef: order.instanceType,
    imageRef: order.imageId,
    availability_zone: config.zone,
    vpcid,
    nics: [
      {
        subnet_id: order.subnetId,
        ...(order.privateAddress === undefined ? {} : { ip_address: order.privateAddress }),
      },
    ],
    security_groups: order.groupIds.map((id) => ({ id })),
    root_volume: {
      volumetype: order.disk.type,
      size: Math.max(leastDiskGiB, order.disk.GiB),
    },
    count: 1,
    extendparam: { chargingMode: 0 },
    server_tags: asList({ ...tagsOf(order), [roleTag]: order.role }),
    ...(order.keyName === undefined ? {} : { key_name: order.keyName }),
    ...(order.userData === undefined
      ? {}
      : { user_data: Buffer.from(order.userData).toString("base64") }),
  };
}

/** @returns its id, once it is shown */
export async function createServer(account: Account, order: ServerOrder): Promise<string> {
  const server = await serverBody(account, order);
  return makeByToken(account, {
    token: order.token,
    what: "a server",
    job: "EcsShowJob",
    async make(clientToken) {
      const { serverIds = [], job_id } = await account.client.call<{
        serverIds?: string[];
        job_id: string;
      }>("CreatePostPaidServers", { clientToken, body: { server } });
      return { id: serverIds[0] ?? "", jobId: job_id };
    },
    find: (id) => findServer(account, id),
    findAgain: async () => (await findServerByToken(account, order.token))?.id,
  });
}
