/** Gateways and launched servers as instances. */
import { MigrationError } from "#domain/errors.ts";
import { gatewayScript } from "../cloud-init.ts";
import type { GatewaySpec, Provider } from "../provider.ts";
import { readSshBanner } from "../ssh-banner.ts";
import { type Account, unlessAbsent } from "./account.ts";
import type { QingcloudSecrets } from "./config.ts";
import { findGatewayImage } from "./images.ts";
import { chooseGateway, hostClassOf, listLaunchTypes } from "./instance-types.ts";
import {
  applyFirewall,
  findQingInstance,
  gatewayGroupOf,
  gatewayNote,
  instanceKind,
  type QingInstance,
  shown,
} from "./instances.ts";
import { launch, listLaunchVolumes } from "./launch.ts";
import { nameOf, readName } from "./names.ts";
import { findOurs, insist, makeOnce, untilSeen } from "./orders.ts";
import { anyPassword, userDataOf } from "./run-order.ts";
import { deleteVolume, detach, findQingVolume } from "./volumes.ts";

export function openCompute(
  account: Account,
  { gatewayPassword }: QingcloudSecrets,
): Provider["compute"] {
  const { client, config } = account;

  async function runGateway(spec: GatewaySpec): Promise<string> {
    const { gateway, vxnetId } = config;
    const userData = userDataOf("exec", { userData: gatewayScript(spec.bootstrap) });
    return makeOnce(account, instanceKind, spec, async () => {
      const image = await findGatewayImage(account);
      const { name: instance_type } = await chooseGateway(account, spec.instanceType);
      const login =
        gateway.keyPairId === undefined
          ? { login_mode: "passwd", login_passwd: gatewayPassword ?? anyPassword() }
          : { login_mode: "keypair", login_keypair: gateway.keyPairId };
      const made = await client.call<{ instances: string[] }>("RunInstances", {
        image_id: image.image_id,
        instance_type,
        instance_class: hostClassOf(instance_type, gateway.hostClass),
        os_disk_size: Math.max(gateway.diskGiB, image.size),
        count: 1,
        instance_name: nameOf(spec, gatewayNote(spec.securityGroupId)),
        ...login,
        vxnets: [vxnetId],
        security_group: spec.securityGroupId,
        ...userData,
      });
      return made.instances[0] ?? "";
    });
  }

  /** A gateway runs when its firewall is applied: nobody could reach it before. */
  async function lookAt(instance: QingInstance) {
    const seen = shown(instance);
    const group = gatewayGroupOf(instance);
    if (group === undefined || seen.state !== "running") return seen;
    const isApplied = await applyFirewall(account, instance, group);
    return isApplied ? seen : { ...seen, state: "pending" as const };
  }

  async function takeOff(volumeId: string): Promise<void> {
    await detach(account, volumeId);
    const isOff = await untilSeen(account, async () => {
      const volume = await findQingVolume(account, volumeId);
      return volume === undefined || volume.status === "available" ? true : undefined;
    });
    if (isOff) return;
    const problem = `volume ${volumeId} is still coming off`;
    throw new MigrationError("cloud.transient", { platform: "qingcloud", problem });
  }

  /**
   * The instance goes last: as long as it is there, a repeated order finds what belongs to it. A gateway's
   * volumes come off and stay; those of a launch are deleted.
   */
  async function end(instance: QingInstance): Promise<void> {
    const { instance_id: id, volume_ids = [] } = instance;
    for (const volumeId of volume_ids) await takeOff(volumeId);
    const token = readName(instance.instance_name)?.token ?? "";
    for (const { volume_id } of await listLaunchVolumes(account, token)) {
      await deleteVolume(account, volume_id);
    }
    // Not into the recycle bin: there it would hold its address, its firewall and a place in the quota.
    const order = { instances: [id], direct_cease: 1 };
    await unlessAbsent(insist(account, () => client.call("TerminateInstances", order)));
  }

  return {
    listInstanceTypes: () => listLaunchTypes(account),

    createGateway: async (spec) => ({ id: await runGateway(spec) }),

    launch: (spec) => launch(account, spec),

    async findInstance(id) {
      const instance = await findQingInstance(account, id);
      return instance && lookAt(instance);
    },

    async findInstanceByToken(token) {
      const instance = await findOurs(account, instanceKind, token);
      return instance && lookAt(instance);
    },

    async stopInstance(id) {
      const instance = await findQingInstance(account, id);
      if (instance?.status === "stopped" || instance?.transition_status === "stopping") return;
      await insist(account, () => client.call("StopInstances", { instances: [id], force: 0 }));
    },

    async deleteInstance(id) {
      // What is still being made can't be deleted. Source: QingCloud API, TerminateInstances.
      const made = await untilSeen(account, async () => {
        const instance = await findQingInstance(account, id);
        return instance?.status === "pending" ? undefined : { instance };
      });
      const instance = made?.instance ?? (await findQingInstance(account, id));
      if (instance === undefined || instance.transition_status === "terminating") return;
      await end(instance);
    },

    /** No call shows a serial line, only a person's browser does (CreateBrokers, VNC). */
    readConsole: async () => "",

    async probeAddress(id) {
      const instance = await findQingInstance(account, id);
      if (instance === undefined) return undefined;
      const { publicAddress, privateAddress } = shown(instance);
      const host = publicAddress ?? privateAddress;
      return host === undefined ? undefined : readSshBanner(host, config.launch.sshPort);
    },
  };
}
