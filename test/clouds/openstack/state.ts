/** What the fake project holds. Times are milliseconds of the fake's clock. */
import { randomBytes, randomUUID } from "node:crypto";
import { type HyperDoors, openHyperDoors } from "../hyperdoor.ts";
import type { Machines } from "../machines.ts";
import { Refusal } from "./request.ts";

/** How long things take; the real ones are hundreds of times longer. */
export interface Delays {
  readonly createMs: number;
  readonly attachMs: number;
  readonly bootMs: number;
  readonly stopMs: number;
  readonly snapshotMs: number;
  readonly imageMs: number;
  /** Flattening the clones of a deleted snapshot. */
  readonly flattenMs: number;
}

export interface Quotas {
  readonly volumes: number;
  readonly perVolumeGiB: number;
  readonly cores: number;
  readonly floatingIps: number;
  readonly imageGiB: number;
}

/**
 * What the volumes are on. `independent`: clones are copies. `flattens`: Ceph under Cinder of 2024.1 and later, which
 * flattens the clones of a deleted snapshot. `chained`: Ceph under an older one, which does not delete it.
 */
export type Backend = "independent" | "flattens" | "chained";

export interface Thing {
  readonly id: string;
  readonly madeAt: number;
  readonly createdAt: string;
  readonly name: string;
}

export interface Attachment {
  readonly serverId: string;
  readonly deleteOnTermination: boolean;
  readonly bootIndex: number;
  /** In which order volumes came. */
  readonly order: number;
}

export interface Volume extends Thing {
  readonly sizeGiB: number;
  readonly type: string;
  readonly zone: string;
  readonly metadata: Map<string, string>;
  readonly imageMetadata: Map<string, string>;
  readonly snapshotId?: string;
  /** Has no bytes: a system disk made of an image that is not ours. */
  readonly isForeignRoot: boolean;
  bootable: boolean;
  /** Shares blocks with its snapshot. */
  isChained: boolean;
  status:
    | "creating"
    | "available"
    | "attaching"
    | "in-use"
    | "detaching"
    | "deleting"
    | "uploading"
    | "error";
  attachment?: Attachment;
  /** When the present status ends by itself. */
  changesAt: number;
}

export interface Snapshot extends Thing {
  readonly volumeId: string;
  readonly sizeGiB: number;
  readonly metadata: ReadonlyMap<string, string>;
  readonly imageMetadata: ReadonlyMap<string, string>;
  readonly bootable: boolean;
  status: "creating" | "available" | "deleting";
  changesAt: number;
}

export interface Image extends Thing {
  readonly owner: string;
  readonly visibility: "public" | "private";
  readonly minDisk: number;
  readonly sizeGiB: number;
  readonly properties: Readonly<Record<string, string>>;
  /** Its bytes are kept under its own id. */
  readonly isOurs: boolean;
  readonly volumeId?: string;
  status: "queued" | "saving" | "active";
  changesAt: number;
}

export interface Server extends Thing {
  readonly flavorId: string;
  readonly imageId?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly zone: string;
  readonly keyName?: string;
  readonly userData: string;
  readonly configDrive: boolean;
  status: "BUILD" | "ACTIVE" | "SHUTOFF" | "SOFT_DELETED" | "ERROR";
  task: "" | "powering-off" | "deleting";
  fault?: string;
  locked: boolean;
  /** When the present status or task ends by itself. */
  changesAt: number;
  /** What runs it. */
  readonly runs: "gateway" | "guest" | "door" | "nothing";
}

export interface Port extends Thing {
  readonly description: string;
  readonly networkId: string;
  readonly subnetId: string;
  readonly address: string;
  readonly groupIds: readonly string[];
  serverId: string;
}

export interface FloatingIp extends Thing {
  readonly description: string;
  readonly address: string;
  portId: string | undefined;
}

export interface Group extends Thing {
  readonly description: string;
  readonly rules: Set<string>;
  /** Of another project than ours. */
  readonly projectId?: string;
  /** With ours. */
  readonly isShared?: true;
}

export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly networkId: string;
  readonly cidr: string;
}

export interface Flavor {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  readonly gib: number;
  readonly disk: number;
}

/** Names as installations have them; ids are of administrators' choice. */
const flavors: readonly Flavor[] = [
  { id: "1", name: "m1.tiny", vcpus: 1, gib: 0.5, disk: 1 },
  { id: "2", name: "m1.small", vcpus: 1, gib: 2, disk: 20 },
  { id: "3", name: "m1.medium", vcpus: 2, gib: 4, disk: 40 },
  { id: "4", name: "m1.large", vcpus: 4, gib: 8, disk: 80 },
  { id: "5", name: "v1.large", vcpus: 4, gib: 8, disk: 0 },
  { id: "6", name: "m1.xlarge", vcpus: 8, gib: 16, disk: 160 },
];

