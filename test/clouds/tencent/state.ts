/** What the fake account holds. Times are milliseconds of the fake's clock. */
import { randomBytes } from "node:crypto";
import type { Guests } from "../guests.ts";
import type { HyperDoors } from "../hyperdoor.ts";
import type { Machines } from "../machines.ts";
import { Refusal } from "./request.ts";

/** How long things take; the real ones are hundreds of times longer. */
export interface Delays {
  readonly attachMs: number;
  readonly bootMs: number;
  readonly stopMs: number;
  readonly snapshotMs: number;
  readonly imageMs: number;
  readonly addressMs: number;
  /** Describe does not show what was just made. */
  readonly shownAfterMs: number;
  /** A terminated instance's interface still holds its security group. */
  readonly interfaceMs: number;
}

export interface Quotas {
  readonly disks: number;
  readonly instances: number;
  readonly addresses: number;
  readonly images: number;
  readonly snapshots: number;
}

/** What becomes of an order that nobody has tried on a real account (providers/tencent/README.md). */
export interface Habits {
  /** A data disk's snapshot that is ordered as a system disk's: is one, is refused, or stays a data disk's. */
  readonly systemSnapshots: "taken" | "refused" | "ignored";
  /** Instances end in two steps, by way of the recycle bin. Source: CVM API (international), TerminateInstances. */
  readonly recycles: boolean;
}

export interface Tag {
  Key: string;
  Value: string;
}

export interface Thing {
  readonly id: string;
  readonly madeAt: number;
  readonly tags: readonly Tag[];
}

export interface Disk extends Thing {
  readonly sizeGiB: number;
  readonly type: string;
  readonly usage: "SYSTEM_DISK" | "DATA_DISK";
  readonly encrypted: boolean;
  readonly name: string;
  readonly snapshotId?: string;
  /** Has no bytes: the system disk of an instance whose image was not made here. */
  readonly isForeign: boolean;
  state: "UNATTACHED" | "ATTACHING" | "ATTACHED" | "DETACHING" | "TORECYCLE";
  /** When the present state ends by itself. */
  changesAt: number;
  instanceId?: string;
  deleteWithInstance: boolean;
}

export interface Snapshot extends Thing {
  readonly diskId: string;
  readonly sizeGiB: number;
  readonly usage: Disk["usage"];
  readonly encrypted: boolean;
  readonly name: string;
  readonly readyAt: number;
}

export interface Image extends Thing {
  readonly name: string;
  readonly description: string;
  readonly osName: string;
  readonly platform: string;
  readonly createdTime: string;
  readonly isPublic: boolean;
  readonly architecture: string;
  readonly takesUserData: boolean;
  readonly sizeGiB: number;
  /** Of an image that was made here. */
  readonly snapshotId?: string;
  readonly readyAt: number;
}

export interface Instance extends Thing {
  readonly imageId: string;
  readonly type: string;
  readonly name: string;
  readonly subnetId: string;
  readonly groupIds: readonly string[];
  readonly privateAddress: string;
  /** Assigned with it; goes with it. */
  readonly assignedAddress?: string;
  readonly bandwidthMbps: number;
  readonly login: "password" | "key" | "image";
  readonly userData: string;
  readonly systemDiskId: string;
  state:
    | "PENDING"
    | "LAUNCH_FAILED"
    | "RUNNING"
    | "STOPPING"
    | "STOPPED"
    | "STARTING"
    | "REBOOTING"
    | "SHUTDOWN"
    | "TERMINATING";
  /** When the present state ends by itself. */
  changesAt: number;
  /** What runs on it: nothing where it is another's system. */
  readonly runs: "nothing" | "gateway" | "server" | "hyperdoor";
}

export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly cidr: string;
  readonly free: number;
  readonly tags: readonly Tag[];
}

export interface Address extends Thing {
  readonly ip: string;
  readonly name: string;
  state: "CREATING" | "UNBIND" | "BINDING" | "BIND" | "UNBINDING";
  changesAt: number;
  instanceId?: string;
}

