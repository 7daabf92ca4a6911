/** What an operator may set when Tencent Cloud is the target. */
import { z } from "zod";

const gib = z.number().int().positive();

/**
 * Without CLOUD_BASIC, which is sold no more, and CLOUD_TSSD, which is not sold apart from an instance.
 * Source: CBS API, CreateDisks, DiskType.
 */
const diskType = z.enum(["CLOUD_PREMIUM", "CLOUD_BSSD", "CLOUD_SSD", "CLOUD_HSSD"]);

export const imageFamilies = [
  "debian-12",
  "ubuntu-24.04",
  "ubuntu-22.04",
  "tencentos-4",
  "tencentos-3",
] as const;

const imageId = z.string().regex(/^img-[a-z0-9]{8,}$/);
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
      type: diskType.default("CLOUD_PREMIUM"),
      /** Data volumes only: Tencent makes no images of encrypted disks. */
      encrypted: z.boolean().default(false),
      kmsKeyId: z.string().min(1).optional(),
    })
    .prefault({}),
  /** The user's own limits, which Tencent's narrow down further. */
  sizes: z
    .strictObject({
      /** */
      systemLeastGiB: gib.default(50),
      /** 1 TB unless told, and 500 GB on CLOUD_SSD. */
      systemMostGiB: gib.optional(),
      /** */
      dataLeastGiB: gib.default(10),
      dataMostGiB: gib.default(16_000),
      stepGiB: gib.default(10),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      /** The first that is for sale: C3 with 4 vCPU and 8 GiB, else its successors. */
      instanceTypes: z
        .array(z.string().regex(/^[A-Za-z0-9_.]+$/))
        .min(1)
        .default([
          "C3.LARGE8",
          "C4.LARGE8",
          "C5.LARGE8",
          "C6.LARGE8",
          "S5.LARGE8",
          "S6.LARGE8",
          "SA2.LARGE8",
          "SA3.LARGE8",
        ]),
      /** An image's id, such as an imported HM_IMG_…; or public ones, for CentOS 7 can't run today's Node. */
      image: z
        .union([imageId, z.array(z.enum(imageFamilies)).min(1)])
        .default(["debian-12", "ubuntu-24.04", "ubuntu-22.04", "tencentos-4", "tencentos-3"]),
      /** */
      diskType: diskType.default("CLOUD_PREMIUM"),
      /** 100 recommended, 50 least. */
      diskGiB: gib.min(50).default(100),
      /**
       * `assigned` comes free with the instance and goes with it; `elastic` is kept apart and costs
       * while it is not bound; `none` where console and agents reach the subnet's private addresses.
       */
      publicAddress: z.enum(["assigned", "elastic", "none"]).default("assigned"),
      /** Outbound, billed by traffic. */
      bandwidthMbps: z.number().int().min(1).max(200).default(5),
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
      /** Such as S5; all families for general, computing and memory needs unless told. */
      families: z
        .array(z.string().regex(/^[A-Z]+\d+[a-z]*$/))
        .min(1)
        .optional(),
      /** Where launched servers' SSH answers: their only sign of life that can be asked for. */
      sshPort: z.number().int().min(1).max(65_535).default(22),
    })
    .prefault({}),
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
