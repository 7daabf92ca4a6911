/** Checks and limits through the API and the steps: real records, the real AWS client against a fake EC2. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { describeEvent } from "#domain/events.ts";
import type { Disk, Inventory } from "#domain/inventory.ts";
import type { SourceServer, Target } from "#domain/records.ts";
import { planVolumes } from "#domain/volume-plan.ts";
import { type FakeAws, startFakeAws } from "#test/clouds/aws/fake-aws.ts";
import {
  inventory,
  openTestConsole,
  registerAgent,
  type TestConsole,
} from "#test/fixtures/console.ts";
import type { Deps } from "./deps.ts";
import { rulesOf } from "./placement.ts";
import { planServers } from "./planning.ts";
import { cloneVolumes } from "./steps/clone-volumes/index.ts";
import { precheck } from "./steps/precheck/index.ts";

const GiB = 1024 ** 3;

let console: TestConsole;
let deps: Deps;
let aws: FakeAws;
let operator: string;
let administrator: string;

beforeEach(async () => {
  console = await openTestConsole();
  deps = console.deps;
  aws = await startFakeAws();
  operator = await console.personOf("operator");
  administrator = await console.personOf("administrator");
});
afterEach(async () => {
  await console.close();
  await aws.close();
});

async function addTarget(more: Record<string, unknown> = {}): Promise<string> {
  const { platform, config, credentials } = aws.target;
  const { status, body } = await console.call("POST", "/v1/targets", {
    token: administrator,
    body: { ...{ name: "prod", platform, config, credentials }, ...more },
  });
  expect(status, JSON.stringify(body)).toBe(201);
  return body.id;
}

const addLocalTarget = (more: Record<string, unknown> = {}) => {
  const config = { folder: `${console.folder}/target`, minFreeBytes: 0 };
  return addTarget({ name: "here", platform: "local", config, credentials: {}, ...more });
};

const centos: Inventory["os"] = { family: "linux", distribution: "centos", version: "7.9" };

async function addServer(change: Partial<Inventory> = {}): Promise<string> {
  const { serverId } = await registerAgent(console);
  await deps.store.servers.update(serverId, (server) => ({
    ...server,
    inventory: { ...inventory, os: centos, openings: { ssh: true }, rawDevices: [], ...change },
  }));
  return serverId;
}

function systemDisk(): Disk {
  const [found] = inventory.disks;
  if (found === undefined) throw new Error("the fixture has a disk");
  return found;
}
const disk = systemDisk();
const blank = { ...disk, id: "b", path: "/dev/sdb", deviceName: "sdb", role: "data" as const };
const unpartitioned = { ...blank, partitionTable: "none" as const, partitions: [] };

/** A security group that somebody made. @returns its id */
function addGroup(vpcId: string): string {
  const thing = aws.account.newThing("sg", new Map());
  aws.account.groups.set(thing.id, { ...thing, name: "web", vpcId, rules: new Set() });
  return thing.id;
}

const check = (serverId: string, body: object, headers: Record<string, string> = {}) =>
  console.call("POST", `/v1/servers/${serverId}/check`, { token: operator, body, headers });
const setLimit = (targetId: string, name: string, body: object, token = administrator) =>
  console.call("PUT", `/v1/targets/${targetId}/limits/${name}`, { token, body });
const limitsOf = async (targetId: string) => {
  const { body } = await console.call("GET", `/v1/targets/${targetId}/limits`, { token: operator });
  return body;
};
const rows = (found: { findings: { severity: string; row: string }[] }) =>
  found.findings.map(({ severity, row }) => `${severity} ${row}`);

const migrate = (serverId: string, targetId: string, launch?: object) =>
  precheck(
    {
      ...{ runId: "run-1", kind: "migrate-server" },
      input: { serverId, targetId, ...(launch === undefined ? {} : { launch }) },
    },
    deps,
  );

async function eventsOf(serverId: string): Promise<string[]> {
  return (await deps.store.events.list(serverId)).map((event) => describeEvent(event));
}

