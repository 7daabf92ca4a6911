/** What an operator may set when QingCloud is the target. */
import { z } from "zod";
import { gatewayDefaults, gatewayDiskGiB } from "#domain/gateway-defaults.ts";
import { imageWish } from "#domain/gateway-images.ts";
import { hyperDoorSettings } from "../hyper-door.ts";
import { hostClasses, leastGiB, stepGiB, volumeTypes } from "./host-classes.ts";

const { bandwidth, instanceFamily } = gatewayDefaults.qingcloud;

const imageId = z.string().regex(/^[a-z0-9_-]{3,40}$/i);

export const qingcloudConfig = z.strictObject({
  /** Lower case, such as `pek3a`; of gateways, firewalls and all that is launched (S-02, S-14). */
  zone: z.string().regex(/^[a-z0-9]{2,16}$/),
  /** Gateways and launched servers are put there: a network of a VPC, or `vxnet-0`, the base network. */
  vxnetId: z.string().regex(/^vxnet-[a-z0-9]+$/),
  volume: z
    .strictObject({
      /** Unless told what the gateway's hosts take first; every host that is launched must take it. */
      type: z.literal(volumeTypes).optional(),
      /** Where the zone sells larger ones than the API's page says. */
      maxGiB: z.number().int().min(leastGiB).multipleOf(stepGiB).optional(),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      /** S-02: basic. */
      hostClass: z.literal(hostClasses).default(Number(instanceFamily) as 101),
      /** Unless told the smallest of its class with the recommended size. */
      instanceType: z.string().min(2).max(40).optional(),
      image: imageWish.optional(),
      diskGiB: gatewayDiskGiB("qingcloud"),
      /** `none` where console and agents reach the network's private addresses. */
      publicAddress: z.enum(["elastic", "none"]).default("elastic"),
      /** Billed by traffic. */
      bandwidthMbps: z.number().int().min(1).max(500).default(bandwidth.mbps),
      /** */
      maxVolumes: z.number().int().min(1).max(64).default(20),
      /** For repair only, where the hosts are known to take more. */
      spareVolumes: z.number().int().min(0).max(44).default(0),
      /** `kp-…`; a password nobody knows unless told. */
      keyPairId: z
        .string()
        .regex(/^kp-[a-z0-9]+$/)
        .optional(),
    })
    .prefault({}),
  launch: z
    .strictObject({
      /** Of types whose name tells no class, such as `c2m4`; the gateway's unless told. */
      hostClass: z.literal(hostClasses).optional(),
      /** What the zone allows a system disk. Source: RunInstances, `os_disk_size`. */
      maxSystemGiB: z.number().int().min(leastGiB).max(2000).multipleOf(stepGiB).default(100),
      /** An image made of a snapshot takes its properties of one of these; the newest of QingCloud's unless told. */
      baseImages: z
        .strictObject({ linux: imageId.optional(), windows: imageId.optional() })
        .prefault({}),
      /** Where a launched server's SSH is asked whether it booted. */
      sshPort: z.number().int().min(1).max(65_535).default(22),
    })
    .prefault({}),
  /** S-14: the HyperDoor image that was uploaded to this account. */
  hyperDoor: hyperDoorSettings.optional(),
  /** A private QingCloud has its own host, the same path. */
  endpoint: z
    .url({ protocol: /^https?$/ })
    .regex(/\/$/, "ends with a slash, such as https://api.example.com/iaas/")
    .default("https://api.qingcloud.com/iaas/"),
  /** Where the console reaches QingCloud only through a proxy; HTTPS_PROXY unless told. */
  proxy: z.url().optional(),
  /** How long something is looked for whose order was not answered. */
  lostAnswerMs: z.number().int().nonnegative().default(5_000),
});
export type QingcloudConfig = z.output<typeof qingcloudConfig>;

/** S-14. */
export const qingcloudSecrets = z.strictObject({
  accessKeyId: z.string().min(4).max(128),
  secretAccessKey: z.string().min(1),
  /** How a person gets onto gateways; the product never uses it. */
  gatewayPassword: z
    .string()
    .regex(
      /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[!-~]{8,30}$/,
      "has 8 to 30 letters, digits and signs, of each case one, and a digit",
    )
    .optional(),
});
export type QingcloudSecrets = z.output<typeof qingcloudSecrets>;