export interface Group extends Thing {
  readonly name: string;
  readonly description: string;
  /** As `TCP 22 10.0.0.0/8`. */
  rules: readonly string[];
  /** Until when interfaces of ended instances hold it. */
  heldUntil: number;
}

/** As somebody imported it. */
export const hyperDoorImage = "img-hyprdoor";

export class Account {
  readonly disks = new Map<string, Disk>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly images = new Map<string, Image>();
  readonly instances = new Map<string, Instance>();
  readonly addresses = new Map<string, Address>();
  readonly groups = new Map<string, Group>();
  /** Client tokens, by action. */
  readonly tokens = new Map<string, { fingerprint: string; id: string }>();
  /** Instance and disk types that are sold out in our zone. */
  readonly soldOut = new Set<string>();
  /** CAM: what the caller may not do. */
  readonly denied = new Set<string>();
  /** How many of the next calls of an action are too many. */
  readonly throttled = new Map<string, number>();
  isUnpaid = false;
  /** How many of the next instances are never made, though their order is taken. */
  failingLaunches = 0;
  readonly uin = "100000000001";
  readonly region = "ap-guangzhou";
  readonly zone = "ap-guangzhou-6";
  readonly vpcId = "vpc-a1b2c3d4";
  readonly subnetId = "subnet-a1b2c3d4";
  readonly subnets: Subnet[] = [
    {
      ...{ id: this.subnetId, name: "servers", vpcId: this.vpcId, zone: this.zone },
      ...{ cidr: "127.77.0.0/16", free: 60_000, tags: [] },
    },
  ];
  /** Yuan by the hour. */
  readonly tariff: { vcpu: number; memoryGiB: number; diskGiB: Record<string, number> } = {
    ...{ vcpu: 0.12, memoryGiB: 0.06 },
    diskGiB: { CLOUD_PREMIUM: 0.0005, CLOUD_SSD: 0.001, CLOUD_HSSD: 0.0012 },
  };
  private addressesGiven = 0;

  readonly machines: Machines | undefined;
  readonly guests: Guests;
  readonly doors: HyperDoors | undefined;
  readonly delays: Delays;
  readonly quotas: Quotas;
  readonly habits: Habits;
  readonly now: () => number;

  constructor(
    options: Pick<
      Account,
      "machines" | "guests" | "doors" | "delays" | "quotas" | "habits" | "now"
    >,
  ) {
    this.machines = options.machines;
    this.guests = options.guests;
    this.doors = options.doors;
    this.delays = options.delays;
    this.quotas = options.quotas;
    this.habits = options.habits;
    this.now = options.now;
    for (const image of imagesThere) this.images.set(image.id, image);
  }

  newThing(prefix: string, tags: readonly Tag[] | undefined): Thing {
    return {
      id: `${prefix}-${randomBytes(4).toString("hex")}`,
      madeAt: this.now(),
      tags: checked(tags),
    };
  }

  /** All of 127/8 is this machine on Linux: launched servers are reached there, each at its own. */
  newPrivateAddress(): string {
    this.addressesGiven += 1;
    return `127.77.${this.addressesGiven >> 8}.${this.addressesGiven & 255}`;
  }

  /** What was just made is shown a little later. */
  isShown(thing: Thing): boolean {
    return this.now() - thing.madeAt >= this.delays.shownAfterMs;
  }
}

/** Source: Tag service, "Use limits". */
function checked(tags: readonly Tag[] = []): readonly Tag[] {
  for (const { Key, Value } of tags) {
    const allowed = /^[\p{L}\p{N} +\-=._:/@()[\]]*$/u;
    if (Key.length > 127 || !allowed.test(Key) || /^(qcs|project|项目)/i.test(Key)) {
      throw new Refusal("FailedOperation.IllegalTagKey", `The tag key \`${Key}\` is not valid.`);
    }
    if (Value.length > 255 || !allowed.test(Value)) {
      throw new Refusal(
        "FailedOperation.IllegalTagValue",
        `The tag value \`${Value}\` is not valid.`,
      );
    }
  }
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) {
    throw new Refusal("InvalidParameterValue.DuplicateTags", "A tag key is given twice.");
  }
  return tags;
}