describe("a check", () => {
  test("says what stops a server, what is allowed and what to do, in both languages, and changes nothing (R-005)", async () => {
    const targetId = await addTarget();
    const serverId = await addServer({
      disks: [disk, unpartitioned],
      os: { family: "linux", distribution: "debian", version: "12" },
    });
    const before = await deps.store.servers.get(serverId);
    const orders = aws.calls.made.length;

    const { status, body } = await check(serverId, { targetId });
    const zh = await check(serverId, { targetId }, { "accept-language": "zh-CN" });

    expect([status, body.worst]).toEqual([200, "BLOCK"]);
    expect(rows(body).slice(0, 2)).toEqual(["BLOCK R-146", "BLOCK R-158"]);
    expect(body.findings[1]).toMatchObject({
      thing: { kind: "operating system" },
      limit: "os",
      words: {
        seen: "debian 12",
        allowed: "rhel6, rhel7, centos6, centos7, windows",
        todo: expect.stringContaining("hypermotion target limits set prod os <value>"),
      },
    });
    expect(zh.body.findings[0].words).toMatchObject({ thing: "磁盘 sdb", seen: "没有划分分区" });
    expect(await deps.store.servers.get(serverId)).toEqual(before);
    const asked = aws.calls.made.slice(orders).map(({ action }) => action);
    expect(asked.filter((action) => !/^(Describe|Get|Assume)/.test(action))).toEqual([]);
  });

  test("judges a server by itself before it has a target, and by its target's limits afterwards", async () => {
    const serverId = await addServer({ disks: [disk, unpartitioned] });
    const here = await addLocalTarget();

    expect(rows((await check(serverId, {})).body)).toEqual(["BLOCK R-146"]);
    expect((await check(serverId, { targetId: here })).body.worst).toBe("NOTE");
    await deps.store.servers.update(serverId, (server) => ({ ...server, targetId: here }));
    expect((await check(serverId, {})).body).toMatchObject({ targetId: here, worst: "NOTE" });
  });

  test("judges how a server is to be launched (R-166, R-167)", async () => {
    const targetId = await addTarget();
    const serverId = await addServer();
    const asked = (launch: object) => check(serverId, { targetId, launch });

    const same = await asked({
      instanceType: "t3.small",
      placement: { subnetId: aws.target.config.subnetId },
    });
    const [own] = aws.account.subnets;
    if (own === undefined) throw new Error("the fake has two subnets");
    aws.account.subnets.push({ ...own, id: "subnet-0c1b2c3d4e5f60718" });
    const group = addGroup(own.vpcId);
    const other = await asked({
      instanceType: "t2.micro",
      placement: { subnetId: "subnet-0c1b2c3d4e5f60718", securityGroupIds: [group] },
    });

    expect(same.body.worst).toBe("NOTE");
    expect(rows(other.body).slice(0, 3)).toEqual(["BLOCK R-166", "BLOCK R-166", "BLOCK R-167"]);
  });

  test("is part of what is shown of a server, and is told when it registers and when its answer changes", async () => {
    const agent = await registerAgent(console);
    const report = (disks: Inventory["disks"]) =>
      console.call("PUT", "/v1/agents/me/inventory", {
        token: agent.token,
        body: { agentVersion: "1", inventory: { ...inventory, disks } },
      });

    await report([disk, unpartitioned]);
    await report([disk, unpartitioned]);
    const shown = await console.call("GET", `/v1/servers/${agent.serverId}`, { token: operator });

    expect(rows(shown.body)[0]).toBe("BLOCK R-146");
    expect(await eventsOf(agent.serverId)).toEqual([
      "Registered with 1 disks",
      "1 things would stop it on its way to a cloud, 0 are to be minded (R-146); see: hypermotion check --server web-1",
    ]);
  });
});

