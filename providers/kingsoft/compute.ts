/** Gateways and launched servers as KEC instances. */
import { randomBytes } from "node:crypto";
import { MigrationError } from "#domain/errors.ts";
import { gatewayScript } from "../cloud-init.ts";
import type { GatewaySpec, Provider } from "../provider.ts";
import { readSshBanner } from "../ssh-banner.ts";
import { type Account, unlessAbsent } from "./account.ts";
import type { KingsoftSecrets } from "./config.ts";
import { createInstance, type InstanceOrder } from "./create-instance.ts";
import { findByToken, findKecInstance, isDeleting, roleOf, shown } from "./instances.ts";
import { launch } from "./launch.ts";
import { findGatewayImage } from "./machine-images.ts";
import { addressesOf, findLine, releaseAddress } from "./network.ts";
import { choose, listStock } from "./stock.ts";
import { markIn } from "./tags.ts";
import { endWithLaunch } from "./volumes.ts";

export function openCompute(account: Account, secrets: KingsoftSecrets): Provider["compute"] {
  const { client, config } = account;

  return {
    /** Those that attach what our volumes are. */
    async listInstanceTypes() {
      const { volumeType } = await account.choice();
      return listStock(account, volumeType, config.launch.families);
    },

    async createGateway(spec) {
      const orderOf = () => gatewayOrder(account, secrets, spec);
      return { id: await createInstance(account, spec.token, orderOf) };
    },

    launch: (spec) => launch(account, spec),

    async findInstance(id) {
      const instance = await findKecInstance(account, id);
      return instance && shown(instance);
    },

    async findInstanceByToken(token) {
      const instance = await findByToken(account, token);
      return instance && shown(instance);
    },

    async stopInstance(id) {
      const instance = await findKecInstance(account, id);
      const state = instance?.InstanceState?.Name ?? "";
      if (state === "stopped" || state === "stopping") return;
      // Else its place may be given away, and then there may be none to start in.
      const order = { InstanceId: [id], ForceStop: false, StoppedMode: "KeepCharging" };
      await client.call("kec", "StopInstances", order);
    },

    async deleteInstance(id) {
      const instance = await findKecInstance(account, id);
      if (instance === undefined) return;
      const mark = markIn(instance.InstanceName);
      if (roleOf(instance) === "server" && mark !== undefined) {
        await endWithLaunch(account, id, mark.token);
      }
      // Without its instance nobody would know whose the address is.
      for (const address of await addressesOf(account, [instance])) {
        await releaseAddress(account, address.id);
      }
      if (isDeleting(instance)) return;
      // Else it would lie in the bin for days. Source: KEC API, TerminateInstances, ForceDelete.
      const order = { InstanceId: [id], ForceDelete: true };
      try {
        await unlessAbsent(client.call("kec", "TerminateInstances", order));
      } catch (error) {
        if (shown(instance).state !== "pending") throw error;
        const problem = `instance ${id} is still being made`;
        const facts = { platform: "kingsoft", problem };
        throw new MigrationError("cloud.transient", facts, { cause: error });
      }
    },

    /** KEC shows nobody the serial line but a person at a VNC session. */
    async readConsole() {
      return "";
    },

    async probeAddress(id) {
      const instance = await findKecInstance(account, id);
      if (instance === undefined) return undefined;
      const { publicAddress, privateAddress } = shown(instance);
      const address = publicAddress ?? privateAddress;
      return address === undefined ? undefined : readSshBanner(address, config.launch.sshPort);
    },
  };
}

/** As a gateway would be made now. @throws as `findGatewayImage` and `choose` */
export async function gatewayMachine(account: Account, wantedType: string | undefined) {
  const image = await findGatewayImage(account);
  // Anew: what was in stock when the target was added may be sold out.
  const { gatewayType, gatewayDisk } = await choose(account, wantedType);
  const GiB = Math.max(account.config.gateway.diskGiB, image.diskGiB);
  return { image, instanceType: gatewayType, disk: { type: gatewayDisk, GiB } };
}

async function gatewayOrder(
  account: Account,
  { gatewayPassword }: KingsoftSecrets,
  spec: GatewaySpec,
): Promise<InstanceOrder> {
  const { gateway, subnetId } = account.config;
  const { image, instanceType, disk } = await gatewayMachine(account, spec.instanceType);
  const address = {
    lineId: gateway.publicAddress === "none" ? "" : await findLine(account),
    mbps: gateway.bandwidthMbps,
    billing: gateway.addressBilling,
  };
  return {
    token: spec.token,
    tags: spec.tags,
    role: "gateway",
    instanceType,
    imageId: image.id,
    disk,
    subnetId,
    securityGroupId: spec.securityGroupId,
    userData: gatewayScript(spec.bootstrap),
    login: loginOf(gateway.keyId, gatewayPassword, image.owner),
    ...(gateway.publicAddress === "none" ? {} : { address }),
  };
}

/** KeepImageLogin works with an image of one's own only (as on Tencent, X-18); else nobody gets on by password. */
function loginOf(
  keyId: string | undefined,
  password: string | undefined,
  owner: string,
): InstanceOrder["login"] {
  if (keyId !== undefined) return { keyId };
  if (password !== undefined) return { password };
  return owner === "self"
    ? "as-image"
    : { password: `Aa1${randomBytes(18).toString("base64url")}` };
}
