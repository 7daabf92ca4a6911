/**
 * What agent and console say to each other. The agent dials, always, over TLS whose certificate it
 * pins: the registration code carries the fingerprint of the console's certificate.
 *
 *   POST /v1/agents/register                        code, once   → serverId and token
 *   PUT  /v1/agents/me/inventory                    token        → 204, at every start and after a change
 *   GET  /v1/agents/me/orders?revision=…&wait=25    token        → what should be running now (long poll)
 *   POST /v1/agents/me/sessions/:sessionId/report   token        → 204
 */
import { z } from "zod";
import { limits } from "../copy-limits.ts";
import { inventory } from "../inventory.ts";
import { lineMeasure } from "../line.ts";
import { errorFacts, fingerprint, progress, syncMode } from "./facts.ts";

/**
 * `<secret>.<console certificate fingerprint>`; without the second part (a console behind a public
 * certificate) the system's certificate authorities decide.
 */
export const registrationCode = z.string().regex(/^[A-Za-z0-9_-]{16,64}(\.[0-9a-f]{64})?$/);

export const registerRequest = z.object({
  code: registrationCode,
  name: z.string().min(1).max(63),
  certificatePem: z.string().max(8192),
  agentVersion: z.string().max(50),
  inventory,
});
export const registerResponse = z.object({ serverId: z.string(), token: z.string() });

export const inventoryRequest = z.object({ agentVersion: z.string().max(50), inventory });

/** Copy these disks to that gateway. The order stands until it is no longer listed. */
export const syncOrder = z.object({
  sessionId: z.string(),
  mode: syncMode,
  gateway: z.object({
    id: z.string(),
    host: z.string(),
    port: z.number().int(),
    certificateFingerprint: fingerprint,
  }),
  disks: z.array(
    z.object({ diskId: z.string(), volumeId: z.string(), sizeBytes: z.number().int() }),
  ),
  /** May change while the order is carried out. */
  limits: limits.prefault({}),
  /** Run the hooks and freeze file systems around the pass. */
  quiesce: z.boolean().default(false),
  /** Measure the line to the gateway first. */
  measureLine: z.boolean().optional(),
});
export type SyncOrder = z.output<typeof syncOrder>;

export const ordersResponse = z.object({
  /** Changes whenever the list does; sent back by the agent to wait for the next change. */
  revision: z.string(),
  orders: z.array(syncOrder),
  /** How long the agent is to leave the console alone, where the console can't keep a call waiting. */
  askAgainSeconds: z.number().min(0).max(600).default(0),
});

/** `done` means the gateway confirmed every volume. A failure names a code of `domain/errors.ts`. */
export const sessionReport = z.discriminatedUnion("state", [
  z.object({ state: z.literal("running"), progress, line: lineMeasure.optional() }),
  z.object({
    state: z.literal("done"),
    frozenSeconds: z.number().optional(),
    line: lineMeasure.optional(),
  }),
  z.object({ state: z.literal("failed"), error: errorFacts }),
]);
export type SessionReport = z.output<typeof sessionReport>;