describe("a limit of a target", () => {
  test("is shown with the document's figure, its own, the cloud's, and what holds (X-19)", async () => {
    const targetId = await addTarget();
    await setLimit(targetId, "gatewayMaxVolumes", { value: 12, reason: "a small gateway" });

    const { limits, changes } = await limitsOf(targetId);

    const byName = Object.fromEntries(limits.map((limit: { name: string }) => [limit.name, limit]));
    expect(byName.gatewayMaxVolumes).toMatchObject({
      ...{ row: "R-169", document: 20, cloud: 20, effective: 12, from: "own" },
      own: { value: 12, reason: "a small gateway", by: "some-administrator" },
      today: expect.stringContaining("28"),
    });
    expect(byName.systemDiskMaxGB).toMatchObject({ row: "X-19", cloud: 16_384, effective: 16_384 });
    expect(byName.instanceFamilies).toMatchObject({ row: "R-167", effective: ["t3"] });
    expect(changes).toMatchObject([{ name: "gatewayMaxVolumes", value: 12 }]);
  });

  test("is changed by administrators only, with a reason, to what it can be, and back", async () => {
    const targetId = await addTarget();
    const change = { value: ["t3", "m5"], reason: "larger servers" };

    expect((await setLimit(targetId, "instanceFamilies", change, operator)).status).toBe(403);
    expect((await setLimit(targetId, "instanceFamilies", { value: ["m5"] })).status).toBe(400);
    expect((await setLimit(targetId, "instanceFamilies", { ...change, value: 3 })).status).toBe(
      400,
    );
    expect((await setLimit(targetId, "families", change)).body.error.message).toContain(
      "there is none of that name",
    );
    expect((await limitsOf(targetId)).changes).toEqual([]);
    expect((await setLimit(targetId, "instanceFamilies", change)).status).toBe(200);
    const back = await setLimit(targetId, "instanceFamilies", { reason: "not needed any more" });
    expect(back.body.changes.map(({ by }: { by: string }) => by)).toEqual([
      "some-administrator",
      "some-administrator",
    ]);
    const family = back.body.limits.find(
      ({ name }: { name: string }) => name === "instanceFamilies",
    );
    expect(family).toMatchObject({ effective: ["t3"], from: "document" });
  });

  test("opens what it closed: types that are offered, and how a server may be launched (R-167)", async () => {
    const targetId = await addTarget();
    const serverId = await addServer();
    const path = `/v1/targets/${targetId}/instance-types`;
    const names = async () => {
      const { body } = await console.call("GET", path, { token: operator });
      return body.items.map(({ name }: { name: string }) => name.split(".")[0]);
    };
    const launch = { instanceType: "t2.micro" };

    expect(new Set(await names())).toEqual(new Set(["t3"]));
    expect((await check(serverId, { targetId, launch })).body.worst).toBe("BLOCK");
    await setLimit(targetId, "instanceFamilies", { value: ["any"], reason: "all are tested" });
    expect(new Set(await names())).toEqual(new Set(["t2", "t3"]));
    expect((await check(serverId, { targetId, launch })).body.worst).toBe("NOTE");
  });

  test("of a gateway's volumes may be lowered when a target is added, and is raised with a reason only", async () => {
    const { platform, config, credentials } = aws.target;
    const add = (gatewayMaxVolumes: number) =>
      console.call("POST", "/v1/targets", {
        token: administrator,
        body: { name: "prod", platform, config, credentials, gatewayMaxVolumes },
      });

    expect((await add(21)).body.error.message).toContain("target limits set");
    const { body } = await add(4);
    const { limits } = await limitsOf(body.id);
    expect(limits.find(({ name }: { name: string }) => name === "gatewayMaxVolumes")).toMatchObject(
      {
        ...{ document: 20, effective: 4, own: { by: "some-administrator" } },
      },
    );
  });
});

