/**
 * Instances: their records, what the processes behind them do, and their life. An instance that should
 * run but was lost, because the machine restarted or we ended between record and start, is started by
 * whoever looks at it next.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Instance, InstanceType, LaunchSpec, Provider } from "../provider.ts";
import type { LocalConfig } from "./config.ts";
import { notFound, quotaExceeded, refused, wrongState } from "./errors.ts";
import { choosePorts, startGateway } from "./gateways.ts";
import {
  type InstanceRecord,
  instanceFolder,
  instanceRecord,
  type ServerRecord,
} from "./instances.ts";
import { endAll, instanceVariable, type Keeping, lookAtKeeper, orderEnd } from "./keeping.ts";
import { readLog } from "./logs.ts";
import { machineBootId, processesWith } from "./processes.ts";
import { profiles } from "./qemu.ts";
import { oneAtATime, openRecords, type RecordBase, type RecordFolder } from "./records.ts";
import {
  findSshPort,
  lookAtServer,
  readSshBanner,
  refuseWithoutQemu,
  serverAddresses,
  startServer,
} from "./servers.ts";
import type { Volumes } from "./volumes.ts";

/** How a deleted gateway's daemon may overstay `gatewayStopMs` before it is killed from outside. */
const keeperGraceMs = 5_000;

