/** What people may ask of a server, by its state. The state machine's Precheck decides for good. */
import { MigrationError } from "./errors.ts";
import type { SourceServer } from "./records.ts";
import { type ServerState, serverStates, transitions } from "./server.ts";

const replicated: readonly ServerState[] = ["ready-for-test", "testing", "ready-for-cutover"];

export const actions = {
  migrate: from("start replication"),
  sync: replicated,
  verify: [...replicated, "cut-over"],
  "test launch": from("start test launch"),
  cutover: from("start cutover"),
  revert: ["testing", "cutting-over", "cut-over"],
  accept: ["testing"],
  "clean-up": serverStates,
  remove: ["registered", "finalized"],
} as const satisfies Record<string, readonly ServerState[]>;

export type Action = keyof typeof actions;

function from(transition: keyof typeof transitions): readonly ServerState[] {
  return serverStates.filter((state) => state in transitions[transition]);
}

/** @throws `server.busy`, `server.wrong-state`, `server.not-synced` */
export function checkAction(server: SourceServer, action: Action): void {
  if (server.activeRunId !== undefined) {
    throw new MigrationError("server.busy", { server: server.name, run: server.activeRunId });
  }
  const allowed: readonly ServerState[] = actions[action];
  // A launch that was stopped half-way leaves things behind in any state; a revert removes them.
  const hasLeftovers = action === "revert" && server.launches.length > 0;
  if (!allowed.includes(server.state) && !hasLeftovers) {
    throw new MigrationError("server.wrong-state", {
      server: server.name,
      state: server.state,
      action,
      allowed: allowed.join(", "),
    });
  }
  const launches = action === "test launch" || action === "cutover";
  if ((launches || action === "verify") && server.recoveryPointId === undefined) {
    throw new MigrationError("server.not-synced", { server: server.name });
  }
}

/** What an operator would do next, for a hint beside the state. */
export const nextActions: Readonly<Record<ServerState, readonly Action[]>> = {
  registered: ["migrate"],
  replicating: ["migrate"],
  "ready-for-test": ["test launch", "cutover"],
  testing: ["accept", "revert"],
  "ready-for-cutover": ["cutover"],
  "cutting-over": ["revert"],
  "cut-over": ["revert", "clean-up"],
  finalized: [],
};
