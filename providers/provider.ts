/**
 * What HyperMotion needs of a cloud. One implementation per platform, all alike to their callers.
 *
 * Three rules hold for every method:
 *  - It may be repeated. A create takes a `token`, deterministic for the caller's purpose; a second
 *    call with the same token returns the first call's resource. Deleting what is gone succeeds.
 *  - It returns as soon as the cloud has taken the order. Waiting is done by asking again with `find…`
 *    and looking at `state`; steps throw `not-ready` and the state machine comes back.
 *  - It throws `MigrationError` with `cloud.…` codes only; `errors.ts` of each platform maps the cloud's
 *    own codes. Retrying, rate limits and logging wrap a provider from outside (`wrap.ts`).
 *
 * What differs between clouds is data: `Capabilities`.
 */
import type { Edition } from "#domain/gateway-defaults.ts";
import type { Platform } from "#domain/platform.ts";
import type { DeviceHint, GatewayBootstrap, TargetHardware } from "#domain/protocol/gateway.ts";
import type { LaunchNetwork } from "#domain/records.ts";
import type { Choice } from "./choices.ts";

/** Put on everything that is created, so that a sweep finds what a ledger lost. */
export interface Tags {
  /** Which deployment of HyperMotion. */
  readonly "hypermotion:console": string;
  /** The source server or gateway it was made for. */
  readonly "hypermotion:owner": string;
  readonly Name: string;
}

export interface CreateOptions {
  /** Deterministic; also the name where the cloud finds by name. At most 63 of [a-z0-9-]. */
  readonly token: string;
  readonly tags: Tags;
}

/** A thing is `pending` until it can be used and `failed` when it never will be. */
export type ResourceState = "pending" | "ready" | "deleting" | "failed";

export interface Volume {
  readonly id: string;
  readonly sizeBytes: number;
  readonly state: ResourceState;
  readonly attachedTo?: string;
  /** How the instance it hangs on recognises it; present when attached, where its device says anything. */
  readonly device?: DeviceHint;
  readonly problem?: string;
}

export interface Snapshot {
  readonly id: string;
  readonly volumeId: string;
  readonly state: ResourceState;
  readonly problem?: string;
}

export interface Image {
  readonly id: string;
  readonly state: ResourceState;
  readonly problem?: string;
}

export type InstanceState = "pending" | "running" | "stopped" | "deleting" | "failed";

export interface Instance {
  readonly id: string;
  readonly state: InstanceState;
  readonly privateAddress?: string;
  readonly publicAddress?: string;
  /** Port of `publicAddress` that leads to the guest's SSH, where it is not 22. */
  readonly sshPort?: number;
  readonly problem?: string;
}

export type Firmware = TargetHardware["firmware"];

export interface InstanceType {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryBytes: number;
  /** What its guest sees. */
  readonly hardware: Pick<TargetHardware, "storage" | "network">;
  readonly firmware: readonly Firmware[];
  /** Volumes it can attach beside its system disk. */
  readonly maxVolumes: number;
}

/** How a repaired clone becomes a booting system disk, best first. Chosen when the migration is planned. */
export const bootStrategies = [
  "rootSwap",
  "attachAsOsDisk",
  "bootFromVolume",
  "imageFromSnapshot",
  "imageFromVolume",
  "hyperDoorCopy",
] as const;
export type BootStrategy = (typeof bootStrategies)[number];

/** What is on a system volume. */
export interface VolumeBoots {
  readonly firmware: Firmware;
  readonly os: "linux" | "windows";
}

export interface VolumeRule {
  /** As the platform calls it, where it has several. */
  readonly type?: string;
  readonly isSsd?: boolean;
  readonly minBytes: number;
  readonly maxBytes: number;
  /** Sizes are multiples of this. */
  readonly stepBytes: number;
}

