/**
 * What Huawei asks of this account for what is paid by use. An elastic address costs nothing but its traffic while it
 * is bound. Sources: Customer Operation Capabilities, ListOnDemandResourceRatings; huaweicloud-sdk-go-v3 v0.1.188,
 * services/bss and services/bssintl, model_demand_product_info.go; EIP product description, "Billing".
 */
import { MigrationError } from "#domain/errors.ts";
import { hoursOfMonth } from "#domain/prices.ts";
import type { Prices } from "../provider.ts";
import type { Account } from "./account.ts";
import { gatewayDisk } from "./compute.ts";
import { mainDomain } from "./config.ts";
import { codeOf } from "./errors.ts";
import { chooseGatewayFlavor } from "./flavors.ts";
import { findGatewayImage } from "./machine-images.ts";
import type { OperationName } from "./operations.ts";

/** Every type of disk has this size. */
const askedGiB = 100;

/** Source: the same model, usage_measure_id and size_measure_id. */
const measures = { hour: 4, GiB: 17 } as const;

interface Site {
  readonly operation: OperationName;
  /** Of an answer that names none. */
  readonly currency: string | undefined;
}

/** An account belongs to one of two sites, whichever region it uses. */
const sites: readonly Site[] = [
  { operation: "BssListOnDemandResourceRatings", currency: "CNY" },
  { operation: "BssintlListOnDemandResourceRatings", currency: "USD" },
];

/** Elsewhere, as in Europe, there is one, whose own currency is not known. */
const onlySite: Site = { operation: "BssListOnDemandResourceRatings", currency: undefined };

/** "The customer does not belong to the website you are now at." Source: BSS API reference, "Error Codes". */
const otherSite = new Set(["CBC.0150", "CBC.0156"]);

const noSuchProduct = "CBC.99006006";

type Product = Readonly<Record<string, string | number>>;

interface Rating {
  readonly currency?: string | null;
  readonly product_rating_results?: readonly {
    readonly id?: string;
    /** With the account's discounts, where they may be seen. */
    readonly amount?: number | string | null;
    readonly official_website_amount?: number | string | null;
  }[];
}

interface Price {
  readonly currency: string;
  readonly month: number;
}

/** @throws as `chooseGatewayFlavor` and `findGatewayImage` */
export async function pricesOf(account: Account, given: string | undefined): Promise<Prices> {
  const image = await findGatewayImage(account);
  const disk = gatewayDisk(account, image);
  const flavor = await chooseGatewayFlavor(account, given);
  const gateway = await ask(account, [machine(flavor), volume(disk.type, disk.GiB)]);
  const replica = await ask(account, [volume(account.config.volume.type, askedGiB)]);
  const currency = gateway?.currency ?? replica?.currency;
  if (currency === undefined) {
    throw new MigrationError("cloud.refused", {
      platform: "huawei",
      what: "prices",
      problem: "neither the gateway nor its volumes have one now",
    });
  }
  return {
    currency,
    gatewayHour: gateway && gateway.month / hoursOfMonth,
    volumeGibMonth: replica && replica.month / askedGiB,
  };
}

const machine = (flavor: string): Product => ({
  cloud_service_type: "hws.service.type.ec2",
  resource_type: "hws.resource.type.vm",
  resource_spec: `${flavor}.linux`,
});

const volume = (type: string, GiB: number): Product => ({
  cloud_service_type: "hws.service.type.ebs",
  resource_type: "hws.resource.type.volume",
  resource_spec: type,
  resource_size: GiB,
  size_measure_id: measures.GiB,
});

/** All of them together, for a month: an hour of a disk may be rounded. @returns undefined where one of them has no price */
async function ask(account: Account, products: readonly Product[]): Promise<Price | undefined> {
  const all = products.map((product, at) => ({
    ...{ ...product, id: String(at), region: account.config.region, subscription_num: 1 },
    ...{ usage_factor: "Duration", usage_value: hoursOfMonth, usage_measure_id: measures.hour },
  }));
  const rated = await rate(account, all);
  if (rated?.currency === undefined) return undefined;
  const amounts = all.map(({ id }) => {
    const found = rated.product_rating_results?.find((result) => result.id === id);
    // Without the right to see discounts only the list price is told.
    return Number(found?.amount) || Number(found?.official_website_amount) || 0;
  });
  if (amounts.includes(0)) return undefined;
  return { currency: rated.currency, month: amounts.reduce((sum, amount) => sum + amount) };
}

/** Of the account's site. @returns undefined where it knows no such product */
async function rate(
  account: Account,
  product_infos: readonly Product[],
): Promise<(Omit<Rating, "currency"> & Pick<Site, "currency">) | undefined> {
  const { client, config } = account;
  const body = { project_id: await client.project(), inquiry_precision: 1, product_infos };
  let refusal: unknown;
  for (const { operation, currency } of config.domain === mainDomain ? sites : [onlySite]) {
    try {
      const rating = await client.call<Rating>(operation, { body });
      return { ...rating, currency: rating.currency || currency };
    } catch (error) {
      const code = codeOf(error);
      if (code === noSuchProduct) return undefined;
      if (!otherSite.has(code)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}
