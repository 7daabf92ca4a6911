/** The words of all findings, in both languages: what was seen, what is allowed, what to do. */
import type { Language } from "../errors.ts";
import { limitTables, sourceLimits } from "../limits/tables.ts";
import type { Platform } from "../platform.ts";
import { type Finding, isAcknowledgeable, type Severity, type ThingKind } from "./finding.ts";

interface Words {
  readonly seen: string;
  readonly allowed: string;
  readonly todo: string;
}

function entry<const E extends Words, const Z extends Words>(en: E, zh: Z) {
  return { en, zh } as const;
}

export const findingTable = {
  // --- the source ---
  "file-system.unsupported": entry(
    {
      seen: "holds {type}",
      allowed: "{allowed}",
      todo: "Move its data to one of these file systems, or leave the disk out with --disk at the agent",
    },
    {
      seen: "文件系统为 {type}",
      allowed: "{allowed}",
      todo: "请将数据移到受支持的文件系统，或在代理上用 --disk 排除该磁盘",
    },
  ),
  "file-system.little-free": entry(
    {
      seen: "{percent}% of {mountPoint} are free",
      allowed: "{least}% or more",
      todo: "Free space there, or enlarge the file system",
    },
    {
      seen: "{mountPoint} 空闲 {percent}%",
      allowed: "不少于 {least}%",
      todo: "请释放空间或扩大文件系统",
    },
  ),
  "partition.not-mounted": entry(
    {
      seen: "holds no mounted file system",
      allowed: "mounted file systems, swap, boot partitions",
      todo: "Mount it, remove it, or leave its disk out with --disk at the agent",
    },
    {
      seen: "没有挂载的文件系统",
      allowed: "已挂载的文件系统、交换分区、引导分区",
      todo: "请挂载或删除该分区，或在代理上用 --disk 排除该磁盘",
    },
  ),
  "disk.no-partitions": entry(
    {
      seen: "has no partitions",
      allowed: "disks with partitions",
      todo: "Partition it, or leave it out with --disk at the agent",
    },
    {
      seen: "没有划分分区",
      allowed: "已划分分区的磁盘",
      todo: "请划分分区，或在代理上用 --disk 排除该磁盘",
    },
  ),
  "disk.multipath": entry(
    {
      seen: "is a multipath disk",
      allowed: "disks with one path",
      todo: "Present the disk by one path, or leave it out with --disk at the agent",
    },
    {
      seen: "是多路径磁盘",
      allowed: "单路径磁盘",
      todo: "请改为单路径，或在代理上用 --disk 排除该磁盘",
    },
  ),
  "volume-groups.many": entry(
    {
      seen: "{count} volume groups: {names}",
      allowed: "{most}",
      todo: "Merge them with vgmerge, or leave disks out with --disk at the agent",
    },
    {
      seen: "{count} 个卷组：{names}",
      allowed: "{most} 个",
      todo: "请用 vgmerge 合并，或在代理上用 --disk 排除磁盘",
    },
  ),
  "raw-device.bound": entry(
    {
      seen: "is bound as a raw device",
      allowed: "none",
      todo: "Move the data to a file system, or copy it by the database's own means",
    },
    {
      seen: "被绑定为裸设备",
      allowed: "不支持裸设备",
      todo: "请将数据移到文件系统，或用数据库自身的方式复制",
    },
  ),
  "disk.not-known": entry(
    {
      seen: "could not be looked at",
      allowed: "partitions with mounted file systems",
      todo: "Run the agent as root, so that it is known",
    },
    { seen: "无法查看", allowed: "带有已挂载文件系统的分区", todo: "请以 root 运行代理以便查看" },
  ),
  "mounts.not-known": entry(
    {
      seen: "not known what is mounted",
      allowed: "every partition holds a mounted file system",
      todo: "Run the agent on the server itself; of disk images it can't tell",
    },
    {
      seen: "不知道挂载情况",
      allowed: "每个分区均有已挂载的文件系统",
      todo: "请在服务器上运行代理；仅有磁盘镜像时无法得知",
    },
  ),
  "free-space.not-known": entry(
    {
      seen: "not known how much is free: {names}",
      allowed: "{least}% or more",
      todo: "See with df that each file system has as much free",
    },
    {
      seen: "不知道空闲空间：{names}",
      allowed: "不少于 {least}%",
      todo: "请用 df 确认各文件系统的空闲空间",
    },
  ),
  "volume-groups.not-known": entry(
    {
      seen: "LVM is there, its volume groups are not known",
      allowed: "{most}",
      todo: "See with vgs how many there are; an agent of this version tells by itself",
    },
    {
      seen: "存在 LVM，但不知道卷组",
      allowed: "{most} 个",
      todo: "请用 vgs 查看卷组数；当前版本的代理会自动上报",
    },
  ),
  "raw-devices.not-known": entry(
    {
      seen: "not known whether there are raw devices",
      allowed: "none",
      todo: "See with raw -qa; an agent of this version tells by itself",
    },
    {
      seen: "不知道是否有裸设备",
      allowed: "不支持裸设备",
      todo: "请用 raw -qa 查看；当前版本的代理会自动上报",
    },
  ),

  // --- disks and volumes at the target ---
  "disks.too-many": entry(
    {
      seen: "{count} disks",
      allowed: "{most}",
      todo: "Leave disks out with --disk at the agent, or put their data together at the source",
    },
    {
      seen: "{count} 块磁盘",
      allowed: "最多 {most} 块",
      todo: "请在代理上用 --disk 排除磁盘，或在源端合并数据",
    },
  ),
  "volumes.too-many": entry(
    {
      seen: "{count} volumes on one gateway",
      allowed: "{most}",
      todo: "All disks of a server hang on one gateway: leave some out with --disk at the agent",
    },
    {
      seen: "同一网关上需要 {count} 个卷",
      allowed: "最多 {most} 个",
      todo: "同一服务器的磁盘挂在同一网关：请在代理上用 --disk 排除部分磁盘",
    },
  ),
  "volumes.above-advice": entry(
    {
      seen: "gateways may hold {most} volumes",
      allowed: "{advised} advised",
      todo: "Watch the gateway; lower the figure if attaching fails",
    },
    {
      seen: "网关允许挂载 {most} 个卷",
      allowed: "建议不超过 {advised} 个",
      todo: "请留意网关；若挂载失败请调低该值",
    },
  ),
  "disk.too-large": entry(
    {
      seen: "needs a volume of {needed} GB",
      allowed: "{most} GB for this disk",
      todo: "Shrink it at the source before it is migrated",
    },
    {
      seen: "需要 {needed} GB 的卷",
      allowed: "该盘最大 {most} GB",
      todo: "请在迁移前于源端缩容",
    },
  ),
  "disk.enlarged": entry(
    {
      seen: "has {size} GB",
      allowed: "its volume gets {volume} GB",
      todo: "Nothing: the rest of the volume stays empty",
    },
    { seen: "大小为 {size} GB", allowed: "卷将为 {volume} GB", todo: "无需操作：其余空间保持为空" },
  ),

  // --- systems ---
  "os.unsupported": entry(
    {
      seen: "{os}",
      allowed: "{allowed}",
      todo: "Bring the server to one of these systems first, or move it to another target",
    },
    {
      seen: "{os}",
      allowed: "{allowed}",
      todo: "请先升级到受支持的系统，或迁移到其他目标",
    },
  ),
  "os.not-taken": entry(
    {
      seen: "{os}",
      allowed: "{allowed}; the platform takes no older ones",
      todo: "Bring the server to a newer Windows first, or move it to another target",
    },
    {
      seen: "{os}",
      allowed: "{allowed}；平台不接受更旧的版本",
      todo: "请先升级 Windows，或迁移到其他目标",
    },
  ),
  "os.no-repair": entry(
    {
      seen: "{os}: its drivers can't be repaired",
      allowed: "{allowed}",
      todo: "Install the platform's drivers at the source, acknowledge it, and launch with --no-repair",
    },
    {
      seen: "{os}：无法修复驱动",
      allowed: "{allowed}",
      todo: "请在源端安装平台驱动并确认，然后用 --no-repair 启动",
    },
  ),
  "os.not-known": entry(
    {
      seen: "{os}, not known exactly",
      allowed: "{allowed}",
      todo: "See for yourself that the server runs one of these",
    },
    { seen: "{os}，无法确定", allowed: "{allowed}", todo: "请自行确认服务器运行的系统" },
  ),
  "repair.impossible": entry(
    {
      seen: "driver repair is asked for",
      allowed: "none for {os}",
      todo: "Launch with --no-repair",
    },
    { seen: "要求修复驱动", allowed: "{os} 不支持修复", todo: "请用 --no-repair 启动" },
  ),
  "source.unsupported": entry(
    {
      seen: "its disks come from {source}",
      allowed: "not from {refused}",
      todo: "Install the agent on the server itself",
    },
    { seen: "来源为 {source}", allowed: "不支持来自 {refused}", todo: "请在服务器上安装代理" },
  ),
  "firewall.closed": entry(
    {
      seen: "keeps port {port} closed",
      allowed: "port {port} open, or no firewall",
      todo: "Open the port at the source before it is migrated, else nobody can log in afterwards",
    },
    {
      seen: "未开放 {port} 端口",
      allowed: "开放 {port} 端口或关闭防火墙",
      todo: "请在迁移前于源端开放，否则迁移后无法远程登录",
    },
  ),
  "firewall.not-known": entry(
    {
      seen: "not known whether port {port} is open",
      allowed: "port {port} open, or no firewall",
      todo: "See for yourself, else nobody may be able to log in afterwards",
    },
    {
      seen: "不知道 {port} 端口是否开放",
      allowed: "开放 {port} 端口或关闭防火墙",
      todo: "请自行确认，否则迁移后可能无法远程登录",
    },
  ),
  "windows.data-disks": entry(
    {
      seen: "{count} data disks",
      allowed: "Windows may leave them offline",
      todo: "After the launch bring them online in the disk management and give them letters",
    },
    {
      seen: "{count} 块数据盘",
      allowed: "Windows 可能使其保持脱机",
      todo: "启动后请在磁盘管理中联机并指定盘符",
    },
  ),
  "windows.dhcp": entry(
    {
      seen: "{os} set to DHCP",
      allowed: "it may get no address",
      todo: "After the launch set the address by the platform's console",
    },
    { seen: "{os} 使用 DHCP", allowed: "可能获取不到 IP", todo: "启动后请通过平台控制台设置地址" },
  ),
  "windows.repair-unsure": entry(
    {
      seen: "{os}",
      allowed: "its driver repair sometimes fails",
      todo: "If HyperDoor's screen shows instead of Windows, launch again",
    },
    {
      seen: "{os}",
      allowed: "驱动修复有几率失败",
      todo: "若出现 HyperDoor 画面而非 Windows，请重新启动实例",
    },
  ),
  "windows.no-network-repair": entry(
    {
      seen: "{os}",
      allowed: "its network driver is not repaired",
      todo: "Install the platform's network driver at the source, or by the console after the launch",
    },
    {
      seen: "{os}",
      allowed: "不支持网卡驱动修复",
      todo: "请在源端安装平台网卡驱动，或启动后通过控制台安装",
    },
  ),
  "windows.network-by-hand": entry(
    {
      seen: "{os}",
      allowed: "its network driver is installed by hand",
      todo: "Install it by the platform's console after the launch",
    },
    {
      seen: "{os}",
      allowed: "网卡驱动需手动安装",
      todo: "实例启动后请通过平台控制台安装",
    },
  ),
  "linux.host-name": entry(
    {
      seen: "its host name is {hostName}",
      allowed: "DHCP gives another one after the launch",
      todo: "Set the name anew after the launch where something depends on it",
    },
    {
      seen: "主机名为 {hostName}",
      allowed: "启动后由 DHCP 分配主机名",
      todo: "如有依赖，请在启动后重新设置主机名",
    },
  ),

  // --- the launch ---
  "instance-type.unknown": entry(
    {
      seen: "{type} is asked for",
      allowed: "types that the target offers",
      todo: "Choose one of them: hypermotion target types {target}",
    },
    {
      seen: "要求 {type}",
      allowed: "目标提供的规格",
      todo: "请从中选择：hypermotion target types {target}",
    },
  ),
  "instance-type.family": entry(
    {
      seen: "{type}",
      allowed: "families {allowed}",
      todo: "Choose a type of these families: hypermotion target types {target}",
    },
    {
      seen: "{type}",
      allowed: "规格族 {allowed}",
      todo: "请选择这些规格族的类型：hypermotion target types {target}",
    },
  ),
  "instance-type.memory": entry(
    {
      seen: "{type} has {memory} GB",
      allowed: "{least} GB or more",
      todo: "Choose a larger type: HyperDoor runs from memory",
    },
    {
      seen: "{type} 内存为 {memory} GB",
      allowed: "不少于 {least} GB",
      todo: "请选择更大的规格：HyperDoor 在内存中运行",
    },
  ),
  "network.unknown-subnet": entry(
    {
      seen: "subnet {asked} is asked for",
      allowed: "subnets that the target's volumes can be reached from",
      todo: "Choose one of them: hypermotion target subnets {target}",
    },
    {
      seen: "要求子网 {asked}",
      allowed: "可使用目标卷的子网",
      todo: "请从中选择：hypermotion target subnets {target}",
    },
  ),
  "network.unknown-group": entry(
    {
      seen: "security groups {asked} are asked for",
      allowed: "groups that there are at the target",
      todo: "Choose of them: hypermotion target security-groups {target}",
    },
    {
      seen: "要求安全组 {asked}",
      allowed: "目标中已有的安全组",
      todo: "请从中选择：hypermotion target security-groups {target}",
    },
  ),
  "network.group-needed": entry(
    {
      seen: "subnet {asked} is in {network}, where the gateway's security group does not hold",
      allowed: "security groups of the subnet's own network",
      todo: "Name them with --security-group: hypermotion target security-groups {target}",
    },
    {
      seen: "子网 {asked} 位于 {network}，网关的安全组在其中无效",
      allowed: "子网所在网络的安全组",
      todo: "请用 --security-group 指定：hypermotion target security-groups {target}",
    },
  ),
  "network.group-elsewhere": entry(
    {
      seen: "security groups {asked} do not hold in the subnet's network {network}",
      allowed: "security groups of the subnet's own network",
      todo: "Choose of those: hypermotion target security-groups {target}",
    },
    {
      seen: "安全组 {asked} 在子网所在网络 {network} 中无效",
      allowed: "子网所在网络的安全组",
      todo: "请从其中选择：hypermotion target security-groups {target}",
    },
  ),
  "network.other-zone": entry(
    {
      seen: "zone {asked} is asked for",
      allowed: "the gateway's: {own}",
      todo: "Leave the zone out, or use a target in that zone",
    },
    {
      seen: "要求可用区 {asked}",
      allowed: "网关的可用区：{own}",
      todo: "请勿指定可用区，或使用该可用区的目标",
    },
  ),
  "network.other-subnet": entry(
    {
      seen: "subnet {asked} is asked for",
      allowed: "the gateway's: {own}",
      todo: "Leave --subnet out, or use a target in that subnet",
    },
    {
      seen: "要求子网 {asked}",
      allowed: "网关的子网：{own}",
      todo: "请去掉 --subnet，或使用该子网的目标",
    },
  ),
  "network.subnet-not-known": entry(
    {
      seen: "subnet {asked} is asked for",
      allowed: "the gateway's, which is not known",
      todo: "See for yourself that it is the gateway's",
    },
    { seen: "要求子网 {asked}", allowed: "网关的子网（未知）", todo: "请自行确认与网关相同" },
  ),
  "network.other-group": entry(
    {
      seen: "security groups {asked} are asked for",
      allowed: "the gateway's",
      todo: "Leave --security-group out",
    },
    { seen: "要求安全组 {asked}", allowed: "网关的安全组", todo: "请去掉 --security-group" },
  ),
  "boot.from-volume-only": entry(
    {
      seen: "the platform can only boot it from a volume",
      allowed: "no boot from a volume",
      todo: "Give the target an image server, so that an image can be made",
    },
    {
      seen: "平台只能从卷启动",
      allowed: "不允许从卷启动",
      todo: "请为目标配置镜像服务器以便制作镜像",
    },
  ),
  "launch.slow": entry(
    {
      seen: "driver repair copies the whole system disk of {size} GB",
      allowed: "launching takes long",
      todo: "Plan the time; nothing else can be done",
    },
    {
      seen: "驱动修复需拷贝 {size} GB 的整个系统盘",
      allowed: "启动耗时较长",
      todo: "请预留时间，无需其他操作",
    },
  ),
  "launch.slow-images": entry(
    {
      seen: "images are independent copies",
      allowed: "launching takes long",
      todo: "Plan the time; nothing else can be done",
    },
    { seen: "镜像为独立副本", allowed: "启动耗时较长", todo: "请预留时间，无需其他操作" },
  ),
  "launch.resync": entry(
    {
      seen: "the volume itself is launched",
      allowed: "after a failed launch its data is replicated anew",
      todo: "Rehearse with a test launch first",
    },
    { seen: "直接使用卷启动", allowed: "启动失败后需重新同步数据", todo: "请先进行测试启动" },
  ),
  "launch.billing": entry(
    {
      seen: "the instance is made pay-as-you-go",
      allowed: "another billing by hand",
      todo: "After it is verified, change its billing in the platform's console",
    },
    {
      seen: "按量付费创建实例",
      allowed: "可手动更改计费方式",
      todo: "验证后可在平台控制台更改计费方式",
    },
  ),

  // --- gateway, target, line ---
  "gateway.few-vcpus": entry(
    {
      seen: "{vcpus} vCPUs",
      allowed: "{least} or more for launches by HyperDoor",
      todo: "Launch one server after the other, or use a larger gateway (--gateway-type)",
    },
    {
      seen: "{vcpus} 个 vCPU",
      allowed: "通过 HyperDoor 启动建议不少于 {least} 个",
      todo: "请逐台启动，或使用更大的网关（--gateway-type）",
    },
  ),
  "gateway.other-type": entry(
    {
      seen: "{type}",
      allowed: "{allowed} advised",
      todo: "See that it attaches as many volumes: hypermotion target types {target}",
    },
    {
      seen: "{type}",
      allowed: "建议 {allowed}",
      todo: "请确认可挂载足够的卷：hypermotion target types {target}",
    },
  ),
  "gateway.wrong-os": entry(
    {
      seen: "runs {os}",
      allowed: "not {refused}",
      todo: "Choose another image for gateways: its disks are not found there",
    },
    { seen: "运行 {os}", allowed: "不可使用 {refused}", todo: "请更换网关镜像：会找不到磁盘路径" },
  ),
  "gateway.os-not-known": entry(
    {
      seen: "not known what it will run",
      allowed: "not {refused}",
      todo: "See that the gateway's image is none of these",
    },
    { seen: "不知道网关的系统", allowed: "不可使用 {refused}", todo: "请确认网关镜像不是这些版本" },
  ),
  "gateway.no-restart": entry(
    {
      seen: "a restart shuffles its disks",
      allowed: "no restart during a migration",
      todo: "Restart it by hypermotion gateway restart only, never by the platform's console",
    },
    {
      seen: "重启会导致磁盘顺序错乱",
      allowed: "迁移过程中不可重启",
      todo: "只可用 hypermotion gateway restart 重启，勿在平台控制台操作",
    },
  ),
  "gateway.no-detach": entry(
    {
      seen: "volumes hang on it",
      allowed: "only a clean-up takes them off",
      todo: "Detach nothing by hand: hypermotion clean-up does it",
    },
    {
      seen: "挂载有卷",
      allowed: "只能由清理卸载",
      todo: "请勿手动卸载：由 hypermotion clean-up 完成",
    },
  ),
  "target.not-administrator": entry(
    {
      seen: "its account is no administrator's",
      allowed: "an administrator's account",
      todo: "Add the target anew with an administrator's credentials",
    },
    { seen: "账户不是管理员", allowed: "管理员账户", todo: "请用管理员凭证重新添加目标" },
  ),
  "target.account-not-known": entry(
    {
      seen: "not known whether its account is an administrator's",
      allowed: "an administrator's account",
      todo: "See that it is: no LDAP user, no project login",
    },
    {
      seen: "不知道账户是否为管理员",
      allowed: "管理员账户",
      todo: "请确认：不支持 LDAP 用户或项目登录",
    },
  ),
  "volume-type.other": entry(
    {
      seen: "volumes are made as {type}",
      allowed: "{allowed}",
      todo: "Set the target's volume type, or mind the other price and speed",
    },
    {
      seen: "卷类型为 {type}",
      allowed: "{allowed}",
      todo: "请修改目标的卷类型，或留意价格与性能差异",
    },
  ),
  "line.slow": entry(
    {
      seen: "carries {mbit} Mbit/s",
      allowed: "{least} Mbit/s or more",
      todo: "Free the line or get a faster one; else copying only takes longer",
    },
    {
      seen: "带宽 {mbit} Mbit/s",
      allowed: "不少于 {least} Mbit/s",
      todo: "请空出或更换线路；否则复制耗时更长",
    },
  ),
  "line.not-measured": entry(
    {
      seen: "not measured yet",
      allowed: "{least} Mbit/s or more",
      todo: "Nothing: it is measured before the first copy",
    },
    { seen: "尚未测量", allowed: "不少于 {least} Mbit/s", todo: "无需操作：首次复制前会测量" },
  ),
} as const satisfies Record<string, Record<Language, Words>>;

