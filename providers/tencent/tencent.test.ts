/** What is Tencent's own: over the wire, against the fake, without machines behind it. */
import { afterEach, describe, expect, test } from "vitest";
import { MigrationError } from "#domain/errors.ts";
import type { Edition } from "#domain/gateway-defaults.ts";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import {
  type FakeTencent,
  type FakeTencentOptions,
  startFakeTencent,
} from "#test/clouds/tencent/fake-tencent.ts";
import { hyperDoorImage } from "#test/clouds/tencent/state.ts";
import type { Provider } from "../provider.ts";
import { openProvider } from "../registry.ts";

const GiB = 1024 ** 3;
const consoleId = "console-1";
const bootstrap = gatewayBootstrap.parse({
  gatewayId: "gateway-1",
  consoleUrl: "https://console.invalid",
  enrolmentCode: "not-a-real-code-0000",
  ports: {},
  software: { url: "https://console.invalid/it.tar.gz", sha256: "ab".repeat(32) },
});

let cloud: FakeTencent;

afterEach(() => cloud.close());

async function open(
  options: FakeTencentOptions = {},
  change: {
    config?: Record<string, unknown>;
    secrets?: Record<string, string>;
    edition?: Edition;
  } = {},
): Promise<Provider> {
  cloud = await startFakeTencent(options);
  return openProvider("tencent", {
    config: { ...cloud.target.config, lostAnswerMs: 0, ...change.config },
    secrets: { ...cloud.target.credentials, ...change.secrets },
    consoleId,
    ...(change.edition === undefined ? {} : { edition: change.edition }),
  });
}

const naming = (token: string, owner = "srv-1") => ({
  token,
  tags: { "hypermotion:console": consoleId, "hypermotion:owner": owner, Name: token },
});

const newVolume = (provider: Provider, token: string, sizeGiB = 50) =>
  provider.volumes.createVolume({ ...naming(token), sizeBytes: sizeGiB * GiB, role: "data" });

const newGroup = (provider: Provider) =>
  provider.network.ensureSecurityGroup({
    ...naming("group"),
    rules: [12222, 18090, 3260, 22].map((port) => ({ port, from: ["10.0.0.0/8"] })),
  });

async function newGateway(provider: Provider, token = "gateway"): Promise<string> {
  const { id: securityGroupId } = await newGroup(provider);
  const order = { ...naming(token), securityGroupId, bootstrap };
  return (await provider.compute.createGateway(order)).id;
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let looks = 0; looks < 500; looks += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("waited in vain");
}

const running = (provider: Provider, id: string) =>
  until(async () => {
    const found = await provider.compute.findInstance(id);
    return found?.state === "running" ? found : undefined;
  });

async function codeOf(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return "no error";
  } catch (error) {
    return error instanceof MigrationError ? error.code : String(error);
  }
}

describe("checking a target", () => {
  test.each([
    "RunInstances",
    "CreateImage",
    "CreateSnapshot",
    "AttachDisks",
    "DescribeDiskConfigQuota",
    "DescribeImages",
    "DescribeSecurityGroups",
    "DescribeAddresses",
  ])("names %s when the key may not call it (S-11)", async (action) => {
    const provider = await open();
    cloud.account.denied.add(action);

    await expect(provider.check()).rejects.toMatchObject({
      code: "cloud.forbidden",
      params: { action: expect.stringContaining(action) },
    });
  });

  test("makes nothing, and is not stopped by a type that is sold out", async () => {
    const provider = await open();
    for (const type of ["S5.SMALL2", "C3.LARGE8"]) cloud.account.soldOut.add(type);

    await provider.check();

    expect(Object.values(cloud.inventory()).every((count) => count === 0)).toBe(true);
  });

  test.each([
    ["a SecretId that is not there", { secretId: "AKIDsomebodyelse0000" }],
    ["a SecretKey that is wrong", { secretKey: "a-wrong-key-of-32-characters----" }],
    ["a token that is not valid", { token: "stale" }],
  ])("%s is said to be the credentials' fault (S-11)", async (_what, secrets) => {
    const provider = await open({}, { secrets });

    expect(await codeOf(provider.check())).toBe("cloud.credentials");
  });

  test("a subnet elsewhere than in the zone that was named is refused (R-060, R-061, S-11)", async () => {
    const provider = await open({}, { config: { zone: "ap-guangzhou-3" } });

    expect(await codeOf(provider.check())).toBe("input.invalid");
  });

  test("a subnet that is not there is named", async () => {
    const provider = await open({}, { config: { subnetId: "subnet-00000000" } });

    await expect(provider.check()).rejects.toMatchObject({
      code: "cloud.not-found",
      params: { id: "subnet-00000000" },
    });
  });
});

