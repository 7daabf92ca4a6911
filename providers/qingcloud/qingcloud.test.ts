/** What is QingCloud's own: over the wire, against the fake, without machines behind it. */
import { afterEach, describe, expect, test } from "vitest";
import { MigrationError } from "#domain/errors.ts";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import {
  type FakeQingcloud,
  type FakeQingcloudOptions,
  startFakeQingcloud,
} from "#test/clouds/qingcloud/fake-qingcloud.ts";
import { defaultGroupId, isGone } from "#test/clouds/qingcloud/state.ts";
import type { LaunchSpec, Provider } from "../provider.ts";
import { openProvider } from "../registry.ts";
import { openClient } from "./client.ts";
import { qingcloudConfig } from "./config.ts";

const GiB = 1024 ** 3;
const consoleId = "console-1";
const bootstrap = gatewayBootstrap.parse({
  gatewayId: "gateway-1",
  consoleUrl: "https://console.invalid",
  enrolmentCode: "not-a-real-code-0000",
  ports: {},
  software: { url: "https://console.invalid/it.tar.gz", sha256: "ab".repeat(32) },
});
const hyperDoor = { image: "img-hyperdoor" };
const ports = [12222, 18090, 3260, 22];

let cloud: FakeQingcloud;

afterEach(() => cloud.close());

async function open(
  config: Record<string, unknown> = {},
  options: FakeQingcloudOptions = {},
): Promise<Provider> {
  cloud = await startFakeQingcloud(options);
  return openProvider("qingcloud", {
    config: { ...cloud.target.config, lostAnswerMs: 0, ...config },
    secrets: cloud.target.credentials,
    consoleId,
  });
}

/** The account's owner, at work in it by hand. */
const user = () => openClient(qingcloudConfig.parse(cloud.target.config), cloud.keys);

const naming = (token: string, owner = "srv-1") => ({
  token,
  tags: { "hypermotion:console": consoleId, "hypermotion:owner": owner, Name: token },
});

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let looks = 0; looks < 500; looks += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("waited in vain");
}

const readyVolume = (provider: Provider, id: string) =>
  until(async () => {
    const found = await provider.volumes.findVolume(id);
    return found?.state === "ready" ? found : undefined;
  });

async function newVolume(
  provider: Provider,
  token: string,
  change: Partial<Parameters<Provider["volumes"]["createVolume"]>[0]> = {},
): Promise<string> {
  const order = { ...naming(token), sizeBytes: 20 * GiB, role: "data" as const, ...change };
  const { id } = await provider.volumes.createVolume(order);
  await readyVolume(provider, id);
  return id;
}

async function newSnapshot(provider: Provider, token: string, volumeId: string): Promise<string> {
  const { id } = await provider.volumes.createSnapshot({
    ...naming(token),
    ...{ volumeId, forImage: true },
  });
  await until(async () => {
    const found = await provider.volumes.findSnapshot(id);
    return found?.state === "ready" ? found : undefined;
  });
  return id;
}

async function newImage(provider: Provider, token: string, snapshotId: string): Promise<string> {
  const order = { ...naming(token), snapshotId, firmware: "bios" as const };
  const id = (await provider.images?.createImage(order))?.id ?? "";
  await until(async () => {
    const found = await provider.images?.findImage(id);
    return found?.state === "ready" ? found : undefined;
  });
  return id;
}

const newGroup = async (provider: Provider, open: readonly number[] = ports) => {
  const rules = open.map((port) => ({ port, from: ["10.0.0.0/8"] }));
  return (await provider.network.ensureSecurityGroup({ ...naming("group"), rules })).id;
};

async function newGateway(provider: Provider, token = "gateway"): Promise<string> {
  const securityGroupId = await newGroup(provider);
  const order = { ...naming(token), securityGroupId, bootstrap };
  return (await provider.compute.createGateway(order)).id;
}

const running = (provider: Provider, id: string) =>
  until(async () => {
    const found = await provider.compute.findInstance(id);
    return found?.state === "running" ? found : undefined;
  });

async function launched(provider: Provider, spec: LaunchSpec): Promise<string> {
  return until(async () => {
    const { id, waitsFor } = await provider.compute.launch(spec);
    return waitsFor === undefined ? id : undefined;
  });
}

async function codeOf(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return "no error";
  } catch (error) {
    return error instanceof MigrationError ? error.code : String(error);
  }
}

