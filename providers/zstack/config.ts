/** What an operator may set when a ZStack is the target. */
import { z } from "zod";
import { gatewayDiskGiB } from "#domain/gateway-defaults.ts";
import { imageWish } from "#domain/gateway-images.ts";
import { hyperDoorSettings } from "../hyper-door.ts";

/** Without dashes. Source: zstack 5.2.1, StringDSL.isZStackUuid. */
const uuid = z.string().regex(/^[0-9a-f]{32}$/, "is no uuid of ZStack: 32 hex digits, no dashes");

/** Data volumes that a VM takes. Source: zstack 5.2.1, VolumeConstant, DEFAULT_MAX_DATA_VOLUME_NUMBER. */
export const mostDataVolumes = 24;

export const zstackConfig = z.strictObject({
  /** Such as http://10.0.0.2:8080/zstack/v1 (S-18); another context path or port, and https, as they are there. */
  endpoint: z.url({ protocol: /^https?$/ }),
  zoneId: uuid,
  /** Gateways and launched servers run there; it sees the storage that volumes are made in. */
  clusterId: uuid,
  /** The L3 network of gateways and, unless a launch says another, of launched servers (S-05). */
  networkId: uuid,
  /** A backup storage. Where the zone has just one, it is that (R-220, R-221, S-18, X-26). */
  imageServerId: uuid.optional(),
  /** Primary storages that may be used; all that the cluster sees unless told. */
  pools: z.array(uuid).min(1).optional(),
  /** Where the storage is the hosts' own, all has to be on one of them. */
  hostId: uuid.optional(),
  volume: z
    .strictObject({
      /**
       * How a gateway knows a volume: by the device that appears, or by the serial that hosts of
       * today give it. Source: zstack-utility, kvmagent, vm_plugin.py, `serial`.
       */
      device: z.enum(["difference", "serial"]).default("difference"),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      /** Of an instance offering; the smallest of 4 vCPUs and 8 GiB unless told (S-05). */
      instanceType: z.string().min(1).optional(),
      /** By the console's edition unless told (S-05). */
      image: imageWish.optional(),
      diskGiB: gatewayDiskGiB("zstack"),
      /** S-05. */
      affinityGroupId: uuid.optional(),
      /** A public L3 network to take an address from; without it gateways are reached at their own. */
      publicNetworkId: uuid.optional(),
      /** */
      maxVolumes: z.number().int().min(1).max(mostDataVolumes).default(15),
      /** Of the 24 disks of R-223, with the gateway's own: for clones under repair. */
      spareVolumes: z.number().int().min(0).max(mostDataVolumes).default(8),
    })
    .refine(
      ({ maxVolumes, spareVolumes }) => maxVolumes + spareVolumes <= mostDataVolumes,
      `maxVolumes and spareVolumes are at most ${mostDataVolumes} together`,
    )
    .prefault({}),
  launch: z
    .strictObject({
      /**
       * How a repaired disk becomes a system disk. `auto`: it is the system disk, where this ZStack can do that
       * and the target's limits allow it; else an image is made of it; else HyperDoor copies it.
       */
      boot: z.enum(["auto", "volume", "image", "hyperDoor"]).default("auto"),
      /** Where a launched server answers by SSH, as evidence that it booted. */
      sshPort: z.number().int().min(1).max(65_535).default(22),
    })
    .prefault({}),
  /** Its image lies on the image server. */
  hyperDoor: hyperDoorSettings.extend({ image: uuid }).optional(),
  /** The authority that signed the endpoint's certificate, as PEM, where it is the site's own. */
  certificateAuthority: z.string().startsWith("-----BEGIN CERTIFICATE-----").optional(),
  /** Where the console reaches the cloud only through a proxy; HTTP_PROXY and HTTPS_PROXY unless told. */
  proxy: z.url().optional(),
  /** How long an order is followed before its outcome is looked for instead. */
  jobPatienceMs: z.number().int().min(100).max(60_000).default(20_000),
});
export type ZstackConfig = z.output<typeof zstackConfig>;

/** Of an administrator: an access key, which is signed with and never sent, or name and password (S-18). */
export const zstackSecrets = z.union([
  z.strictObject({ accessKeyId: z.string().min(1), accessKeySecret: z.string().min(1) }),
  z.strictObject({ account: z.string().min(1), password: z.string().min(1) }),
]);
export type ZstackSecrets = z.output<typeof zstackSecrets>;