describe("a gateway", () => {
  test("is made by the hour, of the first type for sale, with 100 GB of premium disk and an address of its own with 5 Mbps (R-059, R-062 to R-064, R-066 to R-068, R-071, R-074, X-16)", async () => {
    const provider = await open();

    const id = await newGateway(provider, "HyperGate");
    const seen = await running(provider, id);

    const made = cloud.account.instances.get(id);
    expect(made).toMatchObject({ name: "HyperGate", type: "C3.LARGE8", bandwidthMbps: 5 });
    const disk = cloud.account.disks.get(made?.systemDiskId ?? "");
    expect(disk).toMatchObject({ sizeGiB: 100, type: "CLOUD_PREMIUM" });
    expect(seen.publicAddress).toBe("127.0.0.1");
    expect(seen.privateAddress).toBeDefined();
  });

  test("is of the smallest type that is large enough where the document's is sold out (R-062 to R-064)", async () => {
    const provider = await open();
    cloud.account.soldOut.add("C3.LARGE8");

    const id = await newGateway(provider);

    expect(cloud.account.instances.get(id)?.type).toBe("S5.LARGE8");
  });

  test.each([
    ["S5.SMALL2", "gateway.too-small"],
    ["S5.2XLARGE32", "cloud.not-found"],
    ["C3.LARGE8", "cloud.capacity"],
  ])(
    "of a type that is too small, not there or sold out (%s) is refused when the target is added (R-011, R-062, R-063)",
    async (instanceType, code) => {
      const provider = await open({}, { config: { gateway: { instanceType } } });
      cloud.account.soldOut.add("C3.LARGE8");

      expect(await codeOf(provider.check())).toBe(code);
      expect(await codeOf(newGateway(provider))).toBe(code);
    },
  );

  test("opens the four ports to whom it is told, and to nobody else when told anew (R-010, R-070)", async () => {
    const provider = await open();

    const { id } = await newGroup(provider);
    const first = cloud.account.groups.get(id)?.rules;
    const rules = [{ port: 22, from: ["192.0.2.0/24"] }];
    await provider.network.ensureSecurityGroup({ ...naming("group"), rules });

    expect(first).toEqual([12222, 18090, 3260, 22].map((port) => `ACCEPT TCP ${port} 10.0.0.0/8`));
    expect(cloud.account.groups.get(id)?.rules).toEqual(["ACCEPT TCP 22 192.0.2.0/24"]);
  });

  test("of the SaaS edition takes the newest public image that takes user data, and gets a login nobody knows (R-065, X-12, X-18)", async () => {
    const provider = await open();

    const made = cloud.account.instances.get(await newGateway(provider));

    expect(made).toMatchObject({ imageId: "img-deb00012", login: "password" });
  });

  test("of the standalone edition takes the newest HM_IMG and keeps its login; without one the user is led to it (R-065, R-069, R-072, X-18)", async () => {
    const provider = await open({}, { edition: "standalone" });

    const made = cloud.account.instances.get(await newGateway(provider));
    for (const date of ["20260101", "20261001"]) cloud.account.images.delete(`img-${date}`);
    const without = await codeOf(provider.check());

    expect(made).toMatchObject({ imageId: "img-20261001", login: "image" });
    expect(without).toBe("gateway.image-missing");
  });

  test("takes the user's key, and an image by its id unless no gateway can run on it (X-12, X-18)", async () => {
    const provider = await open({}, { config: { gateway: { keyId: "skey-a1b2c3d4" } } });
    const keyed = cloud.account.instances.get(await newGateway(provider));
    const tooOld = await openProvider("tencent", {
      config: { ...cloud.target.config, gateway: { image: "img-cent0076" } },
      secrets: cloud.target.credentials,
      consoleId,
    });

    expect(keyed).toMatchObject({ imageId: "img-deb00012", login: "key" });
    expect(await codeOf(tooOld.check())).toBe("gateway.image-refused");
  });

  test("is restarted with its volumes left on it", async () => {
    const provider = await open();
    const id = await newGateway(provider);
    await running(provider, id);
    const { id: volumeId } = await newVolume(provider, "v");
    await provider.volumes.attachVolume(volumeId, id);

    await provider.compute.restartInstance?.(id);
    await running(provider, id);

    expect((await provider.volumes.findVolume(volumeId))?.attachedTo).toBe(id);
  });

  test("takes twenty volumes, and the twenty-first is refused (R-186, R-190)", async () => {
    const provider = await open({ delays: { attachMs: 0, bootMs: 0 } });
    const id = await newGateway(provider);
    const { gatewayMaxVolumes, gatewaySpareVolumes } = await provider.capabilities();
    for (let n = 0; n < 20; n += 1) {
      await provider.volumes.attachVolume((await newVolume(provider, `v${n}`)).id, id);
    }

    const { id: tooMuch } = await newVolume(provider, "too-much");
    const refusal = await codeOf(provider.volumes.attachVolume(tooMuch, id));

    expect([gatewayMaxVolumes, gatewaySpareVolumes]).toEqual([20, 0]);
    expect(refusal).toBe("cloud.quota-exceeded");
  });
});

