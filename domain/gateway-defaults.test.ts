import { describe, expect, test } from "vitest";
import {
  checkGatewayType,
  chooseGatewayType,
  type GatewayDefaults,
  gatewayAdminUser,
  gatewayDefaults,
  gatewayDiskGiB,
  gatewayName,
  gatewayPorts,
} from "./gateway-defaults.ts";
import { type Platform, platforms } from "./platform.ts";

const GiB = 1024 ** 3;
const type = (vcpus: number, memoryGiB: number, name = "asked-for") => ({
  ...{ name, vcpus, memoryBytes: memoryGiB * GiB },
});

const of = (platform: Platform): GatewayDefaults => gatewayDefaults[platform];

test("a gateway opens 12222, 18090, 3260 and 22 (X-20)", () => {
  expect(Object.values(gatewayPorts)).toEqual([12222, 18090, 3260, 22]);
});

test("a gateway is named HyperGate (R-013, R-031, R-044, R-071, R-090)", () => {
  expect(gatewayName).toBe("HyperGate");
});

/** Every cloud's size, and the rows that say it of each. */
const sizes = [
  ["aliyun", "R-019, R-020"],
  ["aws", "R-040, R-041"],
  ["azure", "X-15"],
  ["tencent", "R-062, R-063"],
  ["huawei", "R-079, R-080"],
  ["kingsoft", "R-098 to R-100, X-04"],
  ["openstack", "S-01"],
  ["qingcloud", "S-02"],
  ["ctyun", "S-03"],
  ["ucloud", "S-04"],
  ["zstack", "S-05"],
] as const satisfies readonly (readonly [Platform, string])[];

describe.each(sizes)("on %s (R-011, %s)", (platform) => {
  test("4 vCPU and 8 GiB are recommended", () => {
    const offered = [type(2, 4, "s"), type(4, 8, "m"), type(8, 16, "l")];

    expect(chooseGatewayType(platform, offered).name).toBe("m");
  });

  test("2 vCPU and 4 GiB are taken", () => {
    expect(() => checkGatewayType(platform, type(2, 4))).not.toThrow();
  });

  test.each([
    ["1 vCPU", type(1, 4), "1 vCPU, 4 GiB"],
    ["3 GiB", type(2, 3), "2 vCPU, 3 GiB"],
  ])("%s is refused, and what would do is said", (_, small, has) => {
    expect(() => checkGatewayType(platform, small)).toThrowError(
      expect.objectContaining({
        code: "gateway.too-small",
        message: `asked-for is too small for a gateway on ${platform}: it has ${has}, the least is 2 vCPU, 4 GiB`,
        hint: expect.stringContaining("4 vCPU, 8 GiB"),
      }),
    );
  });
});

const disks = [
  ["aliyun", 40, "R-025"],
  ["aws", 40, "R-043"],
  ["azure", 40, "X-15"],
  ["tencent", 50, "R-066"],
  ["huawei", 40, "R-083"],
  ["kingsoft", 40, "R-102, R-104, X-10"],
  ["openstack", 40, "S-01"],
  ["qingcloud", 40, "S-02"],
  ["ctyun", 40, "S-03"],
  ["ucloud", 40, "S-04"],
  ["zstack", 40, "R-012"],
] as const satisfies readonly (readonly [Platform, number, string])[];

test.each(disks)(
  "on %s the system disk has 100 GiB, and at least %i (R-012, %s)",
  (platform, least) => {
    const setting = gatewayDiskGiB(platform);

    expect(setting.parse(undefined)).toBe(100);
    expect(setting.parse(least)).toBe(least);
    expect(setting.safeParse(least - 1).error?.issues[0]?.message).toBe(
      `a gateway's system disk has at least ${least} GiB, 100 are recommended`,
    );
  },
);

test.each<[Platform, string, string]>([
  ["aliyun", "ecs.c5.xlarge", "R-022, R-023"],
  ["aws", "t3.xlarge", "R-039, X-05"],
  ["azure", "Standard_F4", "X-15"],
  ["tencent", "C3.LARGE8", "R-064"],
  ["huawei", "c3.xlarge.2", "R-081"],
])("on %s it is a %s, as long as that is sold (%s)", (platform, name) => {
  const newer = type(4, 8, "newer");

  expect(chooseGatewayType(platform, [newer, type(4, 8, name)]).name).toBe(name);
  expect(chooseGatewayType(platform, [newer]).name).toBe("newer");
});

