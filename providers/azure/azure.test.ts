import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MigrationError } from "#domain/errors.ts";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import {
  type FakeAzure,
  type FakeAzureOptions,
  startFakeAzure,
} from "#test/clouds/azure/fake-azure.ts";
import type { LaunchSpec, Provider } from "../provider.ts";
import { openProvider } from "../registry.ts";

const GiB = 1024 ** 3;
const consoleId = "console-under-test";
let azure: FakeAzure;

const start = async (options: FakeAzureOptions = {}) => {
  azure = await startFakeAzure({ delays: { createMs: 0, attachMs: 0, bootMs: 0 }, ...options });
};
beforeEach(() => start());
afterEach(() => azure.close());

const open = (config: object = {}, credentials: object = {}): Promise<Provider> =>
  openProvider("azure", {
    config: { ...azure.target.config, ...config },
    secrets: { ...azure.target.credentials, ...credentials },
    consoleId,
  });

async function errorOf(promise: Promise<unknown>): Promise<MigrationError> {
  const error = await promise.then(
    () => new Error("nothing was thrown"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof MigrationError) return error;
  throw error;
}

const naming = (token: string) => ({
  token,
  tags: { "hypermotion:console": consoleId, "hypermotion:owner": "owner", Name: token },
});

const bootstrap = gatewayBootstrap.parse({
  gatewayId: "g",
  consoleUrl: "https://console.invalid",
  enrolmentCode: "not-a-real-code-0000",
  ports: {},
  software: { url: "https://console.invalid/it.tar.gz", sha256: "ab".repeat(32) },
});

async function makeGateway(provider: Provider): Promise<string> {
  const group = await provider.network.ensureSecurityGroup({
    ...naming("group"),
    rules: [
      { port: 12222, from: ["0.0.0.0/0"] },
      { port: 22, from: ["192.0.2.0/24", "198.51.100.0/24"] },
    ],
  });
  const order = { ...naming("gateway"), securityGroupId: group.id, bootstrap };
  return (await provider.compute.createGateway(order)).id;
}

/** A clone of a replica's snapshot, as the product launches from. */
async function makeClone(provider: Provider, firmware: "bios" | "uefi"): Promise<string> {
  const { volumes } = provider;
  const order = { sizeBytes: GiB, role: "system" as const };
  const replica = await volumes.createVolume({ ...naming("replica"), ...order });
  const snapshot = await volumes.createSnapshot({ ...naming("point"), volumeId: replica.id });
  const looks = async () => (await volumes.findSnapshot(snapshot.id))?.state;
  while ((await looks()) !== "ready");
  const boots = { firmware, os: "linux" as const };
  const from = { fromSnapshotId: snapshot.id, boots };
  return (await volumes.createVolume({ ...naming("clone"), ...order, ...from })).id;
}

const launchOf = (change: Partial<LaunchSpec>): LaunchSpec => ({
  ...naming("server"),
  instanceType: "Standard_D4s_v5",
  securityGroupId: "group",
  firmware: "bios",
  strategy: "attachAsOsDisk",
  volumeIds: [],
  ...change,
});

describe("a check of the target", () => {
  test("names the permission that is missing, and tries nothing out (S-10)", async () => {
    azure.subscription.denied.add("Microsoft.Compute/snapshots/write");
    const provider = await open();

    const error = await errorOf(provider.check());

    expect(error.code).toBe("cloud.forbidden");
    expect(error.params).toMatchObject({ action: "Microsoft.Compute/snapshots/write" });
    expect(azure.calls.made.map(({ action }) => action).filter((one) => /^PUT/.test(one))).toEqual(
      [],
    );
  });

  test("tells credentials that are wrong from a place that is not there (S-10)", async () => {
    const other = "99999999-0000-4000-8000-000000000000";
    const codes = [];
    for (const [config, credentials] of [
      [{}, { clientSecret: "another" }],
      [{}, { clientId: other }],
      [{}, { tenantId: other }],
      [{ subscriptionId: other }, {}],
      [{ resourceGroup: "nowhere" }, {}],
      [{ subnetId: azure.subscription.subnetId.replace("servers", "nothing") }, {}],
    ]) {
      codes.push((await errorOf((await open(config, credentials)).check())).code);
    }

    expect(codes).toEqual([
      ...["cloud.credentials", "cloud.credentials", "cloud.credentials", "cloud.credentials"],
      ...["cloud.not-found", "cloud.not-found"],
    ]);
  });

  test("passes in the cloud of China, which knows older versions of the API only (S-10)", async () => {
    await azure.close();
    await start({ cloud: "china" });

    await (await open()).check();

    expect(azure.calls.made.every(({ outcome }) => outcome === "ok")).toBe(true);
  });

  test("says that a size is too small, or takes none of the target's volumes (R-011)", async () => {
    const small = await open({ gateway: { instanceType: "Standard_B1s" } });
    const premium = {
      gateway: { instanceType: "Standard_F4" },
      volume: { type: "Premium_LRS" },
    };

    expect((await errorOf(small.check())).code).toBe("gateway.too-small");
    expect((await errorOf((await open(premium)).check())).code).toBe("cloud.refused");
  });
});

describe("a gateway", () => {
  test("is an F4, which holds 16 volumes, where it is offered (R-050, R-176, X-15)", async () => {
    const provider = await open();

    await makeGateway(provider);

    expect(azure.subscription.machines.find("gateway")?.size).toBe("Standard_F4");
    expect((await provider.capabilities()).gatewayMaxVolumes).toBe(16);
  });

  test("is the smallest size with as much where that is not an F4, and holds what that size holds (R-176)", async () => {
    const provider = await open({ launch: { series: ["Fsv2", "Dsv5"] } });

    await makeGateway(provider);

    expect(azure.subscription.machines.find("gateway")?.size).toBe("Standard_F4s_v2");
    expect((await provider.capabilities()).gatewayMaxVolumes).toBe(8);
  });

  test("has a standard SSD of 100 GiB that ends with it, and volumes that do not (R-012, R-053, X-15)", async () => {
    const provider = await open();
    const gateway = await makeGateway(provider);
    const order = { ...naming("v"), sizeBytes: GiB, role: "data" as const };
    const { id } = await provider.volumes.createVolume(order);

    await provider.volumes.attachVolume(id, gateway);

    const { disks } = azure.subscription;
    expect(disks.find("gateway-os")).toMatchObject({
      ...{ sizeGiB: 100, type: "StandardSSD_LRS" },
      attachment: { deleteOption: "Delete" },
    });
    expect(disks.find("v")?.attachment).toMatchObject({ deleteOption: "Detach", caching: "None" });
  });

  test("has its volumes behind its own two disks (R-171)", async () => {
    const provider = await open();
    const gateway = await makeGateway(provider);
    const luns = [];
    for (const token of ["v1", "v2", "v3"]) {
      const order = { ...naming(token), sizeBytes: GiB, role: "data" as const };
      const { id } = await provider.volumes.createVolume(order);
      await provider.volumes.attachVolume(id, gateway);
      luns.push((await provider.volumes.findVolume(id))?.device);
    }

    expect(luns).toEqual([2, 3, 4].map((lun) => ({ by: "lun", lun })));
  });

  test("has hypergate as its administrator, whose key nobody has (R-051, R-052, X-03)", async () => {
    await makeGateway(await open());

    expect(azure.subscription.machines.find("gateway")?.adminUsername).toBe("hypergate");
  });

  test("opens its ports to those who may connect, and to nobody else (R-010, R-051)", async () => {
    await makeGateway(await open());

    const rules = azure.subscription.groups
      .find("group")
      ?.rules.map(({ properties }) => properties);
    expect(rules).toMatchObject([
      { destinationPortRange: "12222", sourceAddressPrefix: "*", access: "Allow" },
      { destinationPortRange: "22", sourceAddressPrefixes: ["192.0.2.0/24", "198.51.100.0/24"] },
    ]);
  });

  test("keeps its address when it is deleted, until that is released (R-056)", async () => {
    const provider = await open();
    const instanceId = await makeGateway(provider);
    const address = await provider.network.ensureAddress({ ...naming("address"), instanceId });

    await provider.compute.deleteInstance(instanceId);
    while ((await provider.compute.findInstance(instanceId)) !== undefined);

    expect(azure.inventory()).toMatchObject({ instances: 0, volumes: 0, addresses: 1 });
    // While its interface lets go of it that is tried again.
    for (let released = false; !released; ) {
      released = await provider.network.releaseAddress(address?.id ?? "").then(
        () => true,
        () => false,
      );
    }
    expect(azure.inventory().addresses).toBe(0);
  });
});

describe("a launched server", () => {
  test("boots from a disk that was made for its firmware, of a size that starts with it", async () => {
    const provider = await open();
    await makeGateway(provider);
    const clone = await makeClone(provider, "uefi");
    const spec = launchOf({ firmware: "uefi", volumeIds: [clone] });

    const { waitsFor } = await provider.compute.launch(spec);

    expect(waitsFor).toBeUndefined();
    expect(azure.subscription.machines.find("server")?.generation).toBe("V2");
    const types = await provider.compute.listInstanceTypes();
    expect(types.find(({ name }) => name === "Standard_F4")?.firmware).toEqual(["bios"]);
    expect(types.find(({ name }) => name === "Standard_D4s_v5")?.firmware).toEqual([
      "bios",
      "uefi",
    ]);
  });

  test("from a disk of the other firmware is refused where no copy may be made, and nothing is deleted", async () => {
    const provider = await open({ launch: { boot: "attach" } });
    await makeGateway(provider);
    const clone = await makeClone(provider, "bios");

    const error = await errorOf(
      provider.compute.launch(launchOf({ firmware: "uefi", volumeIds: [clone] })),
    );

    expect(error.code).toBe("cloud.wrong-state");
    expect((await provider.volumes.findVolume(clone))?.state).toBe("ready");
  });

  test("that was found to be sold out while it was made says so in Azure's words", async () => {
    const provider = await open();
    await makeGateway(provider);
    azure.subscription.failsToAllocate.add("Standard_D4s_v5");
    const clone = await makeClone(provider, "bios");

    const { id } = await provider.compute.launch(launchOf({ volumeIds: [clone] }));

    expect(await provider.compute.findInstance(id)).toMatchObject({
      state: "failed",
      problem: expect.stringContaining("Allocation failed"),
    });
  });

  test("that Azure refuses for want of it, or of quota, leaves nothing when it is deleted", async () => {
    const provider = await open();
    await makeGateway(provider);
    azure.subscription.soldOut.add("Standard_D4s_v5");
    const clone = await makeClone(provider, "bios");
    const spec = launchOf({ volumeIds: [clone] });

    const error = await errorOf(provider.compute.launch(spec));
    expect(await provider.listOwned("owner")).toContainEqual({
      ...{ kind: "instance", id: "server", name: "server" },
    });
    await provider.compute.deleteInstance("server");

    expect(error.code).toBe("cloud.capacity");
    const left = await provider.listOwned("owner");
    expect(left.map(({ id }) => id).sort()).toEqual(["gateway", "group", "point", "replica"]);
  });

  test("can be in another network of the location, with the gateway's group, but in none that is elsewhere", async () => {
    const { networks, location, interfaces, subnetId } = azure.subscription;
    const subnets = [{ name: "servers", addressPrefix: "10.7.0.0/24" }];
    networks.push({ ...{ name: "production", location }, subnets });
    const provider = await open();
    await makeGateway(provider);
    const clone = await makeClone(provider, "bios");
    const inNetwork = (name: string) => ({ subnetId: subnetId.replace("/vnet/", `/${name}/`) });
    const launchIn = (name: string) =>
      provider.compute.launch(launchOf({ volumeIds: [clone], network: inNetwork(name) }));

    const refused = await errorOf(launchIn("vnet-elsewhere"));
    const { id } = await launchIn("production");

    expect(refused).toMatchObject({ code: "cloud.not-found", params: { what: "subnet" } });
    expect((await provider.compute.findInstance(id))?.privateAddress).toBe("10.7.0.4");
    expect(interfaces.find(id)).toMatchObject({ ...inNetwork("production"), groupName: "group" });
  });

  test("with more than one security group is refused, because Azure takes one", async () => {
    const provider = await open();
    await makeGateway(provider);
    const clone = await makeClone(provider, "bios");
    const network = { securityGroupIds: ["group", "another"] };

    const error = await errorOf(provider.compute.launch(launchOf({ volumeIds: [clone], network })));

    expect(error.code).toBe("cloud.refused");
  });
});

test("what is more than the quota, or too fast, is told apart", async () => {
  await azure.close();
  await start({ quotas: { disks: 0 } });
  const provider = await open();
  const order = { ...naming("v"), sizeBytes: GiB, role: "data" as const };

  const overQuota = await errorOf(provider.volumes.createVolume(order));
  azure.subscription.throttled = 1;
  const tooFast = await errorOf(provider.volumes.createVolume(order));

  expect(overQuota.code).toBe("cloud.quota-exceeded");
  expect(tooFast.code).toBe("cloud.throttled");
});

test("a volume has at most 32767 GiB, and one that boots 4095 (R-170)", async () => {
  const { volumes } = await (await open()).capabilities();

  expect(volumes.data.maxBytes).toBe(32_767 * GiB);
  expect(volumes.system.maxBytes).toBe(4_095 * GiB);
});

test("sizes for Arm, with NVMe alone, confidential or withheld are not offered", async () => {
  const series = ["Dpsv5", "Dsv6", "DCasv5", "Esv5", "F"];
  const provider = await open({ launch: { series } });

  const names = (await provider.compute.listInstanceTypes()).map(({ name }) => name);

  expect(names).toEqual(["Standard_F2", "Standard_F4"]);
});
