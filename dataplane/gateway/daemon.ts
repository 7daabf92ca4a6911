/** The gateway as a whole: its parts, in the order in which they must start and end. */
import { statfs } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { MigrationError } from "#domain/errors.ts";
import type { GatewayBootstrap, RepairOrder, RepairReport } from "#domain/protocol/gateway.ts";
import { pause } from "../backoff.ts";
import { listBlockDevices } from "../block-devices.ts";
import { holdStateFolder } from "../single-instance.ts";
import { version } from "../version.ts";
import { loadOrCreateIdentity } from "../wire/identity.ts";
import { createControlApi, hasToken } from "./control-api.ts";
import { startControlServer } from "./control-server.ts";
import { listDevices } from "./device-list.ts";
import { type DeviceFinder, findDevice, listLinks } from "./devices.ts";
import { enrol } from "./enrolment.ts";
import type { Log } from "./log.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import { openRecordFolder } from "./record-folder.ts";
import type { LocatedRepairOrder, RepairControl } from "./repair/repair.ts";
import { createRepairs, repairRecord } from "./repairs.ts";
import { createSessions, sessionRecord } from "./sessions.ts";
import { type GatewayState, loadOrCreateState, saveState } from "./state.ts";
import { TurnedAway } from "./turned-away.ts";
import { createVerifications, verificationRecord } from "./verifications.ts";

export interface GatewaySetting {
  readonly bootstrap: GatewayBootstrap;
  readonly stateFolder: string;
  readonly bootId: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly repairWith: RepairWith;
  /** Given to shorten a test's waiting. */
  readonly waits?: { readonly heartbeatMs?: number; readonly agentLostMs?: number };
}

/** Driver repair, as `repair/repair.ts` offers it. */
export interface RepairWith {
  readonly probeCarriers: () => Promise<RepairReport["carrier"][]>;
  readonly runRepair: (order: LocatedRepairOrder, control: RepairControl) => Promise<RepairReport>;
}

/**
 * Runs until the signal aborts.
 * @throws `auth.wrong-code` when the console refuses to enrol it, `state.in-use`, `state.damaged`
 */
export async function runGateway(setting: GatewaySetting): Promise<void> {
  const { stateFolder, signal } = setting;
  const release = await holdStateFolder(stateFolder, "hypermotion-gateway");
  try {
    const state = await loadOrCreateState(stateFolder, setting.bootstrap.gatewayId);
    await serve(setting, state, signal);
  } finally {
    release();
  }
}

async function serve(
  setting: GatewaySetting,
  state: GatewayState,
  signal: AbortSignal,
): Promise<void> {
  const { bootstrap, stateFolder, log } = setting;
  const { gatewayId, listen } = bootstrap;
  const identity = await loadOrCreateIdentity(stateFolder, gatewayId);
  const ports = state.ports ?? bootstrap.ports;
  const receiver = await whenPortIsFree(ports.blocks, log, signal, () =>
    startReceiver({
      listen,
      port: ports.blocks,
      identity,
      stateFolder: join(stateFolder, "blocks"),
      gatewayId,
      log,
    }),
  );
  const finder: DeviceFinder = {
    gatewayId,
    bootId: setting.bootId,
    volumeRoot: bootstrap.volumeRoot,
    listBlockDevices,
    listLinks,
  };
  const sessions = createSessions({
    receiver,
    records: openRecordFolder(join(stateFolder, "sessions"), sessionRecord),
    finder,
    bootId: setting.bootId,
    log,
    heartbeatMs: setting.waits?.heartbeatMs ?? 10_000,
    agentLostMs: setting.waits?.agentLostMs ?? 600_000,
    deviceWaitMs: 60_000,
    now: () => new Date(),
  });
  const repairs = createRepairs({
    records: openRecordFolder(join(stateFolder, "repairs"), repairRecord),
    repair: (order, control) => repairFound(setting.repairWith, finder, order, control),
    workers: availableParallelism(),
    log,
    heartbeatMs: setting.waits?.heartbeatMs ?? 10_000,
  });
  const verifications = createVerifications({
    receiver,
    records: openRecordFolder(join(stateFolder, "verifications"), verificationRecord),
    finder,
    log,
    heartbeatMs: setting.waits?.heartbeatMs ?? 10_000,
    now: () => new Date(),
  });
  const startedAt = new Date().toISOString();
  const app = createControlApi({
    controlToken: state.controlToken,
    sessions,
    repairs,
    verifications,
    async forgetVolume(volumeId) {
      await verifications.forget(({ volumes }) =>
        volumes.some((volume) => volume.volumeId === volumeId),
      );
      await sessions.releaseVolume(volumeId);
      await receiver.forget(volumeId);
    },
    health: async () => ({
      gatewayId,
      version,
      bootId: setting.bootId,
      startedAt,
      sessions: sessions.list(),
      freeBytes: await freeBytesAt(bootstrap.volumeRoot ?? stateFolder),
    }),
    listDevices: () => listDevices(finder),
    findDevice: (volumeId, device) => findDevice(finder, volumeId, device),
    log,
  });
  await sessions.resume();
  await repairs.resume();
  await verifications.resume();
  const control = await whenPortIsFree(ports.control, log, signal, () =>
    startControlServer(app, identity, {
      listen,
      port: ports.control,
      letsIn: (authorization) => hasToken(authorization, state.controlToken),
      turnedAway: new TurnedAway(log),
    }),
  );
  const bound = { control: control.port, blocks: receiver.port };
  log.info({ gatewayId, ...bound, bootId: setting.bootId, version }, "the gateway listens");
  try {
    const known: GatewayState = { ...state, ports: bound };
    await saveState(stateFolder, known);
    if (!known.isEnrolled) await enrolAndRemember(setting, known, identity.certificatePem, bound);
    await aborted(signal);
  } finally {
    await control.close();
    await endAll([sessions, repairs, verifications], receiver, log);
  }
}

