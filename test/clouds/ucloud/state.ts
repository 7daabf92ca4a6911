/** What the fake project holds. Times are milliseconds of the fake's clock. */
import { randomBytes } from "node:crypto";
import type { Guests } from "../guests.ts";
import type { HyperDoors } from "../hyperdoor.ts";
import type { Machines } from "../machines.ts";
import type { Parameters } from "../parameters.ts";
import { Refusal, unfit } from "./request.ts";

/** How long things take; the real ones are hundreds of times longer. */
export interface Delays {
  readonly createMs: number;
  readonly attachMs: number;
  readonly bootMs: number;
  readonly stopMs: number;
  readonly snapshotMs: number;
  readonly cloneMs: number;
  /** A list does not show what was just made. */
  readonly shownAfterMs: number;
}

export interface Quotas {
  readonly disks: number;
  readonly hosts: number;
  readonly eips: number;
  /** Of each disk. */
  readonly snapshots: number;
}

export interface Thing {
  readonly id: string;
  name: string;
  /** Business group, or a snapshot's comment. */
  readonly group: string;
  readonly madeAt: number;
}

export interface Disk extends Thing {
  readonly sizeGiB: number;
  /** As DescribeUDisk shows it with ProtocolVersion 1. */
  readonly type: string;
  readonly isBoot: boolean;
  readonly chargeType: string;
  readonly hasSnapshots: boolean;
  /** The boot disk of a public image has none. */
  readonly hasBytes: boolean;
  state: "Initializating" | "Cloning" | "Available" | "Attaching" | "InUse" | "Detaching";
  /** When the present state ends by itself. */
  changesAt: number;
  hostId?: string;
  /** `vdb` and on; of boot disks `vda`. */
  device?: string;
}

export interface Snapshot extends Thing {
  readonly diskId: string;
  readonly sizeGiB: number;
  readonly readyAt: number;
}

export interface Image {
  readonly id: string;
  readonly name: string;
  readonly type: "Base" | "Business" | "Custom";
  readonly features: readonly string[];
  readonly createdAt: number;
  readonly sizeGiB: number;
  state: "Available" | "Making" | "Unavailable";
  /** HyperDoor's: what starts from it copies its system disk. */
  readonly isHyperDoor: boolean;
}

export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly vpcId: string;
  readonly zone: string;
  /** Its first three figures. */
  readonly network: string;
  readonly netmask: string;
  readonly free: number;
}

export interface Host extends Thing {
  readonly subnetId: string;
  readonly imageId: string;
  readonly machine: string;
  readonly chargeType: string;
  readonly loginMode: string;
  readonly password: string;
  readonly userData: string;
  readonly autoDataDiskInit: string;
  readonly privateAddress: string;
  readonly firewallId: string;
  state: "Initializing" | "Starting" | "Running" | "Stopping" | "Stopped" | "Rebooting";
  changesAt: number;
  runs: "bare" | "gateway" | "hyperDoor" | "server";
}

export interface Eip extends Thing {
  readonly address: string;
  readonly bandwidth: number;
  readonly payMode: string;
  readonly chargeType: string;
  readonly line: string;
  hostId?: string;
}

export interface Firewall extends Thing {
  rules: readonly string[];
}

export const hyperDoorImageId = "uimage-hyperdoor1";

export class Project {
  readonly disks = new Map<string, Disk>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly images = new Map<string, Image>(initialImages.map((image) => [image.id, { ...image }]));
  readonly hosts = new Map<string, Host>();
  readonly eips = new Map<string, Eip>();
  readonly firewalls = new Map<string, Firewall>();
  /** Machine types that are sold out in our zone. */
  readonly soldOut = new Set<string>();
  /** IAM: what the caller may not do. */
  readonly denied = new Set<string>();
  /** Actions the account can't pay for, and the code that says so. */
  readonly unpaid = new Map<string, number>();
  /** How many calls of an action are answered that there were too many. */
  readonly throttled = new Map<string, number>();
  readonly region = "cn-bj2";
  readonly zone = "cn-bj2-05";
  readonly projectId = "org-fake1a";
  readonly vpcId = "uvnet-fake1a";
  readonly subnetId = "subnet-fake1a";
  readonly subnets: Subnet[] = [
    {
      ...{ id: this.subnetId, name: "fake", vpcId: this.vpcId, zone: this.zone },
      ...{ network: "127.78.0", netmask: "16", free: 65_523 },
    },
    {
      ...{ id: "subnet-fake2b", name: "small", vpcId: this.vpcId, zone: this.zone },
      ...{ network: "127.79.0", netmask: "24", free: 250 },
    },
  ];

