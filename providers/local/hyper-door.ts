/**
 * A server that HyperDoor copies its own system disk for. The disk is a file of the instance's own; what
 * is attached to it or taken off meanwhile is so from its restart on, when QEMU ends and is started
 * anew with what hangs there then.
 *
 *   <instance folder>/system.raw    from the image, then copied over
 *                     orders.json   what HyperDoor finds as QEMU's fw_cfg file
 */
import { constants, copyFile, mkdir, open, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hyperDoorOrders } from "#domain/protocol/hyperdoor.ts";
import { hasCode, notFound } from "./errors.ts";
import type { ServerRecord } from "./instances.ts";
import { writeAtomically } from "./records.ts";

/** Where the guest reaches the console: a server's network leads nowhere else. */
const consoleHost = "10.0.2.100";
const consolePort = 443;

type HyperDoorRecord = NonNullable<ServerRecord["hyperDoor"]>;

/** May be repeated; a disk that is there stays as it is. @throws `cloud.not-found` for the image */
export async function ensureSystemDisk(
  folder: string,
  { image, systemBytes }: HyperDoorRecord,
): Promise<string> {
  const disk = join(folder, "system.raw");
  if (await isThere(disk)) return disk;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unfinished = `${disk}.new`;
  try {
    await copyFile(image, unfinished, constants.COPYFILE_FICLONE);
  } catch (error) {
    if (hasCode(error, "ENOENT")) throw notFound("HyperDoor's image", image);
    throw error;
  }
  const file = await open(unfinished, "r+");
  try {
    const { size } = await file.stat();
    await file.truncate(Math.max(size, systemBytes));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, disk);
  return disk;
}

/** QEMU's arguments while HyperDoor is to run: its restart ends QEMU. */
export async function hyperDoorArguments(
  folder: string,
  { userData }: HyperDoorRecord,
): Promise<{ arguments: string[]; forward: string }> {
  const orders = hyperDoorOrders.parse(JSON.parse(userData));
  const { hostname, port, pathname } = new URL(orders.url);
  const url = `https://${consoleHost}:${consolePort}${pathname}`;
  await writeAtomically(join(folder, "orders.json"), JSON.stringify({ ...orders, url }));
  const program = [process.execPath, "--no-warnings", forwarder, hostname, port || "443"];
  // QEMU takes a comma for the end of an option unless it is doubled.
  const command = program
    .map((word) => `'${word}'`)
    .join(" ")
    .replaceAll(",", ",,");
  return {
    arguments: ["-no-reboot", "-fw_cfg", "name=opt/hypermotion/hyperdoor,file=orders.json"],
    forward: `,guestfwd=tcp:${consoleHost}:${consolePort}-cmd:${command}`,
  };
}

const forwarder = fileURLToPath(new URL("forward.ts", import.meta.url));

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
