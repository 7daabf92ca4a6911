/** Gateways and launched servers as ECS servers. */
import { gatewayScript } from "../cloud-init.ts";
import type { GatewaySpec, Provider } from "../provider.ts";
import { readSshBanner } from "../ssh-banner.ts";
import { type Account, unlessAbsent } from "./account.ts";
import { createInstance, type InstanceOrder } from "./create-instance.ts";
import { orderInProgress } from "./errors.ts";
import { chooseGatewayFlavor, listInstanceTypes } from "./flavors.ts";
import {
  findEcsInstance,
  findInstanceByToken,
  findMadeInstance,
  getEcsInstance,
  shown,
} from "./instances.ts";
import { endLaunchVolumes, launch } from "./launch.ts";
import { findGatewayImage } from "./machine-images.ts";
import { parseName } from "./names.ts";
import { onceToken } from "./orders.ts";

async function gatewayOrder(account: Account, spec: GatewaySpec): Promise<InstanceOrder> {
  const { gateway, subnetId } = account.config;
  const { flavorID } = await chooseGatewayFlavor(account, spec.instanceType);
  return {
    token: spec.token,
    tags: spec.tags,
    what: "a gateway",
    flavorId: flavorID,
    image: await findGatewayImage(account),
    disk: { type: gateway.diskType, GiB: gateway.diskGiB },
    subnetId,
    groupIds: [spec.securityGroupId],
    userData: gatewayScript(spec.bootstrap),
    keyPairId: gateway.keyPairId,
    password: account.gatewayPassword,
  };
}

export function openCompute(account: Account): Provider["compute"] {
  const { client, config } = account;

  return {
    listInstanceTypes: () => listInstanceTypes(account),

    async createGateway(spec) {
      const there = await findMadeInstance(account, spec.token);
      if (there !== undefined) return { id: there.instanceID };
      return { id: await createInstance(account, await gatewayOrder(account, spec)) };
    },

    launch: (spec) => launch(account, spec),

    async findInstance(id) {
      const instance = await findEcsInstance(account, id);
      return instance && shown(instance);
    },

    async findInstanceByToken(token) {
      const instance = await findInstanceByToken(account, token);
      return instance && shown(instance);
    },

    async stopInstance(id) {
      const { instanceStatus } = await getEcsInstance(account, id);
      if (/^(stopped|stopping|shelve|shelving)$/.test(instanceStatus)) return;
      await client.call("StopInstance", { instanceID: id, force: false });
    },

    async restartInstance(id) {
      const { instanceStatus } = await getEcsInstance(account, id);
      if (instanceStatus === "restarting") return;
      await client.call("RebootInstance", { instanceID: id, force: false });
    },

    /** Source: unsubscribe-instance: what was bought with it goes with it, all else is taken off and stays. */
    async deleteInstance(id) {
      const instance = await findEcsInstance(account, id);
      if (instance === undefined) return;
      const launched = parseName(instance.instanceName);
      if (launched !== undefined) await endLaunchVolumes(account, launched.token);
      if (instance.instanceStatus === "unsubscribing") return;
      try {
        const order = { clientToken: onceToken(), instanceID: id };
        await unlessAbsent(client.call("UnsubscribeInstance", order));
      } catch (error) {
        if (orderInProgress(error) === undefined) throw error;
      }
    },

    /** ECS shows the serial line to a person at a VNC session only. */
    async readConsole() {
      return "";
    },

    async probeAddress(id) {
      const instance = await findEcsInstance(account, id);
      if (instance === undefined) return undefined;
      const { publicAddress, privateAddress } = shown(instance);
      const address = publicAddress ?? privateAddress;
      return address === undefined ? undefined : readSshBanner(address, config.launch.sshPort);
    },
  };
}