  /** Yuan by the hour, before the account's discount of a tenth. */
  readonly tariff = {
    ...{ vcpu: 0.1, memoryGiB: 0.05, address: 0.1, mbps: 0.2, snapshotGiB: 0.0002 },
    /** On top for a host of AMD's. */
    amd: 0.5,
    diskGiB: { CLOUD_NORMAL: 0.0005, CLOUD_SSD: 0.001, CLOUD_ESSD: 0.0008, CLOUD_RSSD: 0.002 },
  };

  readonly machines: Machines | undefined;
  readonly guests: Guests;
  readonly doors: HyperDoors | undefined;
  readonly delays: Delays;
  readonly quotas: Quotas;
  readonly now: () => number;
  private addressesGiven = 10;

  constructor(
    options: Pick<Project, "machines" | "guests" | "doors" | "delays" | "quotas" | "now">,
  ) {
    this.machines = options.machines;
    this.guests = options.guests;
    this.doors = options.doors;
    this.delays = options.delays;
    this.quotas = options.quotas;
    this.now = options.now;
  }

  newThing(prefix: string, name: string, group: string): Thing {
    return {
      ...{ id: `${prefix}-${randomBytes(5).toString("hex")}`, name },
      ...{ group: group === "" ? "Default" : group, madeAt: this.now() },
    };
  }

  /** All of 127/8 is this machine on Linux, so that guests are reached by what the cloud calls private. */
  newPrivateAddress(): string {
    this.addressesGiven += 1;
    return `127.78.${this.addressesGiven >> 8}.${this.addressesGiven & 255}`;
  }

  isShown(thing: Thing): boolean {
    return this.now() - thing.madeAt >= this.delays.shownAfterMs;
  }
}

export type Action = (
  project: Project,
  parameters: Parameters,
) => Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>;

export function get<T>(things: ReadonlyMap<string, T>, retCode: number, id: string): T {
  const found = things.get(id);
  if (found !== undefined) return found;
  throw new Refusal(retCode, `resource [${id}] not found`);
}

/** 20 unless told, 100 at most. Source: DescribeUHostInstance, Offset and Limit. */
export function page<T>(things: readonly T[], parameters: Parameters): readonly T[] {
  const limit = parameters.number("Limit") ?? 20;
  if (limit > 100) throw unfit("Limit");
  const offset = parameters.number("Offset") ?? 0;
  return things.slice(offset, offset + limit);
}

export function requireZone({ zone }: Project, parameters: Parameters): void {
  if ((parameters.find("Zone") ?? zone) !== zone) throw new Refusal(293, "Zone Permission denied");
}

/** Seconds, as UCloud shows them. */
export const seconds = ({ madeAt }: Thing): number => Math.floor(1_700_000_000 + madeAt / 1000);

const initialImages: readonly Image[] = [
  image("uimage-centos75", "CentOS 7.5 64位", "Base", 1_540_000_000),
  image("uimage-debian120", "Debian 12.0 64位", "Base", 1_690_000_000),
  image("uimage-debian125", "Debian 12.5 64位", "Base", 1_720_000_000),
  image("uimage-ubuntu2204", "Ubuntu 22.04 64位", "Base", 1_700_000_000),
  image("uimage-arm", "Debian 12.6 64位 ARM", "Base", 1_730_000_000, ["CloudInit", "Aarch64_Type"]),
  // As somebody imported them.
  image("uimage-hmolder", "HM_IMG_20260131.qcow2", "Custom", 1_770_000_000, []),
  image("uimage-hmnewer", "HM_IMG_20261001.qcow2", "Custom", 1_790_000_000, []),
  { ...image(hyperDoorImageId, "HyperDoor", "Custom", 1_790_000_000, []), isHyperDoor: true },
  // So that there is more than one page.
  ...Array.from({ length: 110 }, (_, n) =>
    image(`uimage-old${n}`, `CentOS 6.${n % 10} 64位`, "Base", 1_500_000_000 + n, []),
  ),
];

function image(
  id: string,
  name: string,
  type: Image["type"],
  createdAt: number,
  features: readonly string[] = ["CloudInit", "NetEnhanced_Ultra", "RssdAttachable"],
): Image {
  return {
    ...{ id, name, type, features, createdAt, sizeGiB: 20 },
    ...{ state: "Available", isHyperDoor: false },
  };
}
