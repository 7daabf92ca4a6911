/** Where servers would go at a target: what is made, what waits, what can't be. */
import { z } from "@hono/zod-openapi";
import { money } from "#domain/prices.ts";
import { findingView } from "./checks.ts";
import { errorWords } from "./errors.ts";

export const planRequest = z
  .strictObject({
    /** In the order in which they are to be served; without them, every server that has no place yet. */
    servers: z
      .array(
        z.union([
          z.string().startsWith("srv-"),
          z.strictObject({
            serverId: z.string().startsWith("srv-"),
            zone: z.string().max(100).optional(),
          }),
        ]),
      )
      .min(1)
      .max(10_000)
      .optional(),
  })
  .openapi("PlanRequest");

const plannedGateway = z.object({
  id: z.string(),
  /** It does not exist yet; the id is the plan's own name for it. */
  isNew: z.boolean(),
  zone: z.string().optional(),
  /** Servers it repairs at once at most; as many as it has CPUs. */
  workers: z.number().optional(),
  maxSlots: z.number(),
  spareSlots: z.number(),
  taken: z.number(),
  keptForRepair: z.number(),
  free: z.number(),
  repairsAtOnce: z.number(),
  serverIds: z.array(z.string()),
});

export const placements = ["placed", "waits", "refused"] as const;

const plannedServer = z.object({
  serverId: z.string(),
  name: z.string(),
  placement: z.enum(placements),
  gatewayId: z.string().optional(),
  pool: z.string().optional(),
  /** Slots its replica takes, and its clones while they are repaired. */
  slots: z.number(),
  repairSlots: z.number(),
  volumes: z.array(
    z.object({
      diskId: z.string(),
      deviceName: z.string(),
      role: z.enum(["system", "data"]),
      diskBytes: z.number(),
      /** After the target's rules. */
      sizeBytes: z.number(),
    }),
  ),
  /** Why it waits, or can't be placed. */
  reason: errorWords.optional(),
  /** What stops it, and what is to be minded. */
  findings: z.array(findingView),
  warning: errorWords.optional(),
});

export const planView = z
  .object({
    targetId: z.string(),
    maxGateways: z.number(),
    gateways: z.array(plannedGateway),
    servers: z.array(plannedServer),
    /** Of the gateways; absent where the platform does not tell its prices. */
    costPerDay: money.optional(),
  })
  .openapi("PlacementPlan");

export type PlanRequest = z.input<typeof planRequest>;
export type PlanView = z.output<typeof planView>;