export interface Capabilities {
  readonly volumes: { readonly system: VolumeRule; readonly data: VolumeRule };
  /** Volumes a gateway may hold at once. */
  readonly gatewayMaxVolumes: number;
  /** Volumes it can hold beside those, used for clones under repair only. */
  readonly gatewaySpareVolumes: number;
  /** Where clones are repaired: hanging on the gateway, or in HyperDoor, which takes none of its places. */
  readonly repairsOn: "gateway" | "hyperDoor";
  /** The one zone of all that is made, on platforms that have zones. */
  readonly zone?: string;
  /** The gateways' own, on platforms that have subnets (R-166, R-193). */
  readonly subnetId?: string;
  /** Of the credentials, where the platform tells and it matters. */
  readonly isAdministrator?: boolean;
  /** One storage pool must hold all volumes of a server; `volumes.listPools` tells which there are. */
  readonly onePool: boolean;
  /**
   * How a gateway recognises a volume: by what its device says of itself, or, where that is nothing, by
   * the device that was not there before it was attached. Such a gateway must not be restarted.
   */
  readonly deviceMapping: "identity" | "difference";
  readonly userData: { readonly maxBytes: number };
  readonly idempotency: "clientToken" | "clientChosenId" | "findByNameAndTag";
  /** Best first; none for a firmware whose servers can't be launched. */
  readonly bootStrategies: Readonly<Record<Firmware, readonly BootStrategy[]>>;
  /** An image is made of a volume only while that hangs on an instance (`imageFromVolume`). */
  readonly imagesOfAttached?: true;
  /** A gateway begins as a bare machine: its bootstrap must say where the program comes from. */
  readonly installsGateway: boolean;
  /** Snapshots can become new volumes: driver repair works on a clone and the replica stays exact. */
  readonly canClone: boolean;
  /**
   * A snapshot is taken only of a volume that hung on an instance once: nothing can have been written to
   * another, so a clone is what the snapshot is that it was made of.
   */
  readonly snapshotsAfterAttachOnly?: true;
  /** `readConsole` shows a launched instance's serial line. */
  readonly hasConsole: boolean;
}

/** Absent is what it does not tell. */
export interface Prices {
  /** ISO 4217, such as CNY. */
  readonly currency: string;
  /**
   * Each hour of a gateway that is paid by use, with its system disk, and its address where that has a price of
   * its own that is told; traffic is on top.
   */
  readonly gatewayHour?: number | undefined;
  /** Each GiB and month (730 hours) of a replica's volume. */
  readonly volumeGibMonth?: number | undefined;
}

export interface SecurityRule {
  readonly port: number;
  /** CIDR blocks that may connect. */
  readonly from: readonly string[];
}

export interface GatewaySpec extends CreateOptions {
  readonly instanceType?: string;
  readonly securityGroupId: string;
  /** Reaches the instance as its user data; holds a one-time code and nothing lasting. */
  readonly bootstrap: GatewayBootstrap;
}

export interface LaunchSpec extends CreateOptions {
  readonly instanceType: string;
  readonly securityGroupId: string;
  readonly firmware: Firmware;
  readonly strategy: BootStrategy;
  /**
   * In the order of the source's disks; the first boots, unless an image does: then all are data. Their
   * life ends with the instance.
   */
  readonly volumeIds: readonly string[];
  readonly imageId?: string;
  /** With `hyperDoorCopy` only. */
  readonly hyperDoor?: HyperDoorLaunch;
  /** Where the target's own settings are not what is wanted. */
  readonly network?: LaunchNetwork;
}

/**
 * The instance starts from HyperDoor's image, which is `imageId`. Of the volumes only the first hangs on
 * it, as a data volume: HyperDoor copies that over the system disk it came from. The caller then takes it
 * away, attaches the others in their order, and only then HyperDoor restarts into what it copied.
 */
export interface HyperDoorLaunch {
  /** The system disk's, at least: as large as the volume that is copied to it. */
  readonly systemBytes: number;
  /** HyperDoor's orders, as user data: one line of JSON, no secret that lasts. */
  readonly userData: string;
}

/** A thing that still exists at the target and carries our tags. */
export interface Leftover {
  readonly kind: ResourceKind;
  readonly id: string;
  readonly name: string;
}

export const resourceKinds = [
  "security-group",
  "instance",
  "address",
  "volume",
  "snapshot",
  "image",
] as const;
export type ResourceKind = (typeof resourceKinds)[number];

export interface Provider {
  readonly platform: Platform;

  /** Differences as data, probed where the cloud can tell. Cheap after the first call. */
  capabilities(): Promise<Capabilities>;

  /**
   * What the cloud asks now, of this account and in this place where it tells that. Absent where it tells
   * no prices. @param of the type of the gateways; the one that the settings lead to unless told
   */
  prices?(of: { gatewayType?: string }): Promise<Prices>;

