/** An agent asks for orders this often at least, even where nothing is to do. */
export const idlePollSeconds = 60;

/** Two misses and a slow call are an absence. */
const awayAfterMs = 2.5 * idlePollSeconds * 1000;

/** A call is noted this seldom, so that many agents do not keep the store busy with it. */
const noteEveryMs = 30_000;

/** Whether an agent is there. */
export function isConnected(server: { lastSeenAt: string }, now: Date): boolean {
  return now.getTime() - Date.parse(server.lastSeenAt) < awayAfterMs;
}

export function shouldNoteCall(server: { lastSeenAt: string }, now: Date): boolean {
  return now.getTime() - Date.parse(server.lastSeenAt) >= noteEveryMs;
}
