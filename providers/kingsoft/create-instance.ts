/** One instance, paid as it is used: a gateway, or what a launch begins with. */
import { MigrationError } from "#domain/errors.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { CreateOptions } from "../provider.ts";
import { type Account, makeOnce } from "./account.ts";
import { findByToken } from "./instances.ts";
import { nameOf, tagsOf } from "./tags.ts";

/** Before base64. Source: KEC API, RunInstances, UserData. */
export const maxUserDataBytes = 16 * 1024;

/** Of a system disk. Source: KEC API, RunInstances, SystemDisk.DiskSize. */
export const systemDiskGiB = { least: 20, most: 500 } as const;

export interface InstanceOrder extends CreateOptions {
  readonly role: "gateway" | "server";
  readonly instanceType: string;
  readonly imageId: string;
  readonly disk: { readonly type: string; readonly GiB: number };
  readonly subnetId: string;
  readonly privateAddress?: string | undefined;
  readonly securityGroupId: string | undefined;
  readonly userData: string;
  /** One of them must be given. Source: KEC API, RunInstances. */
  readonly login: { readonly keyId: string } | { readonly password: string } | "as-image";
  /** Bought with it and bound to it, so that no crash leaves one of which nobody knows whose it is. */
  readonly address?: { readonly lineId: string; readonly mbps: number; readonly billing: string };
}

/**
 * One of a token, which is made unless it is there.
 * @param orderOf asked only when it is made
 * @returns its id, once it is shown
 */
export async function createInstance(
  account: Account,
  token: string,
  orderOf: () => Promise<InstanceOrder>,
): Promise<string> {
  const { client } = account;
  return makeOnce(account, "instance", token, {
    find: async () => (await findByToken(account, token))?.InstanceId,
    async make() {
      const made = await client.call<{ InstancesSet?: { InstanceId: string }[] }>(
        "kec",
        "RunInstances",
        parametersOf(account, await orderOf()),
      );
      return made.InstancesSet?.[0]?.InstanceId ?? "";
    },
  });
}

/** As an order says it. @throws `cloud.refused` where no system disk is so large */
export function systemDisk({ type, GiB }: InstanceOrder["disk"]): Parameters {
  const sizeGiB = Math.max(systemDiskGiB.least, GiB);
  if (sizeGiB > systemDiskGiB.most) {
    throw refused(`its system disk of ${sizeGiB} GB is larger than ${systemDiskGiB.most} GB`);
  }
  return { DiskType: type, DiskSize: sizeGiB };
}

function parametersOf({ config }: Account, order: InstanceOrder): Parameters {
  const { disk, login, address, userData } = order;
  if (Buffer.byteLength(userData) > maxUserDataBytes) {
    throw refused(`its user data is longer than ${maxUserDataBytes} bytes`);
  }
  return {
    ImageId: order.imageId,
    InstanceType: order.instanceType,
    InstanceName: nameOf(order, order.role),
    MinCount: 1,
    MaxCount: 1,
    ChargeType: config.billing,
    SubnetId: order.subnetId,
    PrivateIpAddress: order.privateAddress,
    // More than one is not taken here.
    SecurityGroupId: order.securityGroupId === undefined ? undefined : [order.securityGroupId],
    SystemDisk: systemDisk(disk),
    UserData: Buffer.from(userData).toString("base64"),
    KeyId: typeof login === "object" && "keyId" in login ? [login.keyId] : undefined,
    InstancePassword: typeof login === "object" && "password" in login ? login.password : undefined,
    KeepImageLogin: login === "as-image" ? true : undefined,
    LineId: address?.lineId,
    AddressBandWidth: address?.mbps,
    AddressChargeType: address?.billing,
    AddressProjectId: address === undefined ? undefined : config.projectId,
    // An image of a whole machine would bring its data disks along.
    AutoCreateEbs: false,
    // What failed is shown, and taken away by us.
    FailureAutoDelete: false,
    IsProtect: false,
    SyncTag: false,
    ProjectId: config.projectId,
    Tag: tagsOf(order),
  };
}

function refused(problem: string): MigrationError {
  const facts = { platform: "kingsoft", what: "an instance", problem };
  return new MigrationError("cloud.refused", facts);
}
