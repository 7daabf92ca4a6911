/** QEMU's control socket (QMP): one JSON object a line; it greets first, and wants its capabilities agreed. */
import { once } from "node:events";
import { open } from "node:fs/promises";
import { createConnection } from "node:net";
import { createInterface } from "node:readline";
import { z } from "zod";

const line = z.object({
  QMP: z.unknown().optional(),
  return: z.unknown().optional(),
  error: z.object({ desc: z.string() }).optional(),
});

/**
 * Asks one question at `qmp.sock` in an instance's folder. Gives the answer's `return`.
 * @throws when QEMU does not answer within the time
 */
export async function askQemu(
  folder: string,
  execute: string,
  options: { arguments?: Record<string, string>; timeoutMs?: number } = {},
): Promise<unknown> {
  // A socket's path may have 107 bytes; through the folder's descriptor it is short wherever it lies.
  const directory = await open(folder, "r");
  const socket = createConnection(`/proc/self/fd/${directory.fd}/qmp.sock`);
  // An error also ends the lines below, which is where it is told.
  socket.on("error", () => undefined);
  const timer = setTimeout(
    () => socket.destroy(new Error(`QEMU did not answer ${execute}`)),
    options.timeoutMs ?? 3_000,
  );
  try {
    await once(socket, "connect");
    const say = (command: object) => socket.write(`${JSON.stringify(command)}\n`);
    let returns = 0;
    for await (const text of createInterface({ input: socket })) {
      const message = line.parse(JSON.parse(text));
      if (message.error !== undefined) throw new Error(`${execute}: ${message.error.desc}`);
      if (message.QMP !== undefined) say({ execute: "qmp_capabilities" });
      if (message.return === undefined) continue;
      returns += 1;
      if (returns === 2) return message.return;
      say({ execute, ...(options.arguments && { arguments: options.arguments }) });
    }
    throw new Error(`QEMU hung up on ${execute}`);
  } finally {
    clearTimeout(timer);
    socket.destroy();
    await directory.close();
  }
}
