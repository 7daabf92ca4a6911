/**
 * What a gateway (HyperGate) is made with on each platform unless told otherwise: the requirement
 * document's figures as data, each with its row. A platform that can do more is opened by its target's
 * settings, not here.
 *
 * How a provider uses it (providers/aws/config.ts and compute.ts are the examples):
 *
 *   config.ts    const gateway = gatewayDefaults.tencent;
 *                instanceType: z.string().default(gateway.instanceType)
 *                diskGiB: gatewayDiskGiB("tencent")     100 unless told, below the least refused
 *                diskType: z.string().default(gateway.systemDisk.type)
 *                image: imageWish.optional()            (gateway-images.ts)
 *   compute.ts   const wish = config.gateway.image ?? defaultImageWish("tencent", options.edition ?? "saas");
 *                chooseGatewayImage("tencent", listed, wish)   also in check()
 *                checkGatewayType("tencent", type)      of a type the cloud told us about, also in check()
 *   name, ports  come with `CreateOptions.tags.Name` and `SecurityRule`; nothing to do
 *
 * Names of instance and disk types are as the platform's API takes them; billing, bandwidth and login
 * are in our words, which the provider puts into its API's. `sameAsGroup` is what must be equal for
 * gateway and security group: it holds because both are made in the place the target's settings name,
 * and the provider's own test shows it.
 */
import { z } from "zod";
import { MigrationError } from "./errors.ts";
import type { Platform } from "./platform.ts";

/** SaaS: the console is a cloud's; standalone: the console is one machine. */
export const editions = ["saas", "standalone"] as const;
export type Edition = (typeof editions)[number];

/** R-013, and the like of every platform: R-031, R-032 (host name), R-044, R-071, R-090. */
export const gatewayName = "HyperGate";

/** open to agents, the console, iSCSI initiators and SSH. 12222, not 1222. */
export const gatewayPorts = { blocks: 12222, control: 18090, iscsi: 3260, ssh: 22 } as const;

interface Measure {
  readonly recommended: number;
  readonly least: number;
}

/** How a person gets onto the gateway; none of them is needed by the product. The first is taken unless told. */
type Login = "password" | "key-pair" | "as-image";

export interface GatewayDefaults {
  readonly vcpus: Measure;
  readonly memoryGiB: Measure;
  /** The document's GB; clouds count in GiB. */
  readonly systemDisk: { readonly sizeGiB: Measure; readonly type?: string };
  /** Absent: the smallest that has the recommended size. */
  readonly instanceType?: string;
  /** Where types have families, or machines classes, to look for one in. */
  readonly instanceFamily?: string;
  /** Not by month or year. Absent: the platform sells nothing. */
  readonly billing?: "pay-as-you-go";
  /** What is bought with the public address; on most clouds the figure limits what goes out only. */
  readonly bandwidth?: {
    readonly mbps: number;
    readonly billedBy: "traffic";
    /** Not shared with other addresses. */
    readonly dedicated?: true;
  };
  readonly sameAsGroup: readonly ("region" | "zone" | "vpc" | "subnet")[];
  readonly login: Readonly<Record<Edition, readonly [Login, ...Login[]]>>;
  readonly adminUser?: { readonly name: string; readonly reserved: readonly string[] };
}

const size = {
  /** R-011: R-019, R-040, R-062, R-079, R-099 (X-04), S-01 to S-05. */
  vcpus: { recommended: 4, least: 2 },
  /** , S-01 to S-05. */
  memoryGiB: { recommended: 8, least: 4 },
} as const;

/** , S-01 to S-05. */
const diskGiB = { recommended: 100, least: 40 } as const;

/** S-03. By traffic, 5 Mbps, S-03, S-04. */
const onDemand = {
  billing: "pay-as-you-go",
  bandwidth: { mbps: 5, billedBy: "traffic" },
} as const;

const passwordOrKey = ["password", "key-pair"] as const;
const keyOrPassword = ["key-pair", "password"] as const;

