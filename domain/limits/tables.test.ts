import { describe, expect, test } from "vitest";
import { platforms } from "../platform.ts";
import { isValueOf, limitDefinitions, limitNames } from "./definitions.ts";
import { figuresOf, limitTables, platformFacts } from "./tables.ts";

const redHat = ["rhel6", "rhel7", "centos6", "centos7"];
const general = {
  fileSystems: ["R-142", ["ext2", "ext3", "ext4", "xfs", "ntfs"]],
  freeSpacePercent: ["R-144", 10],
  maxVolumeGroups: ["R-148", 1],
  strictSourceRules: ["R-143", true],
  fullSyncMinMbps: ["R-140", 10],
  incrementalMinMbps: ["R-141", 1],
};

/** As the requirement document has them, written down a second time. */
const document: Record<string, Record<string, readonly [row: string, value: unknown]>> = {
  aliyun: {
    gatewayMaxVolumes: ["R-155", 16],
    sourceMaxDisks: ["R-155", 16],
    systemDiskMinGB: ["R-153", 20],
    systemDiskMaxGB: ["R-156", 500],
    dataDiskMinGB: ["R-153", 20],
  },
  aws: {
    gatewayMaxVolumes: ["R-169", 20],
    volumeType: ["R-161", ["gp2"]],
    os: ["R-158", [...redHat, "windows"]],
    instanceFamilies: ["R-167", ["t3"]],
    notFrom: ["R-165", ["openstack-ceph-agentless"]],
    sameNetworkAsGateway: ["R-166", true],
  },
  azure: {
    gatewayMaxVolumes: ["R-176", 16],
    gatewayType: ["R-176", ["Standard_F4"]],
    systemDiskMaxGB: ["R-170", 32 * 1024],
    dataDiskMaxGB: ["R-170", 32 * 1024],
    os: ["R-174", ["windows>=2008r2", ...redHat]],
    osWithoutRepair: ["R-175", ["windows>=2008sp2"]],
  },
  tencent: {
    gatewayMaxVolumes: ["R-190", 20],
    gatewayVcpusAdvised: ["R-180", 8],
    sourceMaxDisks: ["R-186", 20],
    systemDiskMinGB: ["R-184", 50],
    systemDiskMaxGB: ["R-184", 1024],
    systemDiskMaxSsdGB: ["R-184", 500],
    dataDiskMinGB: ["R-185", 10],
    dataDiskMaxGB: ["R-185", 16_000],
    dataDiskStepGB: ["R-185", 10],
    launchMinMemoryGB: ["R-178", 2],
    samePlacementAsGateway: ["R-182", true],
    sameSecurityGroupAsGateway: ["R-183", true],
  },
  huawei: {
    gatewayMaxVolumes: ["R-197", 23],
    systemDiskMinGB: ["R-194", 40],
    systemDiskMaxGB: ["R-194", 1024],
    dataDiskMinGB: ["R-195", 10],
    dataDiskMaxGB: ["R-195", 32 * 1024],
    sameNetworkAsGateway: ["R-193", true],
  },
  kingsoft: { systemDiskMaxGB: ["R-199", 20] },
  openstack: {
    gatewayMaxVolumes: ["R-204", 20],
    launchMinMemoryGB: ["R-200", 2],
    sameSecurityGroupAsGateway: ["R-203", true],
  },
  qingcloud: {
    gatewayMaxVolumes: ["R-209", 20],
    launchMinMemoryGB: ["R-205", 2],
    sameSecurityGroupAsGateway: ["R-208", true],
  },
  ctyun: {},
  ucloud: { gatewayMaxVolumes: ["R-211", 5], gatewayType: ["R-210", ["N"]] },
  zstack: {
    gatewayMaxVolumes: ["R-224", 15],
    gatewayOsNot: ["R-219", ["centos7.1", "centos7.2"]],
    gatewayRestartForbidden: ["R-222", true],
    vmMaxDisks: ["R-223", 24],
    samePrimaryStorage: ["R-215", true],
    bootFromVolume: ["R-220", false],
    adminOnly: ["R-213", true],
  },
};

describe.each(Object.entries(document))("%s", (platform, own) => {
  const table = limitTables[platform as keyof typeof limitTables];
  const expected = Object.entries({ ...own, ...general });

  test.each(expected.map(([name, [row, value]]) => ({ name, row, value })))(
    "has $name of the document ($row)",
    ({ name, row, value }) => {
      expect(table[name as keyof typeof table]).toMatchObject({ row, value });
    },
  );

  test("has no figure that the document does not have", () => {
    expect(Object.keys(table).sort()).toEqual(expected.map(([name]) => name).sort());
  });
});

test("CTyun has none but the limits of every source and line (X-27), this machine none but the line's", () => {
  expect(Object.keys(limitTables.ctyun).sort()).toEqual(Object.keys(general).sort());
  expect(Object.keys(limitTables.local).sort()).toEqual(["fullSyncMinMbps", "incrementalMinMbps"]);
});

test("every platform has a table, every figure a value of its kind, and what is outdated says so in both languages", () => {
  expect(Object.keys(limitTables).sort()).toEqual([...platforms].sort());
  for (const platform of platforms) {
    for (const { name, figure } of figuresOf(limitTables[platform])) {
      expect(isValueOf(name, figure.value), `${platform} ${name}`).toBe(true);
      expect(figure.row).toMatch(/^R-\d{3}$/);
      if (figure.today !== undefined) {
        expect(figure.today.en).not.toBe("");
        expect(figure.today.zh).not.toBe("");
      }
    }
  }
  // Figures that were looked up and found outdated.
  expect(limitTables.aliyun.systemDiskMaxGB?.today?.en).toContain("2048");
  expect(limitTables.kingsoft.systemDiskMaxGB?.today?.en).toContain("500");
});

test("every limit and every fact says what it means in English and Chinese (R-005)", () => {
  for (const name of limitNames) {
    expect(limitDefinitions[name].en.length, name).toBeGreaterThan(5);
    expect(limitDefinitions[name].zh, name).toMatch(/\p{Script=Han}/u);
  }
  for (const { en, zh, row } of Object.values(platformFacts).flat()) {
    expect(row).toMatch(/^R-\d{3}$/);
    expect(en.length).toBeGreaterThan(10);
    expect(zh).toMatch(/\p{Script=Han}/u);
  }
});

test("an operator is told that Windows' data disks are brought online by hand on Azure (R-172)", () => {
  const note = platformFacts.azure?.find(({ row }) => row === "R-172");

  expect(note?.en).toContain("brought online by hand");
  expect(note?.zh).toContain("手动联机");
});
