/** LVM: which volume groups lie on the server's disks, and what their logical volumes hold. */
import { stat } from "node:fs/promises";
import type { Inventory } from "#domain/inventory.ts";
import { type BlockDevice, withAllBelow } from "../../block-devices.ts";
import { deviceNumber } from "../../mount-info.ts";
import { runTool } from "../../run-tool.ts";
import { fileSystemOn } from "./file-systems.ts";

type VolumeGroup = NonNullable<Inventory["volumeGroups"]>[number];

export interface PhysicalVolume {
  readonly path: string;
  /** Both are empty while it belongs to no group. */
  readonly groupId: string;
  readonly groupName: string;
}

export interface LogicalVolume {
  readonly groupId: string;
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
}

/**
 * Versions before 2.03 mend what looks inconsistent to them, also when they were only asked to list: `--readonly`
 * keeps them, and all others, from writing and from waiting for locks. Separators instead of JSON, which RHEL 6 and
 * 7.2 do not know; names hold no bars. Source: lvm(8), lvmreport(7).
 */
const listing = [
  ...["--readonly", "--noheadings", "--units", "b", "--nosuffix", "--separator", "|", "-o"],
];

export function parsePvs(text: string): PhysicalVolume[] {
  return rows(text).map(([path = "", groupId = "", groupName = ""]) => ({
    path,
    groupId,
    groupName,
  }));
}

export function parseLvs(text: string): LogicalVolume[] {
  return rows(text).map(([groupId = "", id = "", name = "", size = ""]) => ({
    groupId,
    id,
    name,
    sizeBytes: Number(size),
  }));
}

function rows(text: string): string[][] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => line.split("|"));
}

/**
 * @param disks of the server, with what is built on them
 * @param members device names of what was found to be LVM's
 * @param isAllSeen whether those are certainly all
 */
export async function readVolumeGroups(
  disks: readonly BlockDevice[],
  members: readonly string[],
  isAllSeen: boolean,
): Promise<{ volumeGroups?: VolumeGroup[]; notSeen: string[] }> {
  const devices = [...disks, ...disks.flatMap(withAllBelow)];
  if (isAllSeen && members.length === 0 && !devices.some(({ type }) => type === "lvm")) {
    return { volumeGroups: [], notSeen: [] };
  }
  const pvs = await runTool("pvs", [...listing, "pv_name,vg_uuid,vg_name"]);
  const lvs = await runTool("lvs", [...listing, "vg_uuid,lv_uuid,lv_name,lv_size"]);
  const failed = [pvs, lvs].find(({ status }) => status !== 0);
  if (failed !== undefined) return { notSeen: [`volume groups: ${failed.problem}`] };

  const notSeen: string[] = [];
  const logicalVolumes = parseLvs(lvs.stdout);
  const groups = new Map<string, VolumeGroup>();
  const seen = new Set<string>();
  const partial = new Set<string>();
  for (const { path, groupId, groupName } of parsePvs(pvs.stdout)) {
    const device = await deviceAt(path, devices);
    const name = device === undefined ? path : nameOf(device, devices);
    seen.add(name);
    if (groupId === "") continue;
    const group = groups.get(groupId) ?? {
      name: groupName,
      physicalVolumes: [],
      logicalVolumes: [],
    };
    group.physicalVolumes.push(name);
    groups.set(groupId, group);
    if (device === undefined) partial.add(groupId);
  }
  for (const [groupId, group] of groups) {
    // One that has nothing to do with these disks is somebody else's.
    if (partial.has(groupId) && !group.physicalVolumes.some((name) => isKnown(name, devices))) {
      groups.delete(groupId);
      continue;
    }
    for (const volume of logicalVolumes.filter((found) => found.groupId === groupId)) {
      group.logicalVolumes.push(await describe(volume, group.name, devices, notSeen));
    }
  }
  for (const name of members.filter((member) => !seen.has(member))) {
    notSeen.push(`the volume group on ${name}: lvm on this server does not look at it`);
  }
  // None among what could be read is not none.
  const isKnownNone = groups.size > 0 || isAllSeen;
  const volumeGroups = [...groups.values()].sort((a, b) => a.name.localeCompare(b.name));
  return { ...(isKnownNone ? { volumeGroups } : {}), notSeen };
}

async function describe(
  { groupId, id, name, sizeBytes }: LogicalVolume,
  groupName: string,
  devices: readonly BlockDevice[],
  notSeen: string[],
): Promise<VolumeGroup["logicalVolumes"][number]> {
  // Source: lvm2, lib/activate/dev_manager.c; those that others are made of have a suffix.
  const dmUuid = `LVM-${`${groupId}${id}`.replaceAll("-", "")}`;
  const device = devices.find((candidate) => candidate.dmUuid === dmUuid);
  if (device !== undefined) {
    return { name, sizeBytes, ...(await fileSystemOn(device, notSeen)) };
  }
  if (!devices.some((candidate) => candidate.dmUuid?.startsWith(dmUuid))) {
    notSeen.push(`what is on logical volume ${groupName}/${name}: it is not active`);
  }
  return { name, sizeBytes };
}

async function deviceAt(
  path: string,
  devices: readonly BlockDevice[],
): Promise<BlockDevice | undefined> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) return undefined;
  return devices.find(({ device }) => device === deviceNumber(facts.rdev));
}

/** What LUKS has unlocked has no name in the inventory: it is called by what it lies on. */
function nameOf(device: BlockDevice, devices: readonly BlockDevice[]): string {
  if (device.type !== "crypt") return device.name;
  const below = devices.find(({ children }) =>
    children.some((child) => child.kname === device.kname),
  );
  return below === undefined ? device.name : nameOf(below, devices);
}

function isKnown(name: string, devices: readonly BlockDevice[]): boolean {
  return devices.some((device) => device.name === name);
}
