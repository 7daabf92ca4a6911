/** Every limit of every platform: at it, and one past it. */
import { describe, expect, test } from "vitest";
import { figuresOf, limitTables } from "../limits/tables.ts";
import { type Platform, platforms } from "../platform.ts";
import { check } from "./check.ts";
import { disk, disks, GiB, mounted, partition, server } from "./example-server.ts";
import type { Finding, Severity } from "./finding.ts";
import type { Offer, Subject } from "./subject.ts";

type Case = {
  readonly row: string;
  readonly platform: Platform;
  /** The figure, as the tables name it. */
  readonly limit: string;
  readonly severity: Severity;
  readonly at: Partial<Subject>;
  readonly past: Partial<Subject>;
};

const offer: Offer = {
  ...{ repairsOn: "gateway", canClone: true, zone: "zone-a", subnetId: "subnet-own" },
  bootStrategies: { bios: ["imageFromSnapshot"], uefi: ["imageFromSnapshot"] },
};

const withDisks = (count: number) => ({ inventory: server({ disks: disks(count) }) });
const withSystemDisk = (gib: number, bytes = 0) => ({
  inventory: server({ disks: [disk({ sizeBytes: gib * GiB + bytes })] }),
});
const withDataDisk = (gib: number, bytes = 0) => {
  const [system, data] = disks(2);
  if (system === undefined || data === undefined) throw new Error("there are two");
  return {
    inventory: server({ disks: [system, { ...data, sizeBytes: gib * GiB + bytes }] }),
  };
};
const running = (distribution: string, version: string) => ({
  inventory: server({ os: { family: "linux", distribution, version } }),
});
const runningWindows = (version: string) => ({
  inventory: server({ os: { family: "windows", version } }),
});
const launchedAs = (instanceType: string, gib = 8) => ({
  launch: { instanceType, memoryBytes: gib * GiB },
});

function most(platform: Platform, limit: string, row: string, figure: number): Case {
  return {
    ...{ platform, limit, row, severity: "BLOCK" },
    at: withDisks(figure),
    past: withDisks(figure + 1),
  };
}

function largest(
  platform: Platform,
  role: "system" | "data",
  row: string,
  gib: number,
  step = 1,
): Case {
  const make = role === "system" ? withSystemDisk : withDataDisk;
  return {
    ...{ platform, row, severity: "BLOCK", limit: `${role}DiskMaxGB` },
    at: make(Math.floor(gib / step) * step),
    past: make(Math.floor(gib / step) * step, 1),
  };
}

/** A smaller disk gets a larger volume. */
function smallest(platform: Platform, role: "system" | "data", row: string, gib: number): Case {
  const make = role === "system" ? withSystemDisk : withDataDisk;
  return {
    ...{ platform, row, severity: "NOTE", limit: `${role}DiskMinGB` },
    at: make(gib),
    past: make(gib, -512),
  };
}

function memory(platform: Platform, row: string): Case {
  return {
    ...{ platform, row, severity: "BLOCK", limit: "launchMinMemoryGB" },
    at: launchedAs("any.size", 2),
    past: launchedAs("any.size", 2 - 1 / 1024),
  };
}

function ownGroupOnly(platform: Platform, row: string, limit: string): Case {
  const gateway = { securityGroupId: "sg-own" };
  return {
    ...{ platform, row, limit, severity: "BLOCK" },
    at: { gateway, launch: { securityGroupIds: ["sg-own"] } },
    past: { gateway, launch: { securityGroupIds: ["sg-own", "sg-other"] } },
  };
}

