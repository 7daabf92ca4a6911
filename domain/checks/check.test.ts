import fc from "fast-check";
import { expect, test } from "vitest";
import type { Inventory } from "../inventory.ts";
import { type Platform, platforms } from "../platform.ts";
import { check } from "./check.ts";
import { disk, disks, GiB, mounted, partition, server } from "./example-server.ts";
import { type Acknowledgement, type Finding, severities, worstOf } from "./finding.ts";
import type { LaunchWish, Offer, Subject } from "./subject.ts";
import { describeFinding } from "./words.ts";

const offer: Offer = {
  ...{ repairsOn: "hyperDoor", canClone: true },
  bootStrategies: { bios: ["imageFromSnapshot"], uefi: ["imageFromSnapshot"] },
};
const at = "2026-01-01T00:00:00.000Z";
const acknowledged = (row: string): Acknowledgement => ({
  ...{ row, targetId: "tgt-1", reason: "agreed", by: "lin", at },
});
const windows = (version: string) => server({ os: { family: "windows", version } });

function findings(platform: Platform, subject: Partial<Subject> = {}): Finding[] {
  return check({ inventory: server(), target: { platform, offer }, ...subject });
}
const told = (found: readonly Finding[]) => found.map(({ severity, row }) => `${severity} ${row}`);
const ofRow = (found: readonly Finding[], row: string) =>
  found.filter((one) => one.row === row).map(({ severity }) => severity);

test.each([
  ["aws", "linux", "R-159", { ssh: false }, "WARN"],
  ["aws", "linux", "R-159", {}, "NOTE"],
  ["aws", "linux", "R-159", { ssh: true }, undefined],
  ["aws", "windows", "R-160", { remoteDesktop: false }, "WARN"],
  ["aws", "windows", "R-160", {}, "NOTE"],
  ["aws", "windows", "R-160", { remoteDesktop: true }, undefined],
  ["azure", "linux", "R-159", { ssh: false }, undefined],
] as const)(
  "on %s a %s server's own firewall is judged (%s): %j gives %s",
  (platform, family, row, openings, severity) => {
    const os = { ...server().os, family };

    const found = findings(platform, { inventory: server({ os, openings }) });

    expect(ofRow(found, row)).toEqual(severity === undefined ? [] : [severity]);
  },
);

test.each([
  ["azure", "R-172", "NOTE", { ...windows("10.0.17763"), disks: disks(2) }],
  ["tencent", "R-187", "WARN", windows("10.0.14393")],
  ["tencent", "R-188", "WARN", windows("5.2.3790")],
  ["tencent", "R-189", "WARN", server()],
  ["huawei", "R-191", "WARN", windows("5.2.3790")],
  ["huawei", "R-192", "WARN", windows("6.2.9200")],
  ["huawei", "R-192", "WARN", windows("6.3.9600")],
  ["huawei", "R-192", "WARN", windows("10.0.14393")],
  ["aliyun", "R-151", "NOTE", server()],
  ["tencent", "R-177", "NOTE", server()],
  ["tencent", "R-179", "NOTE", server()],
  ["openstack", "R-201", "NOTE", server()],
  ["qingcloud", "R-206", "NOTE", server()],
  ["zstack", "R-217", "NOTE", server()],
  ["zstack", "R-218", "NOTE", server()],
  ["zstack", "R-222", "NOTE", server()],
] as const)(
  "on %s row %s is told as a %s where it concerns the server",
  (platform, row, severity, inventory) => {
    expect(ofRow(findings(platform, { inventory }), row)).toEqual([severity]);
  },
);

test("what does not concern a server is not told of it (R-172, R-187, R-191, R-192, R-198, R-201)", () => {
  const static_ = { ...windows("10.0.14393"), nics: [{ ...nic, dhcp: false }] };

  expect(ofRow(findings("azure", { inventory: windows("6.1.7601") }), "R-172")).toEqual([]);
  expect(ofRow(findings("tencent", { inventory: static_ }), "R-187")).toEqual([]);
  expect(ofRow(findings("huawei", { inventory: windows("10.0.17763") }), "R-192")).toEqual([]);
  expect(ofRow(findings("kingsoft"), "R-198")).toEqual([]);
  const cloneless = { platform: "kingsoft", offer: { ...offer, canClone: false } } as const;
  expect(ofRow(findings("kingsoft", { target: cloneless }), "R-198")).toEqual(["NOTE"]);
  const native = { platform: "openstack", offer: { ...offer, repairsOn: "gateway" } } as const;
  expect(ofRow(findings("openstack", { target: native }), "R-201")).toEqual([]);
});

const nic = { name: "eth0", mac: "00:00:00:00:00:01", addresses: [] };

