/** The agent's life after its command line was read. */

import type { Limits } from "#domain/copy-limits.ts";
import { MigrationError } from "#domain/errors.ts";
import type { Inventory } from "#domain/inventory.ts";
import type { LineMeasure } from "#domain/line.ts";
import type { SyncOrder } from "#domain/protocol/agent.ts";
import { backoffMs, pause } from "../backoff.ts";
import type { Peer } from "../pinned-https.ts";
import { holdStateFolder } from "../single-instance.ts";
import { type Identity, loadOrCreateIdentity } from "../wire/identity.ts";
import { type ConsoleClient, createConsoleClient, register } from "./console-client.ts";
import { describeProblem, type Say } from "./events.ts";
import { takeInventory } from "./inventory/inventory.ts";
import { watchInventory } from "./inventory/watch.ts";
import type { AgentOptions } from "./options.ts";
import { createOrders, type Orders } from "./orders.ts";
import { createQuiesce, type Quiesce, thawLeftovers } from "./quiesce/quiesce.ts";
import { replicate } from "./replicate.ts";
import {
  findRegistration,
  openSessionStore,
  type Registration,
  saveRegistration,
} from "./state.ts";
import { startTracker, type TrackedDisk, type Tracker } from "./tracking/tracker.ts";
import { createFreeFinder } from "./used-blocks/free-blocks.ts";

/** How often progress is reported; a console that keeps nobody waiting is told more seldom. */
interface Pace {
  reportEveryMs: number;
}

const usualReportMs = 2_000;

export interface AgentSetting {
  readonly options: AgentOptions;
  readonly hostName: string;
  readonly voice: { say: Say; hush: () => void; resume: () => void; isHushed: () => boolean };
  readonly signal: AbortSignal;
}

/**
 * Returns when the signal aborts, or when registered and told to do no more, with everything stopped and nothing frozen.
 * @throws what no waiting heals: a wrong code, another certificate, a console that forgot this agent.
 */
export async function runAgent(setting: AgentSetting): Promise<void> {
  const { options } = setting;
  const { say } = setting.voice;
  const release = await holdStateFolder(options.stateFolder, "hypermotion-agent");
  try {
    await thawLeftovers(options.stateFolder, say);
    const identity = await loadOrCreateIdentity(options.stateFolder, "hypermotion-agent");
    const take = () => takeInventory(options, setting.hostName);
    const inventory = await take();
    const known = await findRegistration(options.stateFolder);
    const registration = await ensureRegistered(setting, known, identity, inventory);
    if (registration === undefined) return;
    if (options.registerOnly) {
      if (registration === known) say(registered(registration));
      return;
    }
    const console = createConsoleClient(peerOf(registration, options), registration.token);
    const tracker = await startTracker(trackedDisks(inventory), options.traceBufferKiB);
    tellTracking(inventory, tracker, say);
    const pace: Pace = { reportEveryMs: usualReportMs };
    const watch = watchInventory({
      first: inventory,
      take,
      tell: console.putInventory,
      everyMs: options.inventoryEverySeconds * 1000,
      mayLook: () => !setting.voice.isHushed(),
      say,
    });
    const orders = createOrders({
      store: openSessionStore(options.stateFolder),
      carryOut: carryOutWith(setting, identity, watch.current, tracker),
      report: console.report,
      say,
      reportEveryMs: () => pace.reportEveryMs,
    });
    try {
      // Before the console is asked: a copy need not wait for a console that is away.
      await orders.resume();
      await introduce(console, registration.serverId, inventory, setting);
      const ending = new AbortController();
      const signal = AbortSignal.any([setting.signal, ending.signal]);
      const following = followOrders(console, orders, pace, { ...setting, signal });
      const watching = watch.run(signal);
      try {
        await Promise.race([following, watching]);
      } finally {
        ending.abort();
        await Promise.all([following, watching]);
      }
    } finally {
      await orders.close();
      await tracker.close();
    }
  } finally {
    release();
  }
}

async function ensureRegistered(
  setting: AgentSetting,
  known: Registration | undefined,
  identity: Identity,
  inventory: Inventory,
): Promise<Registration | undefined> {
  const { options, signal } = setting;
  const { say } = setting.voice;
  if (known !== undefined && (options.code === undefined || (await isKnown(setting, known)))) {
    return known;
  }
  const { code, consoleUrl = known?.consoleUrl } = options;
  if (code === undefined || consoleUrl === undefined) {
    const problem = "both are needed to register, the first time the agent is started";
    throw new MigrationError("input.invalid", { where: "--console and --code", problem });
  }
  const peer = { url: consoleUrl, fingerprint: code.fingerprint };
  const introduction = {
    code: code.text,
    name: options.name ?? inventory.hostName.slice(0, 63),
    certificatePem: identity.certificatePem,
    inventory,
  };
  const answer = await untilAnswered("the console to register at", say, signal, () =>
    register(peer, introduction, signal),
  );
  if (answer === undefined) return undefined;
  const registration: Registration = {
    consoleUrl,
    ...(code.fingerprint === undefined ? {} : { consoleFingerprint: code.fingerprint }),
    ...answer,
  };
  await saveRegistration(options.stateFolder, registration);
  say(registered(registration));
  return registration;
}

const registered = ({ serverId, consoleUrl }: Registration) =>
  ({ event: "registered", serverId, console: new URL(consoleUrl).host }) as const;

