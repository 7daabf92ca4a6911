/** What an operator may set when CTyun is the target (S-15). */
import { z } from "zod";
import { gatewayDefaults, gatewayDiskGiB } from "#domain/gateway-defaults.ts";
import { imageWish } from "#domain/gateway-images.ts";
import { hyperDoorSettings } from "../hyper-door.ts";

const { systemDisk, bandwidth } = gatewayDefaults.ctyun;

/** Ids have one shape in pools of several zones, `vpc-…`, and another in the others, a UUID. */
const id = z.string().regex(/^[\w-]{4,64}$/);

/** Sources: new-ebs and create-instance, diskType and bootDiskType. XSSD wants figures of its own. */
const diskType = z.enum(["SATA", "SAS", "SSD", "FAST-SSD"]);

/** As ECS calls the zone of a pool that has one. Source: azName of create-instance. */
export const oneZone = "default";

/**
 * For products that must be told a zone in pools of several only: they know no `default`. Source: azName of
 * new-ebs.
 */
export const zoneIfSeveral = ({ zone }: { zone: string }) => (zone === oneZone ? undefined : zone);

/** Sources: create-instance, bootDiskSize; new-ebs, diskSize. */
export const diskGiB = { system: [40, 32_768], data: [10, 32_768] } as const;

export const ctyunConfig = z.strictObject({
  /** The resource pool's id [资源池ID]: gateways, volumes and launched servers are put there (S-03). */
  region: id,
  /** As the pool names it; in a pool of one zone it has no name to tell. */
  zone: z.string().min(1).max(64).default(oneZone),
  /** It fixes the VPC. */
  subnetId: id,
  /** Of the enterprise project [企业项目]; the default one unless told. */
  projectId: id.optional(),
  volume: z
    .strictObject({
      type: diskType.default("SAS"),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      /** A flavor's name, such as s7.xlarge.2; the smallest of R-011 unless told. */
      instanceType: z.string().min(1).optional(),
      /** A public image in both editions unless told (S-03). */
      image: imageWish.optional(),
      /** High I/O [高IO] (S-03). */
      diskType: diskType.default(systemDisk.type),
      diskGiB: gatewayDiskGiB("ctyun"),
      /** `none` where console and agents reach the subnet's private addresses. */
      publicAddress: z.enum(["elastic", "none"]).default("elastic"),
      /** Mbit/s, billed by traffic (S-03). */
      bandwidthMbps: z.number().int().min(1).max(300).default(bandwidth.mbps),
      /** The address's line; the pool's own unless told. Source: eip/create, lineType. */
      lineType: z.string().min(1).optional(),
      /** The API allows eight data disks for a server (create-instance, dataDiskList); some pools allow more. */
      maxVolumes: z.number().int().min(1).max(23).default(8),
      /** For clones under repair only, in pools that allow more than eight. */
      spareVolumes: z.number().int().min(0).max(22).default(0),
      /**
       * How a gateway recognises a volume: by the serial that its disk shows, or by having appeared. The
       * second does without the serial, and such a gateway must not be restarted.
       */
      device: z.enum(["serial", "difference"]).default("serial"),
      keyPairId: id.optional(),
    })
    .prefault({}),
  launch: z
    .strictObject({
      /** Begins of flavor names, such as c7; all general ones unless told. */
      families: z
        .array(z.string().regex(/^[a-z0-9]+$/))
        .min(1)
        .optional(),
      /** Where a launched server answers by SSH, as evidence that it booted. */
      sshPort: z.number().int().min(1).max(65_535).default(22),
    })
    .prefault({}),
  /** Of one of the account's own images (S-15). Without it no server can be launched. */
  hyperDoor: hyperDoorSettings.optional(),
  /** CTyun's own unless told (S-15). */
  endpoints: z
    .strictObject({
      ecs: z.url().optional(),
      ebs: z.url().optional(),
      vpc: z.url().optional(),
      image: z.url().optional(),
    })
    .prefault({}),
  /** Behind the products' names. */
  domain: z
    .string()
    .regex(/^[a-z0-9.-]+$/)
    .default("ctapi.ctyun.cn"),
  /** Where the console reaches the cloud only through a proxy; HTTPS_PROXY unless told. */
  proxy: z.url().optional(),
  /** How long what was ordered is looked for when the answer was lost. */
  lostAnswerMs: z.number().int().nonnegative().default(5_000),
});
export type CtyunConfig = z.output<typeof ctyunConfig>;

/** A password's four kinds of characters. Source: create-instance, userPassword. */
const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z\d]/];

/** S-15: signed with and never sent. */
export const ctyunSecrets = z.strictObject({
  accessKey: z.string().min(16).max(128),
  secretKey: z.string().min(16).max(128),
  /** Of the gateways' user root (S-03); without it nobody can log in to them, and nobody has to. */
  gatewayPassword: z
    .string()
    .min(8)
    .max(30)
    .refine(
      (text) => kinds.filter((kind) => kind.test(text)).length >= 3 && !/^\/|root|toor/i.test(text),
      "wants three of capitals, small letters, digits and signs, no / at the head, and no root",
    )
    .optional(),
});
export type CtyunSecrets = z.output<typeof ctyunSecrets>;
