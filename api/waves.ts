/** Many servers moved as one. */
import { z } from "@hono/zod-openapi";
import { waveMember } from "#domain/records.ts";
import { runInputs } from "#domain/run-input.ts";
import { serverStates } from "#domain/server.ts";
import { runView } from "./runs.ts";

export const waveRequest = z
  .strictObject(runInputs["migrate-wave"].schema.shape)
  .openapi("WaveRequest");

export const memberResults = [
  "waiting",
  "copying",
  "copied",
  "cutting-over",
  "cut-over",
  "failed",
] as const;

const memberView = waveMember.extend({
  name: z.string(),
  state: z.enum(serverStates).optional(),
  result: z.enum(memberResults),
  copy: runView.optional(),
  cutover: runView.optional(),
});

export const waveView = runView.extend({ members: z.array(memberView) }).openapi("Wave");

export type WaveRequest = z.input<typeof waveRequest>;
export type WaveView = z.output<typeof waveView>;
