/** Whether the agent of a state folder is registered and runs, for `hypermotion-agent --status`. */
import { MigrationError } from "#domain/errors.ts";
import { isStateFolderHeld } from "../single-instance.ts";
import { findRegistration, openSessionStore } from "./state.ts";

export interface AgentStatus {
  readonly serverId: string;
  /** Host and port. */
  readonly console: string;
  readonly isRunning: boolean;
  /** Syncs it was told to do and has not ended. */
  readonly orders: number;
}

/** Reads only. @throws `agent.not-registered`, also where only root may look; `state.damaged` */
export async function findStatus(stateFolder: string): Promise<AgentStatus> {
  const registration = await findRegistration(stateFolder).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "EACCES") return undefined;
    throw error;
  });
  if (registration === undefined) {
    throw new MigrationError("agent.not-registered", { folder: stateFolder });
  }
  const { orders } = await openSessionStore(stateFolder).load();
  return {
    serverId: registration.serverId,
    console: new URL(registration.consoleUrl).host,
    isRunning: await isStateFolderHeld(stateFolder),
    orders: orders.length,
  };
}
