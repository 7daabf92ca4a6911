/** What the fake subscription holds. Times are milliseconds of the fake's clock. */
import { randomUUID } from "node:crypto";
import type { Machines } from "../machines.ts";
import { locationsOf } from "./locations.ts";
import { Refusal } from "./refusal.ts";

/** How long things take; the real ones are hundreds of times longer. */
export interface Delays {
  readonly createMs: number;
  readonly attachMs: number;
  readonly bootMs: number;
  readonly stopMs: number;
  readonly snapshotMs: number;
  readonly deleteMs: number;
  /** A failed or deleted machine's interface is let go that much later. */
  readonly interfaceMs: number;
}

export interface Quotas {
  readonly disks: number;
  readonly addresses: number;
  readonly cores: number;
}

/** A resource, whose life ARM shows as its provisioning state. */
export interface Thing {
  readonly name: string;
  readonly location: string;
  tags: Record<string, string>;
  /** Creating, or being changed, until then. */
  busyUntil: number;
  isNew: boolean;
  deletedAt?: number;
  failure?: { code: string; message: string };
}

export interface Attachment {
  readonly machine: string;
  /** Undefined for a system disk. */
  readonly lun?: number;
  readonly deleteOption: string;
  readonly caching: string;
}

export interface Disk extends Thing {
  readonly type: string;
  readonly zone?: string;
  readonly sizeGiB: number;
  readonly osType?: string;
  readonly generation?: string;
  readonly createOption: string;
  readonly source?: string;
  /** Has no bytes: made from a marketplace image. */
  readonly isOfImage: boolean;
  attachment?: Attachment;
}

export interface Snapshot extends Thing {
  readonly source: string;
  readonly sizeGiB: number;
  readonly osType?: string;
  readonly generation?: string;
  readonly incremental: boolean;
  /** What it is called where its bytes are; disks and machines have their own names there. */
  readonly behind: string;
}

export interface Machine extends Thing {
  readonly size: string;
  readonly zone?: string;
  readonly interfaces: readonly { readonly name: string; readonly deleteOption: string }[];
  readonly generation: string;
  readonly hasDiagnostics: boolean;
  readonly customData: string;
  readonly adminUsername?: string;
  power: "starting" | "running" | "deallocating" | "deallocated";
  powerUntil: number;
  /** What runs it. */
  readonly runs: "gateway" | "server" | "image";
}

export interface Nic extends Thing {
  subnetId: string;
  privateAddress: string;
  isStatic: boolean;
  addressName?: string;
  addressDeleteOption?: string;
  groupName?: string;
  /** Azure keeps it for a machine that failed to be made. */
  machine?: string;
}

export interface Address extends Thing {
  readonly ip: string;
  readonly zone?: string;
}

export interface Group extends Thing {
  rules: readonly Record<string, unknown>[];
}

/** In US dollars, for Linux on demand. */
export interface Tariff {
  readonly vcpuHour: number;
  readonly gibHour: number;
  /** Of a disk that is as large as what is paid for. */
  readonly diskGibMonth: Readonly<Record<"Standard" | "StandardSSD" | "Premium", number>>;
  /** Times that, for a disk that is kept in all zones. */
  readonly zoneRedundant: number;
}

/** Of the network's resource group. */
export interface Network {
  readonly name: string;
  readonly location: string;
  readonly subnets: readonly { readonly name: string; readonly addressPrefix: string }[];
}

export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly addressPrefix: string;
}

export interface Operation {
  readonly id: string;
  readonly doneAt: number;
  readonly failure?: { code: string; message: string };
}

/** Names are compared without regard to case. Source: ARM docs, "Naming rules". */
export class Things<T extends Thing> {
  private readonly byName = new Map<string, T>();
  readonly type: string;

  constructor(type: string) {
    this.type = type;
  }

  find(name: string): T | undefined {
    return this.byName.get(name.toLowerCase());
  }

