/**
 * The public list of prices, as far as sizes and disks go. Sources: Cost Management REST API, "Azure Retail Prices
 * overview": what can be filtered by, and the answer; "Azure managed disk types": the sizes of disks.
 */
import { json, type Shown } from "./answers.ts";
import { type FakeSize, sizes } from "./skus.ts";
import type { Subscription } from "./state.ts";

export const pricesPath = "/api/retail/prices";

/** Of the query, and of its filter; what we never send is left out. */
const parameters = ["$filter", "$skip"];
const filters = ["armRegionName", "armSkuName", "serviceName", "productName", "priceType"];
/** What may be asked for. */
const priceTypes = ["Consumption", "DevTestConsumption", "Reservation"];

interface Item {
  readonly serviceName: string;
  readonly productName: string;
  readonly skuName: string;
  readonly meterName: string;
  readonly armSkuName: string;
  readonly unitOfMeasure: string;
  readonly retailPrice: number;
  readonly type: string;
}

/** Short, so that paging is seen to work; the real ones have 1,000. */
const pageSize = 4;

export function servePrices(subscription: Subscription, asked: URL): Shown {
  const { searchParams: query } = asked;
  const wanted = wantedBy(query.get("$filter") ?? "");
  const isKnown = [...query.keys()].every((name) => parameters.includes(name));
  if (wanted === undefined || !isKnown) {
    return json(400, {
      Error: { Code: "BadRequest", Message: "Invalid OData parameters supplied" },
    });
  }
  const { location } = subscription;
  const machines = sizes.flatMap((size) => machineItems(subscription, size));
  const all = [...machines, ...diskItems(subscription)]
    .map((item) => ({
      ...{ currencyCode: "USD", tierMinimumUnits: 0, armRegionName: location },
      ...{ unitPrice: item.retailPrice, isPrimaryMeterRegion: false },
      ...item,
    }))
    .filter((item) => {
      const told: Readonly<Record<string, unknown>> = { ...item, priceType: item.type };
      return wanted.every(([name, value]) => told[name] === value);
    });
  const from = Number(query.get("$skip") ?? 0);
  const next = from + pageSize;
  const page = all.slice(from, next);
  // As the real one writes it: with its port, and the $filter first.
  const filter = encodeURIComponent(query.get("$filter") ?? "");
  const link = `https://prices.azure.com:443${pricesPath}?$filter=${filter}&$skip=${next}`;
  return json(200, {
    ...{ BillingCurrency: "USD", CustomerEntityId: "Default", CustomerEntityType: "Retail" },
    Items: page,
    NextPageLink: next < all.length ? link : null,
    Count: page.length,
  });
}

/** @returns undefined where it is not understood */
function wantedBy(filter: string): [name: string, value: string][] | undefined {
  const wanted: [string, string][] = [];
  for (const part of filter.split(" and ")) {
    const [, name = "", value = ""] = /^(\w+) eq '([^']*)'$/.exec(part) ?? [];
    if (!filters.includes(name)) return undefined;
    if (name === "priceType" && !priceTypes.includes(value)) return undefined;
    wanted.push([name, value]);
  }
  return wanted;
}

/** What a size is sold as; one of them is what a server of Linux costs. */
function machineItems({ tariff }: Subscription, { name, family, vcpus, gib }: FakeSize): Item[] {
  const linux = vcpus * tariff.vcpuHour + gib * tariff.gibHour;
  const sku = name.replace("Standard_", "").replaceAll("_", " ");
  const series = family.replace(/^standard(.*)Family$/, "$1");
  const product = `Virtual Machines ${series} Series`;
  const item = (
    productName: string,
    skuName: string,
    retailPrice: number,
    type = "Consumption",
  ): Item => ({
    ...{ serviceName: "Virtual Machines", productName, skuName, meterName: skuName, type },
    ...{ armSkuName: name, unitOfMeasure: "1 Hour", retailPrice },
  });
  return [
    item(`${product} Windows`, `${sku} Low Priority`, linux * 0.8),
    item(product, `${sku} Low Priority`, linux * 0.2),
    item(product, `${sku} Spot`, linux * 0.19),
    item(`${product} Windows`, `${sku} Spot`, linux * 0.38),
    item(`${product} Windows`, sku, linux * 2),
    item(product, sku, linux),
    item(`${product} CloudServices`, sku, linux * 1.1),
    item(`${product} Windows`, sku, linux, "DevTestConsumption"),
    // All of a year's hours, though it is called one.
    item(product, sku, linux * 8_760 * 0.6, "Reservation"),
  ];
}

const diskNumbers = [1, 2, 3, 4, 6, 10, 15, 20, 30, 40, 50, 60, 70, 80];
const diskGiB = [4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_767];
const families = [
  ["Standard", "Standard HDD Managed Disks", "S", ["LRS"]],
  ["StandardSSD", "Standard SSD Managed Disks", "E", ["LRS", "ZRS"]],
  ["Premium", "Premium SSD Managed Disks", "P", ["LRS", "ZRS"]],
] as const;

/** A disk of each size, and what is on top of it. */
function diskItems({ tariff }: Subscription): Item[] {
  return families.flatMap(([family, productName, letter, kinds]) =>
    kinds.flatMap((redundancy) =>
      diskNumbers
        .map((number, index) => ({ number, sizeGiB: diskGiB[index] ?? 0 }))
        .filter(({ number }) => family !== "Standard" || number >= 4)
        .flatMap(({ number, sizeGiB }) => {
          const factor = redundancy === "ZRS" ? tariff.zoneRedundant : 1;
          const month = sizeGiB * tariff.diskGibMonth[family] * factor;
          const skuName = `${letter}${number} ${redundancy}`;
          const item = (meter: string, unitOfMeasure: string, retailPrice: number): Item => ({
            ...{ serviceName: "Storage", productName, skuName, meterName: `${skuName} ${meter}` },
            ...{ armSkuName: "", unitOfMeasure, retailPrice, type: "Consumption" },
          });
          return [
            item("Disk Mount", "1/Month", month / 10),
            item("Disk Operations", "10K", 0.002),
            item("Disk", "1/Month", month),
          ];
        }),
    ),
  );
}