export type FindingCode = keyof typeof findingTable;

type Placeholders<S extends string> = S extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;
/** The facts a finding's words need; `target` comes when they are shown. */
export type FindingParams<C extends FindingCode> = Record<
  Exclude<Placeholders<(typeof findingTable)[C]["en"][keyof Words]>, "target">,
  string | number
>;

const things: Readonly<Record<ThingKind, Record<Language, string>>> = {
  server: { en: "server", zh: "服务器" },
  disk: { en: "disk", zh: "磁盘" },
  partition: { en: "partition", zh: "分区" },
  "logical volume": { en: "logical volume", zh: "逻辑卷" },
  array: { en: "array", zh: "软 RAID" },
  "volume group": { en: "volume groups", zh: "卷组" },
  "raw device": { en: "raw device", zh: "裸设备" },
  "operating system": { en: "operating system", zh: "操作系统" },
  firewall: { en: "firewall", zh: "防火墙" },
  "instance type": { en: "instance type", zh: "实例规格" },
  network: { en: "network", zh: "网络" },
  gateway: { en: "gateway", zh: "网关" },
  target: { en: "target", zh: "目标" },
  line: { en: "line", zh: "线路" },
};

const texts = {
  open: {
    en: "Or open the limit: hypermotion target limits set {target} {limit} <value> --reason <why>",
    zh: "或放开限制：hypermotion target limits set {target} {limit} <值> --reason <原因>",
  },
  today: { en: "Today the platform allows {today}", zh: "平台目前允许：{today}" },
  acknowledge: {
    en: "Or take it upon yourself: hypermotion check --server {server} --target {target} --acknowledge {row} --reason <why>",
    zh: "或自行确认：hypermotion check --server {server} --target {target} --acknowledge {row} --reason <原因>",
  },
  acknowledged: {
    en: "Acknowledged by {by} on {at}: {reason}",
    zh: "{by} 已于 {at} 确认：{reason}",
  },
  raw: {
    en: "It is copied as raw blocks, not verified by the vendor's rules: rehearse with a test launch",
    zh: "按原始块复制，未经厂商规则验证：请先测试启动",
  },
} as const satisfies Record<string, Record<Language, string>>;

