import { z } from "@hono/zod-openapi";
import { repairReport } from "#domain/protocol/gateway.ts";
import { run, runKinds } from "#domain/records.ts";
import { checkedPart } from "#domain/target-check.ts";
import { verification } from "#domain/verification.ts";
import { errorWords, keptError } from "./errors.ts";
import { pageQuery } from "./paging.ts";

export const runStates = ["running", "succeeded", "failed", "stopped"] as const;

export const runView = z
  .object({
    id: z.string(),
    kind: z.enum(runKinds),
    serverId: z.string().optional(),
    gatewayId: z.string().optional(),
    targetId: z.string().optional(),
    parentRunId: z.string().optional(),
    waveId: z.string().optional(),
    state: z.enum(runStates),
    step: z.string().optional(),
    waitsFor: z.string().optional(),
    progress: run.shape.progress,
    startedAt: z.string(),
    endedAt: z.string().optional(),
    error: keptError.optional(),
  })
  .openapi("Run");

export const historyEntry = z.object({
  at: z.string(),
  type: z.string(),
  state: z.string().optional(),
  detail: z.string().optional(),
});

export const checkedPartView = checkedPart.pick({ part: true, result: true, params: true }).extend({
  /** In the language asked for. */
  text: z.string(),
  error: errorWords.optional(),
  at: z.string().optional(),
});

export const runDetails = runView
  .extend({
    input: z.record(z.string(), z.unknown()),
    verification: verification.optional(),
    /** Of a check of a target: what each part proved, or why not. */
    checked: z.array(checkedPartView).optional(),
    repair: repairReport.optional(),
    repairLog: z.string().optional(),
    console: z.string().optional(),
    history: z.array(historyEntry),
  })
  .openapi("RunDetails");

export const runQuery = pageQuery.extend({
  serverId: z.string().max(100).optional(),
  state: z.enum(runStates).optional(),
});

export type RunView = z.output<typeof runView>;
export type RunDetails = z.output<typeof runDetails>;
