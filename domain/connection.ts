/** Whether an agent is there: it asks for orders at least every 25 s, so three misses are an absence. */
const awayAfterMs = 90_000;

/** A call is noted this seldom, so that many agents do not keep the store busy with it. */
const noteEveryMs = 10_000;

export function isConnected(server: { lastSeenAt: string }, now: Date): boolean {
  return now.getTime() - Date.parse(server.lastSeenAt) < awayAfterMs;
}

export function shouldNoteCall(server: { lastSeenAt: string }, now: Date): boolean {
  return now.getTime() - Date.parse(server.lastSeenAt) >= noteEveryMs;
}
