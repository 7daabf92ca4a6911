/** What an operator may set when Huawei Cloud is the target. */
import { z } from "zod";
import { gatewayDefaults, gatewayDiskGiB } from "#domain/gateway-defaults.ts";
import { imageWish } from "#domain/gateway-images.ts";
import { hyperDoorSettings } from "../hyper-door.ts";

const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

const { systemDisk, bandwidth } = gatewayDefaults.huawei;

/** Sources: EVS API reference, CreateVolume, volume_type; SATA is sold out, GPSSD2 and ESSD2 want IOPS. */
const volumeType = z.enum(["SAS", "GPSSD", "SSD", "ESSD"]);

/** Of the Chinese and of the international site. */
export const mainDomain = "myhuaweicloud.com";

/** System disks 40 GB to 1 TB, data disks 10 GB to 32 TB. */
export const volumeGiB = { system: [40, 1024], data: [10, 32_768] } as const;

const shells = imageWish.parse(["ubuntu-22.04", "rocky-9", "almalinux-9"]);

export const huaweiConfig = z.strictObject({
  /** Such as cn-north-4. */
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d+$/),
  /** Looked up by the region's name unless told: a sub-project has an id of its own (S-12). */
  projectId: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional(),
  /** Gateways, volumes and launched servers are put there. */
  zone: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d+[a-z]+$/),
  /** Its network id; it fixes the VPC. */
  subnetId: uuid,
  volume: z
    .strictObject({
      type: volumeType.default("SAS"),
      encrypted: z.boolean().default(false),
      /** A key of KMS; encrypting wants one. */
      kmsKeyId: uuid.optional(),
      /** SCSI devices name themselves by WWN, and some flavors attach more of them. */
      device: z.enum(["VBD", "SCSI"]).default("VBD"),
    })
    .refine(
      ({ encrypted, kmsKeyId }) => !encrypted || kmsKeyId !== undefined,
      "encrypted volumes want a kmsKeyId",
    )
    .prefault({}),
  gateway: z
    .strictObject({
      /** R-081 unless told, where it is still sold; else the smallest of. */
      instanceType: z.string().min(1).optional(),
      /** By the console's edition unless told. */
      image: imageWish.optional(),
      /** High I/O [高IO]. */
      diskType: volumeType.default(systemDisk.type),
      diskGiB: gatewayDiskGiB("huawei"),
      /** `none` where console and agents reach the subnet's private addresses. */
      publicAddress: z.enum(["elastic", "none"]).default("elastic"),
      /** Mbit/s, billed by traffic, its own bandwidth. */
      bandwidthMbps: z.number().int().min(1).max(300).default(bandwidth.mbps),
      /** The region's kind of line. Source: EIP API reference, CreatePublicip, type. */
      addressType: z.string().min(1).default("5_bgp"),
      /** */
      maxVolumes: z.number().int().min(1).max(59).default(23),
      /** For clones under repair only, on flavors that attach more than 24 disks. */
      spareVolumes: z.number().int().min(0).max(36).default(0),
      /** By password or by key; neither is needed. */
      keyName: z.string().min(1).optional(),
    })
    .prefault({}),
  launch: z
    .strictObject({
      /**
       * How a repaired disk becomes a system disk: an image is made of it (`image`), or it takes the place
       * of a shell's system disk (`swap`), for which it is made as a carrier, from an image, since a blank
       * disk never becomes a system disk. `auto`: an image; where that is refused, the swap.
       */
      boot: z.enum(["auto", "image", "swap"]).default("image"),
      /** Begins of flavor names, such as c7; all general ones unless told. */
      families: z
        .array(z.string().regex(/^[a-z0-9]+$/))
        .min(1)
        .optional(),
      /** What a shell and a carrier are made from, by firmware. Not the gateway's image: see the README. */
      shell: z
        .strictObject({ bios: imageWish.default(shells), uefi: imageWish.default(shells) })
        .prefault({}),
      /** As IMS lists it; the system found on the disk wins (ListOsVersions). */
      osVersion: z.string().min(1).default("Other(64 bit)"),
      /** Where a launched server answers by SSH, as evidence that it booted. */
      sshPort: z.number().int().min(1).max(65_535).default(22),
      keyName: z.string().min(1).optional(),
    })
    .prefault({}),
  /** S-12: HyperDoor's image; the way where neither an image is made of a disk nor disks are swapped. */
  hyperDoor: hyperDoorSettings.optional(),
  /** Huawei's own unless told. EIPs are asked of `vpc`. */
  endpoints: z
    .strictObject({
      iam: z.url().optional(),
      ecs: z.url().optional(),
      evs: z.url().optional(),
      ims: z.url().optional(),
      vpc: z.url().optional(),
      /** Where prices are asked: of the Chinese site, and of the international one. */
      bss: z.url().optional(),
      bssintl: z.url().optional(),
    })
    .prefault({}),
  /** Behind the services' names: myhuaweicloud.eu in Europe. */
  domain: z
    .string()
    .regex(/^[a-z0-9.-]+$/)
    .default(mainDomain),
  /** Where the console reaches the cloud only through a proxy; HTTPS_PROXY unless told. */
  proxy: z.url().optional(),
  /** How long what is made without a client token is looked for when its answer was lost. */
  lostAnswerMs: z.number().int().nonnegative().default(5_000),
});
export type HuaweiConfig = z.output<typeof huaweiConfig>;

/**
 * An access key instead of the account, user and password of S-12: it is signed with and never sent.
 * With a security token it is a temporary one.
 */
export const huaweiSecrets = z.strictObject({
  accessKeyId: z.string().min(16).max(128),
  secretAccessKey: z.string().min(1),
  securityToken: z.string().min(1).optional(),
});
export type HuaweiSecrets = z.output<typeof huaweiSecrets>;
