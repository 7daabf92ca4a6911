/** Sizes and marketplace images. Sources: Azure docs, pages of the series; "Resource Skus - List", its answer. */
import type { Handler } from "./answers.ts";
import { Refusal } from "./refusal.ts";

export interface FakeSize {
  readonly name: string;
  readonly family: string;
  readonly vcpus: number;
  readonly gib: number;
  readonly disks: number;
  readonly generations: string;
  readonly premium: boolean;
  /** Beyond what most have. */
  readonly more?: Readonly<Record<string, string>>;
  /** Not for this subscription. */
  readonly isRestricted?: boolean;
}

/** F4 has 16 data disks and generation 1 alone; F4s_v2 has 8. */
export const sizes: readonly FakeSize[] = [
  size("Standard_B1s", "standardBSFamily", 1, 1, 2, "V1,V2", true),
  size("Standard_B2s", "standardBSFamily", 2, 4, 4, "V1,V2", true),
  size("Standard_F2", "standardFFamily", 2, 4, 8, "V1", false),
  size("Standard_F4", "standardFFamily", 4, 8, 16, "V1", false),
  size("Standard_F4s_v2", "standardFSv2Family", 4, 8, 8, "V1,V2", true),
  size("Standard_D4s_v5", "standardDSv5Family", 4, 16, 8, "V1,V2", true),
  size("Standard_D8s_v5", "standardDSv5Family", 8, 32, 16, "V1,V2", true),
  // Not for us: Arm, NVMe alone, confidential, and one that is withheld.
  size("Standard_D2ps_v5", "standardDPSv5Family", 2, 8, 4, "V2", true, {
    CpuArchitectureType: "Arm64",
  }),
  size("Standard_D2s_v6", "standardDSv6Family", 2, 8, 4, "V2", true, {
    DiskControllerTypes: "NVMe",
  }),
  size("Standard_DC2as_v5", "standardDCASv5Family", 2, 8, 4, "V2", true, {
    ConfidentialComputingType: "SNP",
  }),
  { ...size("Standard_E2s_v5", "standardESv5Family", 2, 16, 4, "V1,V2", true), isRestricted: true },
];

function size(
  name: string,
  family: string,
  vcpus: number,
  gib: number,
  disks: number,
  generations: string,
  premium: boolean,
  more: Record<string, string> = {},
): FakeSize {
  return { name, family, vcpus, gib, disks, generations, premium, more };
}

const pageSize = 5;

const listSkus: Handler = ({ location }, { query, url }) => {
  const wanted = /^location eq '(\w+)'$/.exec(query.get("$filter") ?? "")?.[1];
  if (wanted === undefined) throw new Refusal(400, "InvalidFilter", "The filter is not supported.");
  const all =
    wanted === location ? [...sizes.map((one) => sku(one, location)), diskSku(location)] : [];
  const from = Number(query.get("$skiptoken") ?? 0);
  const next = from + pageSize;
  return {
    status: 200,
    body: {
      value: all.slice(from, next),
      ...(next < all.length
        ? {
            nextLink: `${url}?api-version=2021-07-01&%24filter=${encodeURIComponent(query.get("$filter") ?? "")}&%24skiptoken=${next}`,
          }
        : {}),
    },
  };
};

function sku(one: FakeSize, location: string) {
  const told = {
    vCPUs: String(one.vcpus),
    MemoryGB: String(one.gib),
    MaxDataDiskCount: String(one.disks),
    HyperVGenerations: one.generations,
    PremiumIO: one.premium ? "True" : "False",
    CpuArchitectureType: "x64",
    AcceleratedNetworkingEnabled: "True",
    ...one.more,
  };
  return {
    resourceType: "virtualMachines",
    name: one.name,
    tier: "Standard",
    size: one.name.replace("Standard_", ""),
    family: one.family,
    locations: [location],
    locationInfo: [{ location, zones: ["1", "2"], zoneDetails: [] }],
    capabilities: Object.entries(told).map(([name, value]) => ({ name, value })),
    restrictions: one.isRestricted
      ? [
          {
            type: "Location",
            values: [location],
            restrictionInfo: { locations: [location] },
            reasonCode: "NotAvailableForSubscription",
          },
        ]
      : [],
  };
}

/** The list has other things than sizes. */
function diskSku(location: string) {
  return {
    resourceType: "disks",
    name: "StandardSSD_LRS",
    tier: "Standard",
    size: "E10",
    locations: [location],
    locationInfo: [{ location, zones: [] }],
    capabilities: [{ name: "MaxSizeGiB", value: "128" }],
    restrictions: [],
  };
}

/** Publisher, offer, SKU → generation. */
export const marketplace: ReadonlyMap<string, string> = new Map([
  ["Debian debian-12 12", "V1"],
  ["Debian debian-12 12-gen2", "V2"],
  ["Canonical ubuntu-24_04-lts server", "V2"],
  ["Canonical ubuntu-24_04-lts server-gen1", "V1"],
]);

const listImages: Handler = (_subscription, { names, query }) => {
  const [location = "", publisher, offer, skuName] = names;
  if (!marketplace.has(`${publisher} ${offer} ${skuName}`)) {
    throw new Refusal(
      404,
      "NotFound",
      `Artifact: VMImage was not found. Publisher: ${publisher}, Offer: ${offer}, Sku: ${skuName}.`,
    );
  }
  const versions = ["0.20260101.2000", "0.20261001.2100"];
  const top = Number(query.get("$top") ?? versions.length);
  return {
    status: 200,
    body: versions
      .slice(0, top)
      .map((name) => ({ location, name, id: `/images/${name}` })) as object,
  };
};

export const skuHandlers: Record<string, Handler> = {
  "LIST skus": listSkus,
  "LIST images": listImages,
};
