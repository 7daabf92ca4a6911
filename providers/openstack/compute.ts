/** Gateways and launched servers as Nova's servers. */
import { MigrationError } from "#domain/errors.ts";
import { gatewayScript } from "../cloud-init.ts";
import type { GatewaySpec, Provider } from "../provider.ts";
import { readSshBanner } from "../ssh-banner.ts";
import { type Account, absent, unlessAbsent } from "./account.ts";
import { createServer, type ServerOrder } from "./create-server.ts";
import { faultOf } from "./errors.ts";
import { chooseGatewayFlavor, type Flavor, listInstanceTypes } from "./flavors.ts";
import { deleteLaunchVolumes, launch } from "./launch.ts";
import { findGatewayImage, type MachineImage } from "./machine-images.ts";
import { deletePortsOf } from "./ports.ts";
import { OpenstackRefusal } from "./refusal.ts";
import {
  faultIn,
  findServer,
  isDeleting,
  listServersByToken,
  type NovaServer,
  shown,
} from "./servers.ts";
import { roleTag, tokenTag } from "./tags.ts";

/** @throws where the flavor's own disk is to be used and too small (S-01) */
export function gatewayRoot(
  { config }: Account,
  flavor: Flavor,
  image: MachineImage,
): ServerOrder["root"] {
  const { disk, diskGiB } = config.gateway;
  const size = Math.max(diskGiB, image.diskGiB);
  if (disk === "volume") return { on: "new-volume", imageId: image.id, GiB: size };
  if (flavor.disk >= size) return { on: "flavor", imageId: image.id };
  throw new MigrationError("cloud.refused", {
    platform: "openstack",
    what: "the target's settings",
    problem: `flavor ${flavor.name} has a disk of ${flavor.disk} GiB, a gateway's is to have ${size}: choose another flavor, or gateway.disk=volume`,
  });
}

/** Of the console's text. */
const mostConsoleBytes = 256 * 1024;

export function openCompute(account: Account): Provider["compute"] {
  const { client, config } = account;

  async function createGateway(spec: GatewaySpec): Promise<{ id: string }> {
    const [there] = await listServersByToken(account, spec.token);
    if (there?.status === "ERROR") throw faultOf(there.id, faultIn(there));
    if (there !== undefined) return { id: there.id };
    const flavor = await chooseGatewayFlavor(account, spec.instanceType);
    const image = await findGatewayImage(account);
    const id = await createServer(account, {
      ...{ token: spec.token, tags: spec.tags, role: "gateway", flavor },
      root: gatewayRoot(account, flavor, image),
      volumeIds: [],
      subnetId: config.subnetId,
      groupIds: [spec.securityGroupId],
      keyName: config.gateway.keyName,
      userData: gatewayScript(spec.bootstrap),
    });
    return { id };
  }

  async function getServer(id: string): Promise<NovaServer> {
    const server = await findServer(account, id);
    if (server === undefined) throw absent("server", id);
    return server;
  }

  return {
    listInstanceTypes: () => listInstanceTypes(account),

    createGateway,

    launch: (spec) => launch(account, spec),

    async findInstance(id) {
      const server = await findServer(account, id);
      // Where deleted servers are kept for a while, their disks are too; ours are to go.
      if (server?.status === "SOFT_DELETED") {
        const body = { forceDelete: null };
        await unlessAbsent(client.call("ForceDeleteServer", { path: { id }, body }));
      }
      return server && shown(server);
    },

    async findInstanceByToken(token) {
      const [server] = await listServersByToken(account, token);
      return server && shown(server);
    },

    async stopInstance(id) {
      const server = await getServer(id);
      const stopping = server["OS-EXT-STS:task_state"] === "powering-off";
      if (server.status === "SHUTOFF" || stopping) return;
      const stopped = await unlessAbsent(
        client.call("StopServer", { path: { id }, body: { "os-stop": null } }),
      );
      if (stopped !== undefined) return;
      // A server that was just made takes no actions yet, though it is shown (seen on Zed).
      const problem = `server ${id} is not ready for orders yet`;
      throw new MigrationError("cloud.transient", { platform: "openstack", problem });
    },

    async deleteInstance(id) {
      const server = await findServer(account, id);
      if (server === undefined) return;
      const token = server.metadata?.[tokenTag];
      if (server.metadata?.[roleTag] === "server" && token !== undefined) {
        await deleteLaunchVolumes(account, token);
      }
      if (isDeleting(server)) return;
      if (server.locked === true) {
        const facts = { platform: "openstack", what: "server", id, state: "locked" };
        throw new MigrationError("cloud.wrong-state", facts);
      }
      // Before the server, which alone still tells of them. A floating address comes off.
      if (token !== undefined) await deletePortsOf(account, token);
      await unlessAbsent(client.call("DeleteServer", { path: { id } }));
    },

    async readConsole(id) {
      const body = { "os-getConsoleOutput": {} };
      try {
        const { output = "" } = await client.call<{ output?: string | null }>("ShowConsoleOutput", {
          path: { id },
          body,
        });
        return (output ?? "").slice(-mostConsoleBytes);
      } catch (error) {
        // Not yet, not any more, or never: some hypervisors keep no console.
        if (error instanceof OpenstackRefusal && [404, 409, 501].includes(error.status)) return "";
        throw error;
      }
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
