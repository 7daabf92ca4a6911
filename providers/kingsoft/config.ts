/** What an operator may set when Kingsoft Cloud is the target. */
import { z } from "zod";
import { gatewayDefaults, gatewayDiskGiB } from "#domain/gateway-defaults.ts";
import { imageWish } from "#domain/gateway-images.ts";
import { hyperDoorSettings } from "../hyper-door.ts";

const { bandwidth, systemDisk } = gatewayDefaults.kingsoft;

/** Sources: EBS API, CreateVolume, VolumeType; terraform-provider-ksyun, ksyun_volume. */
const volumeType = z.enum(["SSD3.0", "EHDD", "ESSD_PL0", "ESSD_PL1", "ESSD_PL2", "ESSD_PL3"]);

/** Source: KEC API, RunInstances, SystemDisk.DiskType; a local disk would go with its host. */
const systemDiskType = z.enum([
  ...["SSD3.0", "EHDD", "ESSD_SYSTEM_PL0", "ESSD_SYSTEM_PL1", "ESSD_SYSTEM_PL2"],
] as const);

/** All of Kingsoft Cloud's ids. Source: KEC API, RunInstances. */
const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

export const kingsoftConfig = z.strictObject({
  /** Such as cn-beijing-6. */
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d+$/),
  /** Gateways and launched servers are put there; it fixes VPC and zone. */
  subnetId: uuid,
  /** Of the subnet; where given (S-13), a subnet elsewhere is refused. */
  zone: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d+[a-z]+$/)
    .optional(),
  /** 0 is the account's default project. */
  projectId: z.number().int().nonnegative().default(0),
  /** Everything that is made; both are paid afterwards. */
  billing: z.enum(["HourlyInstantSettlement", "Daily"]).default("HourlyInstantSettlement"),
  volume: z
    .strictObject({
      /** The first that the gateway's type attaches and the zone has in stock. */
      types: z.array(volumeType).min(1).default(["SSD3.0", "ESSD_PL1", "ESSD_PL0", "EHDD"]),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      /** The smallest in stock that has the recommended size unless told. */
      instanceType: z.string().min(1).optional(),
      /** By edition unless told. */
      image: imageWish.optional(),
      diskGiB: gatewayDiskGiB("kingsoft"),
      /** where the gateway's type takes it; else the first it takes. */
      diskType: systemDiskType.default(systemDisk.type),
      /** `none` where console and agents reach the subnet's private addresses. */
      publicAddress: z.enum(["elastic", "none"]).default("elastic"),
      /** Mbit/s. */
      bandwidthMbps: z.number().int().min(1).max(15_000).default(bandwidth.mbps),
      /** By traffic, paid by the month or by the day. */
      addressBilling: z.enum(["TrafficMonthly", "DailyPaidByTransfer"]).default("TrafficMonthly"),
      /** Name of the line as GetLines shows it; the first BGP one unless told. */
      line: z.string().min(1).optional(),
      /** As many as its type attaches, less the spare ones, unless told. */
      maxVolumes: z.number().int().min(1).max(64).optional(),
      /** For clones under repair only. */
      spareVolumes: z.number().int().min(0).max(16).default(2),
      keyId: uuid.optional(),
    })
    .prefault({}),
  /** S-13, S-19: the image that repaired system disks are copied by. Nothing is launched without it. */
  hyperDoor: hyperDoorSettings.optional(),
  launch: z
    .strictObject({
      /** Begins of type names, such as `S6`; all that have no GPU unless told. */
      families: z
        .array(z.string().regex(/^[A-Za-z0-9]+$/))
        .min(1)
        .optional(),
      /** Where a launched server answers by SSH, as evidence that it booted. */
      sshPort: z.number().int().min(1).max(65_535).default(22),
    })
    .prefault({}),
  /** Kingsoft Cloud's own unless told. */
  endpoints: z
    .strictObject({
      kec: z.url().optional(),
      ebs: z.url().optional(),
      vpc: z.url().optional(),
      eip: z.url().optional(),
    })
    .prefault({}),
  /** Where the console reaches the cloud only through a proxy; HTTPS_PROXY unless told. */
  proxy: z.url().optional(),
  /** How long what was made is looked for when its answer was lost: no action takes a client token. */
  lostAnswerMs: z.number().int().nonnegative().default(10_000),
});
export type KingsoftConfig = z.output<typeof kingsoftConfig>;

/** S-13. */
export const kingsoftSecrets = z.strictObject({
  accessKey: z.string().min(10).max(128),
  secretKey: z.string().min(1),
  /** How a person gets onto gateways; the product never uses it. Source: KEC API, InstancePassword. */
  gatewayPassword: z
    .string()
    .regex(
      /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[\x21-\x7e]{8,32}$/,
      "has 8 to 32 characters, with capital and small letters and digits",
    )
    .optional(),
});
export type KingsoftSecrets = z.output<typeof kingsoftSecrets>;
