/** Gateways and launched servers as CVM instances. */
import { createHmac } from "node:crypto";
import { MigrationError } from "#domain/errors.ts";
import { gatewayScript } from "../cloud-init.ts";
import type { GatewaySpec, Provider } from "../provider.ts";
import { readSshBanner } from "../ssh-banner.ts";
import { type Account, unlessGone, untilShown } from "./account.ts";
import { gatewayType, listInstanceTypes } from "./instance-types.ts";
import { findByToken, findCvmInstance, shown } from "./instances.ts";
import { launch } from "./launch.ts";
import { findGatewayImage, type MachineImage } from "./machine-images.ts";
import { shownName } from "./names.ts";
import { tagsOf, volumesIn } from "./tags.ts";
import { findDisk, instanceOf } from "./volumes.ts";

/** 16 KB, taken as of what is sent, which base64 makes longer by a third. Source: CVM API, RunInstances, UserData. */
export const maxUserDataBytes = 12 * 1024;

export function openCompute(account: Account): Provider["compute"] {
  const { cvm, cbs, config } = account;

  async function runGateway(spec: GatewaySpec): Promise<string> {
    const userData = gatewayScript(spec.bootstrap);
    if (Buffer.byteLength(userData) > maxUserDataBytes) {
      throw new MigrationError("cloud.refused", {
        platform: "tencent",
        what: "a gateway",
        problem: `its user data is longer than ${maxUserDataBytes} bytes`,
      });
    }
    const { gateway, subnetId } = config;
    const image = await findGatewayImage(account);
    const instanceType = await gatewayType(account, spec.instanceType);
    const { vpcId, zone } = await account.place();
    const assigned = gateway.publicAddress === "assigned";
    const { InstanceIdSet } = await cvm.RunInstances({
      Placement: { Zone: zone },
      ImageId: image.id,
      InstanceType: instanceType,
      InstanceChargeType: "POSTPAID_BY_HOUR",
      InstanceCount: 1,
      InstanceName: shownName(spec.tags.Name),
      SystemDisk: {
        DiskType: gateway.diskType,
        DiskSize: Math.max(gateway.diskGiB, image.sizeGiB),
      },
      VirtualPrivateCloud: { VpcId: vpcId, SubnetId: subnetId },
      InternetAccessible: {
        InternetMaxBandwidthOut: assigned ? gateway.bandwidthMbps : 0,
        PublicIpAssigned: assigned,
        ...(assigned ? { InternetChargeType: "TRAFFIC_POSTPAID_BY_HOUR" } : {}),
      },
      SecurityGroupIds: [spec.securityGroupId],
      LoginSettings: loginOf(account, image, spec.token),
      UserData: Buffer.from(userData).toString("base64"),
      ClientToken: spec.token,
      TagSpecification: [{ ResourceType: "instance", Tags: tagsOf(spec) }],
    });
    const [id = ""] = InstanceIdSet ?? [];
    await untilShown(account, () => findCvmInstance(account, id));
    return id;
  }

  /** Volumes that end with the instance end now, or are bound to end with it. */
  async function deleteVolumes(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const disk = await findDisk(account, id);
      if (disk === undefined) continue;
      if (instanceOf(disk) === undefined) {
        await unlessGone(cbs.TerminateDisks({ DiskIds: [id], DeleteSnapshot: 0 }));
      } else if (disk.DeleteWithInstance !== true) {
        await unlessGone(cbs.ModifyDiskAttributes({ DiskIds: [id], DeleteWithInstance: true }));
      }
    }
  }

  return {
    listInstanceTypes: () => listInstanceTypes(account),

    async createGateway(spec) {
      const there = await findByToken(account, spec.token);
      return { id: there?.InstanceId ?? (await runGateway(spec)) };
    },

    launch: (spec) => launch(account, spec),

    async findInstance(id) {
      const instance = await findCvmInstance(account, id);
      return instance && shown(instance);
    },

    async findInstanceByToken(token) {
      const instance = await findByToken(account, token);
      return instance && shown(instance);
    },

    async stopInstance(id) {
      const instance = await findCvmInstance(account, id);
      // Only a running one is stopped; another stop is refused.
      if (instance?.InstanceState === "STOPPED" || instance?.InstanceState === "STOPPING") return;
      await cvm.StopInstances({
        InstanceIds: [id],
        StopType: "SOFT_FIRST",
        StoppedMode: "KEEP_CHARGING",
      });
    },

    async restartInstance(id) {
      await cvm.RebootInstances({ InstanceIds: [id], StopType: "SOFT_FIRST" });
    },

    async deleteInstance(id) {
      const between = new Set(["PENDING", "STARTING", "STOPPING", "REBOOTING"]);
      // Between two states Tencent deletes nothing; a new instance is soon out of that.
      const settled = await untilShown(account, async () => {
        const found = await findCvmInstance(account, id);
        return between.has(found?.InstanceState ?? "") ? undefined : { found };
      });
      const instance = settled === undefined ? await findCvmInstance(account, id) : settled.found;
      if (instance === undefined) return;
      await deleteVolumes(volumesIn(instance));
      if (instance.InstanceState === "TERMINATING") return;
      // One in the recycle bin is destroyed by the second call.
      await unlessGone(cvm.TerminateInstances({ InstanceIds: [id] }));
    },

    /** Tencent shows the serial line to nobody but its own web console. */
    readConsole: async () => "",

    async probeAddress(id) {
      const instance = await findCvmInstance(account, id);
      const host = instance?.PublicIpAddresses?.[0] ?? instance?.PrivateIpAddresses?.[0];
      return host === undefined ? undefined : readSshBanner(host, config.launch.sshPort);
    },
  };
}

/**
 * A custom image keeps its own login; one of Tencent's own gets the operators' key, or a password that
 * nobody knows: otherwise Tencent makes one and sends it to the account's owner (X-18).
 */
function loginOf({ config, secrets }: Account, image: MachineImage, token: string) {
  const { keyId } = config.gateway;
  if (keyId !== undefined) return { KeyIds: [keyId] };
  if (image.owner !== "platform") return { KeepImageLogin: "TRUE" };
  // The same for the same order: a repeated one must not differ from the first.
  const secret = createHmac("sha256", secrets.secretKey).update(`login of ${token}`);
  return { Password: `Hm1-${secret.digest("base64url").slice(0, 24)}` };
}
