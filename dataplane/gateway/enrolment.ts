/** Makes the gateway known to the console: once, and again until the console has answered. */

import type { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import { type enrolRequest, enrolResponse } from "#domain/protocol/gateway.ts";
import { backoffMs, pause } from "../backoff.ts";
import { callPinned, type Peer } from "../pinned-https.ts";
import type { Log } from "./log.ts";

/**
 * Returns true when the console has answered, false when the signal aborts before.
 * @throws `auth.wrong-code` when the console refuses the code: no waiting heals that.
 */
export async function enrol(
  console: Peer,
  request: z.input<typeof enrolRequest>,
  log: Log,
  signal: AbortSignal,
): Promise<boolean> {
  const address = new URL(console.url).host;
  for (let attempt = 0; !signal.aborted; attempt++) {
    const problem = await tryToEnrol(console, request, signal).catch((error: unknown) => {
      log.error(
        { console: address },
        "the console refuses the enrolment code: it is used up, expired or another gateway's. A new gateway must be made",
      );
      throw error;
    });
    if (problem === undefined) return true;
    if (signal.aborted) return false;
    log.warn({ console: address, problem }, "waiting for the console to take the enrolment");
    await pause(backoffMs(attempt), signal);
  }
  return false;
}

/** What stood in the way, or undefined. */
async function tryToEnrol(
  console: Peer,
  body: z.input<typeof enrolRequest>,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const answer = await callPinned(console, {
      method: "POST",
      path: "/v1/gateways/enrol",
      body,
      timeoutMs: 20_000,
      signal,
    });
    if (answer.status === 401 || answer.status === 403)
      throw new MigrationError("auth.wrong-code", {});
    if (answer.status < 200 || answer.status >= 300) return `status ${answer.status}`;
    return enrolResponse.safeParse(answer.body).success ? undefined : "its answer can't be read";
  } catch (error) {
    // Another certificate may be somebody in between for a while: nothing was sent, it is tried again.
    if (error instanceof MigrationError && error.code !== "auth.wrong-code") return error.message;
    throw error;
  }
}
