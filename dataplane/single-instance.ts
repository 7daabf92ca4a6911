/**
 * One process per state folder. Two agents with one identity would copy one disk twice; two gateways
 * would write to one block map.
 *
 * The lock is a socket in Linux' abstract namespace: the kernel takes it away with its process, so no
 * crash leaves one behind, which a file with a process id would.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, realpath } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { MigrationError } from "#domain/errors.ts";

/**
 * Makes the folder if needed and holds it until the process ends or the result is called.
 * @throws `state.in-use`
 */
export async function holdStateFolder(folder: string, program: string): Promise<() => void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = await lockOf(folder);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new MigrationError("state.in-use", { program, folder }, { cause })),
    );
    server.listen(lock, resolve);
  });
  server.unref();
  return () => server.close();
}

/** Whether a process holds the folder now. */
export async function isStateFolderHeld(folder: string): Promise<boolean> {
  const socket = connect(await lockOf(folder));
  try {
    await once(socket, "connect");
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ECONNREFUSED") return false;
    throw error;
  } finally {
    socket.destroy();
  }
}

async function lockOf(folder: string): Promise<string> {
  const place = createHash("sha256").update(await realpath(folder));
  return `\0hypermotion-${place.digest("hex")}`;
}
