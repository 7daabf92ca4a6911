/** What an operator may set when Azure is the target. */
import { z } from "zod";
import { gatewayAdminUser, gatewayDefaults, gatewayDiskGiB } from "#domain/gateway-defaults.ts";
import type { ImageFamily } from "#domain/gateway-images.ts";
import { limitTables } from "#domain/limits/tables.ts";

/** Source: the AZURE_ENVIRONMENT tables of azure-cli and of @azure/ms-rest-azure-env. */
export const azureClouds = {
  public: {
    arm: "https://management.azure.com",
    login: "https://login.microsoftonline.com",
    scope: "https://management.azure.com/.default",
  },
  china: {
    arm: "https://management.chinacloudapi.cn",
    login: "https://login.chinacloudapi.cn",
    scope: "https://management.chinacloudapi.cn/.default",
  },
} as const;

/** Of the public cloud. Source: Cost Management REST API, "Azure Retail Prices overview". */
export const pricesUrl = "https://prices.azure.com";

const mostVolumes = limitTables.azure.gatewayMaxVolumes?.value ?? 16;

const size = z.string().regex(/^Standard_[A-Za-z0-9_-]+$/);

/** Those of which there are images without a plan whose terms must be accepted first. */
export const imageFamilies = [
  ...["debian-12", "ubuntu-24.04", "ubuntu-22.04"],
] as const satisfies readonly ImageFamily[];
const urn = z.string().regex(/^[\w.-]+:[\w.-]+:[\w.-]+:[\w.-]+$/);

export const azureConfig = z
  .strictObject({
    /** The public cloud, or the one 21Vianet runs in China (S-10). */
    cloud: z.enum(["public", "china"]).default("public"),
    subscriptionId: z.guid(),
    /** Made beforehand, in the same location (S-10, X-15). Everything of ours is put there. */
    resourceGroup: z.string().regex(/^[-\w.()]{0,89}[-\w()]$/),
    location: z.string().regex(/^[a-z][a-z0-9]+$/),
    /** Gateways and launched servers are put there. May be of another resource group. */
    subnetId: z
      .string()
      .regex(
        /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[-\w.()]+\/providers\/Microsoft\.Network\/virtualNetworks\/[-\w.]+\/subnets\/[-\w.]+$/i,
      ),
    /** Of servers, volumes and addresses alike; without it Azure chooses, and keeps no promise. */
    zone: z.enum(["1", "2", "3"]).optional(),
    volume: z
      .strictObject({
        /** Standard SSD by X-15. PremiumV2 and Ultra can't boot. Source: "Azure managed disk types". */
        type: z
          .enum([
            "Standard_LRS",
            "StandardSSD_LRS",
            "Premium_LRS",
            "StandardSSD_ZRS",
            "Premium_ZRS",
          ])
          .default(gatewayDefaults.azure.systemDisk.type),
      })
      .prefault({}),
    gateway: z
      .strictObject({
        /**
         * F4 by R-176: 4 vCPU, 8 GiB and 16 volumes. Unless told it is taken where it is offered, else the
         * smallest of the launch's series with as much: Azure ends F, Fs and Fsv2 on 15 November 2028.
         */
        instanceType: size.optional(),
        /** Publisher:Offer:Sku:Version, or families. CentOS 7 can't run today's Node. */
        image: z.union([urn, z.array(z.enum(imageFamilies)).min(1)]).default([...imageFamilies]),
        diskGiB: gatewayDiskGiB("azure"),
        /** `none` where console and agents reach the subnet's private addresses. */
        publicAddress: z.enum(["static", "none"]).default("static"),
        /** R-176; never more than the size attaches. */
        maxVolumes: z.number().int().min(1).max(64).default(mostVolumes),
        /** Beside those, for repair only; F4 attaches no more than the 16. */
        spareVolumes: z.number().int().min(0).max(63).default(0),
        /** */
        adminUsername: gatewayAdminUser("azure"),
        /** Without a key and a password nobody can log in to the gateway, and nobody has to. */
        sshPublicKey: z
          .string()
          .regex(/^ssh-(rsa|ed25519) [A-Za-z0-9+/=]+( .*)?$/)
          .optional(),
      })
      .prefault({}),
    launch: z
      .strictObject({
        /** Of sizes, as Azure writes them without numbers: Standard_D4s_v5 is of Dsv5. */
        series: z
          .array(z.string().regex(/^[A-Za-z]+(v\d+)?$/))
          .min(1)
          .default(["Bs", "Bms", "F", "Fs", "Fsv2", "Dsv3", "Dsv5", "Esv3", "Esv5"]),
        /**
         * How a repaired disk becomes the system disk: attached as it is (`attach`), or a copy of it
         * (`copy`). `auto` attaches it, and copies where Azure refuses.
         */
        boot: z.enum(["auto", "attach", "copy"]).default("auto"),
      })
      .prefault({}),
    /** For private links and tests; the cloud's own unless told. */
    endpoints: z
      .strictObject({
        arm: z.url().optional(),
        login: z.url().optional(),
        prices: z.url().optional(),
      })
      .prefault({}),
    /** Where the console reaches Azure only through a proxy; HTTPS_PROXY unless told. */
    proxy: z.url().optional(),
    /** How often it is asked whether an operation has ended, where Azure does not say when to ask again. */
    pollMs: z.number().int().positive().default(1_000),
    /** In PEM, beside the public ones: where a proxy signs the connections it looks into. */
    caCertificates: z.string().startsWith("-----BEGIN CERTIFICATE-----").optional(),
  })
  .refine(({ cloud, location }) => (cloud === "china") === location.startsWith("china"), {
    path: ["cloud"],
    message: "locations that begin with 'china' belong to the cloud 'china', and no others do",
  });
export type AzureConfig = z.output<typeof azureConfig>;

/** An application of Entra ID (S-10), and how people log in to gateways. */
export const azureSecrets = z.strictObject({
  /** Directory of the application: its id or one of its domains. */
  tenantId: z.string().regex(/^[\w.-]+$/),
  clientId: z.guid(),
  clientSecret: z.string().min(1),
  /**
   * Source: Compute REST API, OSProfile.adminPassword: up to 72 characters on Linux, of three kinds out of
   * lower and upper case, digits and others.
   */
  adminPassword: z
    .string()
    .min(12)
    .max(72)
    .refine(
      (text) => [/[a-z]/, /[A-Z]/, /\d/, /[\W_]/].filter((kind) => kind.test(text)).length >= 3,
      "three of: lower case, upper case, digits, other characters",
    )
    .optional(),
});
export type AzureSecrets = z.output<typeof azureSecrets>;
