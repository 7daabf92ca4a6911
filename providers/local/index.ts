/**
 * This machine as a target. Volumes are sparse files, gateways are processes, launched servers are
 * QEMU machines, and everything has a JSON record beside it:
 *
 *   <folder>/volumes/           vol-….json  vol-….raw
 *           /snapshots/         snp-….json  snp-….raw
 *           /instances/         ins-….json  ins-…/ (instances.ts tells what is inside)
 *           /security-groups/   sgr-….json
 *
 * Nothing is remembered in this process: another one over the same folder finds all of it. One
 * console at a time may use a folder.
 */
import { access, constants, mkdir, realpath, statfs } from "node:fs/promises";
import { MigrationError } from "#domain/errors.ts";
import { decorate } from "../decorate.ts";
import type {
  Capabilities,
  Leftover,
  Provider,
  ProviderOptions,
  ResourceKind,
} from "../provider.ts";
import { openCompute } from "./compute.ts";
import type { LocalConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { openNetwork } from "./network.ts";
import type { RecordBase } from "./records.ts";
import { openVolumes } from "./volumes.ts";

function capabilitiesOf(config: LocalConfig): Capabilities {
  return {
    volumes: { system: config.volume, data: config.volume },
    gatewayMaxVolumes: config.maxVolumesPerGateway,
    gatewaySpareVolumes: 0,
    repairsOn: "gateway",
    onePool: Object.keys(config.pools).length > 0,
    deviceMapping: config.deviceMapping,
    userData: { maxBytes: 64 * 1024 },
    idempotency: "clientChosenId",
    bootStrategies: {
      bios: [config.hyperDoor === undefined ? "bootFromVolume" : "hyperDoorCopy"],
      uefi: [],
    },
    installsGateway: false,
    canClone: true,
    hasConsole: true,
  };
}

const unreachable = (folder: string, problem: string, cause?: unknown) =>
  new MigrationError("target.unreachable", { target: folder, problem }, { cause });

/** Makes the folder. Gateways compare real paths, and a process is found by its folder: one spelling for all. */
async function openFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await realpath(folder);
  } catch (error) {
    throw unreachable(folder, error instanceof Error ? error.message : String(error), error);
  }
}

/** @throws `target.unreachable` */
async function checkFolder(config: LocalConfig): Promise<void> {
  try {
    await access(config.folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unreachable(config.folder, "the folder can't be written", error);
  }
  const { bavail, bsize } = await statfs(config.folder);
  const freeBytes = bavail * bsize;
  if (freeBytes < config.minFreeBytes) {
    const problem = `${freeBytes} bytes are free, ${config.minFreeBytes} are needed`;
    throw unreachable(config.folder, problem);
  }
}

export async function openLocal(options: ProviderOptions<LocalConfig, object>): Promise<Provider> {
  const config = { ...options.config, folder: await openFolder(options.config.folder) };
  const volumes = await openVolumes(config);
  const network = await openNetwork(config);
  const compute = await openCompute(config, volumes, network.groups);

  async function listOwned(owner?: string): Promise<Leftover[]> {
    const ours = ({ tags }: RecordBase) =>
      tags["hypermotion:console"] === options.consoleId &&
      (owner === undefined || tags["hypermotion:owner"] === owner);
    const shown = async (kind: ResourceKind, records: Promise<RecordBase[]>) =>
      (await records).filter(ours).map(({ id, tags }) => ({ kind, id, name: tags.Name }));
    const lists = await Promise.all([
      shown("instance", compute.records.list()),
      shown("volume", volumes.records.list()),
      shown("snapshot", volumes.snapshots.list()),
      shown("security-group", network.groups.list()),
    ]);
    return lists.flat();
  }

  const provider: Provider = {
    platform: "local",
    capabilities: async () => capabilitiesOf(config),
    check: () => checkFolder(config),
    listOwned,
    network: network.api,
    compute: compute.api,
    volumes: volumes.api,
  };
  return decorate(provider, async (call, next) => {
    try {
      return await next();
    } catch (error) {
      throw inCloudTerms(error, call.method);
    }
  });
}
