/** Volumes are sparse raw files; snapshots and clones are copies of them (see copies.ts). */
import { link, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Provider, Snapshot, Volume } from "../provider.ts";
import type { LocalConfig } from "./config.ts";
import { ensureCopy, modifiedAt, removeCopy, untilLaterWritesShow } from "./copies.ts";
import { hasCode, notFound, quotaExceeded, refused, wrongState } from "./errors.ts";
import { instanceFolder, instanceRecord, type ServerRecord } from "./instances.ts";
import { oneAtATime, openRecords, type RecordFolder, recordBase } from "./records.ts";

const state = z.enum(["pending", "ready", "deleting", "failed"]);

const volumeRecord = recordBase.extend({
  sizeBytes: z.number(),
  role: z.enum(["system", "data"]),
  state,
  /** What a clone copies; the snapshot's file does not change any more. */
  fromSnapshotId: z.string().optional(),
  pool: z.string().optional(),
  attachedTo: z.string().optional(),
  problem: z.string().optional(),
});
type VolumeRecord = z.output<typeof volumeRecord>;

const snapshotRecord = recordBase.extend({
  volumeId: z.string(),
  sizeBytes: z.number(),
  /** When the volume had last been written at the moment of the snapshot. */
  volumeModifiedAt: z.string(),
  state,
  problem: z.string().optional(),
});
type SnapshotRecord = z.output<typeof snapshotRecord>;

export interface Volumes {
  readonly api: Provider["volumes"];
  readonly records: RecordFolder<VolumeRecord>;
  readonly snapshots: RecordFolder<SnapshotRecord>;
  pathOf(volumeId: string): string;
  /** Notes that a launched server's volumes are its own. @throws `cloud.wrong-state` for one in use */
  claimFor(instanceId: string, volumeIds: readonly string[]): Promise<void>;
  /** Takes every volume off an instance that goes away, and deletes those that are its own. */
  releaseFrom(instanceId: string, ownVolumeIds: readonly string[]): Promise<void>;
}

const unready = ({ id, state, problem }: VolumeRecord) =>
  wrongState("volume", id, problem ?? state);

const unattached = ({ attachedTo: _, ...rest }: VolumeRecord): VolumeRecord => rest;

