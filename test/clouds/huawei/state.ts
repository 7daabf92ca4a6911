/** What the fake project holds. Times are milliseconds of the fake's clock. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Guests } from "../guests.ts";
import type { HyperDoors } from "../hyperdoor.ts";
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
  /** What was just made is not shown. */
  readonly shownAfterMs: number;
  /** A deleted server's interface still holds its security group. */
  readonly interfaceMs: number;
}

export interface Quotas {
  readonly volumes: number;
  readonly addresses: number;
  readonly vcpus: number;
  readonly images: number;
}

export interface Thing {
  readonly id: string;
  readonly madeAt: number;
  readonly name: string;
  readonly tags: Map<string, string>;
}

export interface Attachment {
  readonly serverId: string;
  readonly device: string;
  deleteOnTermination: boolean;
}

export interface Volume extends Thing {
  readonly sizeGiB: number;
  readonly type: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Made of an image or of such a volume's snapshot: may be a system disk. */
  readonly bootable: boolean;
  /** Of the image it was made of: a server starts from it with the firmware that says. */
  readonly firmware?: "bios" | "uefi";
  readonly snapshotId?: string;
  /** Has no bytes: a system disk made of a public image with its server. */
  readonly isPublicRoot: boolean;
  status: "creating" | "available" | "attaching" | "in-use" | "detaching" | "deleting" | "error";
  attachment?: Attachment;
  /** When the present status ends by itself. */
  changesAt: number;
}

export interface Snapshot extends Thing {
  readonly volumeId: string;
  readonly sizeGiB: number;
  readonly type: string;
  readonly bootable: boolean;
  readonly firmware?: "bios" | "uefi";
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
  status: "creating" | "available" | "deleting";
  changesAt: number;
}

export interface Image extends Thing {
  readonly imageType: "gold" | "private";
  readonly createdAt: string;
  readonly firmware: "bios" | "uefi";
  readonly minDisk: number;
  /** Its bytes are kept under its own id. */
  readonly isOurs: boolean;
  readonly volumeId?: string;
  status: "queued" | "saving" | "active" | "killed";
  changesAt: number;
}

export interface Server extends Thing {
  readonly imageId: string;
  readonly flavor: string;
  readonly subnetId: string;
  readonly groupIds: readonly string[];
  readonly privateAddress: string;
  readonly portId: string;
  /** How it is paid for: 0 for what is used. */
  readonly chargingMode: number;
  readonly keyName?: string;
  status: "BUILD" | "ACTIVE" | "SHUTOFF" | "ERROR";
  task: "" | "powering-off" | "powering-on" | "deleting";
  /** When the present status or task ends by itself. */
  changesAt: number;
  deletesVolumes: boolean;
  readonly userData: string;
  /** What runs it: nothing while it is a shell. */
  runs: "shell" | "gateway" | "guest" | "hyperdoor";
}

export interface Address extends Thing {
  readonly publicIp: string;
  readonly bandwidthName: string;
  readonly kind: string;
  readonly bandwidth: {
    readonly size: number;
    readonly shared: boolean;
    readonly billedBy: string;
  };
  readonly readyAt: number;
  portId?: string;
}

export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly cidr: string;
  /** May be empty. */
  readonly zone: string;
  readonly vpcId: string;
  /** The one zone that it is for. */
  readonly onlyZone?: string;
  readonly freeAddresses: number;
}

export interface Group extends Thing {
  readonly description: string;
  readonly rules: Set<string>;
}

export interface Job {
  readonly id: string;
  readonly service: "ecs" | "evs" | "ims";
  readonly type: string;
  readonly doneAt: number;
  /** When it ends, by the calendar. */
  readonly endsAt: Date;
  readonly entities: Readonly<Record<string, string>>;
  /** Why it fails when its time comes. */
  readonly failure?: { readonly code: string; readonly reason: string };
}

/** Each hour, before discounts. */
const tariff = { vcpu: 0.12, memoryGiB: 0.06, diskGiB: { SAS: 0.0005, SSD: 0.0014 } } as const;

/** What the account is billed by. */
export interface Billing {
  site: "bss" | "bssintl";
  /** What an answer names, where it does. */
  currency: string | undefined;
  /** What is left to pay; absent where the key's user may not see discounts. */
  discount: number | undefined;
  readonly tariff: typeof tariff;
}

