/**
 * A whole site on this machine for tests: console, agent and gateway, each as users run them, and a
 * source server of two small disks. Its system disk is a boot sector that says what it is told to, so
 * that a launch is seen to boot within a second or two.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { MigrationError } from "#domain/errors.ts";
import { type Standalone, type StandaloneOptions, startStandalone } from "#local/standalone.ts";
import type { Provider } from "#providers/provider.ts";
import { bootSector } from "../fixtures/boot-sector.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const MiB = 1024 ** 2;

/** One for all sites: the gateway's program takes longer to pack than a server takes to move here. */
export const downloadsFolder = join(root, "node_modules/.cache/hypermotion-downloads");

export interface Site {
  readonly folder: string;
  readonly systemDisk: string;
  readonly dataDisk: string;
  readonly targetFolder: string;
}

/**
 * @param says what the launched server's serial line shows
 * @param systemMiB of the system disk, whose last half is full where it is more than the least
 */
export async function buildSite(says = "tiny login: ", systemMiB = 8): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), "hypermotion-site-"));
  const systemDisk = join(folder, "system.raw");
  const dataDisk = join(folder, "data.raw");
  const targetFolder = join(folder, "target");
  await mkdir(targetFolder);
  const system = Buffer.concat([
    bootSector(says),
    randomBytes(3 * MiB - 512),
    Buffer.alloc(5 * MiB),
  ]);
  await writeFile(systemDisk, system);
  if (systemMiB * MiB > system.length) {
    const file = await open(systemDisk, "r+");
    const half = (systemMiB / 2) * MiB;
    for (let at = half; at < 2 * half; at += MiB) await file.write(randomBytes(MiB), 0, MiB, at);
    await file.close();
  }
  // Neither a multiple of a block nor of a volume's step.
  await writeFile(dataDisk, Buffer.concat([Buffer.alloc(2 * MiB), randomBytes(MiB + 512)]));
  return { folder, systemDisk, dataDisk, targetFolder };
}

/** A site with everything running and its server registered. */
export interface RunningSite extends Site {
  readonly standalone: Standalone;
  readonly operator: Operator;
  readonly agent: RunningProcess;
  readonly serverId: string;
  readonly targetId: string;
  /** The target as its own console shows it. */
  readonly provider: Provider;
  close(): Promise<void>;
}

export async function openRunningSite(
  options: {
    says?: string;
    systemMiB?: number;
    target?: Record<string, unknown>;
    invoke?: StandaloneOptions["invoke"];
  } = {},
): Promise<RunningSite> {
  const site = await buildSite(options.says, options.systemMiB);
  const dataFolder = join(site.folder, "console");
  const standalone = await startStandalone({
    dataFolder,
    port: 0,
    machinesPort: 0,
    downloadsFolder,
    ...(options.invoke === undefined ? {} : { invoke: options.invoke }),
  });
  const operator = new Operator(() => standalone.url);
  await operator.login(standalone.newPassword?.user ?? "", standalone.newPassword?.password ?? "");
  const targetId = await operator.addLocalTarget(site, options.target);
  const provider = await standalone.deps.providerFor(
    await standalone.deps.store.targets.get(targetId),
    "test",
  );
  const { code, consoleUrl } = await operator.registrationCode();
  const agent = startAgent(site, { url: consoleUrl }, code);
  const server = await until("the server to register", async () => (await operator.servers())[0]);
  return {
    ...site,
    ...{ standalone, operator, agent, targetId, provider, serverId: server.id },
    async close() {
      await agent.kill("SIGTERM");
      // Whatever a failed test left must not outlive it.
      for (const { kind, id } of await provider.listOwned()) {
        if (kind === "instance") await provider.compute.deleteInstance(id);
      }
      await standalone.close();
      await removeSite(site);
    },
  };
}

/** Overwrites some blocks, as the running server would. */
export async function changeDisks(site: Site): Promise<void> {
  for (const path of [site.systemDisk, site.dataDisk]) {
    const file = await open(path, "r+");
    await file.write(randomBytes(70_000), 0, 70_000, 2 * MiB + 4096);
    await file.close();
  }
}

export async function sha256(path: string, sizeBytes = Number.POSITIVE_INFINITY): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { end: sizeBytes - 1 })) hash.update(chunk);
  return hash.digest("hex");
}

