/** The agent's side of `domain/protocol/agent.ts`. */

import { z } from "zod";
import { errorFromFacts, MigrationError } from "#domain/errors.ts";
import type { Inventory } from "#domain/inventory.ts";
import { ordersResponse, registerResponse, type SessionReport } from "#domain/protocol/agent.ts";
import { errorFacts } from "#domain/protocol/facts.ts";
import { type Answer, callPinned, type Peer } from "../pinned-https.ts";
import { version } from "../version.ts";

const callTimeoutMs = 20_000;
const pollSeconds = 25;

export interface Introduction {
  readonly code: string;
  readonly name: string;
  readonly certificatePem: string;
  readonly inventory: Inventory;
}

/** @throws `auth.wrong-code`, `auth.wrong-certificate`, `console.unreachable` */
export async function register(
  peer: Peer,
  introduction: Introduction,
  signal: AbortSignal,
): Promise<z.output<typeof registerResponse>> {
  const answer = await callPinned(peer, {
    method: "POST",
    path: "/v1/agents/register",
    body: { ...introduction, agentVersion: version },
    timeoutMs: callTimeoutMs,
    signal,
  });
  if ([401, 403, 404].includes(answer.status)) throw new MigrationError("auth.wrong-code", {});
  return parseAnswer(peer, answer, registerResponse);
}

/** All calls throw `console.unreachable` (also for a 5xx) and `auth.unknown-agent` (a 401). */
export interface ConsoleClient {
  readonly address: string;
  readonly putInventory: (inventory: Inventory, signal: AbortSignal) => Promise<void>;
  /**
   * Answers at once when `revision` isn't the console's, else after a change or 25 s; a console that keeps
   * nobody waiting says when to ask again.
   */
  readonly waitForOrders: (
    revision: string,
    signal: AbortSignal,
  ) => Promise<z.output<typeof ordersResponse>>;
  /** False when the console knows no such session any more. */
  readonly report: (
    sessionId: string,
    report: SessionReport,
    signal: AbortSignal,
  ) => Promise<boolean>;
}

export function createConsoleClient(peer: Peer, token: string): ConsoleClient {
  return {
    address: new URL(peer.url).host,
    async putInventory(inventory, signal) {
      const answer = await callPinned(peer, {
        method: "PUT",
        path: "/v1/agents/me/inventory",
        body: { agentVersion: version, inventory },
        token,
        timeoutMs: callTimeoutMs,
        signal,
      });
      parseAnswer(peer, answer, z.unknown());
    },
    async waitForOrders(revision, signal) {
      const query = new URLSearchParams({ revision, wait: String(pollSeconds) });
      const answer = await callPinned(peer, {
        method: "GET",
        path: `/v1/agents/me/orders?${query}`,
        token,
        timeoutMs: pollSeconds * 1000 + callTimeoutMs,
        signal,
      });
      return parseAnswer(peer, answer, ordersResponse);
    },
    async report(sessionId, report, signal) {
      const answer = await callPinned(peer, {
        method: "POST",
        path: `/v1/agents/me/sessions/${encodeURIComponent(sessionId)}/report`,
        body: report,
        token,
        timeoutMs: callTimeoutMs,
        signal,
      });
      if (answer.status === 404 || answer.status === 410) return false;
      parseAnswer(peer, answer, z.unknown());
      return true;
    },
  };
}

const errorBody = z.object({ error: errorFacts });

function parseAnswer<S extends z.ZodType>(peer: Peer, answer: Answer, schema: S): z.output<S> {
  const address = new URL(peer.url).host;
  if (answer.status === 401) throw new MigrationError("auth.unknown-agent", { address });
  if (answer.status >= 500 || answer.status === 429) {
    throw new MigrationError("console.unreachable", {
      address,
      problem: `status ${answer.status}`,
    });
  }
  if (answer.status >= 300 || answer.status < 200) {
    const told = errorBody.safeParse(answer.body);
    if (told.success) throw errorFromFacts(told.data.error);
    throw new MigrationError("console.unreachable", {
      address,
      problem: `status ${answer.status}`,
    });
  }
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const problem = `its answer isn't what this version expects: ${z.prettifyError(parsed.error)}`;
  throw new MigrationError("console.unreachable", { address, problem });
}
