/**
 * HTTPS calls with a JSON body to a peer whose certificate is known by its fingerprint.
 *
 * The certificate is compared on the finished TLS connection, before the first byte of the request:
 * the request holds a secret, and a check after the answer would come too late.
 */
import { request } from "node:https";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { MigrationError } from "#domain/errors.ts";

export interface Peer {
  /** `https://host[:port][/path]`, without a slash at its end. */
  readonly url: string;
  /** SHA-256 of its certificate. Absent: the system's certificate authorities decide. */
  readonly fingerprint?: string | undefined;
}

export interface Call {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Added to the peer's URL. */
  readonly path?: string;
  readonly body?: unknown;
  readonly token?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  /** The parsed JSON body; undefined when there is none or it isn't JSON. */
  readonly body: unknown;
}

const largestAnswerBytes = 4 * 1024 * 1024;

/**
 * One request on a connection of its own. Any status is an answer, not an error.
 * @throws `auth.wrong-certificate` before anything was sent; `console.unreachable` for every trouble on
 *   the way, also a signal that aborts.
 */
export async function callPinned(peer: Peer, call: Call): Promise<Answer> {
  const url = new URL(peer.url + (call.path ?? ""));
  const deadline = AbortSignal.timeout(call.timeoutMs);
  const signal = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal]);
  try {
    const socket = await connectPinned(url, peer.fingerprint, signal);
    try {
      return await exchange(url, call, socket, signal);
    } finally {
      socket.destroy();
    }
  } catch (cause) {
    if (cause instanceof MigrationError) throw cause;
    const problem = deadline.aborted ? `no answer within ${call.timeoutMs / 1000} s` : words(cause);
    throw new MigrationError("console.unreachable", { address: url.host, problem }, { cause });
  }
}

async function connectPinned(
  url: URL,
  fingerprint: string | undefined,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const options: ConnectionOptions = {
    host,
    port: Number(url.port || 443),
    // A pinned peer is one of ours and speaks 1.3; a public front door may not.
    minVersion: fingerprint === undefined ? "TLSv1.2" : "TLSv1.3",
    rejectUnauthorized: fingerprint === undefined,
  };
  if (!/^[\d.]+$|:/.test(host)) options.servername = host;
  const socket = connect(options);
  const abort = () => socket.destroy(new Error("aborted"));
  signal.addEventListener("abort", abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      if (signal.aborted) abort();
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("the connection was closed")));
    });
    if (fingerprint !== undefined && fingerprintOf(socket) !== fingerprint) {
      throw new MigrationError("auth.wrong-certificate", { peer: url.host });
    }
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function fingerprintOf(socket: TLSSocket): string | undefined {
  return socket.getPeerX509Certificate()?.fingerprint256.replaceAll(":", "").toLowerCase();
}

function exchange(url: URL, call: Call, socket: TLSSocket, signal: AbortSignal): Promise<Answer> {
  const text = call.body === undefined ? undefined : JSON.stringify(call.body);
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: call.method,
      createConnection: () => socket,
      signal,
      headers: {
        connection: "close",
        ...(call.token === undefined ? {} : { authorization: `Bearer ${call.token}` }),
        ...(text === undefined
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
      },
    });
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      const chunks: Buffer[] = [];
      let sizeBytes = 0;
      incoming.on("data", (chunk: Buffer) => {
        sizeBytes += chunk.length;
        if (sizeBytes > largestAnswerBytes) incoming.destroy(new Error("the answer is too long"));
        else chunks.push(chunk);
      });
      incoming.once("error", reject);
      incoming.once("end", () =>
        resolve({ status: incoming.statusCode ?? 0, body: parsed(Buffer.concat(chunks)) }),
      );
    });
    outgoing.end(text);
  });
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    // A proxy's error page: the status says enough.
    return undefined;
  }
}

function words(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return words(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