const cases: readonly Case[] = [
  most("aliyun", "gatewayMaxVolumes", "R-155", 16),
  most("aliyun", "sourceMaxDisks", "R-155", 16),
  smallest("aliyun", "system", "R-153", 20),
  smallest("aliyun", "data", "R-153", 20),
  largest("aliyun", "system", "R-156", 500),

  most("aws", "gatewayMaxVolumes", "R-169", 20),
  {
    ...{ platform: "aws", row: "R-158", limit: "os", severity: "BLOCK" },
    at: running("centos", "6.10"),
    past: running("centos", "8.5"),
  },
  {
    ...{ platform: "aws", row: "R-161", limit: "volumeType", severity: "WARN" },
    at: { target: { platform: "aws", offer: { ...offer, volumeTypes: types("gp2", "gp2") } } },
    past: { target: { platform: "aws", offer: { ...offer, volumeTypes: types("gp2", "gp3") } } },
  },
  {
    ...{ platform: "aws", row: "R-165", limit: "notFrom", severity: "BLOCK" },
    at: { inventory: server({ collectedBy: "agent" }) },
    past: { inventory: server({ collectedBy: "openstack-ceph-agentless" }) },
  },
  {
    ...{ platform: "aws", row: "R-166", limit: "sameNetworkAsGateway", severity: "BLOCK" },
    at: { launch: { subnetId: "subnet-own" } },
    past: { launch: { subnetId: "subnet-other" } },
  },
  ownGroupOnly("aws", "R-166", "sameNetworkAsGateway"),
  {
    ...{ platform: "aws", row: "R-167", limit: "instanceFamilies", severity: "BLOCK" },
    at: launchedAs("t3.nano"),
    past: launchedAs("t3a.nano"),
  },
  {
    ...{ platform: "aws", row: "R-167", limit: "instanceFamilies", severity: "BLOCK" },
    at: { target: { platform: "aws", offer, gatewayInstanceType: "t3.xlarge" } },
    past: { target: { platform: "aws", offer, gatewayInstanceType: "m5.xlarge" } },
  },

  most("azure", "gatewayMaxVolumes", "R-176", 16),
  {
    ...{ platform: "azure", row: "R-176", limit: "gatewayType", severity: "NOTE" },
    at: { target: { platform: "azure", offer, gatewayInstanceType: "Standard_F4" } },
    past: { target: { platform: "azure", offer, gatewayInstanceType: "Standard_F4s_v2" } },
  },
  largest("azure", "system", "R-170", 32_768),
  largest("azure", "data", "R-170", 32_768),
  {
    ...{ platform: "azure", row: "R-174", limit: "os", severity: "BLOCK" },
    at: running("rhel", "7.9"),
    past: running("rhel", "8.1"),
  },
  {
    ...{ platform: "azure", row: "R-175", limit: "osWithoutRepair", severity: "BLOCK" },
    at: runningWindows("6.1.7601"),
    past: runningWindows("6.0.6002"),
  },
  {
    ...{ platform: "azure", row: "R-173", limit: "osWithoutRepair", severity: "BLOCK" },
    at: runningWindows("6.0.6002"),
    past: runningWindows("6.0.6001"),
  },

  most("tencent", "gatewayMaxVolumes", "R-190", 20),
  most("tencent", "sourceMaxDisks", "R-186", 20),
  smallest("tencent", "system", "R-184", 50),
  largest("tencent", "system", "R-184", 1024),
  {
    ...{ platform: "tencent", row: "R-184", limit: "systemDiskMaxSsdGB", severity: "BLOCK" },
    at: ssd(500),
    past: ssd(501),
  },
  smallest("tencent", "data", "R-185", 10),
  largest("tencent", "data", "R-185", 16_000),
  {
    ...{ platform: "tencent", row: "R-185", limit: "dataDiskStepGB", severity: "NOTE" },
    at: withDataDisk(70),
    past: withDataDisk(71),
  },
  memory("tencent", "R-178"),
  {
    ...{ platform: "tencent", row: "R-180", limit: "gatewayVcpusAdvised", severity: "WARN" },
    at: { gateway: { vcpus: 8 } },
    past: { gateway: { vcpus: 7 } },
  },
  {
    ...{ platform: "tencent", row: "R-182", limit: "samePlacementAsGateway", severity: "BLOCK" },
    at: { launch: { zone: "zone-a" } },
    past: { launch: { zone: "zone-b" } },
  },
  ownGroupOnly("tencent", "R-183", "sameSecurityGroupAsGateway"),

  most("huawei", "gatewayMaxVolumes", "R-197", 23),
  smallest("huawei", "system", "R-196", 40),
  smallest("huawei", "data", "R-196", 10),
  largest("huawei", "system", "R-194", 1024),
  largest("huawei", "data", "R-195", 32_768),
  {
    ...{ platform: "huawei", row: "R-193", limit: "sameNetworkAsGateway", severity: "BLOCK" },
    at: { launch: { zone: "zone-a" } },
    past: { launch: { zone: "zone-b" } },
  },
  ownGroupOnly("huawei", "R-193", "sameNetworkAsGateway"),

  largest("kingsoft", "system", "R-199", 20),

  most("openstack", "gatewayMaxVolumes", "R-204", 20),
  memory("openstack", "R-200"),
  ownGroupOnly("openstack", "R-203", "sameSecurityGroupAsGateway"),

  most("qingcloud", "gatewayMaxVolumes", "R-209", 20),
  memory("qingcloud", "R-205"),
  ownGroupOnly("qingcloud", "R-208", "sameSecurityGroupAsGateway"),

  most("ucloud", "gatewayMaxVolumes", "R-211", 5),
  {
    ...{ platform: "ucloud", row: "R-210", limit: "gatewayType", severity: "NOTE" },
    at: { target: { platform: "ucloud", offer, gatewayInstanceType: "N" } },
    past: { target: { platform: "ucloud", offer, gatewayInstanceType: "O" } },
  },

  most("zstack", "gatewayMaxVolumes", "R-224", 15),
  most("zstack", "vmMaxDisks", "R-223", 24),
  {
    ...{ platform: "zstack", row: "R-219", limit: "gatewayOsNot", severity: "BLOCK" },
    at: { gateway: { os: { family: "linux", distribution: "centos", version: "7.3" } } },
    past: { gateway: { os: { family: "linux", distribution: "centos", version: "7.2.1511" } } },
  },
  {
    ...{ platform: "zstack", row: "R-213", limit: "adminOnly", severity: "BLOCK" },
    at: { target: { platform: "zstack", offer: { ...offer, isAdministrator: true } } },
    past: { target: { platform: "zstack", offer: { ...offer, isAdministrator: false } } },
  },
  {
    ...{ platform: "zstack", row: "R-220", limit: "bootFromVolume", severity: "BLOCK" },
    at: bootedBy("bootFromVolume", "imageFromSnapshot"),
    past: bootedBy("bootFromVolume"),
  },
];

