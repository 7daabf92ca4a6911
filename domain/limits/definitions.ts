/**
 * What a limit can be about: its name, its unit, which of two figures is the stricter, what it means.
 * GB of the document is GiB, as the clouds count.
 */

type Words = { readonly en: string; readonly zh: string };

function figure<const K extends string, const U extends string>(
  kind: K,
  unit: U,
  en: string,
  zh: string,
) {
  return { kind, unit, en, zh } as const;
}

const most = <const U extends string>(unit: U, en: string, zh: string) =>
  figure("most", unit, en, zh);
const least = <const U extends string>(unit: U, en: string, zh: string) =>
  figure("least", unit, en, zh);
/** Sizes are multiples of it. */
const step = <const U extends string>(unit: U, en: string, zh: string) =>
  figure("step", unit, en, zh);
/** True is stricter. */
const must = (en: string, zh: string) => figure("must", "", en, zh);
/** False is stricter. */
const may = (en: string, zh: string) => figure("may", "", en, zh);
/** One of these, or `any`. */
const among = (en: string, zh: string) => figure("among", "", en, zh);
/** None of these. */
const except = (en: string, zh: string) => figure("except", "", en, zh);

export const limitDefinitions = {
  // --- the gateway ---
  gatewayMaxVolumes: most("volumes", "volumes a gateway holds at once", "网关同时挂载的卷数"),
  gatewayType: among("types of instance a gateway should be", "建议的网关实例规格"),
  gatewayVcpusAdvised: least(
    "vCPU",
    "vCPUs a gateway should have for launches by HyperDoor",
    "通过 HyperDoor 启动时建议的网关 vCPU 数",
  ),
  gatewayOsNot: except("systems a gateway must not run", "网关不可使用的操作系统"),
  gatewayRestartForbidden: must(
    "a gateway is not restarted while runs use it",
    "有任务使用时不可重启网关",
  ),

  // --- disks and volumes ---
  sourceMaxDisks: most("disks", "disks of one source server", "一台源服务器的磁盘数"),
  vmMaxDisks: most("disks", "disks of one launched server", "一台已启动服务器的磁盘数"),
  systemDiskMinGB: least("GB", "smallest system disk", "最小系统盘"),
  systemDiskMaxGB: most("GB", "largest system disk", "最大系统盘"),
  systemDiskMaxSsdGB: most("GB", "largest system disk of an SSD type", "SSD 类型的最大系统盘"),
  systemDiskStepGB: step("GB", "system disks are multiples of it", "系统盘大小的步长"),
  dataDiskMinGB: least("GB", "smallest data disk", "最小数据盘"),
  dataDiskMaxGB: most("GB", "largest data disk", "最大数据盘"),
  dataDiskStepGB: step("GB", "data disks are multiples of it", "数据盘大小的步长"),
  volumeType: among("types of volumes that are made", "创建的卷类型"),
  samePrimaryStorage: must(
    "all volumes of a server are in one storage pool",
    "同一服务器的所有卷位于同一存储池",
  ),
  bootFromVolume: may("a server may boot from a volume", "允许从卷启动"),

  // --- systems and instances ---
  os: among("systems that are migrated", "支持迁移的操作系统"),
  osWithoutRepair: among(
    "more systems that are migrated, but never repaired",
    "可迁移但不做驱动修复的其他系统",
  ),
  instanceFamilies: among("families of instance types", "实例规格族"),
  launchMinMemoryGB: least("GB", "memory of a launched server", "启动的服务器内存"),
  notFrom: except("kinds of source that are not migrated", "不支持迁移的来源类型"),

  // --- the place and the account ---
  sameNetworkAsGateway: must(
    "a launched server is in the gateway's zone, network, subnet and security group",
    "启动的服务器与网关同可用区、VPC、子网和安全组",
  ),
  samePlacementAsGateway: must(
    "a launched server is in the gateway's region and zone",
    "启动的服务器与网关同地域和可用区",
  ),
  sameSecurityGroupAsGateway: must(
    "a launched server is in the gateway's security group",
    "启动的服务器与网关同安全组",
  ),
  adminOnly: must("credentials are an administrator's", "凭证须为管理员账户"),

  // --- the source ---
  fileSystems: among("file systems that are migrated", "支持的文件系统"),
  freeSpacePercent: least("%", "free space of a mounted file system", "已挂载文件系统的空闲空间"),
  maxVolumeGroups: most("volume groups", "volume groups of LVM", "LVM 卷组数"),
  strictSourceRules: must(
    "what the vendor's rules for sources name stops a migration; else it is copied as raw blocks with a warning",
    "来源规则所列情形会阻止迁移；关闭后按原始块复制并给出警告",
  ),

  // --- the line ---
  fullSyncMinMbps: least("Mbit/s", "line for an initial sync", "全量同步的线路带宽"),
  incrementalMinMbps: least("Mbit/s", "line for a delta sync", "增量同步的线路带宽"),
} as const satisfies Record<string, { kind: string; unit: string } & Words>;

export type LimitName = keyof typeof limitDefinitions;
export const limitNames = Object.keys(limitDefinitions) as readonly LimitName[];

interface Values {
  most: number;
  least: number;
  step: number;
  must: boolean;
  may: boolean;
  among: readonly string[];
  except: readonly string[];
}
export type LimitValue = Values[keyof Values];
export type LimitValueOf<N extends LimitName> = Values[(typeof limitDefinitions)[N]["kind"]];
export type LimitValues = { readonly [N in LimitName]?: LimitValueOf<N> };

export function isLimitName(name: string): name is LimitName {
  return Object.hasOwn(limitDefinitions, name);
}

/** In a list: everything is allowed. */
export const any = "any";

/** Whether a figure of that name can have this value. */
export function isValueOf(name: LimitName, value: LimitValue): boolean {
  const { kind, unit } = limitDefinitions[name];
  switch (kind) {
    case "most":
    case "step":
      return isAmount(value, unit) && value > 0;
    case "least":
      return isAmount(value, unit);
    case "must":
    case "may":
      return typeof value === "boolean";
    case "among":
    case "except":
      return Array.isArray(value);
  }
}

/** Things are counted in whole numbers. */
function isAmount(value: LimitValue, unit: string): value is number {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) return false;
  return ["GB", "%", "Mbit/s"].includes(unit) || Number.isInteger(value);
}

/** The stricter of two figures of one name. */
export function stricter(name: LimitName, one: LimitValue, other: LimitValue): LimitValue {
  const { kind } = limitDefinitions[name];
  switch (kind) {
    case "most":
      return Math.min(one as number, other as number);
    case "least":
      return Math.max(one as number, other as number);
    case "step":
      return commonMultiple(one as number, other as number);
    case "must":
      return Boolean(one) || Boolean(other);
    case "may":
      return Boolean(one) && Boolean(other);
    case "among":
      return inBoth(one as readonly string[], other as readonly string[]);
    case "except":
      return [...new Set([...(one as readonly string[]), ...(other as readonly string[])])];
  }
}

function inBoth(one: readonly string[], other: readonly string[]): readonly string[] {
  if (one.includes(any)) return other;
  if (other.includes(any)) return one;
  return one.filter((item) => other.includes(item));
}

const GiB = 1024 ** 3;

/** Of steps in GiB, which are whole bytes. */
function commonMultiple(one: number, other: number): number {
  const [a, b] = [Math.round(one * GiB), Math.round(other * GiB)];
  let [large, small] = [Math.max(a, b), Math.min(a, b)];
  while (small > 0) [large, small] = [small, large % small];
  return large === 0 ? 0 : ((a / large) * b) / GiB;
}
