/** Linux' software RAID, as the kernel shows it in /sys. */
import type { Inventory } from "#domain/inventory.ts";
import { type BlockDevice, withAllBelow } from "../../block-devices.ts";
import { fileSystemOn } from "./file-systems.ts";

type MdArray = NonNullable<Inventory["mdArrays"]>[number];

/**
 * @param disks of the server, with what is built on them
 * @param members device names of what was found to be part of an array
 */
export async function readMdArrays(
  disks: readonly BlockDevice[],
  members: readonly string[],
): Promise<{ mdArrays: MdArray[]; notSeen: string[] }> {
  const devices = [...disks, ...disks.flatMap(withAllBelow)];
  const notSeen: string[] = [];
  const mdArrays: MdArray[] = [];
  const running = new Map(
    devices.filter(({ kname }) => /^md/.test(kname)).map((array) => [array.kname, array]),
  );
  const assembled = new Set<string>();
  for (const array of running.values()) {
    // One that udev has put together in part holds its members and has no size: it does not run.
    if (array.partitionNumber !== undefined || array.sizeBytes === 0) continue;
    const below = devices.filter(({ children }) =>
      children.some(({ kname }) => kname === array.kname),
    );
    const names = [...new Set(below.map(({ name }) => name))].sort();
    for (const name of names) assembled.add(name);
    const found = await fileSystemOn(array, notSeen);
    mdArrays.push({ name: array.name, level: array.type, members: names, ...found });
  }
  for (const name of members.filter((member) => !assembled.has(member))) {
    notSeen.push(`the array that ${name} is part of: it is not running`);
  }
  return { mdArrays, notSeen };
}