export class Project {
  readonly volumes = new Map<string, Volume>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly images = new Map<string, Image>();
  readonly servers = new Map<string, Server>();
  readonly addresses = new Map<string, Address>();
  readonly groups = new Map<string, Group>();
  readonly jobs = new Map<string, Job>();
  /** First answers by call and client token. */
  readonly tokens = new Map<string, { readonly body: string; readonly answer: object }>();
  /** Security group → until when an interface of a deleted server holds it. */
  readonly held = new Map<string, number>();
  /** Flavors that are sold out in our zone. */
  readonly soldOut = new Set<string>();
  /** So many calls more are refused for coming too fast. */
  throttled = 0;
  /** Calls the key's user may not make. */
  readonly denied = new Set<string>();
  /** Set, orders for images are refused with these words. */
  imagesRefused: string | undefined;
  readonly billing: Billing = { site: "bss", currency: "CNY", discount: 0.9, tariff };
  readonly region = "cn-north-4";
  readonly zone = "cn-north-4a";
  readonly projectId = randomBytes(16).toString("hex");
  /** The account's. */
  readonly domainId = randomBytes(16).toString("hex");
  readonly vpcId = randomUUID();
  readonly subnetId = randomUUID();
  readonly subnets: Subnet[] = [
    {
      ...{ id: this.subnetId, name: "subnet-default", cidr: "127.64.0.0/10" },
      ...{ zone: "", vpcId: this.vpcId, freeAddresses: 4_194_290 },
    },
    {
      ...{ id: randomUUID(), name: "subnet-dev", cidr: "10.1.0.0/24" },
      ...{ zone: "cn-north-4b", vpcId: randomUUID(), freeAddresses: 251 },
    },
  ];
  private addressesGiven = 0;

  readonly machines: Machines | undefined;
  readonly guests: Guests;
  readonly doors: HyperDoors | undefined;
  readonly delays: Delays;
  readonly quotas: Quotas;
  readonly now: () => number;

  constructor(options: {
    machines: Machines | undefined;
    guests: Guests;
    doors: HyperDoors | undefined;
    delays: Delays;
    quotas: Quotas;
    now: () => number;
  }) {
    this.machines = options.machines;
    this.guests = options.guests;
    this.doors = options.doors;
    this.delays = options.delays;
    this.quotas = options.quotas;
    this.now = options.now;
    for (const image of publicImages) this.images.set(image.id, { ...image });
  }

  vpcOf(subnetId: string): string {
    return this.subnets.find(({ id }) => id === subnetId)?.vpcId ?? "";
  }

  newThing(name: string, tags = new Map<string, string>()): Thing {
    return { id: randomUUID(), madeAt: this.now(), name, tags };
  }

  /** All of 127/8 is this machine on Linux, so that servers are reached by what the cloud calls private. */
  newPrivateAddress(): string {
    this.addressesGiven += 1;
    const [a = 1, b = 1] = randomBytes(2);
    return `127.${64 + (this.addressesGiven % 64)}.${a}.${1 + (b % 250)}`;
  }

  newJob(job: Omit<Job, "id" | "endsAt">): Job {
    const endsAt = new Date(Date.now() + job.doneAt - this.now());
    const made = { ...job, endsAt, id: randomBytes(16).toString("hex") };
    this.jobs.set(made.id, made);
    return made;
  }

  /** A thing that was just made is shown a little later. */
  isShown(thing: Thing): boolean {
    return this.now() - thing.madeAt >= this.delays.shownAfterMs;
  }
}

/** Codes of what is not there. Sources: error codes of ECS (Ecs.0114), EVS (EVS.5404), IMS (IMG.0027), VPC (VPC.0504). */
const absent = {
  server: [404, "Ecs.0114"],
  volume: [404, "EVS.5404"],
  snapshot: [404, "EVS.5404"],
  image: [404, "IMG.0027"],
  address: [404, "VPC.0504"],
  group: [404, "VPC.0602"],
} as const;

export function get<T extends Thing>(
  things: ReadonlyMap<string, T>,
  kind: keyof typeof absent,
  id: string,
): T {
  const found = things.get(id);
  if (found !== undefined) return found;
  const [status, code] = absent[kind];
  throw new Refusal(status, code, `${kind} [${id}] could not be found.`);
}

/** As the account imported it (S-12). */
export const hyperDoorImageId = randomUUID();

/** As IMS lists them; ids are made up. */
const publicImages: Image[] = [
  publicImage("Debian 12.0.0 64bit", "2026-01-10T00:00:00Z", "bios"),
  publicImage("Ubuntu 22.04 server 64bit", "2026-01-11T00:00:00Z", "bios"),
  publicImage("Ubuntu 22.04 server 64bit with UEFI", "2026-01-12T00:00:00Z", "uefi"),
  publicImage("CentOS 7.5 64bit", "2019-01-12T00:00:00Z", "bios"),
  // Imported by the account.
  { ...publicImage("HM_IMG_20260101", "2026-01-01T00:00:00Z", "bios"), imageType: "private" },
  {
    ...publicImage("HyperDoor", "2026-01-02T00:00:00Z", "bios"),
    ...{ id: hyperDoorImageId, imageType: "private" },
  },
];

function publicImage(name: string, createdAt: string, firmware: "bios" | "uefi"): Image {
  return {
    id: randomUUID(),
    madeAt: Number.NEGATIVE_INFINITY,
    name,
    tags: new Map(),
    imageType: "gold",
    createdAt,
    firmware,
    minDisk: 40,
    isOurs: false,
    status: "active",
    changesAt: Number.NEGATIVE_INFINITY,
  };
}