/** Of each service that has things of the kind. Source: "Error codes" of CVM, CBS and VPC. */
export const notFound = {
  disk: "InvalidDiskId.NotFound",
  snapshot: "InvalidSnapshotId.NotFound",
  image: "InvalidImageId.NotFound",
  instance: "InvalidInstanceId.NotFound",
  address: "InvalidAddressId.NotFound",
  // VPC writes it with a large D, CVM with a small one.
  group: "InvalidSecurityGroupID.NotFound",
} as const;

export function get<T>(things: ReadonlyMap<string, T>, kind: keyof typeof notFound, id: string): T {
  const found = things.get(id);
  if (found !== undefined) return found;
  throw new Refusal(notFound[kind], `The ${kind} \`${id}\` does not exist.`);
}

/** Same token, same request: the first answer; same token, another request: refused, as VPC does. */
export function repeated(account: Account, action: string, request: Tokened): string | undefined {
  if (request.ClientToken === undefined) return undefined;
  if (request.ClientToken.length > 64) {
    throw new Refusal("InvalidClientToken.TooLong", "A client token has at most 64 characters.");
  }
  const earlier = account.tokens.get(`${action} ${request.ClientToken}`);
  if (earlier === undefined || earlier.fingerprint === JSON.stringify(request)) return earlier?.id;
  throw new Refusal(
    "UnsupportedOperation.IdempotentParameterMismatch",
    "The client token was used before with other parameters.",
  );
}

export function remember(account: Account, action: string, request: Tokened, id: string): void {
  if (request.ClientToken === undefined) return;
  const fingerprint = JSON.stringify(request);
  account.tokens.set(`${action} ${request.ClientToken}`, { fingerprint, id });
}

interface Tokened {
  ClientToken?: string;
}

/** What the account begins with: public images as Tencent lists them, some of no use to a gateway, and its own. */
const imagesThere: Image[] = [
  publicImage("img-deb00011", "Debian 11.1 64bit", "Debian", "2023-01-10"),
  publicImage("img-deb00012", "Debian 12.0 64bit", "Debian", "2024-03-01"),
  {
    ...publicImage("img-deb0arm2", "Debian 12.0 64bit", "Debian", "2025-01-01"),
    architecture: "arm",
  },
  {
    ...publicImage("img-deb0gpu2", "Debian 12.0 64bit", "Debian", "2025-06-01"),
    name: "Debian 12.0 64bit with GPU driver",
  },
  publicImage("img-cent0076", "CentOS 7.6 64bit", "CentOS", "2022-06-01"),
  publicImage("img-ubu00024", "Ubuntu Server 24.04 LTS 64bit", "Ubuntu", "2024-06-01"),
  {
    ...publicImage(hyperDoorImage, "Other Linux 64bit", "Other Linux", "2026-10-02"),
    ...{ name: "HyperDoor", isPublic: false, takesUserData: true },
  },
  ...["20260101", "20261001"].map((date) => ({
    ...publicImage(`img-${date}`, "Other Linux 64bit", "Other Linux", "2026-10-02"),
    ...{ name: `HM_IMG_${date}.qcow2`, isPublic: false, takesUserData: false },
  })),
];

function publicImage(id: string, osName: string, platform: string, date: string): Image {
  return {
    ...{ id, osName, platform, name: osName, description: osName },
    ...{ createdTime: `${date}T00:00:00Z`, isPublic: true, architecture: "x86_64" },
    ...{ takesUserData: true, sizeGiB: 20, tags: [] },
    ...{ madeAt: Number.NEGATIVE_INFINITY, readyAt: Number.NEGATIVE_INFINITY },
  };
}
