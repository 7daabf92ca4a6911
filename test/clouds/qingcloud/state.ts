/** What the fake account holds. Times are milliseconds of the fake's clock. */
import { randomBytes } from "node:crypto";
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
  readonly eipMs: number;
  readonly applyMs: number;
  readonly deleteMs: number;
  /** Until then what was made can't be deleted. */
  readonly leaseMs: number;
}

export interface Quotas {
  readonly volumes: number;
  readonly instances: number;
  readonly eips: number;
  readonly snapshots: number;
}

export interface Thing {
  readonly id: string;
  name: string;
  readonly madeAt: number;
  readonly createdAt: string;
}

/** What changes by itself: after `changesAt` it has `next`'s state. */
export interface Changing {
  status: string;
  transition: string;
  changesAt: number;
  next?: string;
}

export interface Volume extends Thing, Changing {
  sizeGiB: number;
  readonly type: number;
  description: string | null;
  instanceId?: string;
  /** Order in which it was hung on. */
  attachedAt: number;
}

export interface Snapshot extends Thing, Changing {
  readonly volumeId: string;
  readonly volumeType: number;
  readonly sizeGiB: number;
  /** Itself, for a full one. */
  readonly rootId: string;
  /** What it holds is kept no more. */
  bytesGone: boolean;
}

export interface Image extends Thing, Changing {
  readonly provider: "system" | "self";
  readonly platform: "linux" | "windows";
  readonly osFamily: string;
  readonly processor: "64bit" | "32bit";
  readonly sizeGiB: number;
  readonly snapshotId?: string;
}

export interface Instance extends Thing, Changing {
  readonly imageId: string;
  readonly type: string;
  readonly hostClass: number;
  readonly osDiskGiB: number;
  readonly vxnetId: string;
  readonly privateAddress: string;
  readonly login: "passwd" | "keypair";
  readonly userData:
    | { readonly type: string; readonly text: string; readonly file: string }
    | undefined;
  /** What runs on it: nothing of ours while it boots another's image. */
  readonly runs: "nothing" | "gateway" | "server" | "hyperdoor";
  groupId: string;
  /** Of its firewall, as they were when that was applied. */
  rules: readonly string[];
  /** The firewall that is being applied. */
  applying?: { readonly groupId: string; readonly at: number };
}

export interface Eip extends Thing, Changing {
  readonly address: string;
  readonly mbps: number;
  readonly billingMode: string;
  instanceId?: string;
}

export interface Group extends Thing {
  readonly description?: string;
  /** By the rule's id: `tcp 22 22 10.0.0.0/8`. */
  readonly rules: Map<string, string>;
  isApplied: boolean;
}

export interface Vxnet extends Thing {
  /** Within its VPC's; in no VPC without. */
  readonly block?: string;
  /** Unless it is in the usual one. */
  readonly vpcId?: string;
  /** A border router that manages it. */
  readonly borderId?: string;
}

export interface Job extends Thing {
  readonly action: string;
  readonly resourceIds: readonly string[];
  readonly overAt: number;
  readonly fails: boolean;
}

export const defaultGroupId = "sg-default0";
/** As somebody uploaded it. */
export const hyperDoorImageId = "img-hyperdoor";

const since = { madeAt: Number.NEGATIVE_INFINITY, createdAt: "2026-10-01T00:00:00Z" };

/** Source: QingCloud API, DescribeSecurityGroups, the example. */
const defaultGroup: Group = {
  ...{ id: defaultGroupId, name: "default security group", ...since },
  ...{ rules: new Map(), isApplied: true },
};

/** One hangs on no VPC's router. */
const initialVxnets = [
  { id: "vxnet-ytuyg2q", name: "test", block: "192.168.100.0/24", ...since },
  { id: "vxnet-0ffice1", name: "office", block: "192.168.101.0/24", ...since },
  { id: "vxnet-unmana9", name: "alone", ...since },
] as const;

export class Account {
  readonly volumes = new Map<string, Volume>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly images = new Map<string, Image>();
  readonly instances = new Map<string, Instance>();
  readonly eips = new Map<string, Eip>();
  readonly groups = new Map<string, Group>();
  readonly jobs = new Map<string, Job>();
  readonly vxnets = new Map<string, Vxnet>();
  /** Types that no host has room for. */
  readonly soldOut = new Set<string>();
  /** Actions a sub-account may not call. */
  readonly denied = new Set<string>();
  /** Actions that are asked too often, and how many times yet. */
  readonly throttled = new Map<string, number>();
  /** Actions whose next jobs fail. */
  readonly failing = new Set<string>();
  isUnpaid = false;
  /** Of networks; the page of DescribeVxnets has only their router. */
  tellsVpc = true;
  /** Why no image is made of a volume's snapshot. */
  imagesRefused: string | undefined;
  /** Of a system disk. Source: RunInstances, `os_disk_size`, Linux. */
  mostSystemGiB = 100;
  readonly zone = "pek3a";
  readonly vxnetId = initialVxnets[0].id;
  readonly machines: Machines | undefined;
  readonly guests: Guests;
  readonly doors: HyperDoors | undefined;
  readonly delays: Delays;
  readonly quotas: Quotas;

