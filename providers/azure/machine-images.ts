/** Marketplace images by family: what gateways are made from. None has a plan whose terms must be accepted. */
import type { ImageReference } from "@azure/arm-compute";
import { MigrationError } from "#domain/errors.ts";
import type { imageFamilies } from "./config.ts";
import type { Size } from "./sizes.ts";
import { type Subscription, unlessAbsent } from "./subscription.ts";

interface Family {
  readonly publisher: string;
  readonly offer: string;
  /** By generation: most have a SKU for each. */
  readonly bios: string;
  readonly uefi: string;
}

/**
 * All run today's Node (glibc 2.28 or later) and have cloud-init. Sources: wiki.debian.org/Cloud/MicrosoftAzure;
 * documentation.ubuntu.com/azure, "Find Ubuntu images".
 */
const families: Record<(typeof imageFamilies)[number], Family> = {
  "debian-12": { publisher: "Debian", offer: "debian-12", bios: "12", uefi: "12-gen2" },
  "ubuntu-24.04": {
    publisher: "Canonical",
    offer: "ubuntu-24_04-lts",
    bios: "server-gen1",
    uefi: "server",
  },
  "ubuntu-22.04": {
    publisher: "Canonical",
    offer: "0001-com-ubuntu-server-jammy",
    bios: "22_04-lts",
    uefi: "22_04-lts-gen2",
  },
};

/** @throws `gateway.no-image` when the location has none of those wanted; `cloud.not-found` for a given one */
export async function findMachineImage(
  { compute, config }: Subscription,
  size: Size,
): Promise<ImageReference> {
  const wanted = config.gateway.image;
  for (const candidate of typeof wanted === "string" ? [fromUrn(wanted)] : wanted) {
    const { publisher, offer, sku, version } =
      typeof candidate === "string" ? fromFamily(candidate, size) : candidate;
    const versions = await unlessAbsent(
      compute.virtualMachineImages.list(config.location, publisher, offer, sku, { top: 1 }),
    );
    if (versions !== undefined && versions.length > 0) return { publisher, offer, sku, version };
  }
  if (typeof wanted === "string") {
    throw new MigrationError("cloud.not-found", { platform: "azure", what: "image", id: wanted });
  }
  const choices = wanted.join(", ");
  throw new MigrationError("gateway.no-image", { platform: "azure", choices });
}

function fromFamily(family: keyof typeof families, size: Size) {
  const { publisher, offer, bios, uefi } = families[family];
  const sku = size.firmware.includes("bios") ? bios : uefi;
  return { publisher, offer, sku, version: "latest" };
}

function fromUrn(urn: string) {
  const [publisher = "", offer = "", sku = "", version = ""] = urn.split(":");
  return { publisher, offer, sku, version };
}