describe("lists", () => {
  test("of more than a page are read to their end, for each kind that has tags or none", async () => {
    const provider = await open({ delays: { snapshotMs: 0 } });
    const { id: volumeId } = await newVolume(provider, "v");
    for (let n = 0; n < 130; n += 1) {
      await newVolume(provider, `volume-${n}`);
      await provider.volumes.createSnapshot({ ...naming(`snapshot-${n}`), volumeId });
    }

    const owned = await provider.listOwned("srv-1");
    const again = await provider.volumes.createSnapshot({ ...naming("snapshot-3"), volumeId });

    expect(owned.filter(({ kind }) => kind === "volume")).toHaveLength(131);
    expect(owned.filter(({ kind }) => kind === "snapshot")).toHaveLength(130);
    expect(cloud.account.snapshots.size).toBe(130);
    expect(cloud.account.snapshots.has(again.id)).toBe(true);
  });

  test("leave out the system disks that carry their instance's tags", async () => {
    const provider = await open();
    await newGateway(provider);

    const owned = await provider.listOwned("srv-1");

    expect(cloud.account.disks.size).toBe(1);
    expect(owned.map(({ kind }) => kind).sort()).toEqual(["instance", "security-group"]);
  });

  test("what was just made is waited for until Tencent shows it", async () => {
    const provider = await open({ delays: { shownAfterMs: 200 } });

    const { id } = await newVolume(provider, "v");

    expect((await provider.volumes.findVolume(id))?.state).toBe("ready");
    expect((await newVolume(provider, "v")).id).toBe(id);
  });
});

describe("instance types", () => {
  test("are those for sale in the zone whose guests see virtio, smallest first (R-182)", async () => {
    const provider = await open();
    cloud.account.soldOut.add("S5.MEDIUM4");

    const types = await provider.compute.listInstanceTypes();

    expect(types.map(({ name }) => name)).toEqual([
      "S5.SMALL2",
      "C3.LARGE8",
      "S5.LARGE8",
      "S5.2XLARGE16",
    ]);
    for (const { hardware, firmware } of types) {
      expect(hardware).toEqual({ storage: "virtio-blk", network: "virtio-net" });
      expect(firmware).toEqual(["bios"]);
    }
  });
});

/** A system disk's clone with its image, and the order for a server of it. */
async function launchOrder(provider: Provider, volumeIds: readonly string[] = []) {
  const { id: volumeId } = await newVolume(provider, "system");
  const order = { ...naming("origin"), volumeId, forImage: true };
  const { id: snapshotId } = await provider.volumes.createSnapshot(order);
  await until(async () =>
    (await provider.volumes.findSnapshot(snapshotId))?.state === "ready" ? true : undefined,
  );
  const image = await provider.images?.createImage({
    ...naming("image"),
    snapshotId,
    firmware: "bios",
  });
  await until(async () =>
    (await provider.images?.findImage(image?.id ?? ""))?.state === "ready" ? true : undefined,
  );
  return {
    ...naming("server"),
    instanceType: "S5.SMALL2",
    securityGroupId: (await newGroup(provider)).id,
    firmware: "bios" as const,
    strategy: "imageFromSnapshot" as const,
    volumeIds,
    imageId: image?.id ?? "",
  };
}