describe("before anything is made", () => {
  test("a migration stops with every finding's row and hint, and no order was given (R-146, R-158)", async () => {
    const targetId = await addTarget();
    const serverId = await addServer({
      disks: [disk, unpartitioned],
      os: { family: "linux", distribution: "debian", version: "12" },
    });

    const blocked = migrate(serverId, targetId);

    await expect(blocked).rejects.toMatchObject({
      code: "check.blocked",
      message: expect.stringMatching(
        /stopped by the limits of prod: R-146 disk sdb: has no partitions .*Partition it.*R-158 operating system: debian 12/,
      ),
      params: {
        "findings.zh": expect.stringContaining("R-146 磁盘 sdb：没有划分分区"),
      },
    });
    expect(Object.values(aws.inventory())).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await deps.store.runs.get("run-1")).not.toHaveProperty("startTold");
  });

  test("opened limits let it go on, and its warnings are told once (R-145 to R-149)", async () => {
    const targetId = await addTarget();
    const serverId = await addServer({ disks: [disk, unpartitioned] });
    await setLimit(targetId, "strictSourceRules", { value: false, reason: "raw copies are fine" });

    await migrate(serverId, targetId);
    await migrate(serverId, targetId);

    const told = (await eventsOf(serverId)).filter((text) => text.includes("To be minded"));
    expect(told).toEqual([
      "To be minded before it goes to prod: R-146; see: hypermotion check --server web-1 --target prod",
    ]);
  });

  test("how the server is to be launched afterwards is judged too (R-167)", async () => {
    const targetId = await addTarget();
    const serverId = await addServer();

    await expect(
      migrate(serverId, targetId, { kind: "test", instanceType: "m5.large" }),
    ).rejects.toMatchObject({ code: "check.blocked" });
    await expect(
      migrate(serverId, targetId, { kind: "test", instanceType: "t3.large" }),
    ).resolves.toEqual({ serverId });
  });

  test("a server that can only boot from its volume stops where that is closed (R-220)", async () => {
    const targetId = await addLocalTarget();
    const serverId = await addServer();
    await setLimit(targetId, "bootFromVolume", { value: false, reason: "as on ZStack" });

    await expect(migrate(serverId, targetId)).rejects.toThrow(/only boot it from a volume/);
    await setLimit(targetId, "bootFromVolume", { value: true, reason: "ZStack 5 can" });
    expect(await migrate(serverId, targetId)).toEqual({ serverId });
  });

  test("a plan refuses a server that the limits stop, with the same reason, and shows what is to be minded", async () => {
    const targetId = await addTarget();
    const stopped = await addServer({ disks: [disk, unpartitioned] });
    const minded = await addServer({ openings: { ssh: false } });

    const plan = await console.call("POST", `/v1/targets/${targetId}/plan`, {
      token: operator,
      body: { servers: [stopped, minded] },
    });

    expect(plan.body.servers).toMatchObject([
      { placement: "refused", reason: { code: "check.blocked" }, findings: [{ row: "R-146" }] },
      { placement: "placed", findings: [{ row: "R-159", severity: "WARN" }] },
    ]);
  });
});

describe("before each launch", () => {
  const replicated = async (serverId: string, targetId: string) => {
    await deps.store.servers.update(serverId, (server) => ({
      ...server,
      ...{ targetId, state: "ready-for-test", recoveryPointId: "rp-1" },
    }));
  };
  const launch = (serverId: string, wish: object = {}) =>
    precheck(
      {
        ...{ runId: "run-2", kind: "launch-server" },
        input: { serverId, kind: "test", ...wish },
      },
      deps,
    );

  test("the wish is judged again, and what is said of a copied source is past (R-144, R-167)", async () => {
    const targetId = await addTarget();
    const full = { type: "ext4", mountPoint: "/", sizeBytes: 100, freeBytes: 1 };
    const [part] = disk.partitions;
    if (part === undefined) throw new Error("the fixture has a partition");
    const serverId = await addServer({
      disks: [{ ...disk, partitions: [{ ...part, fileSystem: full }] }],
    });
    await expect(migrate(serverId, targetId)).rejects.toThrow(/R-144/);
    await replicated(serverId, targetId);
    await deps.store.servers.update(serverId, ({ activeRunId: _, ...rest }) => rest);

    await expect(launch(serverId, { instanceType: "c5.large" })).rejects.toThrow(/R-167/);
    expect(await launch(serverId, { instanceType: "t3.large" })).toEqual({ serverId });
  });

  test("a type is chosen among those the limits allow", async () => {
    const targetId = await addTarget();
    const serverId = await addServer({ memoryBytes: GiB / 2, cpus: 1 });
    await setLimit(targetId, "launchMinMemoryGB", { value: 4, reason: "HyperDoor needs it" });
    await replicated(serverId, targetId);
    await deps.store.recoveryPoints.create({
      ...{ id: "rp-1", serverId, runId: "run-1", snapshots: [] },
    });

    await cloneVolumes(
      {
        ...{ runId: "run-2", serverId, kind: "test", instanceType: null },
        ...{ repair: true, placement: null },
      },
      deps,
    );

    const { launches } = await deps.store.servers.get(serverId);
    expect(launches.map(({ instanceType }) => instanceType)).toEqual(["t3.medium"]);
  });
});

