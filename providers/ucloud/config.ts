/** What an operator may set when UCloud is the target. */
import { z } from "zod";
import { gatewayDefaults, gatewayDiskGiB } from "#domain/gateway-defaults.ts";
import { imageWish } from "#domain/gateway-images.ts";
import { hyperDoorSettings } from "../hyper-door.ts";

const { bandwidth } = gatewayDefaults.ucloud;

/**
 * Of disks that outlive a host and hang on any. RSSD disks hang only on hosts of their own RDMA cluster,
 * which nobody can choose for a host. Source: UHost API, "disk_type"; UDisk in UK8S, note 4.
 */
export const diskTypes = ["CLOUD_SSD", "CLOUD_NORMAL", "CLOUD_ESSD"] as const;
export type DiskType = (typeof diskTypes)[number];

/** `N-4-8`: machine type, vCPU, GiB; UCloud itself has no name for it. */
const instanceType = z.string().regex(/^[A-Z]+-\d+-\d+$/);

/** A host takes 26 cloud disks, its own perhaps among them. Source: UDisk documentation, "Limits". */
const mostVolumes = 25;

/** S-16, without the keys. */
export const ucloudConfig = z.strictObject({
  region: z.string().regex(/^[a-z]{2,}(-[a-z0-9]+)*$/),
  zone: z.string().regex(/^[a-z]{2,}(-[a-z0-9]+)*-\d+$/),
  projectId: z.string().regex(/^org-[a-z0-9]+$/),
  /** Gateways and launched servers are put there; it fixes the VPC. */
  subnetId: z.string().regex(/^subnet-[a-z0-9]+$/),
  /** A launched server starts from this image and copies its own disk (S-19); none can be launched without. */
  hyperDoor: hyperDoorSettings.optional(),
  volume: z
    .strictObject({
      type: z.enum(diskTypes).default("CLOUD_SSD"),
      /** Bought with each replica: without it UCloud takes no snapshots of a disk. */
      snapshotService: z.boolean().default(true),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      /** Unless told the smallest of type N that has the recommended size (R-210, S-04). */
      instanceType: instanceType.optional(),
      /** By edition unless told (S-04, X-12). */
      image: imageWish.optional(),
      diskGiB: gatewayDiskGiB("ucloud"),
      /** `none` where console and agents reach the subnet's private addresses. */
      publicAddress: z.enum(["elastic", "none"]).default("elastic"),
      /** S-04: billed by traffic (X-11). */
      bandwidthMbps: z.number().int().min(1).max(300).default(bandwidth.mbps),
      /** Line of the public address; by region unless told. */
      line: z.enum(["BGP", "International", "BGPPro"]).optional(),
      /** The platform's own; the document advises 5 (R-211, X-24), which domain/limits has. */
      maxVolumes: z.number().int().min(1).max(mostVolumes).default(20),
      /** For repair only. */
      spareVolumes: z
        .number()
        .int()
        .min(0)
        .max(mostVolumes - 1)
        .default(5),
      /** For people who log in to a gateway of a public image. */
      keyPairId: z.string().min(1).max(128).optional(),
    })
    .refine(
      ({ maxVolumes, spareVolumes }) => maxVolumes + spareVolumes <= mostVolumes,
      `a host takes ${mostVolumes} volumes, spare ones among them`,
    )
    .prefault({}),
  launch: z
    .strictObject({
      /** Only these, such as `N`; all that are x86 and have no GPU unless told. */
      machineTypes: z
        .array(z.string().regex(/^[A-Z]+$/))
        .min(1)
        .optional(),
      /** Where launched servers' SSH answers: their only sign of life that can be asked for. */
      sshPort: z.number().int().min(1).max(65_535).default(22),
    })
    .prefault({}),
  /** `difference` where a gateway's disks have no serial of the form UCLOUD_DISK_VDB. */
  deviceMapping: z.enum(["identity", "difference"]).default("identity"),
  /** Inside a VPC http://api.service.ucloud.cn; UCloud's public one unless told. */
  endpoint: z.url().optional(),
  /** Where the console reaches UCloud only through a proxy; HTTPS_PROXY unless told. */
  proxy: z.url().optional(),
  /** How long what was ordered is looked for when the answer was lost: UCloud takes no client tokens. */
  lostAnswerMs: z.number().int().nonnegative().default(10_000),
});
export type UCloudConfig = z.output<typeof ucloudConfig>;

/** S-16. A temporary key comes with its token. */
export const ucloudSecrets = z.strictObject({
  publicKey: z.string().min(8).max(256),
  privateKey: z.string().min(8).max(256),
  securityToken: z.string().min(1).optional(),
  /** How a person gets onto gateways, as root; the product never uses it. Source: "specification", 密码. */
  gatewayPassword: z
    .string()
    .regex(
      /^[A-Za-z0-9()`~!@#$%^&*\-+=_|{}[\]:;'<>,.?/]{8,30}$/,
      "has 8 to 30 letters, digits and signs",
    )
    .optional(),
});
export type UCloudSecrets = z.output<typeof ucloudSecrets>;
