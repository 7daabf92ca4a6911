/** One server, paid by use (S-03): a gateway, or one that HyperDoor's image starts. */
import { MigrationError } from "#domain/errors.ts";
import type { CreateOptions } from "../provider.ts";
import type { Account } from "./account.ts";
import { diskGiB } from "./config.ts";
import { findEcsInstance } from "./instances.ts";
import type { MachineImage } from "./machine-images.ts";
import { stemOf } from "./names.ts";
import { buy } from "./orders.ts";
import { vpcOf } from "./place.ts";

export interface InstanceOrder extends CreateOptions {
  readonly what: string;
  readonly flavorId: string;
  readonly image: MachineImage;
  readonly disk: { readonly type: string; readonly GiB: number };
  readonly subnetId: string;
  readonly privateAddress?: string | undefined;
  readonly groupIds: readonly string[];
  readonly userData: string;
  readonly keyPairId?: string | undefined;
  readonly password?: string | undefined;
}

/** In base64. Source: create-instance, userData. */
const maxUserDataLetters = 16_384;
/** Before that. */
export const maxUserDataBytes = (maxUserDataLetters / 4) * 3;

/** @returns its id, once it is shown; may be repeated */
export async function createInstance(account: Account, order: InstanceOrder): Promise<string> {
  const { config } = account;
  if (Buffer.byteLength(order.userData) > maxUserDataBytes) {
    const problem = `its user data is longer than ${maxUserDataBytes} bytes`;
    throw new MigrationError("cloud.refused", { platform: "ctyun", what: order.what, problem });
  }
  const vpcID =
    order.subnetId === config.subnetId
      ? await account.vpcId()
      : (await vpcOf(account.client, order.subnetId)).vpcId;
  return buy(account, {
    options: order,
    what: order.what,
    operation: "CreateInstance",
    parameters: {
      azName: config.zone,
      projectID: config.projectId,
      instanceName: stemOf(order),
      displayName: displayName(order.tags.Name),
      onDemand: true,
      flavorID: order.flavorId,
      imageType: order.image.visibility,
      imageID: order.image.id,
      bootDiskType: order.disk.type,
      bootDiskSize: bootDiskGiB(order.disk.GiB, order.image),
      vpcID,
      networkCardList: [
        { isMaster: true, subnetID: order.subnetId, fixedIP: order.privateAddress },
      ],
      secGroupList: order.groupIds,
      // An address is bought apart: what is bought with a server ends with it.
      extIP: "0",
      userData: Buffer.from(order.userData).toString("base64"),
      keyPairID: order.keyPairId,
      userPassword: order.password,
    },
    find: (id) => findEcsInstance(account, id),
  });
}

/** What a system disk that is wished is made as. */
export function bootDiskGiB(wished: number, image: MachineImage): number {
  const [least] = diskGiB.system;
  return Math.max(least, wished, image.diskGiB);
}

/** 2 to 63 characters. Source: create-instance, displayName. */
function displayName(name: string): string {
  return name.length < 2 ? `${name}--` : name.slice(0, 63);
}
