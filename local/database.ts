/**
 * The embedded DynamoDB: dynalite on disk. It checks no signature, so it listens on a Unix socket in a
 * folder of ours alone, and not on a port that every user of this machine could reach.
 */

import { EventEmitter, once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { Agent, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import dynalite from "dynalite";
import type { openStore } from "#store/store.ts";

/** sockaddr_un holds 108 bytes, the last one zero. Source: unix(7). */
const longestSocketPath = 107;

const patienceMs = 30_000;

export interface Database {
  readonly clientConfig: Parameters<typeof openStore>[0];
  close(): Promise<void>;
}

export async function startDatabase(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const socketPath = await placeForSocket(folder);
  // Of a process that was killed; whoever holds the data folder is the only one.
  await rm(socketPath, { force: true });
  const server = dynalite({ path: join(folder, "tables"), createTableMs: 0 });
  const requests = handWhole(server);
  await listen(server, socketPath);
  const httpAgent = new Agent({ keepAlive: true, maxSockets: 64, socketPath } as object);
  return {
    clientConfig: {
      endpoint: "http://localhost",
      region: "local",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
      // The SDK waits for ever unless told. What is asked again is safe: writes have conditions.
      requestHandler: { httpAgent, requestTimeout: patienceMs, throwOnRequestTimeout: true },
    },
    async close() {
      httpAgent.destroy();
      server.closeAllConnections();
      await requests.none();
      await new Promise<void>((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
      });
      if (dirname(socketPath) !== folder) await rm(dirname(socketPath), { recursive: true });
    },
  };
}

/**
 * Hands dynalite a request only when it has come whole, and counts it until it is answered, though the
 * caller may have hung up long before: dynalite throws out of the process what goes wrong with a
 * request's stream, and what it can't read once its tables are closed.
 */
function handWhole(server: Server): { none(): Promise<void> } {
  const [handle] = server.listeners("request");
  if (handle === undefined) throw new TypeError("dynalite handles no requests");
  server.removeAllListeners("request");
  let atWork = 0;
  const changes = new EventEmitter();
  const work = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request);
    const { method, url, headers } = request;
    const ended = Promise.withResolvers<void>();
    const end = response.end;
    response.end = (...args: unknown[]) => {
      ended.resolve();
      return Reflect.apply(end, response, args);
    };
    handle(Object.assign(Readable.from([body]), { method, url, headers }), response);
    await ended.promise;
  };
  server.on("request", async (request: IncomingMessage, response: ServerResponse) => {
    atWork += 1;
    // Rejects where the caller hung up before all was said: nothing was asked, nobody waits.
    await work(request, response).catch(() => response.destroy());
    atWork -= 1;
    if (atWork === 0) changes.emit("none");
  });
  return {
    async none() {
      if (atWork > 0) await once(changes, "none");
    },
  };
}

async function placeForSocket(folder: string): Promise<string> {
  const besideTables = join(folder, "dynamodb.sock");
  if (Buffer.byteLength(besideTables) <= longestSocketPath) return besideTables;
  return join(await mkdtemp(join(tmpdir(), "hypermotion-")), "dynamodb.sock");
}

function listen(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
