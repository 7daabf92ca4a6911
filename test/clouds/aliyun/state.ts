/** What the fake account holds. Times are milliseconds of the fake's clock. */
import { randomBytes } from "node:crypto";
import type { HyperDoors } from "../hyperdoor.ts";
import type { Machines } from "../machines.ts";
import type { Parameters } from "../parameters.ts";
import { Refusal } from "./rpc.ts";

/** How long things take; the real ones are hundreds of times longer. */
export interface Delays {
  readonly createMs: number;
  readonly attachMs: number;
  readonly bootMs: number;
  readonly stopMs: number;
  readonly snapshotMs: number;
  readonly imageMs: number;
  readonly eipMs: number;
  /** A list does not show what was just made. */
  readonly shownAfterMs: number;
}

export interface Quotas {
  readonly disks: number;
  readonly eips: number;
  readonly vcpus: number;
  /** Of each disk. */
  readonly snapshots: number;
}

export interface Thing {
  readonly id: string;
  readonly name: string;
  readonly madeAt: number;
  readonly tags: Map<string, string>;
}

export interface Disk extends Thing {
  readonly sizeGiB: number;
  readonly category: string;
  readonly type: "system" | "data";
  readonly snapshotId?: string;
  /** Has no bytes: the system disk of a public image. */
  readonly isPublic: boolean;
  state: "Creating" | "Available" | "Attaching" | "In_use" | "Detaching";
  /** When the present state ends by itself. */
  changesAt: number;
  instanceId?: string;
  endsWithInstance: boolean;
  /** Order in which it was hung on. */
  attachedAt: number;
  everAttached: boolean;
}

export interface Snapshot extends Thing {
  readonly diskId: string;
  readonly diskType: Disk["type"];
  readonly sizeGiB: number;
  readonly readyAt: number;
}

export interface Image extends Thing {
  readonly owner: "system" | "self" | "others";
  readonly createdAt: string;
  readonly sizeGiB: number;
  readonly bootMode: string;
  readonly snapshotId?: string;
  readonly readyAt: number;
}

export interface Instance extends Thing {
  readonly imageId: string;
  readonly type: string;
  readonly chargeType: string;
  readonly vSwitchId: string;
  readonly hostName: string;
  readonly privateAddress: string;
  readonly password: string;
  readonly userData: string;
  groupIds: readonly string[];
  state: "Pending" | "Starting" | "Running" | "Stopping" | "Stopped" | "Releasing";
  changesAt: number;
  /** What comes after Pending. */
  readonly startsItself: boolean;
  stoppedMode?: string;
  /** What runs on it: nothing of ours while it boots a public image. */
  runs: "bare" | "gateway" | "server" | "hyperdoor";
}

export interface Eip extends Thing {
  readonly address: string;
  readonly bandwidth: number;
  state: "Available" | "Associating" | "InUse" | "Unassociating";
  changesAt: number;
  instanceId?: string;
}

export interface Group extends Thing {
  /** Empty in the classic network. */
  readonly vpcId: string;
  readonly description: string;
  readonly type: string;
  /** By a product of the platform's own. */
  readonly isManaged: boolean;
  readonly rules: Set<string>;
}

export interface VSwitch {
  readonly id: string;
  /** May be empty. */
  readonly name: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly cidr: string;
  /** Addresses. */
  readonly free: number;
}

/** As somebody imported it. */
export const hyperDoorImageId = "m-bp1imported0hyperdoor";

export class Account {
  readonly disks = new Map<string, Disk>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly images = new Map<string, Image>();
  readonly instances = new Map<string, Instance>();
  readonly eips = new Map<string, Eip>();
  readonly groups = new Map<string, Group>();
  /** Client tokens, by action; remembered after the thing is gone. */
  readonly tokens = new Map<string, { fingerprint: string; id: string }>();
  /** Types that are sold out in our zone. */
  readonly soldOut = new Set<string>();
  /** RAM: what the caller may not do. */
  readonly denied = new Set<string>();
  /** Actions that the account can't pay for. */
  readonly unpaid = new Set<string>();
  /** Whether the account is on the list of those who may. */
  imagesOfDataDisks = true;
  readonly accountId = "1234567890123456";
  readonly region = "cn-hangzhou";
  readonly zone = "cn-hangzhou-h";
  readonly vpcId = "vpc-bp1aevy8sofi8mh1qc5cm";
  readonly vSwitchId = "vsw-bp1s5fnvk4gn2tws03624";
  readonly vSwitches: VSwitch[] = [
    {
      ...{ id: this.vSwitchId, name: "servers", vpcId: this.vpcId, zone: this.zone },
      ...{ cidr: "10.0.0.0/17", free: 4000 },
    },
    {
      ...{ id: "vsw-bp1elsewhere0elsewhere", name: "", vpcId: this.vpcId, zone: "cn-hangzhou-b" },
      ...{ cidr: "10.0.128.0/17", free: 12 },
    },
  ];
  /** By the hour. */
  readonly tariff: { vcpu: number; memoryGiB: number; diskGiB: Record<string, number> } = {
    ...{ vcpu: 0.15, memoryGiB: 0.06 },
    diskGiB: {
      cloud_efficiency: 0.0005,
      cloud_ssd: 0.001,
      "cloud_essd PL0": 0.0007,
      "cloud_essd PL1": 0.0014,
      "cloud_essd PL2": 0.0028,
      "cloud_essd PL3": 0.0056,
      cloud_auto: 0.0014,
    },
  };
  /** Of the Chinese site. */
  currency = "CNY";

