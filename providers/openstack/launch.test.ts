import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeOpenstack, startFakeOpenstack } from "#test/clouds/openstack/fake-openstack.ts";
import type { LaunchSpec, Provider } from "../provider.ts";
import { openProvider } from "../registry.ts";

const GiB = 1024 ** 3;
const consoleId = "console-under-test";

let cloud: FakeOpenstack;
let provider: Provider;
let groupId: string;

beforeEach(async () => {
  await start();
});
afterEach(() => cloud.close());

async function start(versions = { compute: 93, volume: 70 }): Promise<void> {
  const delays = { createMs: 1, attachMs: 1, bootMs: 1, stopMs: 1, snapshotMs: 1 };
  cloud = await startFakeOpenstack({ delays, versions });
  provider = await open();
  const group = await provider.network.ensureSecurityGroup({ ...naming("group"), rules: [] });
  groupId = group.id;
}

async function open(config: object = {}): Promise<Provider> {
  const all = { ...cloud.target.config, ...config };
  return openProvider("openstack", { config: all, secrets: cloud.target.credentials, consoleId });
}

const naming = (token: string) => ({
  token,
  tags: { "hypermotion:console": consoleId, "hypermotion:owner": "srv-1", Name: token },
});

async function volume(token: string, sizeBytes = GiB): Promise<string> {
  const order = { ...naming(token), role: "data" as const, sizeBytes };
  const { id } = await provider.volumes.createVolume(order);
  while ((await provider.volumes.findVolume(id))?.state !== "ready");
  return id;
}

async function order(change: Partial<LaunchSpec> = {}): Promise<LaunchSpec> {
  return {
    ...naming("server"),
    ...{ instanceType: "m1.small", securityGroupId: groupId },
    ...{ firmware: "bios", strategy: "bootFromVolume" },
    volumeIds: [await volume("system"), await volume("data-1"), await volume("data-2")],
    ...change,
  };
}

async function launched(spec: LaunchSpec, by = provider) {
  const { id } = await by.compute.launch(spec);
  while ((await by.compute.findInstance(id))?.state === "pending");
  return id;
}

async function gone(id: string): Promise<void> {
  await provider.compute.deleteInstance(id);
  while ((await provider.compute.findInstance(id)) !== undefined);
}

test("a server boots from its volume, marked bootable, with all others in their order; all end with it, as is told explicitly", async () => {
  const spec = await order();

  const id = await launched(spec);

  const attachments = spec.volumeIds.map((one) => cloud.project.volumes.get(one)?.attachment);
  expect(attachments).toMatchObject([
    { serverId: id, bootIndex: 0, deleteOnTermination: true },
    { serverId: id, bootIndex: -1, deleteOnTermination: true },
    { serverId: id, bootIndex: -2, deleteOnTermination: true },
  ]);
  const system = cloud.project.volumes.get(spec.volumeIds[0] ?? "");
  expect(system?.bootable).toBe(true);
  await gone(id);
  expect(cloud.inventory()).toMatchObject({ instances: 0, volumes: 0, addresses: 0 });
});

test.each([
  ["bios", { hw_firmware_type: "bios", hw_disk_bus: "virtio" }],
  ["uefi", { hw_firmware_type: "uefi", hw_machine_type: "q35", hw_disk_bus: "virtio" }],
] as const)("a %s server's volume says how it is started", async (firmware, properties) => {
  const spec = await order({ firmware });

  await launched(spec);

  const system = cloud.project.volumes.get(spec.volumeIds[0] ?? "");
  expect(Object.fromEntries(system?.imageMetadata ?? [])).toMatchObject(properties);
});

test("disks can be shown by virtio-scsi, as the instance types then say", async () => {
  const scsi = await open({ launch: { diskBus: "scsi" } });
  const spec = await order();

  await launched(spec, scsi);

  const system = cloud.project.volumes.get(spec.volumeIds[0] ?? "");
  expect(Object.fromEntries(system?.imageMetadata ?? [])).toMatchObject({
    ...{ hw_disk_bus: "scsi", hw_scsi_model: "virtio-scsi" },
  });
  const [type] = await scsi.compute.listInstanceTypes();
  expect(type?.hardware.storage).toBe("virtio-scsi");
});

