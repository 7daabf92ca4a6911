/**
 * What a fake's volumes and instances really are: the local platform's sparse files, gateways and QEMU
 * machines. Ids are the cloud's own; whatever it is called there is found here by that.
 */
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { GatewayBootstrap } from "#domain/protocol/gateway.ts";
import type { Instance, Provider } from "#providers/provider.ts";
import { openProvider } from "#providers/registry.ts";

const MiB = 1024 ** 2;
const consoleId = "fake-cloud";

export interface Machines {
  createVolume(id: string, sizeBytes: number, fromSnapshotId?: string): Promise<void>;
  deleteVolume(id: string): Promise<void>;
  createSnapshot(id: string, volumeId: string): Promise<void>;
  deleteSnapshot(id: string): Promise<void>;
  /** Where a volume's bytes are. */
  pathOf(volumeId: string): string;
  startGateway(id: string, bootstrap: GatewayBootstrap): Promise<void>;
  /** Its gateway finds it by this serial, or LUN. */
  attach(volumeId: string, gatewayId: string, identity: string | { lun: number }): Promise<void>;
  detach(volumeId: string): Promise<void>;
  /** Boots from the first volume. */
  startServer(id: string, volumeIds: readonly string[]): Promise<void>;
  find(id: string): Promise<Instance | undefined>;
  stop(id: string): Promise<void>;
  /** Its volumes stay. */
  remove(id: string): Promise<void>;
  console(id: string): Promise<string>;
  close(): Promise<void>;
}

export async function openMachines(
  folder: string,
  options: { gatewayCommand?: readonly string[] } = {},
): Promise<Machines> {
  const config = {
    folder,
    minFreeBytes: 0,
    maxVolumesPerGateway: 64,
    // Their guests are so small that to find out what is faster takes longer than to emulate them.
    server: { memoryBytes: 64 * MiB, vcpus: 1, accelerator: "tcg" },
    ...(options.gatewayCommand === undefined ? {} : { gatewayCommand: options.gatewayCommand }),
  };
  const provider: Provider = await openProvider("local", { config, secrets: {}, consoleId });
  const ids = new Map<string, string>();
  const naming = (id: string) => ({
    token: id.toLowerCase().replaceAll(/[^a-z0-9-]/g, "-"),
    tags: { "hypermotion:console": consoleId, "hypermotion:owner": "fake", Name: id },
  });
  const group = await provider.network.ensureSecurityGroup({ ...naming("group"), rules: [] });
  const local = (id: string): string => {
    const found = ids.get(id);
    if (found === undefined) throw new Error(`no machine or volume behind ${id}`);
    return found;
  };

  async function untilReady(
    what: string,
    find: () => Promise<{ state: string; problem?: string } | undefined>,
  ): Promise<void> {
    for (let looks = 0; looks < 3_000; looks += 1) {
      const found = await find();
      if (found?.state === "ready") return;
      if (found?.state !== "pending") {
        throw new Error(`${what} is ${found?.problem ?? found?.state ?? "gone"}`);
      }
      await sleep(10);
    }
    throw new Error(`waited for ${what}`);
  }

  const machines: Machines = {
    async createVolume(id, sizeBytes, fromSnapshotId) {
      const made = await provider.volumes.createVolume({
        ...naming(id),
        sizeBytes,
        role: "data",
        ...(fromSnapshotId === undefined ? {} : { fromSnapshotId: local(fromSnapshotId) }),
      });
      ids.set(id, made.id);
      await untilReady(id, () => provider.volumes.findVolume(made.id));
    },
    async deleteVolume(id) {
      await provider.volumes.deleteVolume(local(id));
      ids.delete(id);
    },
    async createSnapshot(id, volumeId) {
      const made = await provider.volumes.createSnapshot({
        ...naming(id),
        volumeId: local(volumeId),
      });
      ids.set(id, made.id);
      await untilReady(id, () => provider.volumes.findSnapshot(made.id));
    },
    async deleteSnapshot(id) {
      await provider.volumes.deleteSnapshot(local(id));
      ids.delete(id);
    },
    pathOf: (volumeId) => join(folder, "volumes", `${local(volumeId)}.raw`),
    async startGateway(id, bootstrap) {
      const order = { ...naming(id), securityGroupId: group.id, bootstrap };
      ids.set(id, (await provider.compute.createGateway(order)).id);
    },
    async attach(volumeId, gatewayId, identity) {
      await provider.volumes.attachVolume(local(volumeId), local(gatewayId));
      const [kind, link] =
        typeof identity === "string" ? ["serial", identity] : ["lun", String(identity.lun)];
      const links = join(folder, "instances", local(gatewayId), "volumes", `by-${kind}`);
      await mkdir(links, { recursive: true });
      await rm(join(links, link), { force: true });
      await symlink(`../${local(volumeId)}.raw`, join(links, link));
    },
    detach: (volumeId) => provider.volumes.detachVolume(local(volumeId)),
    async startServer(id, volumeIds) {
      // The local platform's launch is for once; a machine that starts again is made again.
      await machines.remove(id);
      const made = await provider.compute.launch({
        ...naming(id),
        instanceType: "nvme",
        securityGroupId: group.id,
        firmware: "bios",
        strategy: "bootFromVolume",
        volumeIds: volumeIds.map(local),
      });
      ids.set(id, made.id);
    },
    async find(id) {
      const known = ids.get(id);
      return known === undefined ? undefined : provider.compute.findInstance(known);
    },
    stop: (id) => provider.compute.stopInstance(local(id)),
    async remove(id) {
      const known = ids.get(id);
      if (known === undefined) return;
      await keepVolumes(folder, known);
      await provider.compute.deleteInstance(known);
      ids.delete(id);
    },
    async console(id) {
      const known = ids.get(id);
      return known === undefined ? "" : provider.compute.readConsole(known);
    },
    async close() {
      for (const { kind, id } of await provider.listOwned()) {
        if (kind === "instance") await provider.compute.deleteInstance(id);
      }
    },
  };
  return machines;
}

/** At the local platform a server's volumes end with it; here the cloud says what becomes of them. */
async function keepVolumes(folder: string, instanceId: string): Promise<void> {
  const records = join(folder, "instances");
  for (const name of await readdir(records)) {
    if (!name.endsWith(".json")) continue;
    const record = JSON.parse(await readFile(join(records, name), "utf8"));
    if (record.id !== instanceId || record.kind !== "server") continue;
    await writeFile(join(records, name), JSON.stringify({ ...record, volumeIds: [] }));
  }
}