describe("an acknowledgement", () => {
  const acknowledge = (serverId: string, body: object, token = operator) =>
    console.call("POST", `/v1/servers/${serverId}/acknowledgements`, { token, body });

  test("is of the rows that may be, with who, when and why, for one server at one target (X-22 to X-24)", async () => {
    const targetId = await addTarget();
    const serverId = await addServer();
    const viewer = await console.personOf("viewer");
    const wish = { targetId, row: "R-175", reason: "drivers are in place" };

    expect((await acknowledge(serverId, wish, viewer)).status).toBe(403);
    expect((await acknowledge(serverId, { ...wish, row: "R-146" })).body.error.message).toContain(
      "R-175, R-199, R-211",
    );
    expect((await acknowledge(serverId, { ...wish, reason: " " })).status).toBe(400);
    expect((await acknowledge(serverId, { ...wish, targetId: "tgt-none" })).status).toBe(404);
    await acknowledge(serverId, wish);
    const { body } = await acknowledge(serverId, { ...wish, reason: "tested twice" });

    expect(body.acknowledgements).toEqual([
      { ...wish, reason: "tested twice", by: "some-operator", at: expect.stringMatching(/^20/) },
    ]);
  });

  /** No provider of these is there yet: this machine's stands in, whose own limits are wide. */
  async function elsewhere(platform: Target["platform"], disks: number, gib: number) {
    const here = await deps.store.targets.get(await addLocalTarget());
    const provider = await deps.providerFor(here, "test");
    const target: Target = { ...here, platform };
    const serverId = await addServer({
      disks: Array.from({ length: disks }, (_, index) => ({
        ...{ ...disk, id: `disk-${index}`, deviceName: `sd${index}`, sizeBytes: gib * GiB },
        role: index === 0 ? ("system" as const) : ("data" as const),
      })),
    });
    const acknowledged = (row: string): Promise<SourceServer> =>
      deps.store.servers.update(serverId, (server) => ({
        ...server,
        acknowledgements: [
          { row, targetId: target.id, reason: "agreed", by: "lin", at: "2026-01-01T00:00:00.000Z" },
        ],
      }));
    const server = await deps.store.servers.get(serverId);
    const plan = (one: SourceServer) =>
      planServers({ ...deps, providerFor: async () => provider }, target, [{ server: one }]);
    return { target, provider, server, acknowledged, plan };
  }

  test("of Kingsoft's system disk lets its volume be made, for that server only (R-199, X-23)", async () => {
    const { target, provider, server, acknowledged } = await elsewhere("kingsoft", 1, 30);
    const plan = async (one?: SourceServer) =>
      planVolumes(server.inventory.disks, [], await rulesOf(target, provider, one));

    await expect(plan(server)).rejects.toMatchObject({ code: "volume.too-large" });
    const [volume] = await plan(await acknowledged("R-199"));
    await expect(plan()).rejects.toMatchObject({ code: "volume.too-large" });

    expect(volume?.sizeBytes).toBe(30 * GiB);
  });

  test("of UCloud's five volumes gives that server a gateway as large as it needs, and no larger (R-211, X-24)", async () => {
    const { target, provider, server, acknowledged, plan } = await elsewhere("ucloud", 7, 1);
    const slots = async (one: SourceServer) => (await rulesOf(target, provider, one)).maxSlots;

    expect(await slots(server)).toBe(5);
    expect((await plan(server)).servers[0]?.placed.on).toBe("nothing ever");
    const server7 = await acknowledged("R-211");
    expect(await slots(server7)).toBe(7);
    const after = await plan(server7);
    expect(after.servers[0]).toMatchObject({ placed: { on: "gateway" } });
    expect(after.gateways[0]).toMatchObject({ maxSlots: 7 });
  });

  test("is needed for nothing where the volumes are as many as the document's (R-211)", async () => {
    const { target, provider, server, plan } = await elsewhere("ucloud", 5, 1);

    expect((await plan(server)).servers[0]?.placed.on).toBe("gateway");
    expect((await rulesOf(target, provider, server)).maxSlots).toBe(5);
  });
});