export interface FindingWords {
  /** Such as `disk sda`. */
  readonly thing: string;
  readonly seen: string;
  readonly allowed: string;
  readonly todo: string;
}

/** For whom the words are made: names that commands in them need. */
export interface Reader {
  readonly language: Language;
  readonly server: string;
  readonly target?: string | undefined;
  readonly platform?: Platform | undefined;
}

/** A finding's words. A code of a newer version is shown as it is. */
export function describeFinding(finding: Finding, reader: Reader): FindingWords {
  const { language, server, target, platform } = reader;
  const { code, severity, thing, params, limit, row, acknowledged } = finding;
  const words = (findingTable as Record<string, Record<Language, Words>>)[code]?.[language];
  const name = `${things[thing.kind][language]}${thing.name === "" ? "" : ` ${thing.name}`}`;
  if (words === undefined) {
    return { thing: name, seen: code, allowed: JSON.stringify(params), todo: "" };
  }
  const all = { ...params, row, server, target: target ?? "<target>", limit: limit ?? "" };
  const more = [
    ...(isRawCopy(finding) ? [texts.raw[language]] : []),
    ...(acknowledged === undefined
      ? []
      : [fill(texts.acknowledged[language], { ...all, ...acknowledged })]),
    ...(severity === "BLOCK" ? waysOut(finding, platform, language, all) : []),
  ];
  return {
    thing: name,
    seen: fill(words.seen, all),
    allowed: fill(words.allowed, all),
    todo: [fill(words.todo, all), ...more].join(language === "en" ? ". " : "。"),
  };
}

type Params = Readonly<Record<string, string | number>>;

/** What a person may decide where the product stops. */
function waysOut(
  { limit, row }: Finding,
  platform: Platform | undefined,
  language: Language,
  params: Params,
): string[] {
  const figure =
    limit === undefined || platform === undefined ? undefined : limitTables[platform][limit];
  const ways = [
    ...(limit === undefined ? [] : [fill(texts.open[language], params)]),
    ...(isAcknowledgeable(row) ? [fill(texts.acknowledge[language], params)] : []),
  ];
  if (figure?.today === undefined) return ways;
  return [fill(texts.today[language], { today: figure.today[language] }), ...ways];
}

/** Of a source that the vendor's rules would have stopped. */
function isRawCopy({ severity, limit }: Finding): boolean {
  return severity === "WARN" && limit !== undefined && limit in sourceLimits;
}

export const severityWords: Readonly<Record<Severity, Record<Language, string>>> = {
  BLOCK: { en: "BLOCK", zh: "阻止" },
  WARN: { en: "WARN", zh: "警告" },
  NOTE: { en: "NOTE", zh: "提示" },
};

function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}
