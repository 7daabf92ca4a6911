/** What the fake account holds. Times are milliseconds of the fake's clock. */
import { randomUUID } from "node:crypto";
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
  readonly deleteMs: number;
  readonly snapshotMs: number;
  readonly addressMs: number;
  /** A list does not show what was just made. */
  readonly shownAfterMs: number;
}

export interface Quotas {
  readonly volumes: number;
  readonly addresses: number;
  readonly instances: number;
}

export interface Thing {
  readonly id: string;
  readonly name: string;
  readonly madeAt: number;
  readonly tags: Map<string, string>;
}

export interface Volume extends Thing {
  readonly sizeGiB: number;
  readonly type: string;
  readonly category: "system" | "data";
  readonly chargeType: string;
  /** Has no bytes: the system disk of an image that nobody of ours looks into. */
  readonly isBlank: boolean;
  description: string;
  status:
    | "creating"
    | "available"
    | "attaching"
    | "in-use"
    | "detaching"
    | "deleting"
    | "recycling";
  changesAt: number;
  instanceId?: string;
  deleteWithInstance: boolean;
  /** Order in which it was hung on. */
  attachedAt: number;
}

export interface Snapshot extends Thing {
  readonly volumeId: string;
  readonly sizeGiB: number;
  readonly readyAt: number;
  status: "creating" | "deleting";
  changesAt: number;
}

export interface Image {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly isPublic: boolean;
  readonly sizeGiB: number;
  readonly bootMode?: "BIOS" | "UEFI";
  readonly cloudInit: boolean;
}

export interface Instance extends Thing {
  readonly imageId: string;
  readonly type: string;
  readonly chargeType: string;
  readonly subnetId: string;
  readonly zone: string;
  readonly privateAddress: string;
  readonly interfaceId: string;
  readonly userData: string;
  readonly login: "password" | "key" | "image";
  groupIds: readonly string[];
  state: "scheduling" | "active" | "stopping" | "stopped" | "deleting";
  changesAt: number;
  /** What runs on it: nothing of ours while it boots a public image. */
  runs: "bare" | "gateway" | "hyperDoor" | "server";
}

export interface Address {
  readonly id: string;
  readonly publicIp: string;
  readonly mbps: number;
  readonly chargeType: string;
  readonly lineId: string;
  /** When it is bound, or off. */
  changesAt: number;
  state: "binding" | "associate" | "unbinding" | "disassociate";
  instanceId?: string;
}

/** Source: terraform-provider-ksyun, ksyun_subnet, for its types. */
export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly type: "Normal" | "Reserve" | "Physical";
  readonly vpcId: string;
  readonly zone: string;
}

export interface Group extends Thing {
  readonly vpcId: string;
  readonly description: string;
  readonly entries: Map<string, Entry>;
}

export interface Entry {
  readonly direction: string;
  readonly protocol: string;
  readonly from: string;
  readonly ports: readonly [from: number, to: number] | undefined;
}

