/** What the zone has for sale by the hour, and what its guests see. */
import type { InstanceTypeQuotaItem } from "tencentcloud-sdk-nodejs/tencentcloud/services/cvm/v20170312/cvm_models.js";
import { MigrationError } from "#domain/errors.ts";
import { checkGatewayType, chooseGatewayType } from "#domain/gateway-defaults.ts";
import type { InstanceType } from "../provider.ts";
import type { Account } from "./account.ts";

const GiB = 1024 ** 3;

/**
 * Families whose guests see virtio: standard (S, SA, SN), computing (C, CN) and memory (M, MA). Others are
 * ARM (SR), bare metal (B), or carry cards and local disks nobody asked for. Source: CVM user guide,
 * "Instance types".
 */
const plainFamilies = /^(S|SA|SN|C|CN|M|MA)\d/;

/** Elastic disks of one instance. Source: CBS user guide, "Use limits". */
const mostVolumes = 20;

/** Smallest first. */
export async function listInstanceTypes(account: Account): Promise<InstanceType[]> {
  const offered = await listOffers(account);
  return offered
    .filter(({ InstanceFamily = "", Gpu = 0 }) => plainFamilies.test(InstanceFamily) && !Gpu)
    .filter(isForSale)
    .map((offer) => shown(account, offer))
    .sort((a, b) => a.memoryBytes - b.memoryBytes || a.vcpus - b.vcpus);
}

/**
 * The type a gateway is made with: the given one, else the target's, else by the defaults of all.
 * @throws `cloud.not-found`, `cloud.capacity` for a named one that is not there or sold out; as
 *   `checkGatewayType` and `chooseGatewayType`
 */
export async function gatewayType(account: Account, given?: string): Promise<string> {
  const name = given ?? account.config.gateway.instanceType;
  if (name === undefined) {
    return chooseGatewayType("tencent", await listInstanceTypes(account)).name;
  }
  const [offer] = await listOffers(account, name);
  if (offer === undefined) {
    throw new MigrationError("cloud.not-found", {
      ...{ platform: "tencent", what: "instance type", id: name },
    });
  }
  checkGatewayType("tencent", shown(account, offer));
  if (isForSale(offer)) return name;
  const { zone } = await account.place();
  throw new MigrationError("cloud.capacity", { platform: "tencent", what: `${name} in ${zone}` });
}

async function listOffers(
  { cvm, place }: Account,
  name?: string,
): Promise<InstanceTypeQuotaItem[]> {
  const { zone } = await place();
  const { InstanceTypeQuotaSet = [] } = await cvm.DescribeZoneInstanceConfigInfos({
    Filters: [
      { Name: "zone", Values: [zone] },
      { Name: "instance-charge-type", Values: ["POSTPAID_BY_HOUR"] },
      ...(name === undefined ? [] : [{ Name: "instance-type", Values: [name] }]),
    ],
  });
  return InstanceTypeQuotaSet;
}

const isForSale = ({ Status, StatusCategory }: InstanceTypeQuotaItem): boolean =>
  Status === "SELL" && StatusCategory !== "WithoutStock";

function shown({ config }: Account, type: InstanceTypeQuotaItem): InstanceType {
  return {
    name: type.InstanceType ?? "",
    vcpus: type.Cpu ?? 1,
    memoryBytes: (type.Memory ?? 0) * GiB,
    hardware: { storage: "virtio-blk", network: "virtio-net" },
    // The image decides: those of snapshots start by BIOS, only ImportImage lets one choose. Source: CVM API, BootMode.
    firmware: config.hyperDoor?.firmware === "uefi" ? ["bios", "uefi"] : ["bios"],
    maxVolumes: mostVolumes,
  };
}