export async function openCompute(
  config: LocalConfig,
  volumes: Volumes,
  groups: RecordFolder<RecordBase>,
) {
  const records = await openRecords(join(config.folder, "instances"), "ins", instanceRecord);
  const folderOf = (id: string) => instanceFolder(config, id);
  const alone = <T>(change: () => Promise<T>) => oneAtATime(config.folder, change);
  /** One start or end of an instance after the other: none may start what is being deleted. */
  const inTurn = <T>(id: string, change: () => Promise<T>) =>
    oneAtATime(`${folderOf(id)}/process.json`, change);

  const patienceOf = ({ kind }: InstanceRecord) =>
    kind === "gateway" ? config.gatewayStopMs + keeperGraceMs : 0;

  async function start(record: InstanceRecord): Promise<void> {
    if (record.kind === "gateway") return startGateway(record, config);
    await volumes.claimFor(record.id, record.volumeIds);
    await startServer(record, config, volumes.pathOf);
  }

  function isToBeStarted(record: InstanceRecord, keeping: Keeping): boolean {
    if (record.wanted !== "running") return false;
    if (keeping.state === "never") return true;
    if (keeping.state !== "lost") return false;
    return record.kind === "gateway" || keeping.keeper.machineBootId !== machineBootId();
  }

  async function revive(record: InstanceRecord): Promise<Keeping> {
    const folder = folderOf(record.id);
    const keeping = await lookAtKeeper(folder);
    if (hasCopied(record, keeping)) await noteCopied(record.id);
    else if (!isToBeStarted(record, keeping)) return keeping;
    return inTurn(record.id, async () => {
      // The order may have changed since the record was read.
      const now = await records.find(record.id);
      if (now?.wanted !== "running") return keeping;
      await start(now);
      return lookAtKeeper(folder);
    });
  }

  /** HyperDoor's restart is the only thing that ends its QEMU by itself. */
  function hasCopied(record: InstanceRecord, keeping: Keeping): boolean {
    if (record.kind !== "server" || record.hyperDoor?.over !== false) return false;
    return keeping.state === "ended" && keeping.ending.exitCode === 0 && !keeping.ending.ordered;
  }

  async function noteCopied(id: string): Promise<void> {
    await alone(async () => {
      const record = await records.find(id);
      if (record?.kind !== "server" || record.hyperDoor === undefined) return;
      await records.write({ ...record, hyperDoor: { ...record.hyperDoor, over: true } });
    });
  }

  /** The state of an instance without a keeper that runs. */
  async function stateAfter(
    record: InstanceRecord,
    keeping: Exclude<Keeping, { state: "running" }>,
  ): Promise<Pick<Instance, "state" | "problem">> {
    if (keeping.state === "never")
      return { state: record.wanted === "running" ? "pending" : "stopped" };
    const said = (await readLog(join(folderOf(record.id), "qemu.log"), 2000)).trim();
    if (keeping.state === "ended") {
      const { ordered, exitCode, how } = keeping.ending;
      if (ordered || exitCode === 0 || record.wanted === "stopped") return { state: "stopped" };
      return { state: "failed", problem: said === "" ? how : `${how}: ${said}` };
    }
    if (processesWith(instanceVariable, folderOf(record.id)).length > 0)
      return { state: "running" };
    if (record.wanted === "stopped") return { state: "stopped" };
    return { state: "failed", problem: "its process vanished without a word" };
  }

  async function stateOf(record: InstanceRecord): Promise<Pick<Instance, "state" | "problem">> {
    if (record.wanted === "deleted") return { state: "deleting" };
    const keeping = await revive(record);
    if (keeping.state !== "running") return stateAfter(record, keeping);
    // Stopping is not over before its keeper is gone.
    if (record.kind === "gateway" || record.wanted === "stopped") return { state: "running" };
    return lookAtServer(folderOf(record.id));
  }

  async function addressesOf(record: InstanceRecord): Promise<Partial<Instance>> {
    if (record.kind === "server") return serverAddresses(await findSshPort(folderOf(record.id)));
    const any = config.gatewayListen === "0.0.0.0" || config.gatewayListen === "::";
    return { privateAddress: any ? "127.0.0.1" : config.gatewayListen };
  }

  async function shown(record: InstanceRecord): Promise<Instance> {
    const state = await stateOf(record);
    const addresses = state.state === "running" ? await addressesOf(record) : {};
    return { id: record.id, ...state, ...addresses };
  }

  /** Ends its processes, then gives back its volumes, then its folder, then its record: what is left leads to the rest. */
  async function finishDeleting(record: InstanceRecord): Promise<void> {
    const folder = folderOf(record.id);
    await inTurn(record.id, () => endAll(folder, patienceOf(record)));
    await volumes.releaseFrom(record.id, record.kind === "server" ? record.volumeIds : []);
    await rm(folder, { recursive: true, force: true });
    await records.remove(record.id);
  }

  async function refuseUnknownGroup(id: string): Promise<void> {
    if ((await groups.find(id)) === undefined) throw notFound("security group", id);
  }

  /** A token whose instance was being deleted when we ended is free again. */
  async function freeToken(token: string): Promise<void> {
    const earlier = await records.findByToken(token);
    if (earlier?.wanted === "deleted") await finishDeleting(earlier);
  }

  async function refuseWrongLaunch(spec: LaunchSpec): Promise<void> {
    const profile = profiles[spec.instanceType];
    if (profile === undefined) throw notFound("instance type", spec.instanceType);
    const offered = config.hyperDoor === undefined ? "bootFromVolume" : "hyperDoorCopy";
    if (spec.strategy !== offered) {
      throw refused(`the boot strategy ${spec.strategy}`, `only ${offered} is there`);
    }
    if (spec.volumeIds.length === 0) throw refused("a server", "it has no volume to boot from");
    const most = Math.min(profile.maxVolumes, config.server.maxVolumes);
    if (spec.volumeIds.length > most + 1) throw quotaExceeded(`volumes of a ${spec.instanceType}`);
    await refuseUnknownGroup(spec.securityGroupId);
    for (const id of spec.volumeIds) {
      const volume = await volumes.records.find(id);
      if (volume === undefined) throw notFound("volume", id);
      if (volume.state !== "ready") throw wrongState("volume", id, volume.state);
      if (volume.attachedTo !== undefined) {
        throw wrongState("volume", id, `attached to ${volume.attachedTo}`);
      }
    }
  }

  async function takenPorts(): Promise<number[]> {
    const all = await records.list();
    return all.flatMap((record) => (record.kind === "gateway" ? Object.values(record.ports) : []));
  }

  async function get(id: string): Promise<InstanceRecord> {
    const record = await records.find(id);
    if (record === undefined) throw notFound("instance", id);
    return record;
  }

  function disksOf({
    volumeIds,
    imageId: image,
    hyperDoor,
  }: LaunchSpec): Pick<ServerRecord, "volumeIds" | "hyperDoor"> {
    if (hyperDoor === undefined || image === undefined) return { volumeIds: [...volumeIds] };
    return { volumeIds: volumeIds.slice(0, 1), hyperDoor: { image, ...hyperDoor, over: false } };
  }

  const api: Provider["compute"] = {
    async listInstanceTypes() {
      return Object.entries(profiles).map(
        ([name, { storage, network, maxVolumes }]): InstanceType => ({
          name,
          vcpus: config.server.vcpus,
          memoryBytes: config.server.memoryBytes,
          hardware: { storage, network },
          firmware: ["bios"],
          maxVolumes: Math.min(maxVolumes, config.server.maxVolumes),
        }),
      );
    },

    async createGateway({ token, tags, securityGroupId, bootstrap }) {
      await freeToken(token);
      const record = await alone(async () => {
        const earlier = await records.findByToken(token);
        if (earlier !== undefined) return earlier;
        await refuseUnknownGroup(securityGroupId);
        const ports = await choosePorts(config.gatewayListen, await takenPorts());
        return records.claim(token, (base) => ({
          ...base,
          kind: "gateway",
          token,
          tags,
          securityGroupId,
          bootstrap,
          ports,
          wanted: "running",
        }));
      });
      await revive(record);
      return { id: record.id };
    },

    async launch(spec) {
      await refuseWithoutQemu(config);
      await freeToken(spec.token);
      const record = await alone(async () => {
        const earlier = await records.findByToken(spec.token);
        if (earlier !== undefined) return earlier;
        await refuseWrongLaunch(spec);
        return records.claim(spec.token, (base) => ({
          ...base,
          kind: "server",
          token: spec.token,
          tags: spec.tags,
          securityGroupId: spec.securityGroupId,
          instanceType: spec.instanceType,
          ...disksOf(spec),
          wanted: "running",
        }));
      });
      await revive(record);
      return { id: record.id };
    },

    async findInstance(id) {
      const record = await records.find(id);
      return record && shown(record);
    },

    async findInstanceByToken(token) {
      const record = await records.findByToken(token);
      return record && shown(record);
    },

    async stopInstance(id) {
      await alone(async () => {
        const record = await get(id);
        if (record.wanted === "running") await records.write({ ...record, wanted: "stopped" });
      });
      await inTurn(id, () => orderEnd(folderOf(id)));
    },

    async restartInstance(id) {
      await inTurn(id, async () => {
        const record = await get(id);
        if (record.wanted !== "running") throw wrongState("instance", id, record.wanted);
        // To a server it is a power cut.
        await endAll(folderOf(id), patienceOf(record));
        await start(record);
      });
    },

    async deleteInstance(id) {
      const record = await alone(async () => {
        const found = await records.find(id);
        if (found === undefined) return undefined;
        const leaving: InstanceRecord = { ...found, wanted: "deleted" };
        await records.write(leaving);
        return leaving;
      });
      if (record !== undefined) await finishDeleting(record);
    },

    async readConsole(id) {
      await get(id);
      return readLog(join(folderOf(id), "console.log"));
    },

    async probeAddress(id) {
      const record = await get(id);
      if (record.kind !== "server") return undefined;
      const port = await findSshPort(folderOf(id));
      return port === undefined ? undefined : readSshBanner(port);
    },
  };

  return { api, records };
}