const instanceOf = (id: string) => {
  const found = cloud.account.instances.get(id);
  if (found === undefined) throw new Error(`no instance ${id}`);
  return found;
};

describe("checking a target", () => {
  test.each([
    ...["DescribeVolumes", "DescribeSnapshots", "DescribeInstances", "DescribeImages"],
    ...["DescribeSecurityGroups", "DescribeSecurityGroupRules", "DescribeEips", "DescribeJobs"],
  ])("names %s when the key may not call it (S-14)", async (action) => {
    const provider = await open();
    cloud.account.denied.add(action);

    await expect(provider.check()).rejects.toMatchObject({
      code: "cloud.forbidden",
      params: { action: expect.stringContaining(action) },
    });
  });

  test("makes nothing", async () => {
    const provider = await open({ hyperDoor });

    await provider.check();

    expect(Object.values(cloud.inventory())).toEqual([0, 0, 0, 0, 0, 0]);
    expect(cloud.calls.made.filter(({ action }) => !action.startsWith("Describe"))).toEqual([]);
  });

  test("a secret that is wrong is told as such (S-14)", async () => {
    await open();
    const provider = await openProvider("qingcloud", {
      config: cloud.target.config,
      secrets: { ...cloud.target.credentials, secretAccessKey: "another" },
      consoleId,
    });

    expect(await codeOf(provider.check())).toBe("cloud.credentials");
  });

  const wrong: readonly (readonly [config: object, code: string, named: string])[] = [
    [{ zone: "gd2" }, "cloud.not-found", "gd2"],
    [{ vxnetId: "vxnet-neverwas" }, "cloud.not-found", "vxnet-neverwas"],
    [{ hyperDoor: { image: "img-neverwas" } }, "cloud.not-found", "img-neverwas"],
    [{ gateway: { image: "img-neverwas" } }, "cloud.not-found", "img-neverwas"],
    [{ gateway: { instanceType: "c64m256" } }, "cloud.capacity", "c64m256"],
    [{ gateway: { instanceType: "c1m1" } }, "gateway.too-small", "c1m1"],
    [{ gateway: { image: "centos75x64b" } }, "gateway.image-refused", "CentOS 7.5"],
    [{ volume: { type: 200 } }, "input.invalid", "volume.type"],
    [{ volume: { type: 5 } }, "input.invalid", "hyperDoor.image"],
  ];

  test.each(wrong)("%j is refused, and named (S-02, S-14)", async (config, code, named) => {
    const provider = await open({ ...config });

    const error = await provider.check().catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code });
    expect(JSON.stringify((error as MigrationError).params)).toContain(named);
  });

  test("the base network, which is no one's own, may be the target's", async () => {
    const provider = await open({ vxnetId: "vxnet-0" });

    expect(await codeOf(provider.check())).toBe("no error");
  });
});

