/**
 * Measures the line to the gateway before a copy, on a connection of its own and without touching a volume.
 * Small probes go up, each is answered with what has arrived and when. Two follow an answer that came soon, so
 * that their number doubles with every round trip as TCP's own window does; one follows an answer that came
 * late, for then the line is full, and more would only fill its queues until packets are lost. The later half
 * counts.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Frame } from "#dataplane/wire/frame-reader.ts";
import {
  decodeJson,
  decodeProbed,
  encodeHello,
  encodeProbe,
  frameType,
  passIdBytes,
  protocolVersion,
} from "#dataplane/wire/frames.ts";
import { blockBytes, blocksPerRange } from "#dataplane/wire/geometry.ts";
import { probeBytesPerConnection, probesPerConnection } from "#dataplane/wire/limits.ts";
import { welcome } from "#dataplane/wire/messages.ts";
import type { LineMeasure } from "#domain/line.ts";
import { Line, LineBroken } from "./line.ts";
import type { StreamSettings } from "./stream-messages.ts";

const probeBytes = 8 * 1024;
const firstProbes = 2;
/** An answer is late beyond two round trips and this. */
const usualQueueMs = 25;
const roundTrips = 3;
/** A slow line is busy with what is on its way for a while longer. */
const sendForMs = 1500;
/** A line that is slower than this can show is told as it looks by then. */
const giveUpAfterMs = 6000;
const leastAnswers = 4;
const tries = 3;

type Peer = Pick<
  StreamSettings,
  "sessionId" | "gateway" | "certificatePem" | "privateKeyPem" | "waits"
>;

interface Answer {
  readonly bytes: number;
  readonly microseconds: number;
}

/**
 * Takes two seconds, or what a few MiB take. Undefined where the gateway can't be measured to, or not be
 * reached: the copy that follows finds out why, and waits or fails by its own rules.
 */
export async function measureLine(
  peer: Peer,
  signal: AbortSignal,
): Promise<LineMeasure | undefined> {
  for (let attempt = 1; attempt <= tries && !signal.aborted; attempt += 1) {
    try {
      return await measureOnce(peer, signal);
    } catch (error) {
      if (!(error instanceof LineBroken)) return undefined;
      await delay(300);
    }
  }
  return undefined;
}

async function measureOnce(peer: Peer, signal: AbortSignal): Promise<LineMeasure | undefined> {
  const answers: Answer[] = [];
  let takesProbes: boolean | undefined;
  const line = await Line.dial(peer, (frame: Frame) => {
    if (frame.type === frameType.probed) answers.push(decodeProbed(frame.body));
    if (frame.type !== frameType.welcome) return;
    const parsed = welcome.safeParse(decodeJson(frame.body, "welcome"));
    takesProbes = parsed.success && parsed.data.probes;
  });
  // What waits for a moment in time is woken by it.
  const clock = setInterval(() => line.notify(), 50);
  const stop = () => line.finish();
  signal.addEventListener("abort", stop);
  try {
    line.send(
      encodeHello({
        ...{ version: protocolVersion, stream: 0, blockBytes, blocksPerRange },
        passId: randomBytes(passIdBytes).toString("hex"),
        sessionId: peer.sessionId,
      }),
    );
    await line.until(() => takesProbes !== undefined);
    if (takesProbes !== true) return undefined;
    const roundTripMs = await roundTrip(line, answers);
    return { bitsPerSecond: await throughput(line, answers, roundTripMs), roundTripMs };
  } finally {
    clearInterval(clock);
    signal.removeEventListener("abort", stop);
    // Not finished: what is still to be sent would hold up the copy.
    line.fail(new LineBroken("measured"));
  }
}

/** The shortest of several. */
async function roundTrip(line: Line, answers: readonly Answer[]): Promise<number> {
  let shortestMs = Number.POSITIVE_INFINITY;
  for (let sent = 1; sent <= roundTrips; sent += 1) {
    const startedMs = performance.now();
    line.send(encodeProbe(1));
    await line.until(() => answers.length === sent);
    shortestMs = Math.min(shortestMs, performance.now() - startedMs);
  }
  return shortestMs;
}

async function throughput(
  line: Line,
  answers: readonly Answer[],
  roundTripMs: number,
): Promise<number> {
  const before = answers.length;
  const startedMs = performance.now();
  const passedMs = () => performance.now() - startedMs;
  const most = Math.min(
    probesPerConnection - before,
    Math.floor(probeBytesPerConnection / probeBytes) - 1,
  );
  const sentMs: number[] = [];
  let wanted = firstProbes;
  let seen = 0;
  await line.until(() => {
    const answered = answers.length - before;
    for (; seen < answered; seen += 1) {
      const tookMs = passedMs() - (sentMs[seen] ?? 0);
      wanted += tookMs > 2 * roundTripMs + usualQueueMs ? 1 : 2;
    }
    while (passedMs() < sendForMs && sentMs.length < Math.min(most, wanted)) {
      sentMs.push(passedMs());
      line.send(encodeProbe(probeBytes));
    }
    if (answered === most || passedMs() > giveUpAfterMs) return true;
    return passedMs() >= sendForMs && answered >= leastAnswers;
  });
  const bulk = answers.slice(before);
  const last = bulk.at(-1);
  if (last === undefined) return (8 * probeBytes) / (giveUpAfterMs / 1000);
  const half = bulk.find(({ bytes }) => bytes >= last.bytes / 2) ?? last;
  const first = half === last ? (answers[before - 1] ?? last) : half;
  const microseconds = Math.max(1, last.microseconds - first.microseconds);
  return ((last.bytes - first.bytes) * 8 * 1e6) / microseconds;
}
