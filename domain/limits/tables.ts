/**
 * The limits of the requirement document, one table for each platform, each figure with its row. They
 * are the defaults: an operator changes any of them for a target, with a reason. Where a platform
 * allows something else today, `today` says what, and the document's figure holds all the same.
 */
import type { Platform } from "../platform.ts";
import { type LimitName, type LimitValueOf, limitNames } from "./definitions.ts";

export interface Figure<N extends LimitName = LimitName> {
  /** Of the requirement document. */
  readonly row: string;
  readonly value: LimitValueOf<N>;
  /** The row by which smaller disks are made larger, where it is another one. */
  readonly enlargedBy?: string;
  readonly today?: { readonly en: string; readonly zh: string };
}

export type LimitTable = { readonly [N in LimitName]?: Figure<N> };

/** What the document says of a platform and the product does by itself: shown, and no setting. */
export interface Fact {
  readonly row: string;
  readonly en: string;
  readonly zh: string;
}

/** Of the line, wherever servers go. */
const line: LimitTable = {
  fullSyncMinMbps: { row: "R-140", value: 10 },
  incrementalMinMbps: { row: "R-141", value: 1 },
};

/** Of source servers that run Linux, whichever cloud they go to: section 4.2 of the document. */
export const sourceLimits: LimitTable = {
  fileSystems: { row: "R-142", value: ["ext2", "ext3", "ext4", "xfs", "ntfs"] },
  freeSpacePercent: { row: "R-144", value: 10 },
  maxVolumeGroups: { row: "R-148", value: 1 },
  strictSourceRules: { row: "R-143", value: true },
};

const general: LimitTable = { ...line, ...sourceLimits };

/** RHEL and CentOS 6.x and 7.x. */
const redHat = ["rhel6", "rhel7", "centos6", "centos7"];

const choosableGroup = {
  en: "another security group can be chosen",
  zh: "可以选择其他安全组",
};

const aliyun: LimitTable = {
  ...general,
  // R-154 has 18, an older figure.
  gatewayMaxVolumes: {
    row: "R-155",
    value: 16,
    today: {
      en: "16 to 64 by instance type, less the system disk",
      zh: "按实例规格为 16 至 64 块（系统盘除外）",
    },
  },
  sourceMaxDisks: { row: "R-155", value: 16 },
  // Source: ECS API 2014-05-26, CreateDisk and RunInstances, Size by category.
  systemDiskMinGB: {
    row: "R-153",
    value: 20,
    today: { en: "1 GB with cloud_auto and ESSD PL0", zh: "cloud_auto 与 ESSD PL0 为 1 GB" },
  },
  dataDiskMinGB: {
    row: "R-153",
    value: 20,
    today: { en: "1 GB with cloud_auto and ESSD PL0", zh: "cloud_auto 与 ESSD PL0 为 1 GB" },
  },
  systemDiskMaxGB: {
    row: "R-156",
    value: 500,
    today: {
      en: "2048 GB, but for basic cloud disks",
      zh: "2048 GB（普通云盘除外）",
    },
  },
};

const aws: LimitTable = {
  ...general,
  // R-168 tells how it comes to 20.
  gatewayMaxVolumes: {
    row: "R-169",
    value: 20,
    today: {
      en: "28 in all on T3, 32 to 128 on newer families, less root and interfaces",
      zh: "T3 共 28 个，新规格族 32 至 128 个（含根卷与网卡）",
    },
  },
  // Source: EC2 API, CreateVolume, VolumeType.
  volumeType: {
    row: "R-161",
    value: ["gp2"],
    today: { en: "gp3, io1, io2 too", zh: "还有 gp3、io1、io2" },
  },
  instanceFamilies: {
    row: "R-167",
    value: ["t3"],
    today: { en: "any family", zh: "任意规格族" },
  },
  // R-157 is the older line.
  os: {
    row: "R-158",
    value: [...redHat, "windows"],
    today: {
      en: "AWS itself names no systems for a disk that becomes an instance's root",
      zh: "AWS 对作为根卷的磁盘没有操作系统列表",
    },
  },
  notFrom: { row: "R-165", value: ["openstack-ceph-agentless"] },
  sameNetworkAsGateway: {
    row: "R-166",
    value: true,
    today: { en: "another subnet can be chosen", zh: "可以选择其他子网" },
  },
};

