/** What an agent tells the console about its source server. */
import { access } from "node:fs/promises";
import { availableParallelism, machine, totalmem } from "node:os";
import type { Disk, Inventory } from "#domain/inventory.ts";
import type { AgentOptions } from "../options.ts";
import { startsByUefi } from "./esp.ts";
import { readLiveDisks } from "./live-disks.ts";
import { describeNamedDisks } from "./named-disks.ts";
import { readNics } from "./nics.ts";
import { readOs } from "./os.ts";

/**
 * Of this server, or, where --disk names image files, of the server those disks are of.
 * @throws `input.invalid` for a --disk that can't be used
 */
export async function takeInventory(
  options: Pick<AgentOptions, "disks" | "name">,
  hostName: string,
): Promise<Inventory> {
  if (options.disks.length === 0) {
    const live = await readLiveDisks();
    return describeThisServer(hostName, live.disks, live.notSeen);
  }
  const named = await describeNamedDisks(options.disks);
  if (!named.hasImages) return describeThisServer(hostName, named.disks, named.notSeen);
  const [systemDisk] = named.disks;
  const isUefi = systemDisk !== undefined && (await startsByUefi(systemDisk));
  return {
    hostName: options.name ?? hostName,
    os: { family: "unknown" },
    firmware: isUefi ? "uefi" : "bios",
    architecture: machine(),
    disks: named.disks,
    nics: [],
    notSeen: [
      ...named.notSeen,
      "operating system, processors, memory and network: only disk images are here",
    ],
  };
}

async function describeThisServer(
  hostName: string,
  disks: Disk[],
  notSeen: readonly string[],
): Promise<Inventory> {
  const nics = await readNics();
  const os = await readOs();
  const isUefi = await access("/sys/firmware/efi").then(
    () => true,
    () => false,
  );
  return {
    hostName,
    os: os.os,
    firmware: isUefi ? "uefi" : "bios",
    architecture: machine(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    disks,
    nics: nics.nics,
    notSeen: [...notSeen, ...nics.notSeen, ...os.notSeen],
  };
}