describe("a gateway", () => {
  test("is a basic host of 4 vCPU and 8 GiB with 100 GB in the target's zone and network, made of a public image that runs Node (R-011 to R-013, R-113, S-02, X-05, X-12)", async () => {
    const provider = await open();

    const id = await newGateway(provider);

    expect(instanceOf(id)).toMatchObject({
      ...{ hostClass: 101, type: "c4m8", osDiskGiB: 100, imageId: "bookworm2x64a" },
      ...{ vxnetId: cloud.account.vxnetId, login: "passwd" },
    });
  });

  test("gets its script by QingCloud's own way, a file that runs at every start, within 4 KB", async () => {
    const provider = await open();

    const { userData } = instanceOf(await newGateway(provider));

    expect(userData).toMatchObject({ type: "exec", file: "/etc/rc.local" });
    expect(userData?.text).toMatch(/^#!\/bin\/sh\n/);
    const { userData: most } = await provider.capabilities();
    expect(Buffer.from("x".repeat(most.maxBytes)).toString("base64")).toHaveLength(4096);
  });

  test("whose script would not fit is refused before anything is made", async () => {
    const provider = await open();
    const order = {
      ...{ ...naming("gateway"), securityGroupId: await newGroup(provider) },
      bootstrap: { ...bootstrap, enrolmentCode: "x".repeat(2000) },
    };

    expect(await codeOf(provider.compute.createGateway(order))).toBe("cloud.refused");
    expect(cloud.inventory().instances).toBe(0);
  });

  test("counts as running only when its firewall is applied, with the four ports open (R-010, S-02, X-20)", async () => {
    const provider = await open();
    const id = await newGateway(provider);
    const before = instanceOf(id).groupId;

    await running(provider, id);

    expect(before).toBe(defaultGroupId);
    expect(instanceOf(id).groupId).toBe([...cloud.account.groups.keys()][0]);
    expect([...instanceOf(id).rules].sort()).toEqual(
      ports.map((port) => `tcp ${port} ${port} 10.0.0.0/8`).sort(),
    );
  });

  test("is reached under other rules as soon as they are given, and the old ones end", async () => {
    const provider = await open();
    const id = await newGateway(provider);
    await running(provider, id);

    await newGroup(provider, [22, 3260]);
    await provider.compute.findInstance(id);

    expect([...instanceOf(id).rules].sort()).toEqual([
      "tcp 22 22 10.0.0.0/8",
      "tcp 3260 3260 10.0.0.0/8",
    ]);
  });

  test("gets an address of 5 Mbps billed by traffic, which is told (S-02, X-11)", async () => {
    const provider = await open();
    const instanceId = await newGateway(provider);
    await running(provider, instanceId);

    const address = await provider.network.ensureAddress({ ...naming("address"), instanceId });

    expect(address).toEqual({ id: expect.stringMatching(/^eip-/), address: "127.0.0.1" });
    expect([...cloud.account.eips.values()]).toMatchObject([
      { mbps: 5, billingMode: "traffic", instanceId },
    ]);
    expect(await provider.compute.findInstance(instanceId)).toMatchObject({
      publicAddress: "127.0.0.1",
    });
  });

  test("takes 20 volumes unless the target says otherwise (R-209)", async () => {
    const provider = await open();

    expect(await provider.capabilities()).toMatchObject({
      ...{ gatewayMaxVolumes: 20, gatewaySpareVolumes: 0, zone: "pek3a" },
    });
  });
});

describe("snapshots", () => {
  test("each stands for itself: without the older one the later ones stay, where a chain's would go", async () => {
    const provider = await open();
    const volumeId = await newVolume(provider, "v");
    const [first, second] = [
      await newSnapshot(provider, "first", volumeId),
      await newSnapshot(provider, "second", volumeId),
    ];
    const byHand = { resources: [volumeId], snapshot_name: "mine", is_full: 0 };
    const chained = await user().call<{ snapshots: string[] }>("CreateSnapshots", byHand);

    await provider.volumes.deleteSnapshot(first);
    await until(async () =>
      (await provider.volumes.findSnapshot(first)) === undefined ? true : undefined,
    );

    expect((await provider.volumes.findSnapshot(second))?.state).toBe("ready");
    // What another hangs behind ours goes with ours, as QingCloud says.
    await provider.volumes.deleteSnapshot(second);
    const theirs = await until(async () => {
      await provider.volumes.findSnapshot(second);
      const found = cloud.account.snapshots.get(chained.snapshots[0] ?? "");
      return found !== undefined && isGone(found) ? found : undefined;
    });
    expect(theirs.rootId).toBe(second);
  });

  test("an image takes after QingCloud's own image of the source's system, or the one that is set", async () => {
    const provider = await open({ launch: { baseImages: { linux: "jammyx64c" } } });
    const images = [];
    for (const os of ["linux", "windows"] as const) {
      const boots = { os, firmware: "bios" as const };
      const volumeId = await newVolume(provider, os, { role: "system", boots });
      const snapshotId = await newSnapshot(provider, `${os}-snapshot`, volumeId);
      images.push(await newImage(provider, `${os}-image`, snapshotId));
    }

    expect(images.map((id) => cloud.account.images.get(id))).toMatchObject([
      { platform: "linux", osFamily: "ubuntu", sizeGiB: 20 },
      { platform: "windows", osFamily: "windows" },
    ]);
  });

  test("where the zone has no image to take after, the setting that helps is named", async () => {
    const provider = await open();
    const boots = { os: "windows" as const, firmware: "bios" as const };
    const volumeId = await newVolume(provider, "v", { role: "system", boots });
    const snapshotId = await newSnapshot(provider, "s", volumeId);
    cloud.account.images.delete("win2019stdx64");

    const order = { ...naming("image"), snapshotId, firmware: "bios" as const };
    const error = await provider.images?.createImage(order).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: "cloud.refused" });
    expect(String(error)).toContain("launch.baseImages.windows");
  });
});

