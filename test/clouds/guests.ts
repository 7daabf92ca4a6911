/**
 * The network of launched servers: each answers at an address of its own as its SSH would, once the
 * machine behind it has offered a login. For clouds that show nobody a serial line.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import type { Machines } from "./machines.ts";

export interface Guests {
  open(instanceId: string, host: string): Promise<void>;
  close(instanceId: string): Promise<void>;
  closeAll(): Promise<void>;
}

/** @param port of all of them; free on addresses of this machine that nobody else uses */
export function openGuests(machines: Machines | undefined, port: number): Guests {
  const open = new Map<string, Server>();

  async function close(instanceId: string): Promise<void> {
    const server = open.get(instanceId);
    if (server === undefined) return;
    open.delete(instanceId);
    server.close();
    await once(server, "close");
  }

  return {
    async open(instanceId, host) {
      const server = createServer((socket) => {
        socket.on("error", () => socket.destroy());
        const answer = async () => {
          const shown = (await machines?.console(instanceId)) ?? "";
          socket.end(shown.includes("login:") ? "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n" : "");
        };
        answer().catch(() => socket.destroy());
      });
      server.listen(port, host);
      await once(server, "listening");
      open.set(instanceId, server);
    },
    close,
    async closeAll() {
      for (const instanceId of [...open.keys()]) await close(instanceId);
    },
  };
}