export class Account {
  readonly volumes = new Map<string, Volume>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly images = new Map<string, Image>();
  readonly instances = new Map<string, Instance>();
  readonly addresses = new Map<string, Address>();
  readonly groups = new Map<string, Group>();
  /** Instance types none of whose volumes are in stock in our zone, and single kinds of volumes, as `type SSD3.0`. */
  readonly soldOut = new Set<string>();
  /** IAM: what the caller may not do. */
  readonly denied = new Set<string>();
  /** Actions that the account can't pay for. */
  readonly unpaid = new Set<string>();
  /** Whether an instance is deleted only when it is made; Nova, which the states are of, knows no such rule. */
  keepsUnmade = false;
  /** What an hour costs, made up; the account pays the discounted part of it. */
  readonly tariff = {
    vcpu: 0.1,
    memoryGiB: 0.05,
    diskGiB: {
      ...{ "SSD3.0": 0.001, EHDD: 0.0004 },
      ...{ ESSD_PL0: 0.0008, ESSD_PL1: 0.002, ESSD_PL2: 0.004, ESSD_PL3: 0.008 },
      ...{ ESSD_SYSTEM_PL0: 0.0008, ESSD_SYSTEM_PL1: 0.002, ESSD_SYSTEM_PL2: 0.004 },
    },
    discount: 0.8,
    /** How both services write the unit of a price is documented nowhere. */
    unit: "CNY",
  };
  readonly region = "cn-beijing-6";
  readonly zone = "cn-beijing-6a";
  readonly otherZone = "cn-beijing-6b";
  readonly vpcId = "6f8b1b0a-2d3c-4a5e-9f10-1a2b3c4d5e6f";
  readonly subnetId = "9fd83a5e-33cf-4196-b8df-59fc57478488";
  /** In the other zone. */
  readonly otherSubnetId = "9fd83a5e-33cf-4196-b8df-59fc57478490";
  /** Of a load balancer's kind. */
  readonly reservedSubnetId = "9fd83a5e-33cf-4196-b8df-59fc57478489";
  readonly subnets: Subnet[] = [
    { id: this.subnetId, name: "servers", type: "Normal", vpcId: this.vpcId, zone: this.zone },
    {
      ...{ id: this.otherSubnetId, name: "elsewhere", type: "Normal" },
      ...{ vpcId: this.vpcId, zone: this.otherZone },
    },
    {
      ...{ id: this.reservedSubnetId, name: "balancers", type: "Reserve" },
      ...{ vpcId: this.vpcId, zone: this.zone },
    },
  ];
  readonly lines = [
    { id: "5fc2595f-1bfd-481b-bf64-2d08f116d800", name: "China Telecom", type: "CTCC" },
    { id: "5fc2595f-1bfd-481b-bf64-2d08f116d801", name: "BGP", type: "BGP" },
  ];

  readonly machines: Machines | undefined;
  readonly guests: Guests;
  readonly doors: HyperDoors | undefined;
  readonly delays: Delays;
  readonly quotas: Quotas;
  readonly now: () => number;
  private addressesGiven = 0;

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
    for (const image of initialImages) this.images.set(image.id, image);
  }

  newThing(name: string, tags: Map<string, string> = new Map()): Thing {
    return { id: randomUUID(), name, madeAt: this.now(), tags };
  }

  /** All of 127/8 is this machine on Linux, so that launched servers are reached by what the cloud calls private. */
  newPrivateAddress(): string {
    this.addressesGiven += 1;
    const n = this.addressesGiven;
    return `127.${128 + (process.pid % 64)}.${Math.floor(n / 250)}.${1 + (n % 250)}`;
  }

  isShown(thing: Thing): boolean {
    return this.now() - thing.madeAt >= this.delays.shownAfterMs;
  }
}

/** Of EBS, VPC and EIP: nobody has written down their codes. KEC's own are refused in instances.ts. */
export function get<T>(things: ReadonlyMap<string, T>, kind: string, id: string): T {
  const found = things.get(id);
  if (found !== undefined) return found;
  throw new Refusal(404, `${kind}NotFound`, `${kind} ${id} not exist`);
}

/** Names as the console shows them; the standalone edition's and HyperDoor's as somebody imported them. */
const initialImages: readonly Image[] = [
  publicImage("11111111-0000-4000-8000-000000000001", "CentOS-7.5 64位"),
  publicImage("11111111-0000-4000-8000-000000000002", "Debian-12.5 64位"),
  publicImage("11111111-0000-4000-8000-000000000003", "Debian-12.8 64位"),
  publicImage("11111111-0000-4000-8000-000000000004", "Ubuntu-24.04 64位"),
  { ...publicImage("11111111-0000-4000-8000-000000000005", "Debian-12.9 64位"), cloudInit: false },
  ownImage("22222222-0000-4000-8000-000000000001", "HM_IMG_20260131.qcow2"),
  ownImage("22222222-0000-4000-8000-000000000002", "HM_IMG_20261001.qcow2"),
  { ...ownImage("33333333-0000-4000-8000-000000000001", "HyperDoor_20261001"), bootMode: "BIOS" },
  { ...ownImage("33333333-0000-4000-8000-000000000002", "HyperDoor_UEFI"), bootMode: "UEFI" },
];

export const hyperDoorImage = "33333333-0000-4000-8000-000000000001";
export const uefiHyperDoorImage = "33333333-0000-4000-8000-000000000002";

function publicImage(id: string, name: string): Image {
  return {
    ...{ id, name, createdAt: "2026-01-10T08:00:00Z" },
    ...{ isPublic: true, sizeGiB: 20, cloudInit: true },
  };
}

function ownImage(id: string, name: string): Image {
  return { ...publicImage(id, name), isPublic: false };
}
