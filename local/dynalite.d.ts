/** The part of dynalite we use; it brings no types. Source: its README, "API". */
declare module "dynalite" {
  import type { Server } from "node:http";
  export default function dynalite(options: {
    /** Folder of the LevelDB; without it everything is kept in memory only. */
    path?: string;
    /** How long a new table stays in the state CREATING. */
    createTableMs?: number;
  }): Server;
}
