/** What an operator may set when AWS is the target. */
import { z } from "zod";
import { gatewayDefaults, gatewayDiskGiB } from "#domain/gateway-defaults.ts";
import { defaultImageWish, imageWish } from "#domain/gateway-images.ts";

const { instanceType, systemDisk } = gatewayDefaults.aws;

const volumeType = z.enum(["gp2", "gp3", "io1", "io2", "standard"]);

export const awsConfig = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/),
  /** Gateways and launched servers are put there; it fixes VPC and zone. */
  subnetId: z.string().regex(/^subnet-[0-9a-f]{8,17}$/),
  volume: z
    .strictObject({
      /** gp2 by the document. */
      type: volumeType.default(systemDisk.type),
      iops: z.number().int().min(100).max(256_000).optional(),
      /** MiB/s, gp3 only. */
      throughput: z.number().int().min(125).max(2000).optional(),
      encrypted: z.boolean().default(true),
      /** The account's default key unless told. */
      kmsKeyId: z.string().min(1).optional(),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      instanceType: z.string().default(instanceType),
      /** Both editions take the same. */
      image: imageWish.default([...defaultImageWish("aws", "saas")]),
      diskGiB: gatewayDiskGiB("aws"),
      /** `none` where console and agents reach the subnet's private addresses. */
      publicAddress: z.enum(["elastic", "none"]).default("elastic"),
      /** */
      maxVolumes: z.number().int().min(1).max(26).default(20),
      /** For repair only: of 28 places root, three interfaces and the 20 leave 4. */
      spareVolumes: z.number().int().min(0).max(25).default(4),
      keyName: z.string().min(1).optional(),
    })
    .prefault({}),
  launch: z
    .strictObject({
      /**
       * How a repaired disk becomes the root of an instance: put in place of a shell's root by AWS
       * (`task`) or by stopping, swapping and starting (`swap`), or as an image. `auto` tries in this order.
       */
      boot: z.enum(["auto", "task", "swap", "image"]).default("auto"),
      /** What a shell is launched from, by firmware. */
      shell: z
        .strictObject({
          bios: imageWish.default(["debian-12", "al2023"]),
          uefi: imageWish.default(["debian-12", "ubuntu-24.04", "al2023"]),
        })
        .prefault({}),
      keyName: z.string().min(1).optional(),
    })
    .prefault({}),
  /** For VPC endpoints and tests; AWS's own unless told. */
  endpoints: z.strictObject({ ec2: z.url().optional(), sts: z.url().optional() }).prefault({}),
  /** Where the console reaches AWS only through a proxy; HTTPS_PROXY unless told. */
  proxy: z.url().optional(),
  /** How long what is made without a client token is looked for when its answer was lost. */
  lostAnswerMs: z.number().int().nonnegative().default(5_000),
});
export type AwsConfig = z.output<typeof awsConfig>;

/** Keys, a role to assume with them, or neither: then the identity this process runs under. */
export const awsSecrets = z
  .strictObject({
    accessKeyId: z.string().min(16).max(128).optional(),
    secretAccessKey: z.string().min(1).optional(),
    sessionToken: z.string().min(1).optional(),
    roleArn: z
      .string()
      .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/)
      .optional(),
    externalId: z.string().min(2).max(1224).optional(),
  })
  .refine(
    ({ accessKeyId, secretAccessKey }) =>
      (accessKeyId === undefined) === (secretAccessKey === undefined),
    "accessKeyId and secretAccessKey belong together",
  );
export type AwsSecrets = z.output<typeof awsSecrets>;