async function enrolAndRemember(
  setting: GatewaySetting,
  state: GatewayState,
  certificatePem: string,
  ports: { control: number; blocks: number },
): Promise<void> {
  const { bootstrap, log, signal } = setting;
  const console = { url: bootstrap.consoleUrl, fingerprint: bootstrap.consoleFingerprint };
  const request = {
    code: bootstrap.enrolmentCode,
    gatewayId: bootstrap.gatewayId,
    certificatePem,
    controlToken: state.controlToken,
    ports,
    bootId: setting.bootId,
    version,
    vcpus: availableParallelism(),
    repairCarriers: await setting.repairWith.probeCarriers(),
  };
  if (!(await enrol(console, request, log, signal))) return;
  await saveState(setting.stateFolder, { ...state, isEnrolled: true });
  log.info({ console: bootstrap.consoleUrl }, "the console knows this gateway");
}

async function repairFound(
  repairWith: RepairWith,
  finder: DeviceFinder,
  order: RepairOrder,
  control: RepairControl,
): Promise<RepairReport> {
  const volumes = await Promise.all(
    order.volumes.map(async (volume) => ({
      ...volume,
      path: await findDevice(finder, volume.volumeId, volume.device),
    })),
  );
  return repairWith.runRepair({ ...order, volumes }, control);
}

/**
 * The ports of a gateway that has enrolled are known to others and can't be changed: another process
 * may still hold them for a moment, such as our own predecessor.
 */
async function whenPortIsFree<T>(
  port: number,
  log: Log,
  signal: AbortSignal,
  listen: () => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await listen();
    } catch (cause) {
      if (!isPortTaken(cause)) throw cause;
      if (signal.aborted || tries >= 30) {
        const problem = "another process holds this port";
        throw new MigrationError("input.invalid", { where: `port ${port}`, problem }, { cause });
      }
      log.warn({ port }, "waiting for a port that another process holds");
      await pause(1_000, signal);
    }
  }
}

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}

async function freeBytesAt(folder: string): Promise<number> {
  const usage = await statfs(folder);
  return usage.bavail * usage.bsize;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

/** A volume that hangs must not keep the daemon from ending: what is acknowledged is safe anyway. */
const closeTimeoutMs = 10_000;

async function endAll(
  working: readonly { readonly close: () => Promise<void> }[],
  receiver: Receiver,
  log: Log,
): Promise<void> {
  for (const part of working) await part.close();
  const over = new AbortController();
  const closed = receiver.close().finally(() => over.abort());
  await Promise.race([closed, pause(closeTimeoutMs, over.signal)]);
  if (!over.signal.aborted) log.warn({}, "the receiver did not come to rest and is left as it is");
}