export interface RunningProcess {
  readonly child: ChildProcess;
  /** What it has printed so far, both streams. */
  output(): string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export function runNode(args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningProcess {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  return {
    child,
    output: () => text,
    async kill(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
    },
  };
}

/** The agent, with the site's disks. The code is only needed the first time. */
export function startAgent(site: Site, console: { url: string }, code?: string): RunningProcess {
  return runNode([
    "dataplane/agent/hypermotion-agent.mjs",
    ...["--console", console.url, "--state", join(site.folder, "agent"), "--name", "tiny"],
    ...["--disk", `sda=${site.systemDisk}`, "--disk", `sdb=${site.dataDisk}`],
    ...(code === undefined ? [] : ["--code", code]),
  ]);
}

/** Looks until there is something, and says what was missing when there never is. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  timeoutMs = 60_000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  let problem = "";
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      problem = error instanceof Error ? ` (${error.message})` : "";
    }
    if (Date.now() > end)
      throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}${problem}`);
    await sleep(100);
  }
}

export async function removeSite(site: Site): Promise<void> {
  await rm(site.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

/** A person at the console's API. */
export class Operator {
  private token: string | undefined;
  private readonly url: () => string;

  /** @param url asked anew for each call: a console that was restarted may have moved */
  constructor(url: () => string) {
    this.url = url;
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url()}${path}`, {
      method,
      headers: {
        "content-type": "application/json",
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer = text === "" ? {} : JSON.parse(text);
    if (response.ok) return answer as T;
    if (answer.error === undefined)
      throw new Error(`${method} ${path}: ${response.status} ${text}`);
    throw new MigrationError(answer.error.code, answer.error.params);
  }

  /** Changes the one-time password, as a person must. @returns the token that the command line would keep */
  async login(user: string, oneTimePassword: string): Promise<string> {
    const password = randomBytes(12).toString("base64url");
    const first = await this.call<{ token: string }>("POST", "/v1/login", {
      user,
      password: oneTimePassword,
    });
    this.token = first.token;
    await this.call("POST", "/v1/me/password", {
      oldPassword: oneTimePassword,
      newPassword: password,
    });
    const { token } = await this.call<{ token: string }>("POST", "/v1/login", { user, password });
    this.token = token;
    return token;
  }

  async addLocalTarget(site: Site, more: Record<string, unknown> = {}): Promise<string> {
    const { config, ...rest } = { config: {}, ...more };
    const target = await this.call<{ id: string }>("POST", "/v1/targets", {
      name: `here-${randomBytes(3).toString("hex")}`,
      platform: "local",
      config: {
        ...{ folder: site.targetFolder, minFreeBytes: 0, server: { accelerator: "tcg" } },
        ...(config as object),
      },
      ...rest,
    });
    return target.id;
  }

  async registrationCode(): Promise<{ code: string; consoleUrl: string }> {
    return this.call("POST", "/v1/codes", {});
  }

  /** @returns the run's id */
  async start(serverId: string, action: string, body: unknown = {}): Promise<string> {
    const run = await this.call<{ id: string }>("POST", `/v1/servers/${serverId}/${action}`, body);
    return run.id;
  }

  async run(runId: string): Promise<RunSeen> {
    return this.call("GET", `/v1/runs/${runId}`);
  }

  async server(serverId: string): Promise<ServerSeen> {
    return this.call("GET", `/v1/servers/${serverId}`);
  }

  async servers(): Promise<ServerSeen[]> {
    return (await this.call<{ items: ServerSeen[] }>("GET", "/v1/servers")).items;
  }

  /** @throws with the run's own words when it failed */
  async succeeded(runId: string, timeoutMs = 120_000): Promise<RunSeen> {
    const run = await this.ended(runId, timeoutMs);
    if (run.state !== "succeeded") {
      throw new Error(`${run.kind} ${run.state} at ${run.step}: ${JSON.stringify(run.error)}`);
    }
    return run;
  }

  async ended(runId: string, timeoutMs = 120_000): Promise<RunSeen> {
    let last: RunSeen | undefined;
    try {
      return await until(
        `${runId} to end`,
        async () => {
          last = await this.run(runId);
          return last.state === "running" ? undefined : last;
        },
        timeoutMs,
      );
    } catch (error) {
      throw new Error(`${runId} is still at ${last?.step}, waits for ${last?.waitsFor}`, {
        cause: error,
      });
    }
  }
}

export interface RunSeen {
  id: string;
  kind: string;
  state: string;
  step?: string;
  waitsFor?: string;
  error?: { code: string; params: Record<string, string | number>; message: string; hint: string };
  console?: string;
  history: { at: string; type: string; state?: string }[];
}

export interface ServerSeen {
  id: string;
  name: string;
  state: string;
  connected: boolean;
  activeRunId?: string;
  replication: { status: string; sessionId?: string };
  recoveryPointId?: string;
  launches: { kind: string; runId: string; instanceId?: string; volumeIds: string[] }[];
  lastError?: { code: string };
  volumes: {
    diskId: string;
    volumeId?: string;
    sizeBytes: number;
    diskBytes: number;
    device?: { by: string; path?: string };
  }[];
}

/** Where the local platform keeps a server's volumes, with the disks they are copies of. */
export function copies(
  site: Site,
  server: ServerSeen,
): { disk: string; volume: string; sizeBytes: number }[] {
  return server.volumes.map((volume, index) => ({
    disk: index === 0 ? site.systemDisk : site.dataDisk,
    volume: volume.device?.path ?? "",
    sizeBytes: volume.diskBytes,
  }));
}

export async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, "utf8")) as T;
}