describe("orders and jobs", () => {
  test("an attachment whose job fails is told, and the volume is as it was", async () => {
    const provider = await open();
    const gateway = await newGateway(provider);
    await running(provider, gateway);
    const volume = await newVolume(provider, "v");
    cloud.account.failing.add("AttachVolumes");

    const error = await provider.volumes.attachVolume(volume, gateway).catch((thrown) => thrown);

    expect(error).toMatchObject({ code: "cloud.unexpected" });
    expect(String(error)).toContain("AttachVolumes failed, as job j-");
    expect(await provider.volumes.findVolume(volume)).not.toHaveProperty("attachedTo");
  });

  test.each([
    ["CreateVolumes", "volume"],
    ["CreateSnapshots", "snapshot"],
    ["CaptureImageFromSnapshot", "image"],
  ] as const)(
    "what %s never finishes is failed, with the job that says so",
    async (action, kind) => {
      const provider = await open();
      const find = {
        volume: async () => {
          const order = { ...naming("v"), sizeBytes: 20 * GiB, role: "data" as const };
          const { id } = await provider.volumes.createVolume(order);
          return () => provider.volumes.findVolume(id);
        },
        snapshot: async () => {
          const volumeId = await newVolume(provider, "v");
          cloud.account.failing.add(action);
          const { id } = await provider.volumes.createSnapshot({ ...naming("s"), volumeId });
          return () => provider.volumes.findSnapshot(id);
        },
        image: async () => {
          const snapshotId = await newSnapshot(provider, "s", await newVolume(provider, "v"));
          cloud.account.failing.add(action);
          const order = { ...naming("image"), snapshotId, firmware: "bios" as const };
          const id = (await provider.images?.createImage(order))?.id ?? "";
          return async () => provider.images?.findImage(id);
        },
      };
      if (kind === "volume") cloud.account.failing.add(action);

      const look = await find[kind]();
      const seen = await until(async () => {
        const found = await look();
        return found?.state === "pending" ? undefined : found;
      });

      expect(seen).toMatchObject({ state: "failed", problem: expect.stringContaining("failed") });
    },
  );

  test.each([
    ["CreateVolumes", 1],
    ["CreateVolumeFromSnapshot", 2],
    ["ResizeVolumes", 2],
  ])("%s whose answer is lost is found again: nothing is made twice", async (action, volumes) => {
    const provider = await open({ lostAnswerMs: 1_000 });
    cloud.calls.fail({ action, nth: 1, when: "after", how: "cut" });

    const origin = await newVolume(provider, "origin");
    if (volumes > 1) {
      const fromSnapshotId = await newSnapshot(provider, "s", origin);
      const clone = await newVolume(provider, "clone", { fromSnapshotId, sizeBytes: 40 * GiB });
      expect((await provider.volumes.findVolume(clone))?.sizeBytes).toBe(40 * GiB);
    }

    expect(cloud.calls.made).toContainEqual({ action, outcome: "cut" });
    expect(cloud.inventory().volumes).toBe(volumes);
  });

  test("what was just made is deleted at once: its lease is waited for", async () => {
    const provider = await open({}, { delays: { leaseMs: 300 } });
    const gateway = await newGateway(provider);
    const volume = await newVolume(provider, "v");

    await provider.compute.deleteInstance(gateway);
    await provider.volumes.deleteVolume(volume);

    expect(cloud.inventory()).toMatchObject({ instances: 0, volumes: 0 });
    expect(cloud.calls.made.some(({ outcome }) => outcome === "1400")).toBe(true);
  });

  test("a deleted gateway keeps neither address nor place: it does not go into the recycle bin", async () => {
    const provider = await open();
    const id = await newGateway(provider);
    await running(provider, id);

    await provider.compute.deleteInstance(id);

    await until(async () =>
      (await provider.compute.findInstance(id)) === undefined ? true : undefined,
    );
    expect(instanceOf(id).status).toBe("ceased");
  });

  test("what somebody put into the recycle bin is gone, though it is still shown", async () => {
    const provider = await open();
    const id = await newGateway(provider);
    await running(provider, id);
    await until(async () => {
      const order = { instances: [id], direct_cease: 0 };
      return user()
        .call("TerminateInstances", order)
        .catch(() => undefined);
    });
    await until(async () =>
      (await provider.compute.findInstance(id)) === undefined ? true : undefined,
    );

    expect(instanceOf(id).status).toBe("terminated");
    expect((await provider.listOwned()).filter(({ kind }) => kind === "instance")).toEqual([]);
    expect(await newGateway(provider)).not.toBe(id);
  });

  test("a quota, a zone without room, and money that ran out are told apart", async () => {
    const provider = await open({}, { quotas: { volumes: 0 } });
    const order = { ...naming("v"), sizeBytes: 20 * GiB, role: "data" as const };

    const quota = await codeOf(provider.volumes.createVolume(order));
    cloud.account.soldOut.add("c4m8");
    cloud.account.soldOut.add("s1.xlarge.r2");
    const room = await codeOf(newGateway(provider));
    cloud.account.soldOut.clear();
    cloud.account.isUnpaid = true;
    const money = await codeOf(newGateway(provider));

    expect([quota, room, money]).toEqual([
      ...["cloud.quota-exceeded", "cloud.capacity", "cloud.payment"],
    ]);
  });

  test("too many requests are waited out", async () => {
    const provider = await open();
    cloud.account.throttled.set("DescribeVolumes", 1);

    expect(await codeOf(provider.volumes.findVolume("vol-neverwas"))).toBe("cloud.throttled");
    expect(await codeOf(provider.volumes.findVolume("vol-neverwas"))).toBe("no error");
  });

  test("more than a page of things is listed whole", async () => {
    const provider = await open({}, { delays: { createMs: 0 } });
    for (let n = 0; n < 103; n += 1) {
      const order = { ...naming(`v${n}`), sizeBytes: 20 * GiB, role: "data" as const };
      await provider.volumes.createVolume(order);
    }

    expect(await provider.listOwned("srv-1")).toHaveLength(103);
  });
});