  /** Proves that the target answers and the credentials hold. @throws `target.unreachable`, `cloud.forbidden` */
  check(): Promise<void>;

  /** Everything that carries the owner's tag (or any owner's of this console), whoever made it. */
  listOwned(owner?: string): Promise<Leftover[]>;

  readonly network: {
    ensureSecurityGroup(
      options: CreateOptions & { rules: readonly SecurityRule[] },
    ): Promise<{ id: string }>;
    deleteSecurityGroup(id: string): Promise<void>;
    /** A public address, fixed until released, and bound to the instance; where the cloud has none apart, `undefined`. */
    ensureAddress(
      options: CreateOptions & { instanceId: string },
    ): Promise<{ id: string; address: string } | undefined>;
    releaseAddress(id: string): Promise<void>;
    /**
     * Subnets that a server can be launched into: all from which its volumes can be reached, in whichever
     * network. Absent where a launch takes none.
     */
    listSubnets?(): Promise<readonly Choice[]>;
    /** Security groups that a launched server can be given, in whichever network. Absent where a launch takes none. */
    listSecurityGroups?(): Promise<readonly Choice[]>;
  };

  readonly compute: {
    listInstanceTypes(): Promise<InstanceType[]>;
    createGateway(spec: GatewaySpec): Promise<{ id: string }>;
    /**
     * A launch of several orders is carried on by calling it again with the same spec, as long as
     * `waitsFor` says what the next order waits for.
     */
    launch(spec: LaunchSpec): Promise<{ id: string; waitsFor?: string }>;
    findInstance(id: string): Promise<Instance | undefined>;
    findInstanceByToken(token: string): Promise<Instance | undefined>;
    stopInstance(id: string): Promise<void>;
    /** A gateway's machine, with its volumes left on it. Absent where that is not offered. */
    restartInstance?(id: string): Promise<void>;
    /** Also deletes the volumes it was launched with. */
    deleteInstance(id: string): Promise<void>;
    /** What the serial console has shown so far, newest at the end, at most 256 KiB. */
    readConsole(id: string): Promise<string>;
    /**
     * What the guest itself answers on its network, such as its SSH banner: evidence that it booted.
     * `undefined` while it is silent; the method is absent where its network is out of our reach.
     */
    probeAddress?(id: string): Promise<string | undefined>;
  };

  readonly volumes: {
    /** Empty, or a clone of a snapshot. */
    createVolume(
      options: CreateOptions & {
        sizeBytes: number;
        role: "system" | "data";
        /** What will start from it: some clouds fix that when a volume is made. */
        boots?: VolumeBoots;
        fromSnapshotId?: string;
        /** One of `listPools`. */
        pool?: string;
      },
    ): Promise<{ id: string }>;
    /** Where volumes can be made, on platforms that let one choose. */
    listPools?(): Promise<{ id: string; freeBytes: number }[]>;
    findVolume(id: string): Promise<Volume | undefined>;
    attachVolume(volumeId: string, instanceId: string): Promise<void>;
    detachVolume(volumeId: string): Promise<void>;
    deleteVolume(id: string): Promise<void>;
    /** Shows the volume as it was at the call, if nobody writes to it until the snapshot is ready. */
    createSnapshot(
      options: CreateOptions & {
        volumeId: string;
        /** An image is to be made of it, and no volume; some clouds keep the two kinds apart. */
        forImage?: boolean;
      },
    ): Promise<{ id: string }>;
    findSnapshot(id: string): Promise<Snapshot | undefined>;
    deleteSnapshot(id: string): Promise<void>;
  };

  /** Only for the strategies `imageFromSnapshot` and `imageFromVolume`. */
  readonly images?: {
    createImage(
      options: CreateOptions & {
        snapshotId?: string;
        volumeId?: string;
        firmware: Firmware;
      },
    ): Promise<{ id: string }>;
    findImage(id: string): Promise<Image | undefined>;
    deleteImage(id: string): Promise<void>;
  };
}

/** What a provider is made from: the target's record, its secrets, and whose tags it writes. */
export interface ProviderOptions<Config, Secrets> {
  readonly config: Config;
  readonly secrets: Secrets;
  /** Value of the tag `hypermotion:console` on everything this console makes. */
  readonly consoleId: string;
  /** Decides about the gateways' image on some platforms (R-006). `saas` unless told. */
  readonly edition?: Edition;
}