  get(name: string, resourceGroup: string): T {
    const found = this.find(name);
    if (found !== undefined) return found;
    throw new Refusal(
      404,
      "ResourceNotFound",
      `The Resource '${this.type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    );
  }

  put(thing: T): void {
    this.byName.set(thing.name.toLowerCase(), thing);
  }

  remove(name: string): void {
    this.byName.delete(name.toLowerCase());
  }

  all(): T[] {
    return [...this.byName.values()];
  }
}

export class Subscription {
  readonly disks = new Things<Disk>("Microsoft.Compute/disks");
  readonly snapshots = new Things<Snapshot>("Microsoft.Compute/snapshots");
  readonly machines = new Things<Machine>("Microsoft.Compute/virtualMachines");
  readonly interfaces = new Things<Nic>("Microsoft.Network/networkInterfaces");
  readonly addresses = new Things<Address>("Microsoft.Network/publicIPAddresses");
  readonly groups = new Things<Group>("Microsoft.Network/networkSecurityGroups");
  /** Ours, and one that is elsewhere. */
  readonly networks: Network[];
  readonly operations = new Map<string, Operation>();
  readonly id = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
  readonly resourceGroup = "hypermotion-rg";
  readonly networkGroup = "network-rg";
  readonly networkName = "vnet";
  readonly location: string;
  readonly subnetId: string;
  /** Sizes that are sold out: refused at once, or found out while the machine is made. */
  readonly soldOut = new Set<string>();
  readonly failsToAllocate = new Set<string>();
  /** Actions the caller may not do. */
  readonly denied = new Set<string>();
  /** Requests to be refused as too many, from now on. */
  throttled = 0;
  readonly tariff: Tariff = {
    vcpuHour: 0.04,
    gibHour: 0.005,
    diskGibMonth: { Standard: 0.05, StandardSSD: 0.075, Premium: 0.15 },
    zoneRedundant: 1.5,
  };
  /** Azure refuses to boot from a disk that is no copy made for it. */
  bootsCopiesOnly = false;
  readonly backing: Machines | undefined;
  readonly delays: Delays;
  readonly quotas: Quotas;
  readonly now: () => number;
  private addressesGiven = 0;

  constructor(options: {
    backing: Machines | undefined;
    delays: Delays;
    quotas: Quotas;
    now: () => number;
    location: string;
  }) {
    this.backing = options.backing;
    this.delays = options.delays;
    this.quotas = options.quotas;
    this.now = options.now;
    this.location = options.location;
    this.subnetId = `/subscriptions/${this.id}/resourceGroups/${this.networkGroup}/providers/Microsoft.Network/virtualNetworks/${this.networkName}/subnets/servers`;
    const [, elsewhere] = locationsOf(options.location);
    // One of them somebody else's.
    const subnets = [
      { name: "others", addressPrefix: "10.1.1.0/24" },
      { name: "servers", addressPrefix: "10.1.0.0/24" },
    ];
    this.networks = [
      { name: this.networkName, location: options.location, subnets },
      { name: "vnet-elsewhere", location: elsewhere?.name ?? "", subnets },
    ];
  }

  /** As ARM writes ids; Compute gives back the group in capitals. Source: azure-cli issue 5699 and many like it. */
  idOf(type: string, name: string, group = this.resourceGroup): string {
    return `/subscriptions/${this.id}/resourceGroups/${group}/providers/${type}/${name}`;
  }

  newThing(name: string, location: string, tags: unknown, forMs: number): Thing {
    if (location !== this.location) {
      throw new Refusal(
        400,
        "LocationNotAvailableForResourceType",
        `The provided location '${location}' is not available for this fake.`,
      );
    }
    return {
      name,
      location,
      tags: { ...Object(tags) },
      busyUntil: this.now() + forMs,
      isNew: true,
    };
  }

  /** What a call returns when its work goes on. */
  newOperation(forMs: number, failure?: { code: string; message: string }): Operation {
    const id = randomUUID();
    const operation = {
      id,
      doneAt: this.now() + forMs,
      ...(failure === undefined ? {} : { failure }),
    };
    this.operations.set(id, operation);
    return operation;
  }

  newPublicIp(): string {
    this.addressesGiven += 1;
    // All of 127/8 is this machine on Linux, so that gateways are reached by what Azure calls public.
    return "127.0.0.1";
  }

  networkId({ name }: Network): string {
    return this.idOf("Microsoft.Network/virtualNetworks", name, this.networkGroup);
  }

  /** One that an interface here can be in: of whichever network, but of no other location. */
  findSubnet(id: string): Subnet | undefined {
    return this.networks
      .filter(({ location }) => location === this.location)
      .flatMap((network) =>
        network.subnets.map((subnet) => ({
          ...subnet,
          id: `${this.networkId(network)}/subnets/${subnet.name}`,
        })),
      )
      .find((subnet) => isSameId(subnet.id, id));
  }

  /** Networks may have the same addresses. */
  addressesIn({ id }: Subnet): Nic[] {
    return this.interfaces.all().filter(({ subnetId }) => isSameId(subnetId, id));
  }

  newPrivateIp(subnet: Subnet): string {
    const taken = new Set(this.addressesIn(subnet).map(({ privateAddress }) => privateAddress));
    const start = subnet.addressPrefix.replace(/\d+\/\d+$/, "");
    for (let last = 4; last < 250; last += 1) {
      if (!taken.has(`${start}${last}`)) return `${start}${last}`;
    }
    throw new Refusal(400, "SubnetIsFull", `Subnet ${subnet.name} is full`);
  }

  provisioningState(thing: Thing): string {
    if (thing.deletedAt !== undefined) return "Deleting";
    if (this.now() < thing.busyUntil) return thing.isNew ? "Creating" : "Updating";
    return thing.failure === undefined ? "Succeeded" : "Failed";
  }

  /** Refuses changes of what is being changed or deleted. */
  requireIdle(thing: Thing): void {
    if (thing.deletedAt !== undefined) {
      throw new Refusal(
        409,
        "Conflict",
        `The request failed due to conflict with a concurrent deletion of ${thing.name}.`,
      );
    }
  }
}

const isSameId = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

/** Name in an id of a resource. */
export const nameIn = (id: string): string => id.slice(id.lastIndexOf("/") + 1);
