/** Gateways and launched servers as ECS instances. */
import { MigrationError } from "#domain/errors.ts";
import { gatewayScript } from "../cloud-init.ts";
import type { GatewaySpec, Provider } from "../provider.ts";
import { readSshBanner } from "../ssh-banner.ts";
import { type Account, makeOnce, unlessAbsent } from "./account.ts";
import type { AliyunSecrets } from "./config.ts";
import { levelOf } from "./disk-sizes.ts";
import { findGatewayImage } from "./images.ts";
import { addressOf, type EcsInstance, findByToken, findEcsInstance, shown } from "./instances.ts";
import { launch } from "./launch.ts";
import { choose, listStock } from "./stock.ts";
import { displayName, launchTag, tagsOf, tagValue, tokenTag } from "./tags.ts";
import { deleteDisk, listDisks } from "./volumes.ts";

/** Raw, before base64. Source: ECS API 2014-05-26, RunInstances, UserData. */
export const maxUserDataBytes = 32 * 1024;

const mostConsoleBytes = 256 * 1024;

export function openCompute(
  account: Account,
  { gatewayPassword }: AliyunSecrets,
): Provider["compute"] {
  const { client, config } = account;

  async function runGateway(spec: GatewaySpec): Promise<string> {
    const { gateway, volume } = config;
    const { token } = spec;
    const earlier = await findByToken(account, token);
    if (earlier !== undefined) return earlier.InstanceId;
    const userData = gatewayScript(spec.bootstrap);
    if (Buffer.byteLength(userData) > maxUserDataBytes) {
      throw new MigrationError("cloud.refused", {
        platform: "aliyun",
        what: "a gateway",
        problem: `its user data is longer than ${maxUserDataBytes} bytes`,
      });
    }
    const image = await findGatewayImage(account);
    // Anew: what was in stock when the target was added may be sold out.
    const { gatewayType, gatewayDisk } = await choose(account, spec.instanceType);
    const name = displayName(spec.tags.Name);
    return makeOnce(account, token, {
      find: async () => (await findByToken(account, token))?.InstanceId,
      create: async (clientToken) => {
        const made = await client.call<{ InstanceIdSets?: { InstanceIdSet?: string[] } }>(
          "ecs",
          "RunInstances",
          {
            Amount: 1,
            ImageId: image.ImageId,
            InstanceType: gatewayType,
            // HyperGate.
            InstanceName: name,
            HostName: /^[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]$/.test(name) ? name : undefined,
            //
            InstanceChargeType: "PostPaid",
            IoOptimized: "optimized",
            VSwitchId: config.vSwitchId,
            SecurityGroupId: spec.securityGroupId,
            // Its public address is an elastic one, which it keeps when it is stopped.
            InternetMaxBandwidthOut: 0,
            SystemDisk: {
              Category: gatewayDisk,
              PerformanceLevel: levelOf(gatewayDisk, volume),
              Size: String(Math.max(gateway.diskGiB, image.Size)),
            },
            KeyPairName: gateway.keyPairName,
            //
            Password: gateway.keyPairName === undefined ? gatewayPassword : undefined,
            UserData: Buffer.from(userData).toString("base64"),
            DeletionProtection: false,
            ClientToken: clientToken,
            Tag: tagsOf(spec),
          },
        );
        return made.InstanceIdSets?.InstanceIdSet?.[0] ?? "";
      },
      isThere: async (id) => (await findEcsInstance(account, id)) !== undefined,
    });
  }

  /** Volumes that were to end with it: hanging ones are bound to it, free ones go now. */
  async function deleteLaunched(instance: EcsInstance): Promise<void> {
    const token = tagValue(instance, tokenTag);
    if (token === undefined) return;
    const volumes = await listDisks(account, { Tag: [{ Key: launchTag, Value: token }] });
    for (const { DiskId, Status, DeleteWithInstance } of volumes) {
      if (Status === "Available") await deleteDisk(account, DiskId);
      else if (DeleteWithInstance === false) {
        await client.call("ecs", "ModifyDiskAttribute", { DiskId, DeleteWithInstance: true });
      }
    }
  }

  return {
    listInstanceTypes: () => listStock(account, config.launch.families),

    createGateway: async (spec) => ({ id: await runGateway(spec) }),

    launch: (spec) => launch(account, spec),

    async findInstance(id) {
      const instance = await findEcsInstance(account, id);
      return instance && shown(instance);
    },

    async findInstanceByToken(token) {
      const instance = await findByToken(account, token);
      return instance && shown(instance);
    },

    async stopInstance(id) {
      const instance = await findEcsInstance(account, id);
      if (instance?.Status === "Stopped" || instance?.Status === "Stopping") return;
      // The account's own default may give its place away, and then there may be none to start in.
      const order = { InstanceId: id, StoppedMode: "KeepCharging" };
      await client.call("ecs", "StopInstance", order);
    },

    async deleteInstance(id) {
      const instance = await findEcsInstance(account, id);
      if (instance === undefined) return;
      await deleteLaunched(instance);
      await unlessAbsent(client.call("ecs", "DeleteInstance", { InstanceId: id, Force: true }));
    },

    async readConsole(id) {
      const answer = await client.call<{ ConsoleOutput?: string }>(
        "ecs",
        "GetInstanceConsoleOutput",
        { InstanceId: id },
      );
      const said = Buffer.from(answer.ConsoleOutput ?? "", "base64").toString("utf8");
      return said.slice(-mostConsoleBytes);
    },

    async probeAddress(id) {
      const instance = await findEcsInstance(account, id);
      const address = instance && addressOf(instance);
      return address === undefined ? undefined : readSshBanner(address);
    },
  };
}
