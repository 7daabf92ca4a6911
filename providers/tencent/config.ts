/** What an operator may set when Tencent Cloud is the target. */
import { z } from "zod";
import { gatewayDefaults, gatewayDiskGiB } from "#domain/gateway-defaults.ts";
import { imageWish } from "#domain/gateway-images.ts";
import { hyperDoorSettings } from "../hyper-door.ts";

const { bandwidth, systemDisk } = gatewayDefaults.tencent;

/**
 * Without CLOUD_BASIC, which is sold no more, and CLOUD_TSSD, which is not sold apart from an instance.
 * Source: CBS API, CreateDisks, DiskType.
 */
const diskType = z.enum(["CLOUD_PREMIUM", "CLOUD_BSSD", "CLOUD_SSD", "CLOUD_HSSD"]);

const keyId = z.string().regex(/^skey-[a-z0-9]{8,}$/);

export const tencentConfig = z.strictObject({
  region: z.string().regex(/^[a-z]{2,}(-[a-z]+)+$/),
  /** Gateways and launched servers are put there; it fixes VPC and zone. */
  subnetId: z.string().regex(/^subnet-[a-z0-9]{8,}$/),
  /** Of the subnet; where given (S-11), a subnet elsewhere is refused. */
  zone: z
    .string()
    .regex(/^[a-z]{2,}(-[a-z]+)+-\d+$/)
    .optional(),
  /** Where the account lives: cloud.tencent.com or tencentcloud.com. */
  site: z.enum(["china", "international"]).default("china"),
  volume: z
    .strictObject({
      type: diskType.default(systemDisk.type),
      /** Data volumes only: Tencent makes no images of encrypted disks. */
      encrypted: z.boolean().default(false),
      kmsKeyId: z.string().min(1).optional(),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      /** The document's C3 as long as it is for sale, else the smallest of that size. */
      instanceType: z
        .string()
        .regex(/^[A-Za-z0-9_.]+$/)
        .optional(),
      /** By edition unless told. */
      image: imageWish.optional(),
      diskType: diskType.default(systemDisk.type),
      diskGiB: gatewayDiskGiB("tencent"),
      /**
       * `assigned` comes free with the instance and goes with it; `elastic` is kept apart and costs
       * while it is not bound; `none` where console and agents reach the subnet's private addresses.
       */
      publicAddress: z.enum(["assigned", "elastic", "none"]).default("assigned"),
      /** Outbound, billed by traffic. */
      bandwidthMbps: z.number().int().min(1).max(200).default(bandwidth.mbps),
      /** */
      maxVolumes: z.number().int().min(1).max(20).default(20),
      /** For repair only: beside the 20 there is no place left. */
      spareVolumes: z.number().int().min(0).max(19).default(0),
      /** For people who log in to a gateway of a public image. */
      keyId: keyId.optional(),
    })
    .refine(
      ({ maxVolumes, spareVolumes }) => maxVolumes + spareVolumes <= 20,
      "an instance takes 20 volumes, spare ones among them",
    )
    .prefault({}),
  launch: z
    .strictObject({
      /** Where launched servers' SSH answers: their only sign of life that can be asked for. */
      sshPort: z.number().int().min(1).max(65_535).default(22),
    })
    .prefault({}),
  /** S-11: its image, as it was imported to this account. */
  hyperDoor: hyperDoorSettings
    .extend({
      /** What it was imported for (ImportImage, BootMode), which no call tells: what it copies starts the same way. */
      firmware: z.enum(["bios", "uefi"]).default("bios"),
    })
    .optional(),
  /** For private links and tests; Tencent's own unless told. */
  endpoints: z
    .strictObject({
      cvm: z.url().optional(),
      cbs: z.url().optional(),
      vpc: z.url().optional(),
      sts: z.url().optional(),
    })
    .prefault({}),
  /** Where the console reaches Tencent only through a proxy; HTTPS_PROXY unless told. */
  proxy: z.url().optional(),
  /** How long what is made without a client token is looked for when its answer was lost. */
  lostAnswerMs: z.number().int().nonnegative().default(5_000),
});
export type TencentConfig = z.output<typeof tencentConfig>;

/** A sub-user's key (S-11), or a temporary one with its token. */
export const tencentSecrets = z.strictObject({
  secretId: z.string().min(16).max(256),
  secretKey: z.string().min(16).max(256),
  token: z.string().min(1).optional(),
});
export type TencentSecrets = z.output<typeof tencentSecrets>;
