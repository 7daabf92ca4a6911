/** Gateways and launched servers as ECS servers. */
import { MigrationError } from "#domain/errors.ts";
import { gatewayScript } from "../cloud-init.ts";
import type { GatewaySpec, Provider } from "../provider.ts";
import { readSshBanner } from "../ssh-banner.ts";
import { type Account, unlessAbsent } from "./account.ts";
import { createServer, type ServerOrder } from "./create-server.ts";
import { chooseGatewayFlavor, listInstanceTypes } from "./flavors.ts";
import { deleteLaunchVolumes, launch } from "./launch.ts";
import { findGatewayImage, type MachineImage } from "./machine-images.ts";
import { findServer, findServerByToken, shown } from "./servers.ts";
import { fromStrings, roleTag, tokenTag } from "./tags.ts";

/** Before base64. Source: ECS API reference, CreatePostPaidServers, user_data. */
export const maxUserDataBytes = 32 * 1024;

/** A gateway's system disk. */
export function gatewayDisk(
  { config }: Account,
  image: Pick<MachineImage, "diskGiB">,
): ServerOrder["disk"] {
  const { diskType, diskGiB } = config.gateway;
  return { type: diskType, GiB: Math.max(diskGiB, image.diskGiB) };
}

export async function gatewayOrder(
  account: Account,
  spec: Omit<GatewaySpec, "bootstrap">,
): Promise<ServerOrder> {
  const { gateway, subnetId } = account.config;
  const image = await findGatewayImage(account);
  return {
    token: spec.token,
    tags: spec.tags,
    role: "gateway",
    instanceType: await chooseGatewayFlavor(account, spec.instanceType),
    imageId: image.id,
    disk: gatewayDisk(account, image),
    subnetId,
    groupIds: [spec.securityGroupId],
    keyName: gateway.keyName,
  };
}

export function openCompute(account: Account): Provider["compute"] {
  const { client, config } = account;

  return {
    listInstanceTypes: () => listInstanceTypes(account),

    async createGateway(spec) {
      const there = await findServerByToken(account, spec.token);
      if (there !== undefined) return { id: there.id };
      const userData = gatewayScript(spec.bootstrap);
      if (Buffer.byteLength(userData) > maxUserDataBytes) {
        throw new MigrationError("cloud.refused", {
          platform: "huawei",
          what: "a gateway",
          problem: `its user data is longer than ${maxUserDataBytes} bytes`,
        });
      }
      const order = await gatewayOrder(account, spec);
      return { id: await createServer(account, { ...order, userData }) };
    },

    launch: (spec) => launch(account, spec),

    async findInstance(id) {
      const server = await findServer(account, id);
      return server && shown(server);
    },

    async findInstanceByToken(token) {
      const server = await findServerByToken(account, token);
      return server && shown(server);
    },

    async stopInstance(id) {
      const server = await findServer(account, id);
      if (server === undefined) {
        throw new MigrationError("cloud.not-found", { platform: "huawei", what: "server", id });
      }
      const stopping = server["OS-EXT-STS:task_state"] === "powering-off";
      if (server.status === "SHUTOFF" || stopping) return;
      const body = { "os-stop": { type: "SOFT", servers: [{ id }] } };
      await client.call("BatchStopServers", { body });
    },

    async deleteInstance(id) {
      const server = await findServer(account, id);
      if (server === undefined) return;
      const tags = fromStrings(server.tags);
      const launched = tags.get(roleTag) === "server";
      const token = tags.get(tokenTag);
      if (launched && token !== undefined) await deleteLaunchVolumes(account, token);
      if (server["OS-EXT-STS:task_state"] === "deleting") return;
      const body = {
        servers: [{ id }],
        // An address is released on its own.
        delete_publicip: false,
        // A gateway's volumes are replicas and stay; a launched server's end with it.
        delete_volume: launched,
      };
      await unlessAbsent(client.call("DeleteServers", { body }));
    },

    /** ECS shows nobody the serial line but a person at a VNC or serial session. */
    async readConsole() {
      return "";
    },

    async probeAddress(id) {
      const server = await findServer(account, id);
      if (server === undefined) return undefined;
      const { publicAddress, privateAddress } = shown(server);
      const address = publicAddress ?? privateAddress;
      return address === undefined ? undefined : readSshBanner(address, config.launch.sshPort);
    },
  };
}