test("Windows 2008 SP2 goes to Azure once that is acknowledged, and then without driver repair only (R-175, X-22)", () => {
  const inventory = windows("6.0.6002");
  const by = { acknowledged: [acknowledged("R-175")] };

  const before = findings("azure", { inventory });
  const after = findings("azure", { inventory, ...by, launch: { repair: false } });
  const repairing = findings("azure", { inventory, ...by, launch: {} });

  expect(ofRow(before, "R-175")).toEqual(["BLOCK"]);
  expect(after.find(({ row }) => row === "R-175")).toMatchObject({
    ...{ severity: "WARN", acknowledged: { by: "lin", reason: "agreed" } },
  });
  expect(worstOf(after)).toBe("WARN");
  expect(repairing.filter(({ severity }) => severity === "BLOCK").map(({ code }) => code)).toEqual([
    "repair.impossible",
  ]);
});

test("a system disk of more than 20 GB goes to Kingsoft once that is acknowledged, as far as the cloud itself goes (R-199, X-23)", () => {
  const inventory = server({ disks: [disk({ sizeBytes: 100 * GiB })] });
  const huge = server({ disks: [disk({ sizeBytes: 600 * GiB })] });
  const target = { platform: "kingsoft", cloud: { systemDiskMaxGB: 500 }, offer } as const;
  const by = { target, acknowledged: [acknowledged("R-199")] };

  expect(worstOf(findings("kingsoft", { inventory, target }))).toBe("BLOCK");
  expect(worstOf(findings("kingsoft", { inventory, ...by }))).toBe("WARN");
  const found = findings("kingsoft", { inventory: huge, ...by });
  expect(told(found).slice(0, 2)).toEqual(["BLOCK X-19", "WARN R-199"]);
});

test("more than 5 volumes hang on a UCloud gateway once that is acknowledged; a raised figure warns (R-211, X-24)", () => {
  const inventory = server({ disks: disks(6) });
  const change = { name: "gatewayMaxVolumes", value: 8, reason: "tried", by: "lin", at };
  const raised = { platform: "ucloud", changes: [change], offer } as const;

  expect(worstOf(findings("ucloud", { inventory }))).toBe("BLOCK");
  const by = findings("ucloud", { inventory, acknowledged: [acknowledged("R-211")] });
  expect(ofRow(by, "R-211")).toEqual(["WARN"]);
  expect(ofRow(findings("ucloud", { inventory, target: raised }), "R-211")).toEqual(["WARN"]);
});

test("no other block can be acknowledged away", () => {
  const inventory = server({ disks: disks(17) });

  const found = findings("aliyun", { inventory, acknowledged: [acknowledged("R-155")] });

  expect(ofRow(found, "R-155")).toEqual(["BLOCK", "BLOCK"]);
});

test("a changed figure opens what the document closes (X-19)", () => {
  const inventory = server({ disks: [disk({ sizeBytes: 2048 * GiB })] });
  const change = { name: "systemDiskMaxGB", value: 2048, reason: "ESSD", by: "lin", at };
  const target = { platform: "aliyun", changes: [change], offer } as const;

  expect(ofRow(findings("aliyun", { inventory }), "R-156")).toEqual(["BLOCK"]);
  expect(worstOf(findings("aliyun", { inventory, target }))).toBe("NOTE");
});

test("where the cloud itself allows less, its figure is told as the cloud's, and is nothing to open", () => {
  const target = { platform: "huawei", cloud: { gatewayMaxVolumes: 8 }, offer } as const;

  const found = findings("huawei", { inventory: server({ disks: disks(9) }), target });

  expect(found[0]).toMatchObject({ severity: "BLOCK", row: "X-19", params: { most: 8 } });
  expect(found[0]).not.toHaveProperty("limit");
});

test("the placement of a launch is free where its limit was opened, and where the document says nothing", () => {
  const launch = { subnetId: "subnet-other", securityGroupIds: ["sg-other"], zone: "b" };
  const changes = [{ name: "sameNetworkAsGateway", value: false, reason: "r", by: "lin", at }];
  const own = { ...offer, zone: "a", subnetId: "subnet-own" };

  expect(worstOf(findings("aws", { launch, target: { platform: "aws", offer: own } }))).toBe(
    "BLOCK",
  );
  expect(
    worstOf(findings("aws", { launch, target: { platform: "aws", offer: own, changes } })),
  ).toBe("NOTE");
  expect(worstOf(findings("ctyun", { launch }))).toBe("NOTE");
  const unknown = findings("aws", { launch: { subnetId: "subnet-x" } });
  expect(ofRow(unknown, "R-166")).toEqual(["NOTE"]);
});