export async function openVolumes(config: LocalConfig): Promise<Volumes> {
  const volumeFolder = join(config.folder, "volumes");
  const snapshotFolder = join(config.folder, "snapshots");
  const volumes = await openRecords(volumeFolder, "vol", volumeRecord);
  const snapshots = await openRecords(snapshotFolder, "snp", snapshotRecord);
  const instances = await openRecords(join(config.folder, "instances"), "ins", instanceRecord);
  const pathOf = (id: string) => join(volumeFolder, `${id}.raw`);
  const snapshotPath = (id: string) => join(snapshotFolder, `${id}.raw`);
  /** An attached volume is a second name of its file in the instance's folder, which detaching removes. */
  const devicePath = (volumeId: string, instanceId: string) =>
    join(instanceFolder(config, instanceId), "volumes", `${volumeId}.raw`);
  const alone = <T>(change: () => Promise<T>) => oneAtATime(config.folder, change);

  async function getVolume(id: string): Promise<VolumeRecord> {
    const record = await volumes.find(id);
    if (record === undefined) throw notFound("volume", id);
    return record;
  }

  function refuseWrongSize(sizeBytes: number): void {
    const { minBytes, maxBytes, stepBytes } = config.volume;
    if (sizeBytes < minBytes || sizeBytes > maxBytes || sizeBytes % stepBytes !== 0) {
      throw refused(
        `a volume of ${sizeBytes} bytes`,
        `sizes are ${minBytes} to ${maxBytes} in steps of ${stepBytes}`,
      );
    }
  }

  async function freeInPool(pool: string): Promise<number> {
    const most = config.pools[pool];
    if (most === undefined) throw refused(`the storage pool ${pool}`, "there is none of this name");
    const inside = (await volumes.list()).filter((volume) => volume.pool === pool);
    return most - inside.reduce((sum, volume) => sum + volume.sizeBytes, 0);
  }

  async function refuseBeyondQuota(sizeBytes: number, pool: string | undefined): Promise<void> {
    if (pool !== undefined && (await freeInPool(pool)) < sizeBytes) {
      throw quotaExceeded(`volume bytes in ${pool}`);
    }
    const all = await volumes.list();
    if (all.length >= config.maxVolumes) throw quotaExceeded("volumes");
    const promisedBytes = all.reduce((sum, volume) => sum + volume.sizeBytes, 0);
    if (promisedBytes + sizeBytes > config.maxBytes) throw quotaExceeded("volume bytes");
  }

  /** What a record that still waits for its end becomes. */
  const ended = <T extends VolumeRecord | SnapshotRecord>(record: T, problem?: string): T =>
    problem === undefined ? { ...record, state: "ready" } : { ...record, state: "failed", problem };

  async function settle<T extends VolumeRecord | SnapshotRecord>(
    records: RecordFolder<T>,
    id: string,
    problem?: string,
  ): Promise<void> {
    await alone(async () => {
      const record = await records.find(id);
      if (record?.state === "pending") await records.write(ended(record, problem));
    });
  }

  /**
   * Begins, or after a restart begins again, what a pending record promises. The record is read here,
   * where nobody else changes it: begun once more after its end, a copy would replace a volume in use.
   */
  async function makeVolume(id: string): Promise<void> {
    await alone(async () => {
      const record = await volumes.find(id);
      if (record?.state !== "pending") return;
      const { fromSnapshotId, sizeBytes } = record;
      if (fromSnapshotId !== undefined) {
        const from = snapshotPath(fromSnapshotId);
        ensureCopy(
          { from, to: pathOf(id), sizeBytes, modifiedAt: await modifiedAt(from) },
          (problem) => settle(volumes, id, problem),
        );
        return;
      }
      const handle = await open(pathOf(id), "a", 0o600);
      try {
        await handle.truncate(sizeBytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await volumes.write(ended(record));
    });
  }

  /** As `makeVolume`. */
  async function makeSnapshot(id: string): Promise<void> {
    await alone(async () => {
      const record = await snapshots.find(id);
      if (record?.state !== "pending") return;
      const { volumeId, sizeBytes, volumeModifiedAt } = record;
      ensureCopy(
        {
          from: pathOf(volumeId),
          to: snapshotPath(id),
          sizeBytes,
          modifiedAt: volumeModifiedAt,
        },
        (problem) => settle(snapshots, id, problem),
      );
    });
  }

  async function finishDeletingVolume(record: VolumeRecord): Promise<void> {
    await volumes.write({ ...record, state: "deleting" });
    await removeCopy(pathOf(record.id));
    await volumes.remove(record.id);
  }

  async function finishDeletingSnapshot(record: SnapshotRecord): Promise<void> {
    await snapshots.write({ ...record, state: "deleting" });
    await removeCopy(snapshotPath(record.id));
    await snapshots.remove(record.id);
  }

  /** Removes the second name first: a volume without a record of its instance must not be reachable. */
  async function takeOff(record: VolumeRecord): Promise<VolumeRecord> {
    if (record.attachedTo === undefined) return record;
    await rm(devicePath(record.id, record.attachedTo), { force: true });
    const free = unattached(record);
    await volumes.write(free);
    return free;
  }

  const shownVolume = async (record: VolumeRecord): Promise<Volume> => {
    const { id, sizeBytes, attachedTo, problem } = record;
    const owner = attachedTo === undefined ? undefined : await instances.find(attachedTo);
    return {
      id,
      sizeBytes,
      state: record.state,
      ...(attachedTo !== undefined && { attachedTo }),
      ...(owner?.kind === "gateway" &&
        config.deviceMapping === "identity" && {
          device: { by: "path" as const, path: devicePath(id, owner.id) },
        }),
      ...(owner?.kind === "server" && { device: { by: "serial" as const, serial: id } }),
      ...(problem !== undefined && { problem }),
    };
  };

  /** In the order of attachment, which is that of the guest's disks. */
  async function listAmong(server: ServerRecord, volumeId: string): Promise<void> {
    if (server.volumeIds.includes(volumeId)) return;
    await instances.write({ ...server, volumeIds: [...server.volumeIds, volumeId] });
  }

  const api: Provider["volumes"] = {
    async createVolume({ token, tags, sizeBytes, role, fromSnapshotId, pool }) {
      refuseWrongSize(sizeBytes);
      const record = await alone(async () => {
        const earlier = await volumes.findByToken(token);
        if (earlier !== undefined && earlier.state !== "deleting") {
          if (earlier.sizeBytes === sizeBytes && earlier.fromSnapshotId === fromSnapshotId) {
            return earlier;
          }
          throw refused(`the token ${token}`, "it made another volume before");
        }
        if (earlier !== undefined) await finishDeletingVolume(earlier);
        if (fromSnapshotId !== undefined) await refuseUnfit(fromSnapshotId, sizeBytes);
        await refuseBeyondQuota(sizeBytes, pool);
        return volumes.claim(token, (base) => ({
          ...base,
          token,
          tags,
          sizeBytes,
          role,
          state: "pending",
          ...(fromSnapshotId !== undefined && { fromSnapshotId }),
          ...(pool !== undefined && { pool }),
        }));
      });
      await makeVolume(record.id);
      return { id: record.id };
    },

    async listPools() {
      const names = Object.keys(config.pools);
      return Promise.all(names.map(async (id) => ({ id, freeBytes: await freeInPool(id) })));
    },

    async findVolume(id) {
      await makeVolume(id);
      const record = await volumes.find(id);
      return record && shownVolume(record);
    },

    async attachVolume(volumeId, instanceId) {
      await alone(async () => {
        const volume = await getVolume(volumeId);
        const instance = await instances.find(instanceId);
        if (instance === undefined || instance.wanted === "deleted") {
          throw notFound("instance", instanceId);
        }
        if (instance.kind === "server" && instance.hyperDoor === undefined) {
          throw refused("attaching a volume", `${instanceId} is a launched server`);
        }
        if (volume.state !== "ready") throw unready(volume);
        if (volume.attachedTo !== undefined && volume.attachedTo !== instanceId) {
          throw wrongState("volume", volumeId, `attached to ${volume.attachedTo}`);
        }
        if (volume.attachedTo === undefined) {
          const held = (await volumes.list()).filter((other) => other.attachedTo === instanceId);
          const most =
            instance.kind === "gateway" ? config.maxVolumesPerGateway : config.server.maxVolumes;
          if (held.length >= most) throw quotaExceeded(`volumes on ${instanceId}`);
          if (instance.kind === "server") await listAmong(instance, volumeId);
          await volumes.write({ ...volume, attachedTo: instanceId });
        }
        if (instance.kind === "server") return;
        await mkdir(join(instanceFolder(config, instanceId), "volumes"), { recursive: true });
        await link(pathOf(volumeId), devicePath(volumeId, instanceId)).catch((error) => {
          if (!hasCode(error, "EEXIST")) throw error;
        });
      });
    },

    async detachVolume(volumeId) {
      await alone(async () => {
        const volume = await volumes.find(volumeId);
        if (volume?.attachedTo === undefined) return;
        const instance = await instances.find(volume.attachedTo);
        if (instance?.kind === "server" && instance.wanted !== "deleted") {
          if (instance.hyperDoor === undefined) {
            throw wrongState("volume", volumeId, `a disk of the server ${instance.id}`);
          }
          // First what leads to it at its next start.
          const volumeIds = instance.volumeIds.filter((id) => id !== volumeId);
          await instances.write({ ...instance, volumeIds });
        }
        await takeOff(volume);
      });
    },

    async deleteVolume(id) {
      await alone(async () => {
        const volume = await volumes.find(id);
        if (volume === undefined) return;
        if (volume.attachedTo !== undefined) {
          throw wrongState("volume", id, `attached to ${volume.attachedTo}`);
        }
        const copying = (await snapshots.list()).find(
          (snapshot) => snapshot.volumeId === id && snapshot.state === "pending",
        );
        if (copying !== undefined) throw wrongState("volume", id, `copied to ${copying.id}`);
        await finishDeletingVolume(volume);
      });
    },

    async createSnapshot({ token, tags, volumeId }) {
      const record = await alone(async () => {
        const earlier = await snapshots.findByToken(token);
        if (earlier !== undefined && earlier.state !== "deleting") {
          if (earlier.volumeId === volumeId) return earlier;
          throw refused(`the token ${token}`, "it made a snapshot of another volume before");
        }
        if (earlier !== undefined) await finishDeletingSnapshot(earlier);
        const volume = await getVolume(volumeId);
        if (volume.state !== "ready") throw unready(volume);
        await untilLaterWritesShow(pathOf(volumeId));
        const volumeModifiedAt = await modifiedAt(pathOf(volumeId));
        return snapshots.claim(token, (base) => ({
          ...base,
          token,
          tags,
          volumeId,
          sizeBytes: volume.sizeBytes,
          volumeModifiedAt,
          state: "pending",
        }));
      });
      await makeSnapshot(record.id);
      return { id: record.id };
    },

    async findSnapshot(id): Promise<Snapshot | undefined> {
      await makeSnapshot(id);
      const record = await snapshots.find(id);
      if (record === undefined) return undefined;
      const { volumeId, problem } = record;
      return { id, volumeId, state: record.state, ...(problem !== undefined && { problem }) };
    },

    async deleteSnapshot(id) {
      await alone(async () => {
        const snapshot = await snapshots.find(id);
        if (snapshot === undefined) return;
        const copying = (await volumes.list()).find(
          (volume) => volume.fromSnapshotId === id && volume.state === "pending",
        );
        if (copying !== undefined) throw wrongState("snapshot", id, `copied to ${copying.id}`);
        await finishDeletingSnapshot(snapshot);
      });
    },
  };

  async function refuseUnfit(snapshotId: string, sizeBytes: number): Promise<void> {
    const snapshot = await snapshots.find(snapshotId);
    if (snapshot === undefined) throw notFound("snapshot", snapshotId);
    if (snapshot.state !== "ready") {
      throw wrongState("snapshot", snapshotId, snapshot.problem ?? snapshot.state);
    }
    if (sizeBytes < snapshot.sizeBytes) {
      throw refused(
        `a clone of ${sizeBytes} bytes`,
        `snapshot ${snapshotId} has ${snapshot.sizeBytes}`,
      );
    }
  }

  return {
    api,
    records: volumes,
    snapshots,
    pathOf,

    async claimFor(instanceId, volumeIds) {
      await alone(async () => {
        const claimed = await Promise.all(volumeIds.map(getVolume));
        for (const volume of claimed) {
          if (volume.state !== "ready") throw unready(volume);
          if (volume.attachedTo !== undefined && volume.attachedTo !== instanceId) {
            throw wrongState("volume", volume.id, `attached to ${volume.attachedTo}`);
          }
        }
        for (const volume of claimed) await volumes.write({ ...volume, attachedTo: instanceId });
      });
    },

    async releaseFrom(instanceId, ownVolumeIds) {
      await alone(async () => {
        for (const volume of await volumes.list()) {
          if (volume.attachedTo !== instanceId) continue;
          const free = await takeOff(volume);
          if (ownVolumeIds.includes(volume.id)) await finishDeletingVolume(free);
        }
      });
    },
  };
}