const azure: LimitTable = {
  ...general,
  gatewayMaxVolumes: {
    row: "R-176",
    value: 16,
    today: { en: "MaxDataDiskCount of its size", zh: "以实例规格的 MaxDataDiskCount 为准" },
  },
  gatewayType: {
    row: "R-176",
    value: ["Standard_F4"],
    today: { en: "the first F series is being retired", zh: "第一代 F 系列正在下线" },
  },
  systemDiskMaxGB: {
    row: "R-170",
    value: 32_768,
    today: { en: "4095 GB for a system disk", zh: "系统盘为 4095 GB" },
  },
  dataDiskMaxGB: { row: "R-170", value: 32_768, today: { en: "32767 GB", zh: "32767 GB" } },
  os: { row: "R-174", value: ["windows>=2008r2", ...redHat] },
  // Azure takes them, the product can't repair them; acknowledged by X-22.
  osWithoutRepair: { row: "R-175", value: ["windows>=2008sp2"] },
};

const tencent: LimitTable = {
  ...general,
  gatewayMaxVolumes: { row: "R-190", value: 20 },
  gatewayVcpusAdvised: { row: "R-180", value: 8 },
  sourceMaxDisks: { row: "R-186", value: 20 },
  systemDiskMinGB: { row: "R-184", value: 50 },
  systemDiskMaxGB: {
    row: "R-184",
    value: 1024,
    today: { en: "1024 or 2048 GB by type", zh: "按类型为 1024 或 2048 GB" },
  },
  systemDiskMaxSsdGB: {
    row: "R-184",
    value: 500,
    today: { en: "1024 or 2048 GB by type", zh: "按类型为 1024 或 2048 GB" },
  },
  dataDiskMinGB: { row: "R-185", value: 10 },
  // Source: CBS documentation, "Cloud disk types"; CVM API 2017-03-12, DataDisk, DiskSize.
  dataDiskMaxGB: {
    row: "R-185",
    value: 16_000,
    today: { en: "32000 GB by type", zh: "按类型可达 32000 GB" },
  },
  dataDiskStepGB: { row: "R-185", value: 10 },
  launchMinMemoryGB: { row: "R-178", value: 2 },
  samePlacementAsGateway: { row: "R-182", value: true },
  sameSecurityGroupAsGateway: { row: "R-183", value: true, today: choosableGroup },
};

const huawei: LimitTable = {
  ...general,
  gatewayMaxVolumes: {
    row: "R-197",
    value: 23,
    today: { en: "59 with SCSI disks on some types", zh: "部分规格使用 SCSI 磁盘时为 59" },
  },
  systemDiskMinGB: { row: "R-194", value: 40, enlargedBy: "R-196" },
  systemDiskMaxGB: { row: "R-194", value: 1024 },
  dataDiskMinGB: { row: "R-195", value: 10, enlargedBy: "R-196" },
  dataDiskMaxGB: { row: "R-195", value: 32_768 },
  sameNetworkAsGateway: {
    row: "R-193",
    value: true,
    today: { en: "another subnet can be chosen", zh: "可以选择其他子网" },
  },
};

const kingsoft: LimitTable = {
  ...general,
  // Source: KEC API, SystemDisk.DiskSize.
  systemDiskMaxGB: { row: "R-199", value: 20, today: { en: "500 GB", zh: "500 GB" } },
};

const openstack: LimitTable = {
  ...general,
  gatewayMaxVolumes: { row: "R-204", value: 20 },
  launchMinMemoryGB: { row: "R-200", value: 2 },
  sameSecurityGroupAsGateway: { row: "R-203", value: true, today: choosableGroup },
};

