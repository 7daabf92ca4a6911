/** What the fake ZStack holds. Times are milliseconds of the fake's clock. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Guests } from "../guests.ts";
import type { HyperDoors } from "../hyperdoor.ts";
import type { Machines } from "../machines.ts";
import { Failure } from "./request.ts";

/** How long things take; the real ones are hundreds of times longer. */
export interface Delays {
  readonly createMs: number;
  readonly attachMs: number;
  readonly bootMs: number;
  readonly snapshotMs: number;
  readonly imageMs: number;
  readonly deleteMs: number;
}

export interface Thing {
  readonly uuid: string;
  readonly name: string;
  description: string | undefined;
}

export interface Volume extends Thing {
  type: "Root" | "Data";
  status: "Creating" | "Ready" | "Deleted";
  size: number;
  readonly primaryStorageUuid: string;
  vmInstanceUuid?: string;
  /** Has no bytes: of an image that is no clone's. */
  readonly isForeign: boolean;
  /** When the present status ends by itself. */
  changesAt: number;
}

export interface Snapshot extends Thing {
  readonly volumeUuid: string;
  /** On storage that keeps chains. */
  readonly parentUuid?: string;
  readonly primaryStorageUuid: string;
  readonly size: number;
  status: "Creating" | "Ready";
  changesAt: number;
}

export interface Image extends Thing {
  readonly size: number;
  readonly platform: string;
  readonly architecture: string;
  readonly createDate: string;
  readonly backupStorageUuid: string;
  /** Its bytes are kept under its own id. */
  readonly isOurs: boolean;
  readonly systemTags: readonly string[];
  status: "Creating" | "Ready" | "Deleted";
  changesAt: number;
}

export interface Vm extends Thing {
  readonly platform: string;
  readonly imageUuid: string | undefined;
  readonly instanceOfferingUuid: string;
  readonly clusterUuid: string;
  readonly nic: { readonly uuid: string; readonly ip: string; readonly l3NetworkUuid: string };
  readonly groups: Set<string>;
  readonly rootVolumeUuid: string;
  readonly systemTags: readonly string[];
  readonly userData: string;
  /** Data volumes in the order in which they came. */
  readonly dataVolumeUuids: string[];
  state: string;
  /** What the present state ends in by itself, and when. */
  becomes: string | undefined;
  changesAt: number;
  /** What runs it: nothing while it stands, or where its image is foreign. */
  runs: "nothing" | "gateway" | "door" | "guest";
}

export interface Group extends Thing {
  readonly networks: Set<string>;
  readonly rules: Record<string, unknown>[];
}

export interface Vip extends Thing {
  readonly ip: string;
  readonly l3NetworkUuid: string;
}

export interface Eip extends Thing {
  readonly vipUuid: string;
  vmNicUuid: string;
}

export interface Job {
  readonly doneAt: number;
  readonly failure: Failure | undefined;
  /** What it made, as it is when it is asked for. */
  readonly inventory: (() => object) | undefined;
}

export interface Pool {
  readonly uuid: string;
  readonly name: string;
  readonly type: string;
  /** Snapshots are built on each other. Source: zstack 5.2.1, VolumeSnapshotArrangementType. */
  readonly isChain: boolean;
  readonly availableCapacity: number;
}

export const newUuid = () => randomUUID().replaceAll("-", "");

const GiB = 1024 ** 3;

export class Cloud {
  readonly volumes = new Map<string, Volume>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly images = new Map<string, Image>();
  readonly vms = new Map<string, Vm>();
  readonly groups = new Map<string, Group>();
  readonly vips = new Map<string, Vip>();
  readonly eips = new Map<string, Eip>();
  readonly jobs = new Map<string, Job>();
  readonly sessions = new Set<string>();
  /** Calls the account may not make. */
  readonly denied = new Set<string>();
  /** Offerings that no host has room for. */
  readonly full = new Set<string>();
  /** Set, orders for images are refused with these words. */
  imagesRefused: string | undefined;
  /** Before mid-2020 no VM was made of a volume. Source: zstack's history of APICreateVmInstanceFromVolumeMsg.java. */
  bootsFromVolumes = true;
  accountType: "SystemAdmin" | "Normal" = "SystemAdmin";
  /** A global setting. Source: zstack 5.2.1, VmDeleteVolumeFlow.java. */
  deletesDataVolumesWithVms = false;
  /** So many data volumes may there be. */
  quota = 1_000;