function types(system: string, data: string) {
  return { system, data };
}

function ssd(gib: number): Partial<Subject> {
  const target = { platform: "tencent", offer: { ...offer, systemVolumeIsSsd: true } } as const;
  return { ...withSystemDisk(gib), target };
}

function bootedBy(...bios: string[]): Partial<Subject> {
  const bootStrategies = { bios, uefi: [] };
  return { target: { platform: "zstack", offer: { ...offer, bootStrategies } } };
}

/** For sources and lines, wherever they go. */
const general: readonly Omit<Case, "platform">[] = [
  ...["ext2", "ext3", "ext4", "xfs", "ntfs"].map((type) => ({
    ...{ row: "R-142", limit: "fileSystems", severity: "BLOCK" as const },
    at: holding(mounted(type)),
    past: holding(mounted(`${type}x`)),
  })),
  {
    ...{ row: "R-143", limit: "fileSystems", severity: "BLOCK" },
    at: holding(mounted("xfs")),
    past: holding(mounted("btrfs")),
  },
  {
    ...{ row: "R-144", limit: "freeSpacePercent", severity: "BLOCK" },
    at: holding({ ...mounted(), sizeBytes: 1000, freeBytes: 100 }),
    past: holding({ ...mounted(), sizeBytes: 1000, freeBytes: 99 }),
  },
  {
    ...{ row: "R-145", limit: "strictSourceRules", severity: "BLOCK" },
    at: holding(mounted()),
    past: holding({ type: "ext4" }),
  },
  {
    ...{ row: "R-146", limit: "strictSourceRules", severity: "BLOCK" },
    at: holding(mounted()),
    past: { inventory: server({ disks: [disk({ partitions: [], partitionTable: "none" })] }) },
  },
  {
    ...{ row: "R-147", limit: "strictSourceRules", severity: "BLOCK" },
    at: { inventory: server({ disks: [disk({ multipath: false })] }) },
    past: { inventory: server({ disks: [disk({ multipath: true })] }) },
  },
  {
    ...{ row: "R-148", limit: "maxVolumeGroups", severity: "BLOCK" },
    at: { inventory: server({ volumeGroups: groups(1) }) },
    past: { inventory: server({ volumeGroups: groups(2) }) },
  },
  {
    ...{ row: "R-149", limit: "strictSourceRules", severity: "BLOCK" },
    at: { inventory: server({ rawDevices: [] }) },
    past: { inventory: server({ rawDevices: ["/dev/raw/raw1"] }) },
  },
  {
    ...{ row: "R-140", limit: "fullSyncMinMbps", severity: "WARN" },
    at: { lineBitsPerSecond: 10e6 },
    past: { lineBitsPerSecond: 10e6 - 1 },
  },
  {
    ...{ row: "R-141", limit: "incrementalMinMbps", severity: "WARN" },
    at: { isReplicated: true, lineBitsPerSecond: 1e6 },
    past: { isReplicated: true, lineBitsPerSecond: 1e6 - 1 },
  },
];