export class Project {
  readonly volumes = new Map<string, Volume>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly images = new Map<string, Image>();
  readonly servers = new Map<string, Server>();
  readonly ports = new Map<string, Port>();
  readonly floatingIps = new Map<string, FloatingIp>();
  readonly groups = new Map<string, Group>();
  /** The project's default one; others' are seen where they are shared, and by administrators. */
  readonly otherGroups: Group[] = [
    {
      ...{ id: randomUUID(), name: "default", description: "Default security group" },
      ...{ madeAt: Number.NEGATIVE_INFINITY, createdAt: "2026-01-01T00:00:00Z", rules: new Set() },
    },
  ];
  /** So many calls more are refused for coming too fast. */
  throttled = 0;
  /** Calls the user may not make. */
  readonly denied = new Set<string>();
  /** No host has room for another server. */
  isFull = false;
  /** Set, volumes are not made into images, in these words. */
  imagesRefused: string | undefined;
  /** Deleted servers stay a while, with their disks. */
  keepsDeleted = false;
  /** No page of a list has more. */
  mostPerPage = 1000;
  readonly zone = "nova";
  readonly region = "RegionOne";
  readonly projectId = randomBytes(16).toString("hex");
  readonly userId = randomBytes(16).toString("hex");
  readonly networkId = randomUUID();
  readonly subnetId = randomUUID();
  readonly externalNetworkId = randomUUID();
  /** External networks beside that one. */
  readonly otherExternalIds: string[] = [];
  /** Another project's, shared with this one. */
  readonly sharedNetworkId = randomUUID();
  readonly subnets: Subnet[] = [
    { id: this.subnetId, name: "servers", networkId: this.networkId, cidr: "10.0.0.0/24" },
    { id: randomUUID(), name: "spare", networkId: this.networkId, cidr: "10.0.1.0/24" },
    { id: randomUUID(), name: "office", networkId: this.sharedNetworkId, cidr: "10.9.0.0/16" },
  ];
  readonly volumeTypes = ["ceph", "lvm"];
  readonly flavors = flavors;
  private addressesGiven = 0;
  private attachmentsMade = 0;

  readonly machines: Machines | undefined;
  /** What runs on servers that are made of HyperDoor's image. */
  readonly doors: HyperDoors | undefined;
  readonly delays: Delays;
  readonly quotas: Quotas;
  readonly backend: Backend;
  readonly now: () => number;

  constructor(options: {
    machines: Machines | undefined;
    delays: Delays;
    quotas: Quotas;
    backend: Backend;
    now: () => number;
  }) {
    this.machines = options.machines;
    this.doors = options.machines && openHyperDoors(options.machines);
    this.delays = options.delays;
    this.quotas = options.quotas;
    this.backend = options.backend;
    this.now = options.now;
    for (const image of [
      this.knownImage("Debian 12 (Bookworm) x86_64", "public", "2026-01-10T00:00:00Z"),
      this.knownImage("CentOS 7 x86_64", "public", "2019-01-12T00:00:00Z"),
      // Uploaded by the account (R-008, S-01).
      this.knownImage("HM_IMG_20260101.qcow2", "private", "2026-01-01T00:00:00Z"),
      this.knownImage("HyperDoor", "private", "2026-01-01T00:00:00Z"),
    ]) {
      this.images.set(image.id, image);
    }
  }

  private knownImage(name: string, visibility: Image["visibility"], createdAt: string): Image {
    return {
      ...{ id: randomUUID(), madeAt: Number.NEGATIVE_INFINITY, createdAt, name, visibility },
      ...{ owner: visibility === "public" ? "0".repeat(32) : this.projectId },
      ...{ minDisk: 10, sizeGiB: 1, properties: { disk_format: "qcow2" }, isOurs: false },
      ...{ status: "active", changesAt: Number.NEGATIVE_INFINITY },
    };
  }

  get allGroups(): ReadonlyMap<string, Group> {
    const others = this.otherGroups.map((group) => [group.id, group] as const);
    return new Map([...others, ...this.groups]);
  }

  imageNamed(name: string): Image {
    const found = [...this.images.values()].find((image) => image.name === name);
    if (found === undefined) throw new Error(`no image ${name}`);
    return found;
  }

  newThing(name: string): Thing {
    const createdAt = new Date().toISOString();
    return { id: randomUUID(), madeAt: this.now(), createdAt, name };
  }

  /** All of 127/8 is this machine on Linux, so that servers are reached by what the cloud calls private. */
  newPrivateAddress(): string {
    this.addressesGiven += 1;
    const [a = 1, b = 1] = randomBytes(2);
    return `127.${64 + (this.addressesGiven % 64)}.${a}.${1 + (b % 250)}`;
  }

  newAttachment(attachment: Omit<Attachment, "order">): Attachment {
    this.attachmentsMade += 1;
    return { ...attachment, order: this.attachmentsMade };
  }

  portsOf(serverId: string): Port[] {
    return [...this.ports.values()].filter((port) => port.serverId === serverId);
  }

  /** What `rbd flatten` does, which a person runs. */
  flatten(volumeId: string): void {
    const volume = this.volumes.get(volumeId);
    if (volume !== undefined) volume.isChained = false;
  }
}

/** How each kind of thing is missed. Sources: nova/exception.py, cinder/exception.py, neutron_lib/exceptions. */
const missing = {
  server: ["itemNotFound", "Instance %s could not be found."],
  volume: ["itemNotFound", "Volume %s could not be found."],
  snapshot: ["itemNotFound", "Snapshot %s could not be found."],
  image: ["", "No image found with ID %s"],
  port: ["PortNotFound", "Port %s could not be found."],
  group: ["SecurityGroupNotFound", "Security group %s does not exist"],
  floatingIp: ["FloatingIPNotFound", "Floating IP %s could not be found"],
} as const;

export function get<T extends Thing>(
  things: ReadonlyMap<string, T>,
  kind: keyof typeof missing,
  id: string,
): T {
  const found = things.get(id);
  if (found !== undefined) return found;
  const [word, message] = missing[kind];
  throw new Refusal(404, word, message.replace("%s", id));
}