test("a server runs in the gateway's security group unless others are chosen, and with the address that is asked for (R-203, X-19)", async () => {
  const first = await launched(await order());
  const own = await provider.network.ensureSecurityGroup({ ...naming("own"), rules: [] });
  const network = { securityGroupIds: [own.id], privateAddress: "127.80.0.9" };
  const spec = await order({ ...naming("second"), network, volumeIds: [await volume("another")] });
  const second = await launched(spec);

  const portsOf = (id: string) => cloud.project.portsOf(id);
  expect(portsOf(first)).toMatchObject([{ groupIds: [groupId] }]);
  expect(portsOf(second)).toMatchObject([{ groupIds: [own.id], address: "127.80.0.9" }]);
  expect((await provider.compute.findInstance(second))?.privateAddress).toBe("127.80.0.9");
  // Somebody else has it now.
  const third = { ...spec, ...naming("third"), volumeIds: [await volume("yet-another")] };
  await expect(provider.compute.launch(third)).rejects.toMatchObject({ code: "cloud.refused" });
});

test("a server goes into whatever subnet and behind whatever group is listed for it", async () => {
  const { project } = cloud;
  const shared = { ...project.newThing("offices"), description: "", rules: new Set<string>() };
  project.otherGroups.push({ ...shared, projectId: "0".repeat(32), isShared: true });
  const subnets = (await provider.network.listSubnets?.()) ?? [];
  const groups = (await provider.network.listSecurityGroups?.()) ?? [];
  const [subnetId = ""] = subnets.map(({ value }) => value).filter((id) => id !== project.subnetId);
  const securityGroupIds = groups.map(({ value }) => value);

  const id = await launched(await order({ network: { subnetId, securityGroupIds } }));

  expect(securityGroupIds).toContain(shared.id);
  expect(project.portsOf(id)).toMatchObject([{ subnetId, groupIds: securityGroupIds }]);
});

test("a server for which there is no room says so, and what it was to have can be taken back", async () => {
  cloud.project.isFull = true;
  const spec = await order();
  // Whether the first answer tells it already is a matter of moments.
  await provider.compute.launch(spec).catch(() => undefined);
  const found = () => provider.compute.findInstanceByToken("server");
  while ((await found())?.state === "pending");

  await expect(provider.compute.launch(spec)).rejects.toMatchObject({ code: "cloud.capacity" });
  await gone((await found())?.id ?? "");

  expect(cloud.inventory()).toMatchObject({ instances: 0, volumes: 0, addresses: 0 });
});

test("a spent quota of vCPUs is no lack of permission, though both are 403", async () => {
  await cloud.close();
  cloud = await startFakeOpenstack({ quotas: { cores: 0 }, delays: { createMs: 1 } });
  provider = await open();
  groupId = (await provider.network.ensureSecurityGroup({ ...naming("g"), rules: [] })).id;

  await expect(provider.compute.launch(await order())).rejects.toMatchObject({
    code: "cloud.quota-exceeded",
  });
  cloud.project.denied.add("CreateServer");
  await expect(provider.compute.launch(await order())).rejects.toMatchObject({
    code: "cloud.forbidden",
    params: { action: "os_compute_api:CreateServer" },
  });
});

test("where deleted servers are kept a while, ours go at once with their disks", async () => {
  cloud.project.keepsDeleted = true;
  const id = await launched(await order());

  await gone(id);

  expect(cloud.calls.made.some(({ action }) => action === "ForceDeleteServer")).toBe(true);
  expect(cloud.inventory()).toMatchObject({ instances: 0, volumes: 0, addresses: 0 });
});

test("a server that somebody locked keeps its network, and is told to be locked", async () => {
  const id = await launched(await order());
  const server = cloud.project.servers.get(id);
  if (server !== undefined) server.locked = true;

  await expect(provider.compute.deleteInstance(id)).rejects.toMatchObject({
    code: "cloud.wrong-state",
  });

  expect(cloud.project.portsOf(id)).toHaveLength(1);
});

test("an order that comes too soon after a server was made is no sign that it is gone", async () => {
  await cloud.close();
  cloud = await startFakeOpenstack({ delays: { createMs: 1, bootMs: 60_000 } });
  provider = await open();
  groupId = (await provider.network.ensureSecurityGroup({ ...naming("g"), rules: [] })).id;
  const { id } = await provider.compute.launch(await order());

  await expect(provider.compute.stopInstance(id)).rejects.toMatchObject({
    code: "cloud.transient",
  });
  expect(await provider.compute.readConsole(id)).toBe("");
});