export const gatewayDefaults = {
  aliyun: {
    ...size,
    ...onDemand,
    /** compute type C5, 4 vCPU, 8 GiB; x86. */
    instanceType: "ecs.c5.xlarge",
    /** ultra cloud disk. */
    systemDisk: { sizeGiB: diskGiB, type: "cloud_efficiency" },
    /** */
    sameAsGroup: ["region", "vpc"],
    /** */
    login: { saas: passwordOrKey, standalone: passwordOrKey },
  },
  aws: {
    ...size,
    /** The smallest T3 with 4 vCPU and 8 GiB; the least allowed is t3.medium. */
    instanceType: "t3.xlarge",
    /** */
    instanceFamily: "t3",
    /** general purpose SSD. */
    systemDisk: { sizeGiB: diskGiB, type: "gp2" },
    /** a group belongs to a VPC. */
    sameAsGroup: ["vpc"],
    /** */
    login: { saas: ["key-pair"], standalone: ["key-pair"] },
  },
  azure: {
    ...size,
    /** 4 vCPU, 8 GiB, 16 data disks. */
    instanceType: "Standard_F4",
    /** */
    systemDisk: { sizeGiB: diskGiB, type: "StandardSSD_LRS" },
    sameAsGroup: [],
    /** */
    login: { saas: keyOrPassword, standalone: keyOrPassword },
    adminUser: {
      /** */
      name: "hypergate",
      /** Source: Azure SDK reference, `OSProfile.adminUsername`, "Disallowed values". */
      reserved: [
        ...["administrator", "admin", "admin1", "admin2", "adm", "root", "owner", "sys", "server"],
        ...["user", "user1", "user2", "user3", "user4", "user5", "test", "test1", "test2", "test3"],
        ...["1", "123", "a", "actuser", "aspnet", "backup", "console", "david", "guest", "john"],
        ...["sql", "support", "support_388945a0"],
      ],
    },
  },
  tencent: {
    ...size,
    ...onDemand,
    /** compute C3, 4 vCPU, 8 GiB. */
    instanceType: "C3.LARGE8",
    /** 50 least. "Ultra cloud disk" is the premium one there. */
    systemDisk: { sizeGiB: { recommended: 100, least: 50 }, type: "CLOUD_PREMIUM" },
    /** */
    sameAsGroup: ["region", "vpc", "subnet"],
    /** R-072; keeping the image's login works with an image that has one. */
    login: { saas: passwordOrKey, standalone: ["as-image", ...passwordOrKey] },
  },
  huawei: {
    ...size,
    ...onDemand,
    /** */
    bandwidth: { ...onDemand.bandwidth, dedicated: true },
    /** */
    instanceType: "c3.xlarge.2",
    /** high I/O. */
    systemDisk: { sizeGiB: diskGiB, type: "SAS" },
    /** */
    sameAsGroup: ["region", "vpc"],
    /** */
    login: { saas: passwordOrKey, standalone: passwordOrKey },
  },
  kingsoft: {
    ...size,
    /** by hour, paid in real time.: a new elastic IP. */
    ...onDemand,
    /** SSD cloud disk, not the "ultra cloud disk" of the elastic IP's table. */
    systemDisk: { sizeGiB: diskGiB, type: "SSD3.0" },
    /** */
    sameAsGroup: ["region", "zone"],
    login: { saas: passwordOrKey, standalone: ["as-image", ...passwordOrKey] },
  },
  /** R-112, S-01. */
  openstack: {
    ...size,
    systemDisk: { sizeGiB: diskGiB },
    sameAsGroup: [],
    login: { saas: keyOrPassword, standalone: keyOrPassword },
  },
  /** R-113, S-02. */
  qingcloud: {
    ...size,
    ...onDemand,
    /** Host type basic. Source: QingCloud API, RunInstances, `instance_class`. */
    instanceFamily: "101",
    systemDisk: { sizeGiB: diskGiB },
    sameAsGroup: ["zone"],
    login: { saas: passwordOrKey, standalone: passwordOrKey },
  },
  /** R-114, S-03. */
  ctyun: {
    ...size,
    ...onDemand,
    /** High I/O. */
    systemDisk: { sizeGiB: diskGiB, type: "SAS" },
    sameAsGroup: ["region", "zone"],
    login: { saas: ["password"], standalone: ["password"] },
  },
  /** R-115, S-04. */
  ucloud: {
    ...size,
    ...onDemand,
    /** general-purpose N type. */
    instanceFamily: "N",
    systemDisk: { sizeGiB: diskGiB, type: "CLOUD_SSD" },
    sameAsGroup: ["region", "vpc", "subnet"],
    login: { saas: passwordOrKey, standalone: ["as-image", ...passwordOrKey] },
  },
  /** R-116, S-05: an instance offering of 4 vCPU and 8 GiB. */
  zstack: {
    ...size,
    systemDisk: { sizeGiB: diskGiB },
    sameAsGroup: [],
    login: { saas: ["as-image"], standalone: ["as-image"] },
  },
  /** This machine: its gateways are processes of it and take what it has. */
  local: {
    vcpus: { recommended: 4, least: 1 },
    memoryGiB: { recommended: 8, least: 1 },
    systemDisk: { sizeGiB: { recommended: 0, least: 0 } },
    sameAsGroup: [],
    login: { saas: ["as-image"], standalone: ["as-image"] },
  },
} as const satisfies Record<Platform, GatewayDefaults>;

