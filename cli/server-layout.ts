/** What a source server is made of: its disks with all that lies on them, its network, its firewall, its kernels. */
import type { ServerDetails } from "#api/servers.ts";
import type { Disk, FileSystem, Inventory } from "#domain/inventory.ts";
import { bytes } from "./figures.ts";
import { harmless } from "./output.ts";
import type { Say, Words } from "./words.ts";

/** Debian GNU/Linux 12 (bookworm), Linux 6.1.0-13-amd64, x86_64, UEFI, 4 CPUs, 7.7 GiB */
export function systemLine(say: Say, inventory: Inventory): string {
  const { os, firmware, architecture, cpus, memoryBytes } = inventory;
  const name = os.name ?? [os.distribution ?? os.family, os.version].join(" ").trim();
  const kernel =
    os.kernel === undefined || os.family !== "linux" ? os.kernel : `Linux ${os.kernel}`;
  return harmless(
    [
      ...[name, kernel, architecture, firmware.toUpperCase()],
      cpus === undefined ? undefined : say("cpus", { count: cpus }),
      memoryBytes === undefined ? undefined : say("memory of", { size: bytes(memoryBytes) }),
    ]
      .filter((part) => part !== undefined)
      .join(", "),
  );
}

export interface Table {
  readonly headings: string[];
  readonly rows: string[][];
}

/** Disks and their partitions, then what is built of them. */
export function layoutTable(
  say: Say,
  { inventory, volumes }: Pick<ServerDetails, "inventory" | "volumes">,
): Table {
  const { disks, volumeGroups = [], mdArrays = [] } = inventory;
  const rows = disks.flatMap((disk) => {
    const volume = volumes.find(({ diskId }) => diskId === disk.id);
    return [
      [
        ...[disk.deviceName, bytes(disk.sizeBytes), diskWords(say, disk)],
        ...usageCells(disk.fileSystem),
        volume?.volumeId ?? "",
      ],
      ...disk.partitions.map(({ number, sizeBytes, type, fileSystem }) => [
        ...[`  ${partitionName(disk.deviceName, number)}`, bytes(sizeBytes)],
        isExtended(type) ? say("extended partition") : contentWords(say, fileSystem),
        ...usageCells(fileSystem),
      ]),
    ];
  });
  for (const { name, level, members, fileSystem } of mdArrays) {
    const made = say("array of", { level, members: members.join(", ") });
    const value = fileSystemWords(fileSystem);
    const content = value === "" ? made : say("what is it", { what: made, value });
    rows.push([name, "", content, ...usageCells(fileSystem)]);
  }
  for (const { name, physicalVolumes, logicalVolumes } of volumeGroups) {
    rows.push([name, "", say("volume group on", { members: physicalVolumes.join(", ") })]);
    for (const { name: volume, sizeBytes, fileSystem } of logicalVolumes) {
      rows.push([
        ...[`  ${volume}`, bytes(sizeBytes), contentWords(say, fileSystem)],
        ...usageCells(fileSystem),
      ]);
    }
  }
  const headings = [say("DEVICE"), say("SIZE"), say("CONTENT"), say("MOUNTED AT"), say("FREE")];
  return { headings: [...headings, say("VOLUME")], rows };
}

export function networkTable(say: Say, { nics }: Inventory): Table {
  return {
    headings: [say("INTERFACE"), say("MAC"), say("ADDRESS"), say("BY")],
    rows: nics.map(({ name, mac, addresses, dhcp }) => [
      ...[name, mac, addresses.length === 0 ? "-" : addresses.join(", ")],
      dhcp === undefined ? "-" : say(dhcp ? "by DHCP" : "by hand"),
    ]),
  };
}

/** The rest in lines. What is not known is said so; of what there is none nothing is said. */
export function restLines(say: Say, inventory: Inventory): string[] {
  const { openings, kernels, initramfsTools, rawDevices, volumeGroups, mdArrays } = inventory;
  const entrance = (isOpen: boolean | undefined) =>
    say(isOpen === undefined ? "not known" : isOpen ? "let in" : "kept out");
  const fact = (what: Words, value: string) => say("what is it", { what: say(what), value });
  const list = (what: Words, names: readonly string[] | undefined) =>
    fact(what, names?.join(", ") ?? say("not known"));
  const [ssh, desktop] = [entrance(openings?.ssh), entrance(openings?.remoteDesktop)];
  const lines = [fact("firewall", `SSH (TCP 22) ${ssh}, RDP (TCP 3389) ${desktop}`)];
  if (kernels?.length !== 0) lines.push(list("kernels", kernels));
  if (initramfsTools?.length !== 0) lines.push(list("initramfs by", initramfsTools));
  if (rawDevices?.length !== 0) lines.push(list("raw devices", rawDevices));
  if (volumeGroups === undefined) lines.push(list("volume groups", undefined));
  if (mdArrays === undefined) lines.push(list("arrays", undefined));
  lines.push(...inventory.notSeen.map((what) => fact("not seen", what)));
  return lines.map(harmless);
}

function diskWords(say: Say, disk: Disk): string {
  const table = {
    gpt: "GPT",
    mbr: "MBR",
    other: say("other partition table"),
    none: disk.fileSystem === undefined ? say("no partitions") : "",
  }[disk.partitionTable];
  return listed(
    say(disk.role === "system" ? "system disk" : "data disk"),
    disk.multipath === true ? say("multipath") : "",
    table,
    fileSystemWords(disk.fileSystem),
  );
}

function contentWords(say: Say, fileSystem: FileSystem | undefined): string {
  return fileSystem === undefined ? say("nothing known") : fileSystemWords(fileSystem);
}

/** ext4 "data", or crypto_LUKS → ext4 */
function fileSystemWords(fileSystem: FileSystem | undefined): string {
  if (fileSystem === undefined) return "";
  const { type, label, unlocked } = fileSystem;
  const name = label === undefined ? type : `${type} "${label}"`;
  return unlocked === undefined ? name : `${name} → ${fileSystemWords(unlocked)}`;
}

function usageCells(fileSystem: FileSystem | undefined): [string, string] {
  const { mountPoint, sizeBytes, freeBytes } = fileSystem?.unlocked ?? fileSystem ?? {};
  const free =
    sizeBytes === undefined || freeBytes === undefined || sizeBytes === 0
      ? ""
      : `${bytes(freeBytes)} (${Math.floor((freeBytes / sizeBytes) * 100)}%)`;
  return [mountPoint ?? "", free];
}

function listed(...parts: string[]): string {
  return parts.filter((part) => part !== "").join(", ");
}

/** As the kernel names it: sda1, nvme0n1p1. */
function partitionName(disk: string, number: number): string {
  return `${disk}${/\d$/.test(disk) ? "p" : ""}${number}`;
}

/** Of an MBR: it holds the logical partitions. */
function isExtended(type: string): boolean {
  return /^(5|f|85)$/i.test(type);
}
