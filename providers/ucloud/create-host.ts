/** The order for a host, the same for gateways and launched servers. */
import { MigrationError } from "#domain/errors.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { CreateOptions } from "../provider.ts";
import { type Account, makeOnce } from "./account.ts";
import type { Machine } from "./instance-types.ts";
import { listByToken } from "./instances.ts";
import type { MachineImage } from "./machine-images.ts";
import { namesOf } from "./names.ts";
import { bootDisk } from "./volumes.ts";

/**
 * 16 K, taken as of what is sent, which base64 makes longer by a third. Source: UHost API,
 * CreateUHostInstance, UserData.
 */
export const maxUserDataBytes = 12 * 1024;

/** The only disk that a host is ordered with. */
export const bootDisks = (Type: Machine["bootDisk"], Size: number): Parameters[] => [
  { IsBoot: "True", Type, Size, BackupType: "NONE" },
];

/** How large a gateway's own disk is. */
export const gatewayBootGiB = ({ config }: Account, image: MachineImage): number =>
  Math.max(config.gateway.diskGiB, image.sizeGiB, bootDisk.leastGiB);

interface HostWish {
  readonly imageId: string;
  readonly machine: Machine;
  readonly bootGiB: number;
  readonly subnetId: string;
  readonly privateAddress: string | undefined;
  readonly firewallId: string;
  readonly userData: string;
  /** LoginMode and what belongs to it. */
  readonly login: Parameters;
}

/** @returns its id; the first one's where the order is repeated */
export async function createHost(
  account: Account,
  options: CreateOptions,
  wish: HostWish,
  discard: (id: string) => Promise<void>,
): Promise<string> {
  const { client, config } = account;
  if (Buffer.byteLength(wish.userData) > maxUserDataBytes) {
    throw new MigrationError("cloud.refused", {
      platform: "ucloud",
      what: "a host",
      problem: `its user data is longer than ${maxUserDataBytes} bytes`,
    });
  }
  const { bootDisk: diskType, ...machine } = wish.machine;
  const VPCId = await account.vpcId(wish.subnetId);
  return makeOnce(account, `host ${options.token}`, {
    list: async () =>
      (await listByToken(account, options.token)).map(({ UHostId, CreateTime = 0 }) => ({
        id: UHostId,
        createdAt: CreateTime,
      })),
    async create() {
      const made = await client.call<{ UHostIds?: string[] }>("CreateUHostInstance", {
        Zone: config.zone,
        ...namesOf(options),
        ImageId: wish.imageId,
        ...machine,
        NetCapability: "Normal",
        Disks: bootDisks(diskType, wish.bootGiB),
        VPCId,
        SubnetId: wish.subnetId,
        PrivateIp: wish.privateAddress === undefined ? undefined : [wish.privateAddress],
        SecurityMode: "Firewall",
        SecurityGroupId: wish.firewallId,
        ...wish.login,
        UserData: Buffer.from(wish.userData).toString("base64"),
        // Unless told cloud-init would partition and mount our volumes.
        AutoDataDiskInit: "Off",
        // Unless told it is a month's.
        ChargeType: "Dynamic",
        MaxCount: 1,
        DeletionProtection: false,
      });
      return made.UHostIds?.[0] ?? "";
    },
    discard,
  });
}