test("a gateway on ZStack is not restarted while runs use it, whatever its volumes say of themselves (R-222, X-25)", async () => {
  const targetId = await addLocalTarget();
  await setLimit(targetId, "gatewayRestartForbidden", { value: true, reason: "as on ZStack" });
  const serverId = await addServer();
  await deps.store.servers.update(serverId, (server) => ({ ...server, activeRunId: "run-9" }));
  await deps.store.gateways.create({
    ...{ id: "gw-1", targetId, state: "ready", maxSlots: 4, spareSlots: 0, awaitedBy: [] },
    ...{ slots: { [`${serverId}/disk-1`]: serverId }, repairCarriers: [], instanceId: "i" },
  });

  const { body } = await console.call("POST", "/v1/gateways/gw-1/restart", { token: operator });

  expect(body.error).toMatchObject({ code: "gateway.restart-refused", params: { list: "run-9" } });
});

describe("where a launch can be put", () => {
  const listed = async (targetId: string, what: string) => {
    const path = `/v1/targets/${targetId}/${what}`;
    const { body } = await console.call("GET", path, { token: operator });
    return body.items.map(({ value }: { value: string }) => value);
  };

  test("is listed, and what is not there stops a launch while nothing is made yet (R-005)", async () => {
    const [own] = aws.account.subnets;
    if (own === undefined) throw new Error("the fake has two subnets");
    aws.account.subnets.push({ ...own, id: "subnet-0c1b2c3d4e5f60718", vpcId: "vpc-2" });
    const group = addGroup("vpc-2");
    const targetId = await addTarget();
    const serverId = await addServer();
    // A launch into another network is against R-166 until somebody opens that.
    await setLimit(targetId, "sameNetworkAsGateway", { value: false, reason: "production" });
    const blocks = async (launch: object) => {
      const { body } = await check(serverId, { targetId, launch });
      return body.findings
        .filter(({ row }: { row: string }) => row === "R-005")
        .map(({ code }: { code: string }) => code);
    };
    const [subnetId = ""] = (await listed(targetId, "subnets")).slice(-1);

    expect(subnetId).toBe("subnet-0c1b2c3d4e5f60718");
    expect(await listed(targetId, "security-groups")).toEqual([group]);
    expect(await blocks({ placement: { subnetId, securityGroupIds: [group] } })).toEqual([]);
    expect(await blocks({ placement: { subnetId } })).toEqual(["network.group-needed"]);
    expect(
      await blocks({
        instanceType: "t3.lagre",
        placement: { subnetId: "subnet-typo", securityGroupIds: ["sg-typo"] },
      }),
    ).toEqual(["instance-type.unknown", "network.unknown-subnet", "network.unknown-group"]);
  });

  test("is for the cloud to judge where the credentials may not list it", async () => {
    const targetId = await addTarget();
    const serverId = await addServer();
    aws.account.denied.add("DescribeSecurityGroups");

    const { body } = await check(serverId, {
      ...{ targetId, launch: { placement: { securityGroupIds: ["sg-0123456789abcdef0"] } } },
    });

    expect(JSON.stringify(body.findings)).not.toContain("R-005");
  });

  test("has nothing to list where a launch takes neither subnets nor groups", async () => {
    const targetId = await addLocalTarget();

    expect(await listed(targetId, "subnets")).toEqual([]);
    expect(await listed(targetId, "security-groups")).toEqual([]);
  });
});
