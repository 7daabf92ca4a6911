/** What the gateway itself remembers: who it is, where it listens, whether the console knows it. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import { findJsonFile, writeJsonFile } from "../json-file.ts";

const gatewayState = z.object({
  gatewayId: z.string(),
  /** Proves to us that it is the console who calls; given to it at enrolment, and to nobody else. */
  controlToken: z.string(),
  /** Those it enrolled with: agents and console were told them. Absent before the first start. */
  ports: z.object({ control: z.number().int(), blocks: z.number().int() }).optional(),
  isEnrolled: z.boolean(),
});
export type GatewayState = z.output<typeof gatewayState>;

/** @throws `input.invalid` when the folder is another gateway's */
export async function loadOrCreateState(folder: string, gatewayId: string): Promise<GatewayState> {
  const kept = await findJsonFile(fileIn(folder), gatewayState);
  if (kept === undefined) {
    const fresh = {
      gatewayId,
      controlToken: randomBytes(32).toString("base64url"),
      isEnrolled: false,
    };
    await saveState(folder, fresh);
    return fresh;
  }
  if (kept.gatewayId === gatewayId) return kept;
  const problem = `it is the state of gateway ${kept.gatewayId}, not of ${gatewayId}`;
  throw new MigrationError("input.invalid", { where: folder, problem });
}

export function saveState(folder: string, state: GatewayState): Promise<void> {
  return writeJsonFile(fileIn(folder), state);
}

function fileIn(folder: string): string {
  return join(folder, "gateway.json");
}