test.each<[Platform, string, string]>([
  ["ucloud", "N", "R-210"],
  ["qingcloud", "101", "S-02"],
])("on %s it is a host of the type %s (%s)", (platform, family) => {
  expect(of(platform).instanceFamily).toBe(family);
});

test("where nothing is large enough, that is said", () => {
  expect(() => chooseGatewayType("zstack", [type(2, 16), type(16, 4)])).toThrowError(
    expect.objectContaining({
      code: "gateway.no-type",
      message: "zstack offers no instance type of 4 vCPU, 8 GiB for a gateway",
    }),
  );
});

test.each<[Platform, string, string]>([
  ["aliyun", "cloud_efficiency", "R-025"],
  ["aws", "gp2", "R-043, R-161"],
  ["azure", "StandardSSD_LRS", "X-15"],
  ["tencent", "CLOUD_PREMIUM", "R-066, X-16"],
  ["huawei", "SAS", "R-083"],
  ["kingsoft", "SSD3.0", "R-102, R-104, X-10"],
  ["ctyun", "SAS", "S-03"],
])("on %s the system disk is of the type %s (%s)", (platform, disk) => {
  expect(of(platform).systemDisk.type).toBe(disk);
});

test.each<[Platform, string]>([
  ["aliyun", "R-017, R-027, R-028"],
  ["tencent", "R-059, R-067, R-068"],
  ["huawei", "R-077, R-088, R-089"],
  ["kingsoft", "R-095, R-105, R-106, X-10"],
  ["ctyun", "S-03"],
  ["ucloud", "S-04"],
])("on %s it is paid as it is used, and 5 Mbps by traffic (X-11, %s)", (platform) => {
  expect(of(platform)).toMatchObject({
    billing: "pay-as-you-go",
    bandwidth: { mbps: 5, billedBy: "traffic" },
  });
});

test("on Huawei Cloud the bandwidth is the gateway's alone (R-087)", () => {
  expect(of("huawei").bandwidth?.dedicated).toBe(true);
});

test.each<[Platform, string[]]>([
  ["aliyun", ["region", "vpc"]],
  ["tencent", ["region", "vpc", "subnet"]],
  ["huawei", ["region", "vpc"]],
  ["kingsoft", ["region", "zone"]],
  ["qingcloud", ["zone"]],
  ["ctyun", ["region", "zone"]],
  ["ucloud", ["region", "vpc", "subnet"]],
])("on %s gateway and security group have the same %j", (platform, same) => {
  expect(of(platform).sameAsGroup).toEqual(same);
});

test("who logs in does so by a password or a key; an image's own login is kept where it has one (R-030, R-072, R-091, X-18)", () => {
  expect(of("aliyun").login.saas[0]).toBe("password");
  expect(of("aws").login.standalone).toEqual(["key-pair"]);
  expect(of("tencent").login.saas).not.toContain("as-image");
  expect(of("tencent").login.standalone[0]).toBe("as-image");
  expect(of("huawei").login.saas).toEqual(["password", "key-pair"]);
});

test("on Azure the administrator is hypergate, and reserved names are refused (R-052, X-03)", () => {
  const setting = gatewayAdminUser("azure");

  expect(setting.parse(undefined)).toBe("hypergate");
  expect(setting.parse("operator")).toBe("operator");
  for (const name of ["admin", "root", "administrator", "user1", "support_388945a0"]) {
    expect(setting.safeParse(name).error?.issues[0]?.message).toBe(
      "is reserved by azure; choose another, such as hypergate",
    );
  }
  expect(setting.safeParse("CentOS 7.5").success).toBe(false);
});

test("every platform has its defaults, and recommends no less than the least", () => {
  for (const platform of platforms) {
    const { vcpus, memoryGiB, systemDisk } = of(platform);
    for (const { recommended, least } of [vcpus, memoryGiB, systemDisk.sizeGiB]) {
      expect(recommended).toBeGreaterThanOrEqual(least);
    }
  }
});
