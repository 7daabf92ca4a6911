/**
 * The standalone edition: the whole control plane in one process.
 *
 *   people ── http, loopback ──▶ ┐                ┌─▶ store ──▶ dynalite on disk
 *                                ├ functions/app ─┤
 *   agents,   https, pinned      │                └─▶ machines ─▶ engine ──▶ journal on disk
 *   gateways ──────────────────▶ ┘                                  │
 *                                                                   └─▶ functions/steps, in process
 *
 * The data folder holds everything and belongs to one process at a time. The process may be killed at
 * any moment: records are written before what they tell of is begun, and the engine and the sweeps take
 * up what is unfinished.
 *
 *   db/  records    journal.sqlite  executions    secrets/  encrypted files and their key
 *   identity/  certificate for agents and gateways    log/    console.json  addresses
 *   downloads/  the program of gateway and agent, for bare machines
 */
import { createHash, randomBytes } from "node:crypto";
import { chmod } from "node:fs/promises";
import { join, resolve } from "node:path";
import { SFNClient } from "@aws-sdk/client-sfn";
import { consoleFile } from "#api/console.ts";
import { findJsonFile, writeJsonFile } from "#dataplane/json-file.ts";
import { holdStateFolder } from "#dataplane/single-instance.ts";
import { loadOrCreateIdentity } from "#dataplane/wire/identity.ts";
import { defaultDataFolder } from "#domain/data-folder.ts";
import { MigrationError } from "#domain/errors.ts";
import { version } from "#domain/version.ts";
import { createUser, resetPassword } from "#functions/api/auth/users.ts";
import { createApp, isMachinePath } from "#functions/app.ts";
import { type Deps, hostWith, type Secrets } from "#functions/deps.ts";
import { gatewayClientOf } from "#functions/gateways.ts";
import { sfnMachines } from "#functions/machines.ts";
import { targetProviders } from "#functions/target-providers.ts";
import { freePatienceMs } from "#functions/waiting.ts";
import { systemClock } from "#providers/clock.ts";
import { openStore } from "#store/store.ts";
import { startDatabase } from "./database.ts";
import { downloadsPath, openDownloads } from "./downloads.ts";
import { startEngine } from "./engine/engine.ts";
import { addressToTell, openMachinesDoor, openPeoplesDoor, urlOf } from "./listen.ts";
import { openLog } from "./log.ts";
import { arnOf, deployMachines } from "./machines.ts";
import { openSecrets } from "./secrets.ts";
import { invokeStep } from "./steps.ts";
import { startSweeps } from "./sweeps.ts";

export interface StandaloneOptions {
  readonly dataFolder?: string;
  /** 18088; 0 for any that is free. Always on loopback: passwords go over it in the clear. */
  readonly port?: number;
  /** 18766; 0 for any that is free. */
  readonly machinesPort?: number;
  /** 0, any that is free. */
  readonly enginePort?: number;
  /** Where agents and gateways may connect; 127.0.0.1 unless told. */
  readonly listen?: string;
  /** The address agents and gateways are told, where it isn't the one listened on. */
  readonly advertise?: string;
  /** Give this user a new one-time password. */
  readonly resetPassword?: string;
  /** For tests that kill: called after each write of the engine. */
  readonly onJournalWrite?: (writeNumber: number) => void;
  /** For tests that run every step twice: how a step's function is called. */
  readonly invoke?: typeof invokeStep;
  /** Where what machines fetch is kept; in the data folder unless told. */
  readonly downloadsFolder?: string;
  /** For tests that meet many failures: how waits between two looks or two tries pass. */
  readonly sleep?: (ms: number) => Promise<void>;
  /** For those, too: what share of its longest wait a step waits before it is tried again; 0 up to 1. */
  readonly random?: () => number;
}

