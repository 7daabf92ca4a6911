/**
 * What UCloud asks of this account by the hour, its discounts taken off. No answer names a currency: hosts and
 * addresses are told in yuan, disks in fen. Sources: UHost API, GetUHostInstancePrice; UDisk API, DescribeUDiskPrice;
 * UNet API, GetEIPPrice.
 */

import { hoursOfMonth } from "#domain/prices.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { Prices } from "../provider.ts";
import type { Account } from "./account.ts";
import { bootDisks, gatewayBootGiB } from "./create-host.ts";
import { gatewayMachine } from "./instance-types.ts";
import { findGatewayImage } from "./machine-images.ts";
import { lineOf } from "./network.ts";
import { createdAs, mostGiB } from "./volumes.ts";

interface Price {
  readonly ChargeType?: string;
  readonly Price?: number;
}

/** An hour of a small disk is less than a fen, and prices are whole ones. */
const askedGiB = mostGiB;

/** @throws as `gatewayMachine` and `findGatewayImage` */
export async function pricesOf(account: Account, given: string | undefined): Promise<Prices> {
  const host = await hostHour(account, given);
  const address = await addressHour(account);
  const volume = await volumeHour(account);
  return {
    currency: "CNY",
    gatewayHour: host && host + (address ?? 0),
    volumeGibMonth: volume && (volume / askedGiB) * hoursOfMonth,
  };
}

/** With its own disk. */
async function hostHour(account: Account, given: string | undefined): Promise<number | undefined> {
  const { bootDisk, MinimalCpuPlatform, ...machine } = await gatewayMachine(account, given);
  const image = await findGatewayImage(account);
  return ask(account, "GetUHostInstancePrice", {
    Zone: account.config.zone,
    ImageId: image.id,
    ...machine,
    // "Intel" or "Amd".
    CpuPlatform: MinimalCpuPlatform.split("/")[0],
    NetCapability: "Normal",
    Disks: bootDisks(bootDisk, gatewayBootGiB(account, image)),
    Count: 1,
  });
}

/** Where traffic is what is paid for, the address is paid for too. Source: UNet documentation, eip/introduction. */
async function addressHour(account: Account): Promise<number | undefined> {
  const { region, gateway } = account.config;
  if (gateway.publicAddress === "none") return undefined;
  const line = gateway.line ?? lineOf(region);
  return ask(account, "GetEIPPrice", {
    // Only this call is documented to spell it so.
    OperatorName: line === "BGP" ? "Bgp" : line,
    Bandwidth: gateway.bandwidthMbps,
    PayMode: "Traffic",
  });
}

/** Of `askedGiB`, with the snapshot service that a replica is bought with. */
async function volumeHour(account: Account): Promise<number | undefined> {
  const { zone, volume } = account.config;
  const fen = await ask(account, "DescribeUDiskPrice", {
    Zone: zone,
    Size: askedGiB,
    DiskType: createdAs[volume.type],
    SnapshotService: volume.snapshotService ? "Yes" : "No",
  });
  return fen && fen / 100;
}

/** @returns of all that is bought together, such as a disk and its snapshots; undefined where there is no price */
async function ask(
  { client }: Account,
  action: string,
  order: Parameters,
): Promise<number | undefined> {
  const answer = await client.call<{
    readonly PriceSet?: readonly Price[];
    readonly DataSet?: readonly Price[];
  }>(action, { ...order, ChargeType: "Dynamic" });
  const sum = (answer.PriceSet ?? answer.DataSet ?? [])
    .filter(({ ChargeType }) => ChargeType === "Dynamic")
    .reduce((sum, { Price = 0 }) => sum + Price, 0);
  return sum > 0 ? sum : undefined;
}
