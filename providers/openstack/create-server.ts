/** One server: a gateway, or a launched one. Its port is made first. */
import { MigrationError } from "#domain/errors.ts";
import type { CreateOptions } from "../provider.ts";
import { type Account, absent, makeOnce, unlessAbsent } from "./account.ts";
import { faultOf } from "./errors.ts";
import type { Flavor } from "./flavors.ts";
import { ensurePort } from "./ports.ts";
import { faultIn, listServersByToken, type NovaServer } from "./servers.ts";
import { metadataOf, nameOf, roleTag } from "./tags.ts";

/** Of 65535 characters in base64. Source: nova/api/openstack/compute/schemas/servers.py, user_data. */
export const maxUserDataBytes = Math.floor(65_535 / 4) * 3;

/** Where its system is: on the flavor's own disk, on a new volume of an image, or on a volume that is there. */
type Root =
  | { readonly on: "flavor"; readonly imageId: string }
  | { readonly on: "new-volume"; readonly imageId: string; readonly GiB: number }
  | { readonly on: "volume"; readonly volumeId: string };

export interface ServerOrder extends CreateOptions {
  /** What becomes of the volumes that hang on it when it is deleted. */
  readonly role: "gateway" | "server";
  readonly flavor: Flavor;
  readonly root: Root;
  /** Beside the system's, in their order. */
  readonly volumeIds: readonly string[];
  readonly subnetId: string;
  readonly privateAddress?: string | undefined;
  readonly groupIds: readonly string[];
  readonly keyName?: string | undefined;
  readonly userData?: string | undefined;
}

/** @throws `cloud.not-found` when the subnet is not there */
export async function networkOf({ client }: Account, subnetId: string): Promise<string> {
  const answer = await unlessAbsent(
    client.call<{ subnet: { network_id: string } }>("ShowSubnet", { path: { id: subnetId } }),
  );
  if (answer === undefined) throw absent("subnet", subnetId);
  return answer.subnet.network_id;
}

/**
 * @returns its id; it may still be in the making
 * @throws what Nova says of it where it came to nothing
 */
export async function createServer(account: Account, order: ServerOrder): Promise<string> {
  const { client } = account;
  const server = await makeOnce<NovaServer>(account, {
    key: `server ${order.token}`,
    find: () => listServersByToken(account, order.token),
    async make() {
      const body = { server: await bodyOf(account, order) };
      const { server } = await client.call<{ server: { id: string } }>("CreateServer", { body });
      // The answer holds little more than the id.
      return { ...server, name: "", status: "BUILD" };
    },
    async remove(id) {
      await unlessAbsent(client.call("DeleteServer", { path: { id } }));
    },
  });
  if (server.status === "ERROR") throw faultOf(server.id, faultIn(server));
  return server.id;
}

async function bodyOf(account: Account, order: ServerOrder): Promise<object> {
  const { config } = account;
  const { userData } = order;
  if (userData !== undefined && Buffer.byteLength(userData) > maxUserDataBytes) {
    const problem = `its user data is longer than ${maxUserDataBytes} bytes`;
    const facts = { platform: "openstack", what: `a ${order.role}`, problem };
    throw new MigrationError("cloud.refused", facts);
  }
  const networkId =
    order.subnetId === config.subnetId
      ? config.networkId
      : await networkOf(account, order.subnetId);
  const port = await ensurePort(account, { ...order, networkId });
  const { root } = order;
  return {
    name: nameOf(order.tags),
    flavorRef: order.flavor.id,
    ...(root.on === "flavor" ? { imageRef: root.imageId } : {}),
    networks: [{ port }],
    block_device_mapping_v2: [await rootDevice(account, root), ...order.volumeIds.map(dataDevice)],
    metadata: { ...metadataOf(order), [roleTag]: order.role },
    ...(userData === undefined ? {} : { user_data: Buffer.from(userData).toString("base64") }),
    ...(config.configDrive ? { config_drive: true } : {}),
    ...(config.zone === undefined ? {} : { availability_zone: config.zone }),
    ...(order.keyName === undefined ? {} : { key_name: order.keyName }),
  };
}

/** Whether a disk ends with its server is always said: the default depends on where it comes from. */
async function rootDevice({ client, config }: Account, root: Root): Promise<object> {
  const first = { boot_index: 0, delete_on_termination: true };
  switch (root.on) {
    case "flavor":
      return {
        ...{ ...first, uuid: root.imageId },
        ...{ source_type: "image", destination_type: "local" },
      };
    case "volume":
      return {
        ...{ ...first, uuid: root.volumeId },
        ...{ source_type: "volume", destination_type: "volume" },
      };
    case "new-volume": {
      const { type } = config.volume;
      // Before 2.67 Nova takes Cinder's default type. Source: Nova, REST API version history.
      const typed = type !== undefined && (await client.microversion("compute")) >= 67;
      return {
        ...{ ...first, uuid: root.imageId, volume_size: root.GiB },
        ...{ source_type: "image", destination_type: "volume" },
        ...(typed ? { volume_type: type } : {}),
      };
    }
  }
}

/** Only launched servers are made with volumes, and those end with them. */
function dataDevice(uuid: string): object {
  return {
    ...{ boot_index: -1, uuid, delete_on_termination: true },
    ...{ source_type: "volume", destination_type: "volume" },
  };
}
