/** Limits that both sides keep, and waits that both sides know. `docs/wire-protocol.md` lists them. */

/** Ranges that one stream may have opened and not yet seen acknowledged. */
export const openRangesPerStream = 4;
/** What one connection may send to measure the line, before its first range: in bodies, and in frames. */
export const probeBytesPerConnection = 8 * 1024 * 1024;
export const probesPerConnection = 1024;
/** Connections of one session. */
export const streamsPerSession = 32;
/** From the accepted connection to the end of the TLS handshake, and from there to the hello. */
export const greetingTimeoutMs = 10_000;
/** A side with nothing to say says so after this, and is taken for lost after the other. */
export const keepAliveAfterMs = 10_000;
export const silenceTimeoutMs = 35_000;