function holding(fileSystem: ReturnType<typeof mounted>): Partial<Subject> {
  return { inventory: server({ disks: [disk({ partitions: [partition(fileSystem)] })] }) };
}

function groups(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    ...{ name: `vg${index}`, physicalVolumes: [`sd${index}`], logicalVolumes: [] },
  }));
}

function findings(platform: Platform, subject: Partial<Subject>): Finding[] {
  return check({ inventory: server(), target: { platform, offer }, ...subject });
}

/** Of this row and weight, and of this figure where the finding can be opened by one. */
function ofCase(found: readonly Finding[], { row, severity, limit }: Omit<Case, "platform">) {
  return found.filter(
    (one) =>
      one.row === row &&
      one.severity === severity &&
      (one.limit === undefined || one.limit === limit),
  );
}

describe.each(platforms.filter((platform) => platform !== "local"))("%s", (platform) => {
  const own = [...cases.filter((one) => one.platform === platform), ...general];

  test.each(own)("$limit holds at the limit and not one past it ($row, $severity)", (one) => {
    expect(ofCase(findings(platform, one.at), one)).toEqual([]);
    expect(ofCase(findings(platform, one.past), one)).not.toEqual([]);
  });

  test("every figure of its table is tried at its limit and past it", () => {
    // All volumes in one pool is what the planner does; a restart is refused where it is asked for.
    const elsewhere = ["samePrimaryStorage", "gatewayRestartForbidden"];

    const tried = new Set([...own.map(({ limit }) => limit), ...elsewhere]);

    const figures = figuresOf(limitTables[platform]).map(({ name }) => name);
    expect(figures.filter((name) => !tried.has(name))).toEqual([]);
  });
});

test("nothing of a platform's limits is held against a server that goes to this machine", () => {
  const spoilt = server({ disks: disks(26).map((one) => ({ ...one, partitions: [] })) });

  const found = check({
    inventory: { ...spoilt, rawDevices: ["/dev/raw/raw1"], volumeGroups: groups(3) },
    target: { platform: "local" },
  });

  expect(found.filter(({ severity }) => severity === "BLOCK")).toEqual([]);
});
