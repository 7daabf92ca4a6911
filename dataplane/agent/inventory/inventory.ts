/**
 * What an agent tells the console about its source server. Everything is looked at with a time limit and nothing is
 * changed; what could not be looked at is in `notSeen`, with the reason.
 */
import { access } from "node:fs/promises";
import { availableParallelism, machine, totalmem } from "node:os";
import type { Disk, FileSystem, Inventory } from "#domain/inventory.ts";
import { type BlockDevice, listBlockDevices } from "../../block-devices.ts";
import type { AgentOptions } from "../options.ts";
import { readBootFiles } from "./boot-files.ts";
import { startsByUefi } from "./esp.ts";
import { readOpenings } from "./firewall/openings.ts";
import { type LiveDisks, readLiveDisks } from "./live-disks.ts";
import { readMdArrays } from "./md-arrays.ts";
import { describeNamedDisks } from "./named-disks.ts";
import { readNics } from "./nics.ts";
import { readOs } from "./os.ts";
import { readRawDevices } from "./raw-devices.ts";
import { readVolumeGroups } from "./volume-groups.ts";

/**
 * Of this server, or, where --disk names image files, of the server those disks are of.
 * @throws `input.invalid` for a --disk that can't be used
 */
export async function takeInventory(
  options: Pick<AgentOptions, "disks" | "name">,
  hostName: string,
): Promise<Inventory> {
  const attached = await listBlockDevices();
  const unlisted = attached.problem === undefined ? [] : [`the disks: ${attached.problem}`];
  if (options.disks.length === 0) {
    const live = await readLiveDisks(attached.devices);
    return describeThisServer(hostName, live, attached.devices, unlisted);
  }
  const named = await describeNamedDisks(options.disks, attached.devices);
  if (!named.hasImages) return describeThisServer(hostName, named, attached.devices, unlisted);
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
      "operating system, processors, memory, network, firewall and kernels: only disk images are here",
      "what is built of several disks (LVM, RAID): only disk images are here",
    ],
  };
}

async function describeThisServer(
  hostName: string,
  { disks, devices, areRead, notSeen }: LiveDisks,
  attached: readonly BlockDevice[],
  unlisted: readonly string[],
): Promise<Inventory> {
  const { nics, ...network } = await readNics();
  const reached = nics.filter(({ addresses }) => addresses.length > 0).map(({ name }) => name);
  const arrays = await readMdArrays(devices, membersOf(disks, devices, "linux_raid_member"));
  const groups = await readVolumeGroups(
    devices,
    [
      ...membersOf(disks, devices, "LVM2_member"),
      ...arrays.mdArrays.filter((array) => isOf(array, "LVM2_member")).map(({ name }) => name),
    ],
    areRead,
  );
  const parts = [
    arrays,
    groups,
    await readRawDevices(attached),
    await readOpenings(reached),
    await readBootFiles(),
  ] as const;
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
    nics,
    ...Object.assign({}, ...parts),
    notSeen: [
      unlisted,
      notSeen,
      network.notSeen,
      os.notSeen,
      ...parts.map((part) => part.notSeen),
    ].flat(),
  };
}

/** Device names of the disks and partitions that hold this, as the kernel has them. */
function membersOf(
  disks: readonly Disk[],
  devices: readonly BlockDevice[],
  type: string,
): string[] {
  return disks.flatMap((disk, index) => {
    const device = devices[index];
    const onDisk = isOf(disk, type) ? [device?.name ?? disk.deviceName] : [];
    const onPartitions = disk.partitions
      .filter((partition) => isOf(partition, type))
      .map(({ number }) => {
        const own = device?.children.find(({ partitionNumber }) => partitionNumber === number);
        return own?.name ?? `partition ${number} of ${disk.deviceName}`;
      });
    return [...onDisk, ...onPartitions];
  });
}

function isOf({ fileSystem }: { fileSystem?: FileSystem | undefined }, type: string): boolean {
  return fileSystem?.type === type || fileSystem?.unlocked?.type === type;
}