describe("a launch", () => {
  test("hangs eleven volumes in two calls, each to end with the instance, and starts the guest with all of them", async () => {
    const provider = await open();
    const volumeIds: string[] = [];
    for (let n = 0; n < 11; n += 1) volumeIds.push((await newVolume(provider, `v${n}`)).id);
    const order = await launchOrder(provider, volumeIds);

    const id = await until(async () => {
      const begun = await provider.compute.launch(order);
      return begun.waitsFor === undefined ? begun.id : undefined;
    });
    await running(provider, id);

    const calls = cloud.calls.made.map(({ action }) => action);
    expect(calls.filter((action) => action === "AttachDisks")).toHaveLength(2);
    expect(calls.lastIndexOf("AttachDisks")).toBeLessThan(calls.indexOf("StartInstances"));
    for (const volumeId of volumeIds) {
      expect(cloud.account.disks.get(volumeId)).toMatchObject({
        ...{ instanceId: id, state: "ATTACHED", deleteWithInstance: true },
      });
    }
  });

  test("is paid by the hour and lands in the gateway's zone, subnet and group, or in those that are named (R-060, R-061, R-177, R-182, R-183)", async () => {
    const provider = await open();
    const order = await launchOrder(provider);
    const { id: other } = await provider.network.ensureSecurityGroup({
      ...naming("other"),
      rules: [],
    });

    const first = await provider.compute.launch(order);
    const network = { privateAddress: "10.0.0.9", securityGroupIds: [other] };
    const second = await provider.compute.launch({ ...order, ...naming("second"), network });

    const { account } = cloud;
    expect(account.instances.get(first.id)).toMatchObject({
      ...{ subnetId: account.subnetId, groupIds: [order.securityGroupId] },
    });
    expect(account.instances.get(second.id)).toMatchObject({
      ...{ privateAddress: "10.0.0.9", groupIds: [other] },
    });
  });

  test("goes with its volumes into a subnet that is listed, in another VPC (R-182)", async () => {
    const provider = await open();
    const { id: volumeId } = await newVolume(provider, "v");
    const order = await launchOrder(provider, [volumeId]);
    const { account } = cloud;
    const [own] = account.subnets;
    if (own === undefined) throw new Error("the fake has a subnet");
    account.subnets.push({ ...own, id: "subnet-producti", vpcId: "vpc-b1b2c3d4" });
    const subnets = await provider.network.listSubnets?.();
    const groups = await provider.network.listSecurityGroups?.();
    const network = {
      subnetId: subnets?.find(({ network }) => network === "vpc-b1b2c3d4")?.value ?? "",
      securityGroupIds: groups?.map(({ value }) => value) ?? [],
    };

    const id = await until(async () => {
      const begun = await provider.compute.launch({ ...order, network });
      return begun.waitsFor === undefined ? begun.id : undefined;
    });

    expect(account.instances.get(id)).toMatchObject({
      ...{ subnetId: "subnet-producti", groupIds: [order.securityGroupId] },
    });
    expect(account.disks.get(volumeId)).toMatchObject({ instanceId: id, state: "ATTACHED" });
  });

  test("that Tencent takes and then can't carry out fails with Tencent's words", async () => {
    const provider = await open();
    const order = await launchOrder(provider, [(await newVolume(provider, "v")).id]);
    cloud.account.failingLaunches = 1;

    await expect(provider.compute.launch(order)).rejects.toMatchObject({
      code: "cloud.wrong-state",
      params: { state: expect.stringContaining("The resources ran out") },
    });
    expect(await provider.compute.findInstanceByToken("server")).toMatchObject({
      ...{ state: "failed", problem: expect.stringContaining("ran out") },
    });
  });

  test.each([
    ["no image of HyperDoor's", undefined, { bios: ["imageFromSnapshot"], uefi: [] }],
    [
      "one that was imported for BIOS",
      { image: hyperDoorImage },
      { bios: ["imageFromSnapshot", "hyperDoorCopy"], uefi: [] },
    ],
    [
      "one that was imported for UEFI",
      { image: hyperDoorImage, firmware: "uefi" },
      { bios: ["imageFromSnapshot"], uefi: ["hyperDoorCopy"] },
    ],
  ])("is offered by firmware: with %s", async (_what, hyperDoor, expected) => {
    const provider = await open({}, { config: { hyperDoor } });

    const { bootStrategies } = await provider.capabilities();
    const [smallest] = await provider.compute.listInstanceTypes();

    expect(bootStrategies).toEqual(expected);
    const byUefi = expected.uefi.length > 0 ? ["uefi"] : [];
    expect(smallest?.firmware).toEqual(["bios", ...byUefi]);
  });

  test.each(["refused", "ignored"] as const)(
    "whose snapshot for an image Tencent has %s is told so before an image is tried",
    async (systemSnapshots) => {
      const provider = await open({ habits: { systemSnapshots } });
      const { id: volumeId } = await newVolume(provider, "system");
      const order = { ...naming("origin"), volumeId, forImage: true };

      const ordered = provider.volumes.createSnapshot(order);

      if (systemSnapshots === "refused") {
        await expect(ordered).rejects.toMatchObject({ code: "cloud.refused" });
      } else {
        const { id } = await ordered;
        const failed = await until(async () => {
          const found = await provider.volumes.findSnapshot(id);
          return found?.state === "failed" ? found : undefined;
        });
        expect(failed.problem).toContain("data disk's snapshot");
      }
    },
  );
});

