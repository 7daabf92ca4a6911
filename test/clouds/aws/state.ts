/** What the fake account holds. Times are milliseconds of the fake's clock. */
import { randomBytes } from "node:crypto";
import type { Machines } from "../machines.ts";
import { Refusal } from "./query.ts";

/** How long things take; the real ones are hundreds of times longer. */
export interface Delays {
  readonly createMs: number;
  readonly attachMs: number;
  readonly bootMs: number;
  readonly stopMs: number;
  readonly snapshotMs: number;
  /** Describe does not show what was just made. */
  readonly shownAfterMs: number;
  /** A terminated instance's interface still holds its security group. */
  readonly interfaceMs: number;
}

export interface Quotas {
  readonly volumes: number;
  readonly addresses: number;
  readonly vcpus: number;
}

export interface Thing {
  readonly id: string;
  readonly madeAt: number;
  readonly tags: Map<string, string>;
}

export interface Attachment {
  readonly instanceId: string;
  readonly device: string;
  readonly attachedAt: number;
  deleteOnTermination: boolean;
}

export interface Volume extends Thing {
  readonly sizeGiB: number;
  readonly type: string;
  readonly encrypted: boolean;
  readonly snapshotId?: string;
  /** Has no bytes: a root made from a public AMI. */
  readonly isPublicRoot: boolean;
  readonly readyAt: number;
  attachment?: Attachment;
}

export interface Snapshot extends Thing {
  readonly volumeId: string;
  readonly sizeGiB: number;
  readonly encrypted: boolean;
  readonly description: string;
  readonly readyAt: number;
}

export interface Image extends Thing {
  readonly name: string;
  readonly owner: string;
  readonly creationDate: string;
  readonly rootDevice: string;
  readonly bootMode?: string;
  readonly rootGiB: number;
  /** Of an image that was registered here. */
  readonly snapshotId?: string;
  readonly readyAt: number;
}

export interface Task extends Thing {
  readonly instanceId: string;
  readonly volumeId: string;
  readonly doneAt: number;
  readonly deleteReplaced: boolean;
  carriedOut: boolean;
}

export interface Instance extends Thing {
  readonly imageId: string;
  readonly type: string;
  readonly zone: string;
  readonly subnetId: string;
  readonly groupIds: readonly string[];
  readonly privateAddress: string;
  readonly rootDevice: string;
  readonly userData: string;
  state: "pending" | "running" | "stopping" | "stopped" | "shutting-down" | "terminated";
  /** When the present state ends by itself. */
  changesAt: number;
  terminatedAt?: number;
  /** What a shell has shown; a machine of ours shows its own. */
  shellConsole: string;
  /** What runs it: nothing while it is a shell. */
  runs: "shell" | "gateway" | "server";
}

export interface Address extends Thing {
  readonly publicIp: string;
  instanceId?: string;
  associationId?: string;
}

export interface Group extends Thing {
  readonly name: string;
  readonly vpcId: string;
  readonly rules: Set<string>;
}

export interface Subnet extends Thing {
  readonly vpcId: string;
  readonly zone: string;
  readonly cidrBlock: string;
  readonly freeAddresses: number;
}

export class Account {
  readonly volumes = new Map<string, Volume>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly images = new Map<string, Image>();
  readonly instances = new Map<string, Instance>();
  readonly addresses = new Map<string, Address>();
  readonly groups = new Map<string, Group>();
  readonly tasks = new Map<string, Task>();
  /** Client tokens, by action. */
  readonly tokens = new Map<string, { fingerprint: string; id: string }>();
  /** Types that are sold out in our zone. */
  readonly soldOut = new Set<string>();
  /** IAM: what the caller may not do. */
  readonly denied = new Set<string>();
  readonly accountId = "123456789012";
  readonly region = "eu-central-1";
  readonly zone = "eu-central-1a";
  readonly vpcId = "vpc-0a1b2c3d4e5f60718";
  /** Instances go into this one only. */
  readonly subnetId = "subnet-0a1b2c3d4e5f60718";
  readonly subnets: Subnet[] = [
    {
      ...wasThere(this.subnetId, { Name: "servers" }),
      ...{ vpcId: this.vpcId, zone: this.zone, cidrBlock: "10.0.0.0/17", freeAddresses: 4000 },
    },
    {
      ...wasThere("subnet-0b1b2c3d4e5f60718"),
      ...{ vpcId: this.vpcId, zone: "eu-central-1b" },
      ...{ cidrBlock: "10.0.128.0/17", freeAddresses: 32_763 },
    },
  ];
  /** Actions that are not there in this region. */
  readonly missingActions = new Set<string>();
  private addressesGiven = 0;

  readonly machines: Machines | undefined;
  readonly delays: Delays;
  readonly quotas: Quotas;
  readonly now: () => number;

  constructor(options: {
    machines: Machines | undefined;
    delays: Delays;
    quotas: Quotas;
    now: () => number;
  }) {
    this.machines = options.machines;
    this.delays = options.delays;
    this.quotas = options.quotas;
    this.now = options.now;
    for (const image of publicImages) this.images.set(image.id, image);
  }

  newThing(prefix: string, tags: Map<string, string>): Thing {
    return { id: `${prefix}-0${randomBytes(8).toString("hex")}`, madeAt: this.now(), tags };
  }

  newAddress(): string {
    this.addressesGiven += 1;
    // All of 127/8 is this machine on Linux, so that gateways are reached by what AWS calls public.
    return "127.0.0.1";
  }

  newPrivateAddress(): string {
    return `10.0.${Math.floor(this.instances.size / 200)}.${10 + (this.instances.size % 200)}`;
  }

  /** A thing that was just made is shown a little later. Source: EC2 API reference, "Eventual consistency". */
  isShown(thing: Thing): boolean {
    return this.now() - thing.madeAt >= this.delays.shownAfterMs;
  }
}

const amazonGroups: Record<string, string> = {
  volume: "InvalidVolume",
  snapshot: "InvalidSnapshot",
  image: "InvalidAMIID",
  instance: "InvalidInstanceID",
  address: "InvalidAllocationID",
  group: "InvalidGroup",
};

export function get<T>(things: ReadonlyMap<string, T>, kind: string, id: string): T {
  const found = things.get(id);
  if (found !== undefined) return found;
  throw new Refusal(`${amazonGroups[kind]}.NotFound`, `The ${kind} '${id}' does not exist`);
}

/** As AWS lists them; ids are made up. */
const publicImages: Image[] = [
  publicImage("ami-0deb1deb1deb1deb1", "136693071363", "debian-12-amd64-20260101-1", "legacy-bios"),
  publicImage("ami-0deb2deb2deb2deb2", "136693071363", "debian-12-amd64-20261001-2", "legacy-bios"),
  publicImage(
    "ami-0ab0ab0ab0ab0ab00",
    "099720109477",
    "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261001",
    "uefi-preferred",
  ),
];

function publicImage(id: string, owner: string, name: string, bootMode: string): Image {
  return {
    ...wasThere(id),
    owner,
    name,
    bootMode,
    creationDate: `${/\d{8}/.exec(name)?.[0].replace(/(\d{4})(\d\d)(\d\d)/, "$1-$2-$3")}T00:00:00.000Z`,
    rootDevice: owner === "136693071363" ? "/dev/xvda" : "/dev/sda1",
    rootGiB: 8,
    readyAt: Number.NEGATIVE_INFINITY,
  };
}

function wasThere(id: string, tags: Readonly<Record<string, string>> = {}): Thing {
  return { id, madeAt: Number.NEGATIVE_INFINITY, tags: new Map(Object.entries(tags)) };
}