/** Whether a registration still holds although a code was given: the same command line is used again. */
async function isKnown(setting: AgentSetting, known: Registration): Promise<boolean> {
  const { code, consoleUrl } = setting.options;
  const isElsewhere = consoleUrl !== undefined && consoleUrl !== known.consoleUrl;
  if (isElsewhere || code?.fingerprint !== known.consoleFingerprint) return false;
  const console = createConsoleClient(peerOf(known, setting.options), known.token);
  try {
    await console.waitForOrders("", setting.signal);
    return true;
  } catch (error) {
    // Only a console that answers can say that it forgot us.
    return !(error instanceof MigrationError && error.code === "auth.unknown-agent");
  }
}

function peerOf(registration: Registration, options: AgentOptions): Peer {
  return {
    url: options.consoleUrl ?? registration.consoleUrl,
    fingerprint: registration.consoleFingerprint,
  };
}

async function introduce(
  console: ConsoleClient,
  serverId: string,
  inventory: Inventory,
  setting: AgentSetting,
): Promise<void> {
  const { signal } = setting;
  const { say } = setting.voice;
  await untilAnswered("the console", say, signal, () => console.putInventory(inventory, signal));
  const { disks, notSeen } = inventory;
  if (signal.aborted) return;
  say({ event: "ready", serverId, console: console.address, disks: disks.length, notSeen });
}

async function followOrders(
  console: ConsoleClient,
  orders: Orders,
  pace: Pace,
  { voice: { say }, signal }: AgentSetting,
): Promise<void> {
  let revision = "";
  while (!signal.aborted) {
    const asked = revision;
    const answer = await untilAnswered(
      "orders of the console",
      say,
      signal,
      () => console.waitForOrders(asked, signal),
      // Nothing is sent to it, and a copy that runs is not given up because somebody sits between.
      (error) => error.retryable || error.code === "auth.wrong-certificate",
    );
    if (answer === undefined) return;
    pace.reportEveryMs = Math.max(usualReportMs, answer.askAgainSeconds * 1000);
    await orders.apply(answer.orders);
    revision = answer.revision;
    await pause(answer.askAgainSeconds * 1000, signal);
  }
}

/** Repeats what can succeed later, saying what it waits for; undefined when the signal aborts. */
async function untilAnswered<T>(
  what: string,
  say: Say,
  signal: AbortSignal,
  call: () => Promise<T>,
  mayPass: (error: MigrationError) => boolean = (error) => error.retryable,
): Promise<T | undefined> {
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await call();
      if (attempt > 0) say({ event: "note", text: "The console answers again" });
      return answer;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!(error instanceof MigrationError) || !mayPass(error)) throw error;
      say({ event: "waiting", for: what, problem: describeProblem(error) });
      await pause(backoffMs(attempt), signal);
      if (signal.aborted) return undefined;
    }
  }
}

function trackedDisks({ disks }: Inventory): TrackedDisk[] {
  return disks.map(({ id, path, sizeBytes }) => ({ diskId: id, path, sizeBytes }));
}

/** Whoever wonders why a delta sync reads whole disks finds the reason here. */
function tellTracking({ disks }: Inventory, { untracked }: Tracker, say: Say): void {
  for (const { id, deviceName } of disks) {
    const why = untracked.get(id);
    const text =
      why === undefined
        ? `${deviceName}: the kernel tells which blocks are written; delta syncs read no others`
        : `${deviceName}: delta syncs read the whole disk and compare hashes, because ${why}`;
    say({ event: "note", text });
  }
}

function carryOutWith(
  { options, voice }: AgentSetting,
  identity: Identity,
  inventory: () => Inventory,
  tracker: Tracker,
) {
  const quiesce: Quiesce = createQuiesce(options, voice);
  const begin: Tracker["begin"] = async (diskId, volumeId) => {
    const pass = await tracker.begin(diskId, volumeId);
    const name = inventory().disks.find(({ id }) => id === diskId)?.deviceName ?? diskId;
    if (pass.because !== undefined && !tracker.untracked.has(diskId)) {
      voice.say({ event: "note", text: `${name}: comparing all blocks, because ${pass.because}` });
    }
    return pass;
  };
  const findFree = options.allBlocks
    ? undefined
    : createFreeFinder((text) => voice.say({ event: "note", text }));
  return async (
    order: SyncOrder,
    onProgress: Parameters<typeof replicate>[0]["onProgress"],
    signal: AbortSignal,
    limits: () => Limits,
    onLine: (line: LineMeasure) => void,
  ) => {
    const disks = inventory().disks.map(({ id, path, sizeBytes }) => ({
      ...{ diskId: id, path, sizeBytes },
    }));
    const pathOf = (diskId: string) => {
      const path = disks.find((disk) => disk.diskId === diskId)?.path;
      if (path !== undefined) return path;
      const problem = "this server has no such disk";
      throw new MigrationError("disk.vanished", { disk: diskId, problem });
    };
    const paths = order.disks.map((disk) => pathOf(disk.diskId));
    const copy = (within: AbortSignal) =>
      replicate({
        ...{ order, disks, identity, tracker: { begin }, limits, signal: within },
        ...{ onProgress, onLine },
        findFree: async (disk, pass) => findFree?.(disk, pass, order.quiesce),
      });
    if (order.quiesce) return quiesce(order.sessionId, paths, copy, signal);
    await copy(signal);
    return {};
  };
}
