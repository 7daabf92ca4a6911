/** Limits that both sides keep, and waits that both sides know. `docs/wire-protocol.md` lists them. */

/** Ranges that one stream may have opened and not yet seen acknowledged. */
export const openRangesPerStream = 4;
/** What one connection may send to measure the line, before its first range: in bodies, and in frames. */
export const probeBytesPerConnection = 8 * 1024 * 1024;
export const probesPerConnection = 1024;
/** Connections of one session. */
export const streamsPerSession = 32;

/** How long one side waits for the other. Both must keep the protocol's; a test of both may have shorter ones. */
export interface Waits {
  /** From the accepted connection to the end of the TLS handshake, and from there to the hello. */
  readonly greetingMs: number;
  /** A side with nothing to say says so after this, and is taken for lost after the next. */
  readonly keepAliveMs: number;
  readonly silenceMs: number;
}

export const protocolWaits: Waits = {
  greetingMs: 10_000,
  keepAliveMs: 10_000,
  silenceMs: 35_000,
};

/** How often a side looks at its waits. */
export function sweepMs({ keepAliveMs }: Waits): number {
  return keepAliveMs / 5;
}
