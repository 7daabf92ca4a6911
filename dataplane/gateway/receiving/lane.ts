/**
 * One lane: a thread with its own TLS listener on the shared port (SO_REUSEPORT; the kernel spreads
 * connections over lanes). Decrypting, checking and writing happen here, the receiver's thread stays free.
 */
import { createServer, type TLSSocket } from "node:tls";
import { parentPort, workerData } from "node:worker_threads";
import { ThreadLoad } from "#dataplane/thread-load.ts";
import { sweepMs } from "#dataplane/wire/limits.ts";
import { peerFingerprint, pinnedTls } from "#dataplane/wire/pinned-tls.ts";
import { Connection } from "./connection.ts";
import type { FromLane, LaneSettings, ToLane } from "./lane-messages.ts";
import { RunBuffers } from "./run-buffers.ts";

/** How often to look what holds a connection up, and to say so. */
const lookEveryMs = 50;
const judgeEveryMs = 1000;
/** A thread that works for more of its time than this is what others wait for. */
const mostLoad = 0.75;

/** More than this on one lane are closed at once and come again. */
const mostConnections = 256;

/** `onRest` is called after `close`, when every connection has come to rest. */
function startLane(settings: LaneSettings, tell: (message: FromLane) => void, onRest: () => void) {
  const { waits } = settings;
  const connections = new Map<number, Connection>();
  const buffers = new RunBuffers();
  let allowed = new Set<string>();
  let nextId = 1;
  let isClosing = false;

  const server = createServer({
    ...pinnedTls(settings),
    requestCert: true,
    handshakeTimeout: waits.greetingMs,
  });
  server.maxConnections = mostConnections;
  server.on("secureConnection", (socket: TLSSocket) => {
    const fingerprint = peerFingerprint(socket);
    const address = `${socket.remoteAddress}:${socket.remotePort}`;
    if (fingerprint === undefined || !allowed.has(fingerprint)) {
      tell({
        kind: "log",
        level: "warn",
        facts: { address, fingerprint: fingerprint ?? "none" },
        message: "turned away a connection: its certificate belongs to no session",
      });
      socket.on("error", () => socket.destroy());
      socket.destroy();
      return;
    }
    const id = nextId++;
    socket.setNoDelay(true);
    connections.set(
      id,
      new Connection({
        id,
        socket,
        fingerprint,
        gatewayId: settings.gatewayId,
        buffers,
        tell: (message) => {
          tell(message);
          if (message.kind !== "closed") return;
          connections.delete(id);
          if (isClosing && connections.size === 0) onRest();
        },
      }),
    );
  });
  server.on("tlsClientError", (error, socket) => {
    const facts = {
      address: `${socket.remoteAddress}:${socket.remotePort}`,
      problem: error.message,
    };
    tell({
      kind: "log",
      level: "warn",
      facts,
      message: "turned away a connection: no TLS 1.3 handshake",
    });
    socket.destroy();
  });

  // Looks for connections that are silent, and speaks on those where we are.
  const sweep = setInterval(() => {
    const nowMs = performance.now();
    for (const connection of connections.values()) {
      const limitMs = connection.isGreeted ? waits.silenceMs : waits.greetingMs;
      if (nowMs - connection.lastHeardMs > limitMs) {
        tell({
          kind: "log",
          level: "warn",
          facts: { seconds: limitMs / 1000 },
          message: "closed a silent connection",
        });
        connection.drop();
      } else {
        connection.keepAlive(waits.keepAliveMs);
      }
    }
  }, sweepMs(waits));

  const looking = setInterval(() => {
    for (const connection of connections.values()) connection.look();
  }, lookEveryMs);
  const load = new ThreadLoad();
  let judged = { atMs: performance.now(), busyMs: load.busyMs() };
  const judging = setInterval(() => {
    const now = { atMs: performance.now(), busyMs: load.busyMs() };
    const share = (now.busyMs - judged.busyMs) / (now.atMs - judged.atMs);
    judged = now;
    for (const connection of connections.values()) connection.judge(share > mostLoad);
  }, judgeEveryMs);

  function obey(message: ToLane): void {
    switch (message.kind) {
      case "allow":
        allowed = new Set(message.fingerprints);
        tell({ kind: "allowed", serial: message.serial });
        return;
      case "welcome":
        connections.get(message.connection)?.welcome(message.volumes, message.welcome);
        return;
      case "refuse":
        connections.get(message.connection)?.refuse(message.facts);
        return;
      case "drop":
        connections.get(message.connection)?.drop();
        return;
      case "claimed":
        connections.get(message.connection)?.claimed(message);
        return;
      case "volumeDone":
        connections.get(message.connection)?.volumeDone(message.volume);
        return;
      case "close":
        isClosing = true;
        for (const timer of [sweep, looking, judging]) clearInterval(timer);
        server.close();
        for (const connection of connections.values()) connection.drop();
        if (connections.size === 0) onRest();
    }
  }

  server.listen({ host: settings.listen, port: settings.port, reusePort: true }, () => {
    const address = server.address();
    if (address === null || typeof address === "string")
      throw new Error("a TCP listener without a port");
    tell({ kind: "listening", port: address.port });
  });
  return obey;
}

if (parentPort !== null) {
  const port = parentPort;
  port.on(
    "message",
    startLane(
      workerData as LaneSettings,
      (message) => port.postMessage(message),
      () => port.close(),
    ),
  );
}