/** A target's setting for its gateways' system disks, in GiB. */
export function gatewayDiskGiB(platform: Platform) {
  const { least, recommended } = gatewayDefaults[platform].systemDisk.sizeGiB;
  const problem = `a gateway's system disk has at least ${least} GiB, ${recommended} are recommended`;
  return z.number().int().min(least, problem).default(recommended);
}

interface SizedType {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryBytes: number;
}

/** Whether it has the least size of the platform's gateways. */
export function isGatewaySized(platform: Platform, type: SizedType): boolean {
  const { vcpus, memoryGiB } = gatewayDefaults[platform];
  return type.vcpus >= vcpus.least && type.memoryBytes >= memoryGiB.least * 1024 ** 3;
}

/**
 * Of an instance type, or offering, or flavor, as the cloud describes it.
 * @throws `gateway.too-small` below the least of the platform
 */
export function checkGatewayType(platform: Platform, type: SizedType): void {
  if (isGatewaySized(platform, type)) return;
  const { vcpus, memoryGiB } = gatewayDefaults[platform];
  const hasGiB = type.memoryBytes / 1024 ** 3;
  throw new MigrationError("gateway.too-small", {
    platform,
    type: type.name,
    has: `${type.vcpus} vCPU, ${Math.round(hasGiB * 10) / 10} GiB`,
    least: `${vcpus.least} vCPU, ${memoryGiB.least} GiB`,
    recommended: `${vcpus.recommended} vCPU, ${memoryGiB.recommended} GiB`,
  });
}

/**
 * The type a gateway is made with where none was asked for: the document's, as long as the cloud still
 * sells it, else the smallest that has the recommended size.
 * @throws `gateway.no-type` when the cloud offers none that large
 */
export function chooseGatewayType<T extends SizedType>(
  platform: Platform,
  offered: readonly T[],
): T {
  const { instanceType, vcpus, memoryGiB }: GatewayDefaults = gatewayDefaults[platform];
  const [smallest] = offered
    .filter((type) => type.vcpus >= vcpus.recommended)
    .filter((type) => type.memoryBytes >= memoryGiB.recommended * 1024 ** 3)
    .sort(
      (a, b) => a.vcpus - b.vcpus || a.memoryBytes - b.memoryBytes || (a.name < b.name ? -1 : 1),
    );
  const found = offered.find(({ name }) => name === instanceType) ?? smallest;
  if (found !== undefined) return found;
  throw new MigrationError("gateway.no-type", {
    platform,
    wanted: `${vcpus.recommended} vCPU, ${memoryGiB.recommended} GiB`,
  });
}

/** A target's setting for the name of its gateways' administrator, on platforms that ask for one (X-03). */
export function gatewayAdminUser(platform: "azure") {
  const { name, reserved } = gatewayDefaults[platform].adminUser;
  return z
    .string()
    .regex(/^[a-z_][a-z0-9_-]{0,31}$/, "is no user name of a Linux system, such as hypergate")
    .refine((user) => !reserved.some((each) => each === user), {
      error: `is reserved by ${platform}; choose another, such as ${name}`,
    })
    .default(name);
}
