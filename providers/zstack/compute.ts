/** Gateways and launched servers as VMs. */
import { gatewayScript } from "../cloud-init.ts";
import type { GatewaySpec, Provider } from "../provider.ts";
import { readSshBanner } from "../ssh-banner.ts";
import { type Account, makeOnce, refused } from "./account.ts";
import { findVm, getVm, nicOf, shown, type ZstackVm } from "./instances.ts";
import { launch } from "./launch.ts";
import { findGatewayImage } from "./machine-images.ts";
import { attachGroup, publicAddressOf } from "./network.ts";
import { chooseGatewayOffering, listInstanceTypes } from "./offerings.ts";
import { choosePool } from "./place.ts";
import { removeVm } from "./removal.ts";
import { marksOf, readMarks, uuidOf, written } from "./tags.ts";

const GiB = 1024 ** 3;

/** As base64 it is part of a tag, a text of at most 65,535 bytes. Source: zstack 5.2.1, V2.2.3__schema.sql. */
export const maxUserDataBytes = 48 * 1024;

async function makeGateway(account: Account, spec: GatewaySpec, id: string): Promise<void> {
  const { client, config } = account;
  const { affinityGroupId } = config.gateway;
  const userData = gatewayScript(spec.bootstrap);
  if (Buffer.byteLength(userData) > maxUserDataBytes) {
    throw refused("a gateway", `its user data is longer than ${maxUserDataBytes} bytes`);
  }
  await attachGroup(account, spec.securityGroupId, config.networkId);
  const image = await findGatewayImage(account);
  const offering = await chooseGatewayOffering(account, spec.instanceType);
  await client.order("CreateVmInstance", {
    params: {
      name: spec.tags.Name,
      description: written({ ...marksOf(spec), role: "gateway" }),
      instanceOfferingUuid: offering.uuid,
      imageUuid: image.id,
      l3NetworkUuids: [config.networkId],
      defaultL3NetworkUuid: config.networkId,
      zoneUuid: config.zoneId,
      clusterUuid: config.clusterId,
      ...(config.hostId === undefined ? {} : { hostUuid: config.hostId }),
      primaryStorageUuidForRootVolume: await choosePool(account, undefined),
      rootDiskSize: Math.max(config.gateway.diskGiB * GiB, image.sizeBytes),
      strategy: "InstantStart",
      resourceUuid: id,
    },
    systemTags: [
      `userdata::${Buffer.from(userData).toString("base64")}`,
      // In its group from the start. Source: zstack 5.2.1, VmSystemTags.java; since 2022.
      `l3::${config.networkId}::SecurityGroupUuids::${spec.securityGroupId}`,
      // Source: zstack-woodpecker, test_lib.py, create_vm.
      ...(affinityGroupId === undefined ? [] : [`affinityGroupUuid::${affinityGroupId}`]),
    ],
  });
}

/** There is no `restartInstance`: a restart shuffles the disks, and a gateway's machine is left alone. */
export function openCompute(account: Account): Provider["compute"] {
  const { client, config, consoleId } = account;

  async function find(id: string) {
    const vm = await findVm(account, id);
    if (vm === undefined) return undefined;
    if (vm.state === "Destroyed" && readMarks(vm.description)?.console === consoleId) {
      await removeVm(account, vm);
      const left = await findVm(account, id);
      return left && shownWithAddress(left);
    }
    return shownWithAddress(vm);
  }

  const shownWithAddress = async (vm: ZstackVm) =>
    shown(vm, await publicAddressOf(account, nicOf(vm)?.uuid));

  return {
    listInstanceTypes: () => listInstanceTypes(account),

    async createGateway(spec) {
      const id = uuidOf(consoleId, "instance", spec.token);
      await makeOnce(
        account,
        "instance",
        () => findVm(account, id),
        () => makeGateway(account, spec, id),
      );
      return { id };
    },

    launch: (spec) => launch(account, spec),

    findInstance: find,

    findInstanceByToken: (token) => find(uuidOf(consoleId, "instance", token)),

    async stopInstance(id) {
      const { state } = await getVm(account, id);
      if (state === "Stopped" || state === "Stopping") return;
      await client.order("StopVmInstance", { path: { vm: id }, params: { type: "grace" } });
    },

    async deleteInstance(id) {
      const vm = await findVm(account, id);
      if (vm !== undefined) await removeVm(account, vm);
    },

    /** ZStack shows nobody the serial line but a person at its console. */
    async readConsole() {
      return "";
    },

    async probeAddress(id) {
      const vm = await findVm(account, id);
      if (vm === undefined) return undefined;
      const address = (await publicAddressOf(account, nicOf(vm)?.uuid)) ?? nicOf(vm)?.ip;
      return address ? readSshBanner(address, config.launch.sshPort) : undefined;
    },
  };
}