  constructor(options: {
    machines: Machines | undefined;
    guests: Guests;
    doors: HyperDoors | undefined;
    delays: Delays;
    quotas: Quotas;
  }) {
    this.machines = options.machines;
    this.guests = options.guests;
    this.doors = options.doors;
    this.delays = options.delays;
    this.quotas = options.quotas;
    for (const image of initialImages) this.images.set(image.id, image);
    for (const vxnet of initialVxnets) this.vxnets.set(vxnet.id, vxnet);
  }

  /** With the default one, which every account has. */
  get allGroups(): ReadonlyMap<string, Group> {
    return new Map([[defaultGroup.id, defaultGroup], ...this.groups]);
  }

  now(): number {
    return performance.now();
  }

  newThing(prefix: string, name: string): Thing {
    const id = `${prefix}-${randomBytes(4).toString("hex")}`;
    const createdAt = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    return { id, name, madeAt: this.now(), createdAt };
  }

  /** All of 127/8 is this machine on Linux, so that a guest answers at an address of its own. */
  newPrivateAddress(): string {
    const [a = 0, b = 0, c = 0] = randomBytes(3);
    return `127.${40 + (a % 60)}.${b}.${1 + (c % 254)}`;
  }

  /** @returns the job's id, as every answer to an order has it */
  newJob(action: string, resourceIds: readonly string[], takesMs: number): string {
    const thing = this.newThing("j", "");
    const fails = this.failing.delete(action);
    this.jobs.set(thing.id, { ...thing, action, resourceIds, overAt: this.now() + takesMs, fails });
    return thing.id;
  }

  fails(jobId: string): boolean {
    return this.jobs.get(jobId)?.fails ?? false;
  }

  /** Source: QingCloud API, TerminateInstances; the words are in yunify/qingcloud-csi, `errors_test.go`. */
  refuseWithoutLease({ id, madeAt }: Thing): void {
    if (this.now() - madeAt >= this.delays.leaseMs) return;
    throw new Refusal(
      1400,
      `PermissionDenied, resource [${id}] lease info not ready yet, please try later`,
    );
  }

  /** From now on, and then. */
  change(thing: Changing, transition: string, next: string, afterMs: number): void {
    thing.transition = transition;
    thing.next = next;
    thing.changesAt = this.now() + afterMs;
  }
}

const gone = new Set(["deleted", "ceased", "terminated", "released"]);
export const isGone = ({ status }: Changing): boolean => gone.has(status);

/** What is deleted is still shown, and can be named, but nothing can be done with it. */
export function get<T extends Thing>(things: ReadonlyMap<string, T>, id: string): T {
  const found = things.get(id);
  if (found === undefined || ("status" in found && gone.has(String(found.status)))) {
    throw new Refusal(2100, `ResourceNotFound, resource [${id}] not found`);
  }
  return found;
}

/** Source: yunify/qingcloud-csi, `errors_test.go`, "is [creating], please try later". */
export function refuseBusy({ id, transition }: Thing & Changing): void {
  if (transition === "") return;
  throw new Refusal(
    1400,
    `PermissionDenied, resource [${id}] is [${transition}], please try later`,
  );
}

/** As the platform lists them, among ones no gateway can start from. */
const initialImages: Image[] = [
  systemImage("centos75x64b", "CentOS 7.5 64bit", "centos", "2018-09-01"),
  systemImage("bookworm1x64a", "Debian 12.4 64bit", "debian", "2024-03-01"),
  systemImage("bookworm2x64a", "Debian 12.9 64bit", "debian", "2025-04-01"),
  systemImage("jammyx64c", "Ubuntu Server 22.04.3 LTS 64bit", "ubuntu", "2024-01-10"),
  systemImage("fortix64a", "FortiGate 7 64bit", "linux", "2026-01-10"),
  {
    ...systemImage("win2019stdx64", "Windows Server 2019 64bit", "windows", "2023-05-01"),
    platform: "windows",
    sizeGiB: 50,
  },
  {
    ...systemImage("trustyx32a", "Ubuntu 14.04 32bit", "ubuntu", "2014-05-01"),
    processor: "32bit",
  },
  {
    ...systemImage(hyperDoorImageId, "HyperDoor", "linux", "2026-10-01"),
    provider: "self",
    sizeGiB: 20,
  },
];

function systemImage(id: string, name: string, osFamily: string, day: string): Image {
  return {
    ...{ id, name, osFamily, provider: "system", platform: "linux", processor: "64bit" },
    ...{ sizeGiB: 20, madeAt: Number.NEGATIVE_INFINITY, createdAt: `${day}T00:00:00Z` },
    ...{ status: "available", transition: "", changesAt: Number.POSITIVE_INFINITY },
  };
}