  readonly zone = zone("zone-1");
  readonly zones = [this.zone, zone("zone-2")];
  readonly cluster = cluster("cluster-1", this.zone.uuid);
  readonly clusters = this.zones.map((each) =>
    each === this.zone ? this.cluster : cluster("cluster-2", each.uuid),
  );
  readonly hosts = [
    host("host-1", "10.0.0.11", this.cluster),
    host("host-2", "10.0.0.12", this.cluster),
  ];
  readonly l2Network = { uuid: newUuid(), attachedClusterUuids: [this.cluster.uuid] };
  readonly network = network(
    ...(["flat", "Private", this.zone.uuid] as const),
    ["DHCP", "Userdata", "SecurityGroup"],
    ...(["10.0.1.0/24", this.l2Network.uuid] as const),
  );
  readonly publicNetwork = network(
    ...(["public", "Public", this.zone.uuid, [], "10.0.2.0/24", this.l2Network.uuid] as const),
  );
  readonly networks = [this.network, this.publicNetwork];
  readonly account = newUuid();
  readonly imageServer = imageServer("image-store", this.zone.uuid);
  readonly imageServers = [this.imageServer];
  readonly pools: Pool[] = [
    pool("shared-block", "SharedBlock", true, 4_000),
    pool("ceph", "Ceph", false, 2_000),
    pool("disks-of-hosts", "LocalStorage", true, 9_000),
  ];
  readonly offerings = offerings.map(([name, cpuNum, GiBs]) => ({
    uuid: newUuid(),
    name,
    cpuNum,
    memorySize: GiBs * GiB,
    type: name.startsWith("vrouter") ? "VirtualRouter" : "UserVm",
    state: "Enabled",
  }));
  /** HyperDoor's, as an operator brought it there. */
  readonly hyperDoorImage = this.newImage("HyperDoor", undefined, 1024 ** 2);
  private addressesGiven = 0;

  readonly machines: Machines | undefined;
  readonly guests: Guests;
  readonly doors: HyperDoors | undefined;
  readonly delays: Delays;
  readonly now: () => number;

  constructor(options: {
    machines: Machines | undefined;
    guests: Guests;
    doors: HyperDoors | undefined;
    delays: Delays;
    now: () => number;
  }) {
    this.machines = options.machines;
    this.guests = options.guests;
    this.doors = options.doors;
    this.delays = options.delays;
    this.now = options.now;
    for (const [name, createDate] of templates) {
      const image = this.newImage(name, createDate);
      this.images.set(image.uuid, image);
    }
    this.images.set(this.hyperDoorImage.uuid, this.hyperDoorImage);
  }

  /** One that somebody has put on the image server. */
  newImage(name: string, createDate = "Jan 1, 2026 0:00:00 AM", size = 10 * GiB): Image {
    return {
      ...{ uuid: newUuid(), name, description: undefined, createDate },
      ...{ size, platform: "Linux", architecture: "x86_64" },
      ...{ backupStorageUuid: this.imageServer.uuid, isOurs: false, systemTags: [] },
      ...{ status: "Ready", changesAt: Number.NEGATIVE_INFINITY },
    };
  }

  /** All of 127/8 is this machine on Linux, so that VMs are reached by what the cloud calls theirs. */
  newAddress(): string {
    this.addressesGiven += 1;
    const [a = 1, b = 1] = randomBytes(2);
    return `127.${128 + (this.addressesGiven % 64)}.${a}.${1 + (b % 250)}`;
  }

  clustersOf({ l2NetworkUuid }: { l2NetworkUuid: string }): readonly string[] {
    const { uuid, attachedClusterUuids } = this.l2Network;
    return l2NetworkUuid === uuid ? attachedClusterUuids : [];
  }

  getPool(uuid: string): Pool {
    const found = this.pools.find((each) => each.uuid === uuid);
    if (found !== undefined) return found;
    throw absent("primaryStorageUuid", uuid, "PrimaryStorageVO");
  }
}

const offerings = [
  ["small", 1, 2],
  ["2U4G", 2, 4],
  ["4U8G", 4, 8],
  ["8U16G", 8, 16],
  ["vrouter", 4, 8],
] as const;