describe("a launch", () => {
  async function bySnapshot(provider: Provider, change: Partial<LaunchSpec> = {}) {
    const system = await newVolume(provider, "system", { role: "system" });
    const snapshotId = await newSnapshot(provider, "snapshot", system);
    const spec: LaunchSpec = {
      ...naming("server"),
      ...{ instanceType: "s1.large.r2", firmware: "bios", strategy: "imageFromSnapshot" },
      securityGroupId: await newGroup(provider),
      imageId: await newImage(provider, "image", snapshotId),
      volumeIds: [await newVolume(provider, "data")],
      ...change,
    };
    return spec;
  }

  test("has its volumes from the first, then its firewall, and a wished address; types are those whose hosts take the volumes", async () => {
    const provider = await open();
    const network = { privateAddress: "192.168.100.9" };
    const spec = await bySnapshot(provider, { network });

    const id = await launched(provider, spec);

    expect(instanceOf(id)).toMatchObject({
      ...{ type: "s1.large.r2", hostClass: 101, osDiskGiB: 20, groupId: spec.securityGroupId },
      privateAddress: "192.168.100.9",
    });
    expect(cloud.account.volumes.get(spec.volumeIds[0] ?? "")).toMatchObject({ instanceId: id });
    expect(cloud.calls.made.map(({ action }) => action)).not.toContain("AttachVolumes");
    const types = (await provider.compute.listInstanceTypes()).map(({ name }) => name);
    expect(types).toEqual(["c1m1", "s1.small.r2", "c2m4", "s1.large.r2", "c4m8", "s1.xlarge.r2"]);
  });

  test("goes into whatever network and behind whatever firewall is listed for it", async () => {
    const provider = await open();
    const spec = await bySnapshot(provider);
    const subnets = (await provider.network.listSubnets?.()) ?? [];
    const groups = (await provider.network.listSecurityGroups?.()) ?? [];
    const network = { subnetId: "vxnet-0ffice1", securityGroupIds: [defaultGroupId] };

    const id = await launched(provider, { ...spec, network });

    expect(instanceOf(id)).toMatchObject({ vxnetId: "vxnet-0ffice1", groupId: defaultGroupId });
    expect(subnets.map(({ value }) => value)).toContain("vxnet-0ffice1");
    expect(groups.map(({ value }) => value)).toContain(defaultGroupId);
  });

  test.each([
    ["two firewalls", { network: { securityGroupIds: ["sg-aaaaaaaa", "sg-bbbbbbbb"] } }],
    ["hosts that do not take the volumes", { instanceType: "e1.xlarge.r2" }],
    ["a strategy QingCloud has not", { strategy: "bootFromVolume" as const }],
  ])("with %s is refused before anything is made or marked", async (_, change) => {
    const provider = await open();
    const spec = await bySnapshot(provider, change);

    expect(await codeOf(provider.compute.launch(spec))).toBe("cloud.refused");
    expect(cloud.inventory().instances).toBe(0);
    expect(cloud.account.volumes.get(spec.volumeIds[0] ?? "")?.description).toBeNull();
  });

  test("of an image that is refused goes on with HyperDoor, where its image is set", async () => {
    const provider = await open({ hyperDoor });
    const snapshotId = await newSnapshot(provider, "s", await newVolume(provider, "v"));
    cloud.account.imagesRefused = "the snapshot holds no operating system";
    const order = { ...naming("image"), snapshotId, firmware: "bios" as const };

    const code = await codeOf(Promise.resolve(provider.images?.createImage(order)));

    expect(code).toBe("cloud.forbidden");
    expect((await provider.capabilities()).bootStrategies).toEqual({
      bios: ["imageFromSnapshot", "hyperDoorCopy"],
      uefi: [],
    });
  });
});