test("an instance type, a subnet or a group that the target doesn't have stops a launch before it begins, with where to look (R-005)", () => {
  const subnets = [{ id: "a" }];
  const offered = {
    instanceTypes: ["m5.large"],
    subnets,
    securityGroups: [{ id: "g" }, { id: "h" }],
  };
  const wish = (instanceType: string, subnetId: string, securityGroupIds: string[]) =>
    findings("ctyun", { launch: { instanceType, subnetId, securityGroupIds }, offered })
      .filter(({ row }) => row === "R-005")
      .map((found) => [found.severity, describeFinding(found, inEnglish).todo]);
  const inEnglish = { language: "en", server: "web-1", target: "here" } as const;

  expect(wish("m5.large", "a", ["g", "h"])).toEqual([]);
  expect(wish("m5.lagre", "b", ["g", "x"])).toEqual([
    ["BLOCK", "Choose one of them: hypermotion target types here"],
    ["BLOCK", "Choose one of them: hypermotion target subnets here"],
    ["BLOCK", "Choose of them: hypermotion target security-groups here"],
  ]);
  const path = "/subscriptions/1/resourceGroups/Other/x";
  subnets.push({ id: path });
  expect(wish("m5.large", path.toLowerCase(), ["G", path])).toEqual([]);
  expect(wish("m5.large", `${path}y`, ["g"])).toHaveLength(1);
  const launch = { instanceType: "?", subnetId: "?", securityGroupIds: ["?"] };
  expect(ofRow(findings("ctyun", { launch }), "R-005")).toEqual([]);
});

test("a group that holds in one network only is refused in a subnet of another, the gateway's too", () => {
  const offered = {
    subnets: [
      { id: "own", network: "vpc-1" },
      { id: "near", network: "vpc-1" },
      { id: "far", network: "vpc-2" },
    ],
    securityGroups: [
      { id: "g1", network: "vpc-1" },
      { id: "g2", network: "vpc-2" },
      { id: "everywhere" },
    ],
  };
  const target = { platform: "ctyun", offer: { ...offer, subnetId: "own" } } as const;
  const codes = (launch: LaunchWish, more = offered) =>
    findings("ctyun", { launch, offered: more, target })
      .filter(({ row }) => row === "R-005")
      .map(({ code }) => code);

  expect(codes({ subnetId: "near" })).toEqual([]);
  expect(codes({ subnetId: "far" })).toEqual(["network.group-needed"]);
  expect(codes({ subnetId: "far" }, { ...offered, securityGroups: [{ id: "g" }] })).toEqual([]);
  expect(codes({ subnetId: "far", securityGroupIds: ["g2", "everywhere"] })).toEqual([]);
  expect(codes({ subnetId: "far", securityGroupIds: ["g1", "g2"] })).toEqual([
    "network.group-elsewhere",
  ]);
  expect(codes({ securityGroupIds: ["g1"] })).toEqual([]);
  expect(codes({ securityGroupIds: ["g2"] })).toEqual(["network.group-elsewhere"]);
});

test("what is made pay-as-you-go says that its billing can be changed by hand afterwards (R-151, R-152, R-177)", () => {
  for (const platform of ["aliyun", "tencent"] as const) {
    const [found] = findings(platform).filter(({ code }) => code === "launch.billing");
    if (found === undefined) throw new Error("billing is told");
    const words = describeFinding(found, { language: "en", server: "web-1" });
    expect(words.todo).toContain("change its billing in the platform's console");
  }
});

test("whether an account is an administrator's is a note while it is not known (R-213, R-214, X-01)", () => {
  expect(ofRow(findings("zstack"), "R-213")).toEqual(["NOTE"]);
});

const anInventory = fc
  .record({
    family: fc.constantFrom("linux" as const, "windows" as const, "unknown" as const),
    distribution: fc.constantFrom("centos", "debian", undefined),
    version: fc.constantFrom("7.9", "6.0.6002", undefined),
    sizes: fc.array(fc.integer({ min: 1, max: 40_000 }), { maxLength: 30 }),
    type: fc.constantFrom("ext4", "btrfs", "swap", "LVM2_member", undefined),
    raw: fc.constantFrom<string[] | undefined>(undefined, [], ["/dev/raw/raw1"]),
  })
  .map(({ family, distribution, version, sizes, type, raw }): Inventory => {
    const { rawDevices: _, ...plain } = server();
    return {
      ...plain,
      os: {
        family,
        ...(distribution === undefined ? {} : { distribution }),
        ...(version === undefined ? {} : { version }),
      },
      disks: sizes.map((gib, index) =>
        disk({
          ...{ deviceName: `sd${index}`, sizeBytes: gib * GiB },
          role: index === 0 ? "system" : "data",
          partitions: [partition(type === undefined ? undefined : { ...mounted(type), type })],
        }),
      ),
      ...(raw === undefined ? {} : { rawDevices: raw }),
    };
  });

test("whatever a server tells, a check is answered, the heaviest first, and more disks never make it better", () => {
  const platform = fc.constantFrom(...platforms);
  fc.assert(
    fc.property(anInventory, platform, (inventory, to) => {
      const found = check({ inventory, target: { platform: to, offer } });
      const weights = found.map(({ severity }) => severities.indexOf(severity));
      expect(weights).toEqual(weights.toSorted((a, b) => a - b));

      const fewer = check({
        inventory: { ...inventory, disks: inventory.disks.slice(0, -1) },
        target: { platform: to, offer },
      });
      const blocks = (list: readonly Finding[]) =>
        list.filter(({ severity }) => severity === "BLOCK").length;
      expect(blocks(fewer)).toBeLessThanOrEqual(blocks(found));
    }),
  );
});