const templates = [
  ["debian-12-generic-amd64", "Jan 10, 2026 1:00:00 AM"],
  ["CentOS-7.2-x86_64", "Jan 10, 2019 1:00:00 AM"],
  // Imported by the site's people.
  ["HM_IMG_20260101.qcow2", "Jan 1, 2026 1:00:00 AM"],
] as const;

function pool(name: string, type: string, isChain: boolean, GiBs: number): Pool {
  return { uuid: newUuid(), name, type, isChain, availableCapacity: GiBs * GiB };
}

function zone(name: string) {
  return { uuid: newUuid(), name, state: "Enabled", type: "zstack" };
}

function cluster(name: string, zoneUuid: string) {
  const type = "zstack";
  return { uuid: newUuid(), name, state: "Enabled", hypervisorType: "KVM", type, zoneUuid };
}

/** Source: zstack 5.2.1, HostInventory.java. */
export function host(name: string, managementIp: string, where: ReturnType<typeof cluster>) {
  const { uuid: clusterUuid, zoneUuid, hypervisorType } = where;
  return {
    ...{ uuid: newUuid(), name, managementIp, clusterUuid, zoneUuid, hypervisorType },
    ...{ state: "Enabled", status: "Connected" },
  };
}

/**
 * Of an L2 network that no cluster has, unless told. Sources: zstack 5.2.1, L3NetworkInventory.java,
 * L3NetworkCategory.java, IpRangeInventory.java.
 */
export function network(
  name: string,
  category: "Public" | "Private" | "System",
  zoneUuid: string,
  services: readonly string[],
  networkCidr: string,
  l2NetworkUuid: string = newUuid(),
) {
  const uuid = newUuid();
  return {
    ...{ uuid, name, state: "Enabled", category, zoneUuid, type: "L3BasicNetwork" },
    ...{ l2NetworkUuid, system: category === "System" },
    ipRanges: [{ uuid: newUuid(), l3NetworkUuid: uuid, networkCidr, ipVersion: 4 }],
    networkServices: services.map((networkServiceType) => ({
      l3NetworkUuid: uuid,
      networkServiceType,
    })),
  };
}

export function imageServer(name: string, ...attachedZoneUuids: string[]) {
  const type = "ImageStoreBackupStorage";
  return {
    ...{ uuid: newUuid(), name, type, state: "Enabled", status: "Connected", attachedZoneUuids },
    ...{ totalCapacity: 1_000 * GiB, availableCapacity: 500 * GiB },
  };
}

/** Source: zstack 5.2.1, PortApiValidator.java. */
export function absent(field: string, uuid: string, type: string): Failure {
  const details = `invalid field[${field}], resource[uuid:${uuid}, type:${type}] not found`;
  return new Failure("SYS.1003", details);
}

const types = {
  volume: "VolumeVO",
  snapshot: "VolumeSnapshotVO",
  image: "ImageVO",
  vm: "VmInstanceVO",
  group: "SecurityGroupVO",
  vip: "VipVO",
  eip: "EipVO",
} as const;

export function get<T extends Thing>(
  things: ReadonlyMap<string, T>,
  kind: keyof typeof types,
  uuid: string | undefined,
): T {
  const found = things.get(uuid ?? "");
  if (found !== undefined) return found;
  throw absent(`${kind}Uuid`, uuid ?? "", types[kind]);
}

/**
 * The uuid the caller chose, if nothing has it. Sources: zstack 5.2.1, StringDSL.isZStackUuid; MySQL's words, within
 * what an internal error says.
 */
export function chosenUuid(things: ReadonlyMap<string, Thing>, wanted: string | undefined): string {
  const uuid = wanted ?? newUuid();
  if (!/^[0-9a-f]{12}[1-5][0-9a-f]{3}[89ab][0-9a-f]{15}$/.test(uuid)) {
    throw new Failure("SYS.1007", `resourceUuid[${uuid}] is not a valid uuid`);
  }
  if (!things.has(uuid)) return uuid;
  const cause = `ConstraintViolationException: Duplicate entry '${uuid}' for key 'PRIMARY'`;
  throw new Failure("SYS.1000", `unhandled exception happened when calling API, ${cause}`);
}

export const operationError = (details: string) => new Failure("SYS.1006", details);