test("two processes that launch in the same moment end with one server", async () => {
  const spec = await order({ volumeIds: [await volume("system")] });
  const another = await open();

  const made = await Promise.allSettled([
    provider.compute.launch(spec),
    another.compute.launch(spec),
  ]);

  // The volume can be had by one alone; the other is refused, and finds the server when it asks again.
  expect(made.some(({ status }) => status === "fulfilled")).toBe(true);
  const ids = [(await provider.compute.launch(spec)).id, (await another.compute.launch(spec)).id];
  expect(new Set(ids).size).toBe(1);
  expect(cloud.inventory()).toMatchObject({ instances: 1, addresses: 0 });
});

test("a server whose console tells nothing is asked by SSH at its address", async () => {
  const ssh = createServer((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
  ssh.listen(0, "127.80.0.7");
  await once(ssh, "listening");
  const { port: sshPort } = ssh.address() as AddressInfo;
  const asking = await open({ launch: { sshPort } });
  const id = await launched(await order({ network: { privateAddress: "127.80.0.7" } }), asking);

  const heard = await asking.compute.probeAddress?.(id);
  ssh.close();

  expect(await asking.compute.readConsole(id)).toBe("");
  expect(heard).toBe("SSH-2.0-OpenSSH_9.2");
  expect(await asking.compute.probeAddress?.("none")).toBeUndefined();
});

test("a server made of an image has its system on the flavor's disk where that is large enough, else on a volume as large as the image's", async () => {
  const volumeId = await volume("of-the-image", 30 * GiB);
  const { id: imageId = "" } =
    (await provider.images?.createImage({ ...naming("image"), volumeId, firmware: "bios" })) ?? {};
  while ((await provider.images?.findImage(imageId))?.state !== "ready");
  const change = { imageId, strategy: "imageFromVolume" } as const;

  const small = await order({ ...change, volumeIds: [] });
  const large = { ...small, ...naming("large"), instanceType: "m1.large" };
  const ids = [await launched(small), await launched(large)];

  expect(cloud.project.servers.get(ids[0] ?? "")?.imageId).toBeUndefined();
  expect(cloud.project.servers.get(ids[1] ?? "")?.imageId).toBe(imageId);
  const roots = [...cloud.project.volumes.values()].filter(({ attachment }) => attachment);
  expect(roots).toMatchObject([{ sizeGiB: 30, attachment: { serverId: ids[0] } }]);
});

test("HyperDoor starts on a disk of its own, as large as is asked, with its orders as user data and the clone alone beside it (R-202, S-17)", async () => {
  const image = cloud.project.imageNamed("HyperDoor").id;
  const withDoor = await open({ hyperDoor: { image }, launch: { boot: "hyperDoor" } });
  await withDoor.check();
  const userData = '{"orders":"of a copy"}';
  const hyperDoor = { systemBytes: 12 * GiB, userData };
  const spec = await order({ strategy: "hyperDoorCopy", imageId: image, hyperDoor });

  const id = await launched(spec, withDoor);

  const { bootStrategies } = await withDoor.capabilities();
  expect(bootStrategies.bios).toEqual(["hyperDoorCopy"]);
  const on = [...cloud.project.volumes.values()].filter(({ attachment }) => attachment);
  const root = on.find(({ attachment }) => attachment?.bootIndex === 0);
  expect(root).toMatchObject({ sizeGiB: 12, attachment: { deleteOnTermination: true } });
  expect(on.map((one) => one.id).sort()).toEqual([root?.id, spec.volumeIds[0]].sort());
  expect(cloud.project.servers.get(id)?.userData).toBe(userData);

  // Afterwards the caller takes the clone away and hangs the others there; they end with the server.
  const [clone = "", data = ""] = spec.volumeIds;
  await withDoor.volumes.detachVolume(clone);
  while ((await withDoor.volumes.findVolume(clone))?.attachedTo !== undefined);
  await withDoor.volumes.attachVolume(data, id);
  expect(cloud.project.volumes.get(data)?.attachment?.deleteOnTermination).toBe(true);
  await gone(id);
  expect(cloud.project.volumes.has(clone)).toBe(false);
});

test("an old Nova is not asked for what it does not know", async () => {
  await cloud.close();
  await start({ compute: 60, volume: 27 });
  const old = await open({ volume: { type: "lvm" } });
  const image = cloud.project.imageNamed("HyperDoor").id;
  const hyperDoor = { systemBytes: 12 * GiB, userData: "{}" };
  const spec = await order({ strategy: "hyperDoorCopy", imageId: image, hyperDoor });

  const id = await launched(spec, old);
  await old.volumes.attachVolume(spec.volumeIds[1] ?? "", id);

  expect(cloud.project.volumes.get(spec.volumeIds[1] ?? "")?.attachment).toMatchObject({
    serverId: id,
  });
});
