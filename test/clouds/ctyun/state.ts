/** What the fake account holds in its pool. Times are milliseconds of the fake's clock. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Guests } from "../guests.ts";
import type { HyperDoors } from "../hyperdoor.ts";
import type { Machines } from "../machines.ts";
import { Refusal } from "./request.ts";

const zones = ["cn-huadong1-jsnj1A-public-ctcloud", "cn-huadong1-jsnj2A-public-ctcloud"];

/** Of the account's own image that HyperDoor starts from. */
export const hyperDoorImageId = "7d0a8a8e-2b7b-4b6f-9d62-5f7e1c0d4a11";

/** How long things take; the real ones are hundreds of times longer. */
export interface Delays {
  /** Until an order is carried out. */
  readonly orderMs: number;
  readonly attachMs: number;
  readonly bootMs: number;
  readonly stopMs: number;
  readonly snapshotMs: number;
  /** What was just made is not shown. */
  readonly shownAfterMs: number;
}

export interface Quotas {
  readonly volumes: number;
  readonly addresses: number;
  /** Data disks on one server. Source: create-instance, dataDiskList. */
  readonly disksPerServer: number;
}

export interface Thing {
  readonly id: string;
  readonly shownAt: number;
}

export interface Disk extends Thing {
  name: string;
  readonly sizeGiB: number;
  readonly type: string;
  /** Bought with its server, and ends with it. */
  readonly isSystem: boolean;
  /** Has no bytes: of a public image's server. */
  readonly isHollow: boolean;
  status: "creating" | "unattached" | "attaching" | "attached" | "detaching" | "deleting";
  serverId?: string;
  /** In which order disks came to their server. */
  hungAt: number;
  changesAt: number;
}

export interface Snapshot extends Thing {
  readonly name: string;
  readonly diskId: string;
  readonly sizeGiB: number;
  readonly type: string;
  status: "creating" | "available" | "deleting";
  changesAt: number;
}

export interface Image {
  readonly imageID: string;
  readonly imageName: string;
  readonly visibility: "private" | "public";
  readonly osType: "linux" | "windows";
  readonly architecture: "x86_64" | "aarch64";
  readonly bootMode: "bios" | "uefi";
  readonly diskSize: number;
  readonly createdTime: number;
  status: string;
  readonly imageType: string;
}

export interface Server extends Thing {
  readonly name: string;
  readonly displayName: string;
  readonly flavorId: string;
  readonly imageId: string;
  readonly subnetId: string;
  readonly groupIds: readonly string[];
  readonly privateAddress: string;
  readonly userData: string;
  readonly onDemand: boolean;
  readonly systemDiskId: string;
  /** What runs on it: a gateway, HyperDoor or what it copied, or nothing of ours. */
  readonly runs: "gateway" | "hyperDoor" | "nothing";
  readonly login: { readonly keyPairId?: string; readonly password?: string };
  status: "creating" | "running" | "stopping" | "stopped" | "restarting" | "unsubscribing";
  changesAt: number;
}

export interface Eip extends Thing {
  readonly name: string;
  readonly address: string;
  readonly bandwidth: number;
  readonly billing: string;
  readonly projectId: string;
  serverId?: string;
}

export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  readonly zones: readonly string[];
  readonly name: string;
  readonly cidr: string;
  /** IPv4 addresses. */
  readonly free: number;
  /** 0 for servers, 1 for bare metal. Source: subnet_list.go, type. */
  readonly type: 0 | 1;
}

export interface Rule {
  readonly direction: string;
  readonly action: string;
  readonly protocol: string;
  readonly range: string;
  readonly destCidrIp: string;
}

export interface Group extends Thing {
  readonly name: string;
  readonly description?: string;
  readonly vpcId: string;
  readonly rules: Rule[];
}

/** Opening until its time comes, then done, or what it fails as. Source: order_const.go. */
export interface Order {
  readonly id: string;
  readonly doneAt: number;
  readonly ids: readonly string[];
  readonly failsAs?: number;
}

export class Pool {
  readonly disks = new Map<string, Disk>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly images = new Map<string, Image>();
  readonly servers = new Map<string, Server>();
  readonly eips = new Map<string, Eip>();
  readonly groups = new Map<string, Group>();
  readonly subnets = new Map<string, Subnet>();
  readonly orders = new Map<string, Order>();
  /** Orders by call and client token: kept 24 hours, which no test waits for. */
  readonly tokens = new Map<string, Order>();
  /** Disks that a snapshot was ordered of: later ones are jobs. */
  readonly snapshotOrders = new Set<string>();
  /** Flavors whose orders come to nothing, with the status they end in. */
  readonly failing = new Map<string, number>();
  /** Flavors that are listed as sold out. */
  readonly soldOut = new Set<string>();
  /** Yuan by the hour. */
  readonly tariff: { vcpu: number; memoryGiB: number; diskGiB: Record<string, number> } = {
    ...{ vcpu: 0.12, memoryGiB: 0.06 },
    diskGiB: { SATA: 0.0003, SAS: 0.0005, SSD: 0.0014, "FAST-SSD": 0.002 },
  };
  /** So many calls more are refused for coming too fast. */
  throttled = 0;
  /** Calls the key's user may not make. */
  readonly denied = new Set<string>();
  readonly regionId = randomBytes(16).toString("hex");
  /** Its zones by name: none where it has but one. */
  readonly zones: readonly string[];
  readonly vpcId: string;
  readonly subnetId: string;
  readonly hyperDoorImageId = hyperDoorImageId;
  private addressesGiven = 0;