describe("deleting", () => {
  test("an instance that goes by way of the recycle bin is deleted there when asked again", async () => {
    const provider = await open({ habits: { recycles: true } });
    const id = await newGateway(provider);
    await running(provider, id);

    await provider.compute.deleteInstance(id);
    const between = await provider.compute.findInstance(id);
    await provider.compute.deleteInstance(id);

    expect(between?.state).toBe("deleting");
    await until(async () =>
      (await provider.compute.findInstance(id)) === undefined ? true : undefined,
    );
  });

  test("an instance that never came about is deleted all the same", async () => {
    const provider = await open();
    cloud.account.failingLaunches = 1;
    const id = await newGateway(provider);

    await provider.compute.deleteInstance(id);

    await until(async () =>
      (await provider.compute.findInstance(id)) === undefined ? true : undefined,
    );
  });

  test("a security group that an ended instance still holds is tried again", async () => {
    const provider = await open({ delays: { interfaceMs: 10_000, stopMs: 0 } });
    const id = await newGateway(provider);
    await running(provider, id);
    await provider.compute.deleteInstance(id);
    await until(async () =>
      (await provider.compute.findInstance(id)) === undefined ? true : undefined,
    );

    const { id: groupId } = await newGroup(provider);

    expect(await codeOf(provider.network.deleteSecurityGroup(groupId))).toBe("cloud.transient");
  });

  test("an address is let go by its instance first, whether or not that still exists", async () => {
    const provider = await open({}, { config: { gateway: { publicAddress: "elastic" } } });
    const instanceId = await newGateway(provider);
    await running(provider, instanceId);
    const first = await provider.network.ensureAddress({ ...naming("a"), instanceId });
    await provider.network.releaseAddress(first?.id ?? "");
    const second = await provider.network.ensureAddress({ ...naming("b"), instanceId });

    await provider.compute.deleteInstance(instanceId);
    await provider.network.releaseAddress(second?.id ?? "");

    expect(cloud.account.addresses.size).toBe(0);
  });
});

describe("Tencent's refusals", () => {
  test("too many requests are throttling, whichever call they hit", async () => {
    const provider = await open();
    cloud.account.throttled.set("CreateDisks", 1).set("DescribeInstances", 1);

    const codes = [
      await codeOf(newVolume(provider, "v")),
      await codeOf(provider.compute.findInstance("ins-00000000")),
    ];

    expect(codes).toEqual(["cloud.throttled", "cloud.throttled"]);
  });

  test("an account without money is told to pay, and nothing is made", async () => {
    const provider = await open();
    cloud.account.isUnpaid = true;

    expect(await codeOf(newVolume(provider, "v"))).toBe("cloud.payment");
    expect(await codeOf(newGateway(provider))).toBe("cloud.payment");
    expect(cloud.inventory()).toMatchObject({ instances: 0, volumes: 0 });
  });

  test.each([
    ["disks", (provider: Provider) => newVolume(provider, "v")],
    ["instances", (provider: Provider) => newGateway(provider)],
    [
      "addresses",
      (provider: Provider) =>
        provider.network.ensureAddress({ ...naming("a"), instanceId: "ins-00000000" }),
    ],
  ])("a quota of %s that is used up is no throttling", async (what, order) => {
    const config = { gateway: { publicAddress: "elastic" } };
    const provider = await open({ quotas: { [what]: 0 } }, { config });

    expect(await codeOf(order(provider))).toBe("cloud.quota-exceeded");
  });

  test("a size between two steps never leaves us, and one that does is refused (R-185)", async () => {
    const provider = await open();
    const { volumes } = await provider.capabilities();

    expect(volumes.data.stepBytes).toBe(10 * GiB);
    expect(await codeOf(newVolume(provider, "v", 15))).toBe("cloud.refused");
  });

  test("come with HTTP 200, and are taken for what they are", async () => {
    await open();

    const response = await fetch(cloud.url, { method: "POST", body: "{}" });

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      Response: { Error: { Code: "AuthFailure.InvalidAuthorization" } },
    });
  });
});

test("data volumes are encrypted when told, and system volumes never, for they become images", async () => {
  const provider = await open({}, { config: { volume: { encrypted: true, kmsKeyId: "kms-1" } } });
  const system = { ...naming("system"), sizeBytes: 50 * GiB, role: "system" as const };

  const made = [await newVolume(provider, "data"), await provider.volumes.createVolume(system)];

  expect(made.map(({ id }) => cloud.account.disks.get(id)?.encrypted)).toEqual([true, false]);
});