const qingcloud: LimitTable = {
  ...general,
  gatewayMaxVolumes: { row: "R-209", value: 20 },
  launchMinMemoryGB: { row: "R-205", value: 2 },
  sameSecurityGroupAsGateway: { row: "R-208", value: true, today: choosableGroup },
};

/** The document has no section on it. */
const ctyun: LimitTable = general;

const ucloud: LimitTable = {
  ...general,
  // Advice in the document, a setting of ours.
  gatewayMaxVolumes: { row: "R-211", value: 5 },
  gatewayType: { row: "R-210", value: ["N"] },
};

/** In the document under UCloud's name a second time. */
const zstack: LimitTable = {
  ...general,
  gatewayMaxVolumes: { row: "R-224", value: 15 },
  gatewayOsNot: { row: "R-219", value: ["centos7.1", "centos7.2"] },
  gatewayRestartForbidden: { row: "R-222", value: true },
  // Source: zstack 5.2.1, KvmGlobalConfig, dataVolume.maxNum.
  vmMaxDisks: {
    row: "R-223",
    value: 24,
    today: {
      en: "24 data volumes by default; an administrator can change it (kvm dataVolume.maxNum)",
      zh: "默认 24 个数据云盘，管理员可修改（kvm dataVolume.maxNum）",
    },
  },
  samePrimaryStorage: { row: "R-215", value: true },
  bootFromVolume: {
    row: "R-220",
    value: false,
    today: { en: "ZStack can, from 4.x on", zh: "ZStack 自 4.x 起支持" },
  },
  adminOnly: { row: "R-213", value: true },
};

/** This machine: no platform's limits but its own settings. */
const local: LimitTable = line;

export const limitTables: Readonly<Record<Platform, LimitTable>> = {
  ...{ aliyun, aws, azure, tencent, huawei, kingsoft },
  ...{ openstack, qingcloud, ctyun, ucloud, zstack, local },
};

/** Its figures, each with its name. */
export function figuresOf(table: LimitTable): { name: LimitName; figure: Figure }[] {
  return limitNames.flatMap((name) => {
    const figure: Figure | undefined = table[name];
    return figure === undefined ? [] : [{ name, figure }];
  });
}

export const platformFacts: Readonly<Partial<Record<Platform, readonly Fact[]>>> = {
  aliyun: [
    {
      row: "R-151",
      en: "instances are made of the migrated image, pay-as-you-go",
      zh: "以迁移镜像按量付费创建实例",
    },
  ],
  azure: [
    {
      row: "R-171",
      en: "volumes begin at the gateway's third disk; they are found by their LUN",
      zh: "数据盘从网关的第三块盘开始；按 LUN 识别",
    },
    {
      row: "R-172",
      en: "after Windows has moved, its data disks are brought online by hand, and given letters where Windows gives none",
      zh: "Windows 迁移后需登录系统手动联机数据盘，未自动分配时需指定盘符",
    },
  ],
  tencent: [
    { row: "R-177", en: "instances are made pay-as-you-go", zh: "按量付费创建实例" },
    {
      row: "R-181",
      en: "a gateway repairs as many servers at once as it has vCPUs",
      zh: "网关同时修复的服务器数等于其 vCPU 数",
    },
  ],
  kingsoft: [
    {
      row: "R-198",
      en: "after a failed launch the data is replicated anew where the volume itself was launched",
      zh: "直接使用卷启动失败后需重新同步数据",
    },
  ],
  openstack: [
    {
      row: "R-202",
      en: "repair in HyperDoor takes none of the gateway's places",
      zh: "在 HyperDoor 中修复不占用网关挂载数",
    },
  ],
  qingcloud: [
    {
      row: "R-207",
      en: "repair in HyperDoor takes none of the gateway's places",
      zh: "在 HyperDoor 中修复不占用网关挂载数",
    },
  ],
  zstack: [
    {
      row: "R-216",
      en: "a volume is known by the device that appears when it is attached",
      zh: "通过挂载前后磁盘差异识别卷",
    },
    {
      row: "R-217",
      en: "volumes are taken off by the product only, never by hand",
      zh: "卷只能由本产品卸载，不可手动卸载",
    },
  ],
};