  readonly machines: Machines | undefined;
  /** HyperDoor on the servers that were made of its image. */
  readonly doors: HyperDoors | undefined;
  readonly guests: Guests;
  readonly delays: Delays;
  readonly quotas: Quotas;
  readonly now: () => number;

  constructor(
    options: Pick<Pool, "machines" | "doors" | "guests" | "delays" | "quotas" | "now">,
    { firmware, oneZone }: { firmware: "bios" | "uefi"; oneZone: boolean },
  ) {
    ({
      machines: this.machines,
      doors: this.doors,
      guests: this.guests,
      delays: this.delays,
      quotas: this.quotas,
      now: this.now,
    } = options);
    this.zones = oneZone ? [] : zones;
    // Ids have another shape there. Sources: vpcID and subnetID of create-instance.
    this.vpcId = oneZone ? randomUUID() : this.newThing("vpc").id;
    this.subnetId = oneZone ? randomUUID() : this.newThing("subnet").id;
    for (const subnet of [
      { id: this.subnetId, name: "servers", cidr: "127.0.0.0/8", free: 16_000, type: 0 },
      { id: this.newThing("subnet").id, name: "metal", cidr: "10.1.0.0/24", free: 250, type: 1 },
      { id: this.newThing("subnet").id, name: "databases", cidr: "10.2.0.0/24", free: 7, type: 0 },
    ] as const) {
      this.subnets.set(subnet.id, { ...subnet, vpcId: this.vpcId, zones: [this.zone] });
    }
    const door = image("HyperDoor-linux", 1_760_000_000, { visibility: "private" });
    for (const each of [
      ...publicImages,
      { ...door, imageID: this.hyperDoorImageId, diskSize: 5, bootMode: firmware },
    ]) {
      this.images.set(each.imageID, each);
    }
  }

  /** As ECS takes it. Source: create-instance, azName. */
  get zone(): string {
    return this.zones[0] ?? "default";
  }

  newThing(prefix = ""): Thing {
    const id = prefix === "" ? randomUUID() : `${prefix}-${randomBytes(5).toString("hex")}`;
    return { id, shownAt: this.now() + this.delays.shownAfterMs };
  }

  /** All of 127/8 is this machine on Linux, so that servers are reached by what the cloud calls private. */
  newPrivateAddress(): string {
    this.addressesGiven += 1;
    const [a = 1, b = 1] = randomBytes(2);
    return `127.${64 + (this.addressesGiven % 64)}.${a}.${1 + (b % 250)}`;
  }

  /** For what the order makes, which is shown once it is done. */
  newOrder(ids: readonly string[], failsAs?: number): Order {
    const order: Order = {
      id: randomBytes(16).toString("hex"),
      doneAt: this.now() + this.delays.orderMs,
      ids,
      ...(failsAs === undefined ? {} : { failsAs }),
    };
    this.orders.set(order.id, order);
    return order;
  }

  isDone = ({ doneAt }: Order): boolean => this.now() >= doneAt;
  isShown = ({ shownAt }: Thing): boolean => this.now() >= shownAt;
}

/** Sources: terraform-provider-ctyun, internal/common/error_code.go; `notExists` in its newer versions. */
const absent = {
  instance: "Ecs.Instance.NotFound",
  disk: "ebs.ebsInfo.notExists",
  snapshot: "ebs.snapshotInfo.notExists",
  image: "Image.ImageCheck.NotFound",
  eip: "Openapi.Eip.NotFound",
  group: "Openapi.SecurityGroup.NotFound",
} as const;

export function get<T extends Thing>(
  pool: Pool,
  things: ReadonlyMap<string, T>,
  kind: keyof typeof absent,
  id: string,
): T {
  const found = things.get(id);
  if (found !== undefined && pool.isShown(found)) return found;
  throw new Refusal(absent[kind], `${kind} ${id} is not found`);
}

export function getImage(pool: Pool, id: string): Image {
  const found = pool.images.get(id);
  if (found !== undefined) return found;
  throw new Refusal(absent.image, `image ${id} is not found`);
}

function image(imageName: string, createdTime: number, more: Partial<Image> = {}): Image {
  return {
    imageID: randomUUID(),
    imageName,
    visibility: "public",
    osType: "linux",
    architecture: "x86_64",
    bootMode: "bios",
    diskSize: 40,
    createdTime,
    status: "active",
    imageType: "",
    ...more,
  };
}

/** Named as the console lists them; ids are made up. */
const publicImages = [
  image("CentOS 7.6 64位", 1_600_000_000),
  image("Debian 12.2 64位", 1_730_000_000),
  image("Debian 12.2 64位 ARM", 1_740_000_000, { architecture: "aarch64" }),
  image("Ubuntu Server 22.04 64位", 1_730_000_000),
  image("Windows Server 2019 数据中心版 64位", 1_730_000_000, { osType: "windows" }),
  image("a-data-disk", 1_730_000_000, { visibility: "private", imageType: "data_disk_image" }),
  image("being-imported", 1_730_000_000, { visibility: "private", status: "importing" }),
];
