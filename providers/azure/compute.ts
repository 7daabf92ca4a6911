/** Gateways and launched servers as virtual machines. */
import type { OSProfile, VirtualMachine } from "@azure/arm-compute";
import { MigrationError } from "#domain/errors.ts";
import { gatewayScript } from "../cloud-init.ts";
import type { GatewaySpec, InstanceType, Provider } from "../provider.ts";
import { readSshBanner } from "../ssh-banner.ts";
import { codeOf } from "./errors.ts";
import { copyName, launch } from "./launch.ts";
import { findMachineImage } from "./machine-images.ts";
import { findMachine, shown } from "./machines.ts";
import { idOf } from "./names.ts";
import { ensureInterface, findInterface } from "./network.ts";
import { gatewaySize, takes } from "./sizes.ts";
import { uselessPublicKey } from "./ssh-key.ts";
import {
  endedUnlessAbsent,
  isMadeAlready,
  type Subscription,
  unlessAbsent,
} from "./subscription.ts";
import { launchTag, tagsOf, tagValue } from "./tags.ts";

/** Before base64. Source: Compute REST API, OSProfile.customData. */
export const maxUserDataBytes = 65_535;

const mostConsoleBytes = 256 * 1024;

export function openCompute(subscription: Subscription): Provider["compute"] {
  const { compute, network, config, polling } = subscription;
  const { resourceGroup } = config;

  async function orderGateway(spec: GatewaySpec): Promise<void> {
    const userData = gatewayScript(spec.bootstrap);
    if (Buffer.byteLength(userData) > maxUserDataBytes) {
      throw new MigrationError("cloud.refused", {
        ...{ platform: "azure", what: "a gateway" },
        problem: `its user data is longer than ${maxUserDataBytes} bytes`,
      });
    }
    const { gateway } = config;
    const size = gatewaySize(await subscription.sizes(), config, spec.instanceType);
    const order: VirtualMachine = {
      location: config.location,
      tags: tagsOf(spec),
      ...(config.zone === undefined ? {} : { zones: [config.zone] }),
      hardwareProfile: { vmSize: size.name },
      storageProfile: {
        imageReference: await findMachineImage(subscription, size),
        osDisk: {
          name: `${spec.token}-os`,
          createOption: "FromImage",
          diskSizeGB: gateway.diskGiB,
          managedDisk: { storageAccountType: config.volume.type },
          deleteOption: "Delete",
        },
      },
      osProfile: await osProfileOf(spec.token, userData),
      networkProfile: {
        networkInterfaces: [
          {
            id: idOf(config, "Microsoft.Network/networkInterfaces", spec.token),
            primary: true,
            deleteOption: "Delete",
          },
        ],
      },
      diagnosticsProfile: { bootDiagnostics: { enabled: true } },
    };
    await ensureInterface(subscription, spec, { securityGroupIds: [spec.securityGroupId] });
    const { virtualMachines } = compute;
    await virtualMachines.createOrUpdate(resourceGroup, spec.token, order, polling).submitted();
  }

  async function osProfileOf(name: string, userData: string): Promise<OSProfile> {
    const { adminUsername, sshPublicKey } = config.gateway;
    const { adminPassword } = subscription;
    const withPassword = sshPublicKey === undefined && adminPassword !== undefined;
    const keyData = withPassword ? undefined : (sshPublicKey ?? (await uselessPublicKey()));
    return {
      computerName: name,
      adminUsername,
      ...(adminPassword === undefined ? {} : { adminPassword }),
      linuxConfiguration: {
        disablePasswordAuthentication: adminPassword === undefined,
        ...(keyData === undefined
          ? {}
          : {
              ssh: {
                publicKeys: [{ path: `/home/${adminUsername}/.ssh/authorized_keys`, keyData }],
              },
            }),
      },
      customData: Buffer.from(userData).toString("base64"),
    };
  }

  /** What belongs to a machine that was never made, or has gone without it. */
  async function deleteRest(name: string): Promise<void> {
    const found = await findInterface(subscription, name);
    if (found !== undefined && found.provisioningState !== "Deleting") {
      await endedUnlessAbsent(network.networkInterfaces.delete(resourceGroup, name, polling));
    }
    for await (const disk of compute.disks.listByResourceGroup(resourceGroup)) {
      if (tagValue(disk.tags, launchTag) !== name || disk.managedBy !== undefined) continue;
      await endedUnlessAbsent(compute.disks.delete(resourceGroup, disk.name ?? "", polling));
    }
  }

  return {
    async listInstanceTypes() {
      const sizes = await subscription.sizes();
      const { series } = config.launch;
      return sizes
        .filter((size) => series.includes(size.series) && takes(size, config))
        .map(({ series: _, premium: __, ...type }): InstanceType => type);
    },

    async createGateway(spec) {
      const id = spec.token;
      if (!isMadeAlready(`instance ${id}`, await findMachine(subscription, id))) {
        await orderGateway(spec);
      }
      return { id };
    },

    launch: (spec) => launch(subscription, spec),

    async findInstance(id) {
      const machine = await findMachine(subscription, id);
      return machine && shown(subscription, machine);
    },

    async findInstanceByToken(token) {
      const machine = await findMachine(subscription, token);
      return machine && shown(subscription, machine);
    },

    async stopInstance(id) {
      // Switched off it would be billed on.
      await compute.virtualMachines.deallocate(resourceGroup, id, polling).submitted();
    },

    async restartInstance(id) {
      await compute.virtualMachines.restart(resourceGroup, id, polling).submitted();
    },

    async deleteInstance(id) {
      const machine = await findMachine(subscription, id);
      if (machine === undefined) {
        await deleteRest(id);
      } else if (machine.provisioningState !== "Deleting") {
        // Its interface and the disks it was launched with go along, as it was told when it was made.
        const deletion = compute.virtualMachines.delete(resourceGroup, id, polling);
        await unlessAbsent(deletion.submitted());
      }
      if (machine === undefined || tagValue(machine.tags, launchTag) !== undefined) {
        const { snapshots } = compute;
        await endedUnlessAbsent(snapshots.delete(resourceGroup, copyName(id), polling));
      }
    },

    async readConsole(id) {
      try {
        const { serialConsoleLogBlobUri } =
          await compute.virtualMachines.retrieveBootDiagnosticsData(resourceGroup, id);
        if (serialConsoleLogBlobUri === undefined) return "";
        return ((await subscription.readBlob(serialConsoleLogBlobUri)) ?? "").slice(
          -mostConsoleBytes,
        );
      } catch (error) {
        // Until it has started there is nothing to show.
        if (codeOf(error) === "BootDiagnosticsNotEnabled" || codeOf(error) === "NotFound")
          return "";
        throw error;
      }
    },

    async probeAddress(id) {
      const machine = await findMachine(subscription, id);
      const seen = machine && (await shown(subscription, machine));
      const address = seen?.publicAddress ?? seen?.privateAddress;
      return address === undefined ? undefined : readSshBanner(address);
    },
  };
}