describe("a launch with HyperDoor", () => {
  const userData = `{"hyperdoor":1,"url":"https://console.invalid","code":"${"x".repeat(43)}"}`;

  async function order(provider: Provider, systemGiB = 33): Promise<LaunchSpec> {
    return {
      ...naming("server"),
      ...{ instanceType: "s1.small.r2", firmware: "bios", strategy: "hyperDoorCopy" },
      securityGroupId: await newGroup(provider),
      imageId: hyperDoor.image,
      volumeIds: [
        await newVolume(provider, "system", { sizeBytes: systemGiB * GiB }),
        await newVolume(provider, "data"),
      ],
      hyperDoor: { systemBytes: systemGiB * GiB, userData },
    };
  }

  test("is the only way for NeonSAN volumes, of which no image is made (S-14)", async () => {
    const provider = await open({ hyperDoor, volume: { type: 5 } });

    await provider.check();

    expect((await provider.capabilities()).bootStrategies).toEqual({
      bios: ["hyperDoorCopy"],
      uefi: [],
    });
  });

  test("is made of its image with a system disk as large as what is copied, its orders as they were given, and only the clone hanging on it", async () => {
    const provider = await open({ hyperDoor });
    const spec = await order(provider);

    const id = await launched(provider, spec);

    expect(instanceOf(id)).toMatchObject({
      ...{ imageId: hyperDoor.image, osDiskGiB: 40, groupId: spec.securityGroupId },
      userData: { type: "plain", text: userData },
    });
    const [system, data] = spec.volumeIds.map((one) => cloud.account.volumes.get(one));
    expect(system).toMatchObject({ instanceId: id, status: "in-use" });
    expect(data).toMatchObject({ status: "available" });
    expect(data?.instanceId).toBeUndefined();
  });

  test("may be carried on by the product: the clone comes off, the others come on, and all end with the server", async () => {
    const provider = await open({ hyperDoor });
    const spec = await order(provider);
    const id = await launched(provider, spec);
    const [system = "", data = ""] = spec.volumeIds;

    await provider.volumes.detachVolume(system);
    await provider.volumes.deleteVolume(system);
    await provider.volumes.attachVolume(data, id);
    const hanging = await provider.volumes.findVolume(data);
    await provider.compute.deleteInstance(id);

    expect(hanging).toMatchObject({ attachedTo: id });
    expect(cloud.inventory()).toMatchObject({ instances: 0, volumes: 0 });
  });

  test("that was not carried on is deleted with all its volumes", async () => {
    const provider = await open({ hyperDoor });
    const { id } = await provider.compute.launch(await order(provider));

    await provider.compute.deleteInstance(id);

    expect(cloud.inventory()).toMatchObject({ instances: 0, volumes: 0 });
  });

  test("whose system disk the zone does not take that large is refused before anything is made", async () => {
    const provider = await open({ hyperDoor });
    const spec = await order(provider, 110);

    const error = await provider.compute.launch(spec).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: "cloud.refused" });
    expect(String(error)).toContain("at most 100 GB");
    expect(cloud.inventory().instances).toBe(0);
    expect((await provider.capabilities()).volumes.system.maxBytes).toBe(100 * GiB);
  });
});