export interface Standalone {
  readonly dataFolder: string;
  readonly url: string;
  readonly machinesUrl: string;
  readonly engineUrl: string;
  /** Of the certificate at `machinesUrl`. */
  readonly fingerprint: string;
  /** A one-time password that was made at this start; shown once, kept nowhere. */
  readonly newPassword?: { readonly user: string; readonly password: string };
  readonly deps: Deps;
  close(): Promise<void>;
}

const loopback = "127.0.0.1";
const defaultPort = 18088;
const defaultMachinesPort = 18766;
/** The SDK waits for ever unless told; what is asked again is safe, since executions have names. */
const enginePatienceMs = 30_000;

/** @throws `state.in-use`, `state.damaged`, `console.port-taken` */
export async function startStandalone(options: StandaloneOptions = {}): Promise<Standalone> {
  const dataFolder = resolve(options.dataFolder ?? defaultDataFolder(process));
  const parts = new AsyncDisposableStack();
  try {
    const letGo = await holdStateFolder(dataFolder, "console");
    parts.defer(letGo);
    const running = await start(options, dataFolder, parts);
    return { dataFolder, ...running, close: () => parts.disposeAsync() };
  } catch (error) {
    await parts.disposeAsync();
    throw error;
  }
}

/** Parts end in the reverse of the order in which they began. */
async function start(
  options: StandaloneOptions,
  dataFolder: string,
  parts: AsyncDisposableStack,
): Promise<Omit<Standalone, "dataFolder" | "close">> {
  // A folder that was there before may be open to others; the journal in it holds task tokens.
  await chmod(dataFolder, 0o700);
  const addressFile = join(dataFolder, "console.json");
  const before = await findJsonFile(addressFile, consoleFile);
  const log = await openLog(join(dataFolder, "log"));
  const secrets = await openSecrets(join(dataFolder, "secrets"));
  const identity = await loadOrCreateIdentity(join(dataFolder, "identity"), "HyperMotion console");

  const database = await startDatabase(join(dataFolder, "db"));
  parts.defer(() => database.close());
  const store = openStore(database.clientConfig, () => new Date());
  parts.defer(() => store.close());
  await store.prepare();

  // Both doors are opened first, so that their addresses are known, and answer once all is there.
  const downloads = openDownloads(options.downloadsFolder ?? join(dataFolder, "downloads"));
  const gate = createGate((name) => downloads.serve(name));
  const host = options.listen ?? loopback;
  const machinesDoor = await openMachinesDoor(
    {
      host,
      port: options.machinesPort ?? defaultMachinesPort,
      preferredPort: portOf(before?.machinesUrl),
    },
    (request) => gate.forMachines(request),
    identity,
  );
  parts.defer(() => machinesDoor.close());
  const peoplesDoor = await openPeoplesDoor(
    { host: loopback, port: options.port ?? defaultPort, preferredPort: portOf(before?.url) },
    (request) => gate.forPeople(request),
  );
  parts.defer(() => peoplesDoor.close());
  const machinesUrl = urlOf("https", options.advertise ?? addressToTell(host), machinesDoor.port);

  // The engine takes its work up at once; its steps wait until they have a host.
  const hosted = Promise.withResolvers<void>();
  const engine = await startEngine({
    journalFile: join(dataFolder, "journal.sqlite"),
    port: options.enginePort ?? 0,
    invoke: async (name, payload) => {
      await hosted.promise;
      return (options.invoke ?? invokeStep)(name, payload);
    },
    ...(options.random === undefined ? {} : { random: options.random }),
    ...(options.onJournalWrite === undefined ? {} : { afterWrite: options.onJournalWrite }),
  });
  parts.defer(() => engine.close());
  const engineClient = new SFNClient({
    endpoint: engine.endpoint,
    requestHandler: { requestTimeout: enginePatienceMs, throwOnRequestTimeout: true },
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  parts.defer(() => engineClient.destroy());

  const callbackKey = await loadOrCreateKey(secrets);
  const consoleId = consoleIdOf(callbackKey);
  const { sleep = systemClock.sleep } = options;
  const edition = "standalone";
  const deps: Deps = {
    store,
    secrets,
    machines: sfnMachines(engineClient, arnOf),
    providerFor: targetProviders({
      ...{ store, secrets, consoleId, edition, log },
      clock: { ...systemClock, sleep },
    }),
    gatewayClient: (gateway) => gatewayClientOf(secrets, gateway),
    console: {
      id: consoleId,
      edition,
      url: machinesUrl,
      fingerprint: identity.fingerprint,
      callbackKey,
    },
    software: async () => {
      const { name, sha256 } = await downloads.dataPlane();
      return { url: `${machinesUrl}${downloadsPath}${name}`, sha256 };
    },
    log,
    now: () => new Date(),
    random: (size) => randomBytes(size),
    sleep,
    stepPatienceMs: freePatienceMs,
  };
  await deployMachines(engineClient);
  hostWith(deps);
  hosted.resolve();

  const stopSweeps = await startSweeps(deps);
  parts.defer(stopSweeps);
  const newPassword = await firstPassword(deps, options.resetPassword);

  const stopping = new AbortController();
  const app = createApp(deps, stopping.signal);
  gate.open((request) => app.fetch(request));
  parts.defer(() => {
    gate.shut();
    stopping.abort();
  });

  const url = urlOf("http", loopback, peoplesDoor.port);
  const addresses = {
    url,
    machinesUrl,
    engineUrl: engine.endpoint,
    fingerprint: identity.fingerprint,
  };
  const startedAt = deps.now().toISOString();
  await writeJsonFile(addressFile, { version, pid: process.pid, startedAt, ...addresses });
  log.info(addresses, "the console is up");
  return { ...addresses, deps, ...(newPassword === undefined ? {} : { newPassword }) };
}

/** Answers 503, which agents and gateways take as "later", before the console is up and when it stops. */
function createGate(download: (name: string) => Promise<Response>) {
  type Fetch = (request: Request) => Response | Promise<Response>;
  const shut: Fetch = () => new Response(null, { status: 503, headers: { "retry-after": "1" } });
  let fetch = shut;
  return {
    open: (inside: Fetch) => {
      fetch = inside;
    },
    shut: () => {
      fetch = shut;
    },
    forPeople: (request: Request) => fetch(request),
    /** What comes over the network reaches nothing but what is for machines. */
    forMachines: (request: Request) => {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith(downloadsPath)) return download(pathname.slice(downloadsPath.length));
      return isMachinePath(pathname) ? fetch(request) : new Response(null, { status: 404 });
    },
  };
}

async function loadOrCreateKey(secrets: Secrets): Promise<Uint8Array> {
  const name = "console/callback-key";
  try {
    return Buffer.from(await secrets.get(name), "base64");
  } catch (error) {
    if (!(error instanceof MigrationError) || error.code !== "record.not-found") throw error;
  }
  const key = randomBytes(32);
  await secrets.put(name, key.toString("base64"));
  return key;
}

/** Of this data folder, and the same as long as it lives. */
function consoleIdOf(callbackKey: Uint8Array): string {
  const digest = createHash("sha256").update("console id").update(callbackKey).digest("hex");
  return `hm-${digest.slice(0, 10)}`;
}

const firstUser = "admin";

/** A password that was made but not seen (the process was killed) is made anew with `resetPassword`. */
async function firstPassword(
  deps: Deps,
  userToReset: string | undefined,
): Promise<Standalone["newPassword"]> {
  const { items } = await deps.store.users.list({ limit: 1 });
  if (items.length === 0) {
    const { oneTimePassword } = await createUser(deps, firstUser, "administrator");
    return { user: firstUser, password: oneTimePassword };
  }
  if (userToReset === undefined) return undefined;
  const { oneTimePassword } = await resetPassword(deps, userToReset);
  return { user: userToReset, password: oneTimePassword };
}

function portOf(url: string | undefined): number | undefined {
  return url === undefined ? undefined : Number(new URL(url).port);
}