  readonly machines: Machines | undefined;
  readonly doors: HyperDoors | undefined;
  readonly delays: Delays;
  readonly quotas: Quotas;
  readonly now: () => number;

  constructor(options: {
    machines: Machines | undefined;
    doors: HyperDoors | undefined;
    delays: Delays;
    quotas: Quotas;
    now: () => number;
  }) {
    this.machines = options.machines;
    this.doors = options.doors;
    this.delays = options.delays;
    this.quotas = options.quotas;
    this.now = options.now;
    for (const image of initialImages) this.images.set(image.id, image);
  }

  /** Ids have 20 letters and digits behind the prefix; a disk's are its serial number. */
  newThing(prefix: string, name: string, tags: Map<string, string>): Thing {
    const id = `${prefix}-bp1${randomBytes(9).toString("hex").slice(0, 17)}`;
    return { id, name, madeAt: this.now(), tags };
  }

  newPrivateAddress(): string {
    return `10.0.${Math.floor(this.instances.size / 200)}.${10 + (this.instances.size % 200)}`;
  }

  isShown(thing: Thing): boolean {
    return this.now() - thing.madeAt >= this.delays.shownAfterMs;
  }

  /** Same token, same request: the first answer; same token, another request: refused. */
  earlier(action: string, parameters: Parameters): string | undefined {
    const token = parameters.find("ClientToken");
    const found = token === undefined ? undefined : this.tokens.get(`${action} ${token}`);
    if (found === undefined || found.fingerprint === parameters.fingerprint()) return found?.id;
    throw new Refusal(
      403,
      "IdempotentParameterMismatch",
      "The specified clientToken is used by another request.",
    );
  }

  remember(action: string, parameters: Parameters, id: string): void {
    const token = parameters.find("ClientToken");
    if (token === undefined) return;
    this.tokens.set(`${action} ${token}`, { fingerprint: parameters.fingerprint(), id });
  }
}

export function get<T>(things: ReadonlyMap<string, T>, kind: string, id: string): T {
  const found = things.get(id);
  if (found !== undefined) return found;
  throw new Refusal(404, `Invalid${kind}.NotFound`, `The specified ${kind} does not exist.`);
}

/** Public ones as the platform lists them; dates and sizes are in their names. */
const initialImages: Image[] = [
  publicImage("debian_12_8_x64_20G_alibase_20241118.vhd", "BIOS"),
  publicImage("debian_12_11_x64_20G_alibase_20260601.vhd", "BIOS"),
  publicImage("ubuntu_24_04_x64_20G_alibase_20260715.vhd", "UEFI-Preferred"),
  publicImage("centos_7_5_x64_20G_alibase_20200609.vhd", "BIOS"),
  importedImage("m-bp1imported0older0000", "HM_IMG_20260131.qcow2"),
  importedImage("m-bp1imported0newer0000", "HM_IMG_20261001.qcow2"),
  importedImage(hyperDoorImageId, "hyperdoor.qcow2"),
];

/** The standalone edition's and HyperDoor, as somebody imported them. */
function importedImage(id: string, name: string): Image {
  return { ...publicImage(id, "BIOS"), name, owner: "self", createdAt: "2026-11-01T00:00:00Z" };
}

function publicImage(id: string, bootMode: string): Image {
  const date = /_(\d{4})(\d\d)(\d\d)\.vhd$/.exec(id)?.slice(1).join("-");
  return {
    id,
    name: id,
    owner: "system",
    createdAt: `${date}T00:00:00Z`,
    sizeGiB: 20,
    bootMode,
    tags: new Map(),
    madeAt: Number.NEGATIVE_INFINITY,
    readyAt: Number.NEGATIVE_INFINITY,
  };
}
