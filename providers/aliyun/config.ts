/** What an operator may set when Alibaba Cloud is the target. */
import { z } from "zod";
import { gatewayDefaults, gatewayDiskGiB } from "#domain/gateway-defaults.ts";
import { imageWish } from "#domain/gateway-images.ts";
import { hyperDoorSettings } from "../hyper-door.ts";

const { bandwidth, systemDisk } = gatewayDefaults.aliyun;

/** Of cloud disks that outlive an instance. Source: ECS API 2014-05-26, CreateDisk, DiskCategory. */
export const diskCategories = [
  "cloud_essd",
  "cloud_efficiency",
  "cloud_ssd",
  "cloud_auto",
  "cloud_essd_entry",
] as const;
export type DiskCategory = (typeof diskCategories)[number];

const category = z.enum(diskCategories);
const instanceType = z.string().regex(/^ecs\.[a-z0-9-]+\.[a-z0-9-]+$/);

export const aliyunConfig = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(-[a-z0-9]+)+$/),
  /** Gateways and launched servers are put there; it fixes VPC and zone (R-018, R-026). */
  vSwitchId: z.string().regex(/^vsw-[a-z0-9]{10,30}$/),
  /** Of the vSwitch; where given (S-08), a vSwitch elsewhere is refused. */
  zone: z
    .string()
    .regex(/^[a-z]{2}(-[a-z0-9]+)+$/)
    .optional(),
  volume: z
    .strictObject({
      /**
       * The first that the zone has in stock and the gateway's type attaches. ESSD first: the families
       * sold today attach nothing else.
       */
      categories: z.array(category).min(1).default(["cloud_essd", "cloud_efficiency", "cloud_ssd"]),
      /** Of ESSD: 20 GiB is the least size of PL1, 461 of PL2, 1261 of PL3. */
      performanceLevel: z.enum(["PL0", "PL1", "PL2", "PL3"]).default("PL1"),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      /** Unless told R-023's ecs.c5.xlarge, or the smallest in stock that has the recommended size. */
      instanceType: instanceType.optional(),
      /** By edition unless told (R-024, X-12). */
      image: imageWish.optional(),
      diskGiB: gatewayDiskGiB("aliyun"),
      /** R-025, where the gateway's type takes it; else as the volumes. */
      diskCategory: category.default(systemDisk.type),
      /** `none` where console and agents reach the vSwitch's private addresses. */
      publicAddress: z.enum(["elastic", "none"]).default("elastic"),
      /** R-027, R-028: what goes out, billed by traffic. What comes in is not limited by it (X-11). */
      bandwidthMbps: z.number().int().min(1).max(200).default(bandwidth.mbps),
      /** R-155; R-154's 18 is an older figure (X-02). */
      maxVolumes: z.number().int().min(1).max(64).default(16),
      /** For repair only, as far as the gateway's type attaches more. */
      spareVolumes: z.number().int().min(0).max(48).default(16),
      keyPairName: z.string().min(2).max(128).optional(),
    })
    .prefault({}),
  launch: z
    .strictObject({
      /** Only these families, such as `ecs.c7`; all that are x86 and have no GPU unless told. */
      families: z
        .array(z.string().regex(/^ecs\.[a-z0-9-]+$/))
        .min(1)
        .optional(),
      /** Adds a key; the guest's own accounts stay as they are. */
      keyPairName: z.string().min(2).max(128).optional(),
    })
    .prefault({}),
  /** S-08: HyperDoor's image in this region; the way where no image is made of a data disk. */
  hyperDoor: hyperDoorSettings.optional(),
  /** host[:port] for VPC endpoints, http://… for tests; Alibaba Cloud's own unless told (S-08). */
  endpoints: z.strictObject({ ecs: endpoint(), vpc: endpoint(), sts: endpoint() }).prefault({}),
  /** Where the console reaches Alibaba Cloud only through a proxy; HTTPS_PROXY unless told. */
  proxy: z.url().optional(),
});
export type AliyunConfig = z.output<typeof aliyunConfig>;

function endpoint() {
  return z
    .string()
    .regex(/^(https?:\/\/)?[a-z0-9.-]+(:\d+)?$/)
    .optional();
}

/** S-08. A temporary key comes with its token. */
export const aliyunSecrets = z.strictObject({
  accessKeyId: z.string().min(10).max(128),
  accessKeySecret: z.string().min(1),
  securityToken: z.string().min(1).optional(),
  /** R-030: how a person gets onto gateways, as root; the product never uses it. */
  gatewayPassword: z
    .string()
    .regex(
      /^(?!\/)[A-Za-z0-9()`~!@#$%^&*\-_+=|{}[\]:;'<>,.?/]{8,30}$/,
      "has 8 to 30 letters, digits and signs",
    )
    .optional(),
});
export type AliyunSecrets = z.output<typeof aliyunSecrets>;
