/** What an operator may set when OpenStack is the target. */
import { z } from "zod";
import { gatewayDiskGiB } from "#domain/gateway-defaults.ts";
import { imageWish } from "#domain/gateway-images.ts";
import { hyperDoorSettings } from "../hyper-door.ts";

/** Most ids are UUIDs, with or without hyphens; those of LDAP's domains and projects are whatever they were. */
const id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const name = z.string().min(1).max(255);

/** GiB. Cinder knows no largest volume but the project's quota. Source: cinder/quota.py, per_volume_gigabytes. */
export const volumeGiB = [1, 65_536] as const;

const settings = z.strictObject({
  /** Keystone's, with or without /v3 (S-17). */
  identityUrl: z.url({ protocol: /^https?$/ }),
  /** OS_REGION_NAME (S-17); needed where the catalogue has more than one. */
  region: name.optional(),
  /** Which of a service's addresses is called. */
  interface: z.enum(["public", "internal", "admin"]).default("public"),
  /** In PEM, of this target alone, for a cloud whose certificates no public authority signed. */
  caCertificates: z
    .string()
    .regex(/-----BEGIN CERTIFICATE-----/, "is no certificate in PEM")
    .optional(),
  /** Whoever stands between console and cloud can then read and change everything, credentials too. */
  insecure: z.boolean().default(false),
  /** Of Nova; its scheduler chooses unless told. */
  zone: name.optional(),
  /** Of Cinder, which keeps a list of its own (S-17). */
  volumeZone: name.default("nova"),
  networkId: id,
  subnetId: id,
  volume: z
    .strictObject({
      /** Cinder's default type unless told. */
      type: name.optional(),
      /** What a person who looks after Ceph would type (S-29). */
      cephPool: z
        .string()
        .regex(/^[\w.-]+$/)
        .default("volumes"),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      /** The smallest of 4 vCPU and 8 GiB unless told (S-01). */
      instanceType: name.optional(),
      /** By the console's edition unless told (S-01). */
      image: imageWish.optional(),
      diskGiB: gatewayDiskGiB("openstack"),
      /** `flavor` where servers may not boot from volumes: the flavor's own disk must be large enough. */
      disk: z.enum(["volume", "flavor"]).default("volume"),
      /** `none` where console and agents reach the subnet's addresses. */
      publicAddress: z.enum(["floating", "none"]).default("floating"),
      /** Where floating addresses come from; needed where there is more than one external network. */
      externalNetworkId: id.optional(),
      /** */
      maxVolumes: z.number().int().min(1).max(255).default(20),
      /** For clones under repair only. */
      spareVolumes: z.number().int().min(0).max(64).default(0),
      keyName: name.optional(),
    })
    .prefault({}),
  launch: z
    .strictObject({
      /**
       * How a repaired disk becomes a system disk: it is booted from (`volume`), or an image is made of it
       * (`image`), and where that is refused it is booted from; or HyperDoor copies it (`hyperDoor`).
       */
      boot: z.enum(["volume", "image", "hyperDoor"]).default("volume"),
      /** How its disks are shown to it; `scsi` is virtio-scsi. */
      diskBus: z.enum(["virtio", "scsi"]).default("virtio"),
      /** As images are made. `raw` is what Ceph clones without a copy. */
      imageFormat: z.enum(["raw", "qcow2"]).default("raw"),
      /** Beside the system disk. Buses have room for about that many; Nova itself sets no limit. */
      maxVolumes: z.number().int().min(1).max(255).default(25),
      /** Where a launched server answers by SSH, when its console shows nothing. */
      sshPort: z.number().int().min(1).max(65_535).default(22),
      keyName: name.optional(),
    })
    .prefault({}),
  /** For servers of both kinds, where the network brings them no metadata. */
  configDrive: z.boolean().default(false),
  /** A small system that copies a disk from memory (S-17, "image id for the image-boot variant"). */
  hyperDoor: hyperDoorSettings.optional(),
  /** Where the console reaches the cloud only through a proxy; HTTPS_PROXY unless told. */
  proxy: z.url().optional(),
  /** How long what was just ordered is looked for when its answer was lost. */
  lostAnswerMs: z.number().int().nonnegative().default(5_000),
});

export const openstackConfig = settings.refine(
  ({ launch, hyperDoor }) => launch.boot !== "hyperDoor" || hyperDoor !== undefined,
  { path: ["hyperDoor", "image"], error: "launch.boot=hyperDoor needs HyperDoor's image" },
);
export type OpenstackConfig = z.output<typeof openstackConfig>;

const text = z.string().min(1);

/**
 * A user's password with a project (S-17), or an application credential, which belongs to one project and can be
 * limited and withdrawn on its own, or a token, which ends within hours.
 */
export const openstackSecrets = z
  .strictObject({
    userName: text.optional(),
    userId: text.optional(),
    password: text.optional(),
    userDomainId: text.optional(),
    userDomainName: text.optional(),
    projectName: text.optional(),
    projectId: text.optional(),
    projectDomainId: text.optional(),
    projectDomainName: text.optional(),
    applicationCredentialId: text.optional(),
    applicationCredentialName: text.optional(),
    applicationCredentialSecret: text.optional(),
    token: text.optional(),
  })
  .superRefine((given, context) => {
    for (const message of problemsOf(given)) context.addIssue({ code: "custom", message });
  });
export type OpenstackSecrets = z.output<typeof openstackSecrets>;

function problemsOf(given: { readonly [name: string]: string | undefined }): string[] {
  const ways = ["password", "applicationCredentialSecret", "token"].filter((way) => given[way]);
  if (ways.length !== 1)
    return ["one of password, applicationCredentialSecret and token is needed"];
  const user = given.userId ?? given.userName;
  const project = given.projectId ?? given.projectName;
  if (ways[0] === "password") {
    return [
      ...(user === undefined ? ["a password needs its userName or userId"] : []),
      ...(project === undefined ? ["a password needs a projectName or projectId"] : []),
    ];
  }
  if (ways[0] === "token") return [];
  const { applicationCredentialId: byId, applicationCredentialName: byName } = given;
  return [
    ...(byId === undefined && (byName === undefined || user === undefined)
      ? ["an application credential needs its id, or its name and its user"]
      : []),
    ...(project === undefined ? [] : ["an application credential names its project itself"]),
  ];
}
