/**
 * Reading a connection without new memory for each of its records.
 *
 * Node allocates 16 KiB for every TLS record that it hands out, and collecting those is the largest single cost of
 * receiving a disk. Its `onread` option gives it one buffer to use again and again, but only for sockets that dial.
 * This gives the same to one that was accepted, the way Node itself does it for the others. The reasons and the
 * risk: docs/decisions/0015-one-buffer-for-reading.md.
 */
import { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** A TLS record holds no more. All connections of a thread share it: what is in it is taken at once. */
const buffer = Buffer.allocUnsafeSlow(16 * 1024);

/** What makes up `onread` within a socket. */
const settings = ["kBuffer", "kBufferCb", "kBufferGen"];

interface WithHandle {
  readonly _handle?: { readonly useUserBuffer?: (buffer: Buffer) => void };
}

/**
 * Calls `take` with all that comes, in memory that is used again when `take` returns. To be called once, before the
 * first byte has come: while `secureConnection` is handled. Where a release of Node does it in another way,
 * the bytes come as ever, only slower.
 *
 * @returns whether they come without new memory
 */
export function takeBytes(socket: TLSSocket, take: (bytes: Buffer) => void): boolean {
  // It also lets them flow. There are no such events where one buffer is used.
  socket.on("data", take);
  const handle = (socket as WithHandle)._handle;
  const inner = innerSettings((length) => take(buffer.subarray(0, length)));
  if (inner === undefined || typeof handle?.useUserBuffer !== "function") return false;
  Object.assign(socket, inner);
  handle.useUserBuffer(buffer);
  return true;
}

/** Of a socket that may have them. */
function innerSettings(take: (length: number) => void): Record<symbol, unknown> | undefined {
  const callback = (length: number) => {
    take(length);
    return true;
  };
  const socket = new Socket({ onread: { buffer, callback } });
  const found = Object.getOwnPropertySymbols(socket).filter(({ description = "" }) =>
    settings.includes(description),
  );
  if (found.length !== settings.length) return undefined;
  const values = socket as unknown as Record<symbol, unknown>;
  return Object.fromEntries(found.map((symbol) => [symbol, values[symbol]]));
}
