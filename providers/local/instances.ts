/** What is known of an instance, and where its files are. */
import { join } from "node:path";
import { z } from "zod";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import type { LocalConfig } from "./config.ts";
import { recordBase } from "./records.ts";

const common = recordBase.extend({
  securityGroupId: z.string(),
  /** What was asked for last; what is, is looked up among the processes. */
  wanted: z.enum(["running", "stopped", "deleted"]),
});

export const instanceRecord = z.discriminatedUnion("kind", [
  common.extend({
    kind: z.literal("gateway"),
    bootstrap: gatewayBootstrap,
    ports: z.object({ control: z.number(), blocks: z.number() }),
  }),
  common.extend({
    kind: z.literal("server"),
    instanceType: z.string(),
    /** The first boots. They are deleted with the instance. */
    volumeIds: z.array(z.string()),
    /** It has a system disk of its own then, and none of its volumes boots. */
    hyperDoor: z
      .object({
        image: z.string(),
        systemBytes: z.number(),
        userData: z.string(),
        /** It has restarted: what it copied is what starts. */
        over: z.boolean(),
      })
      .optional(),
  }),
]);
export type InstanceRecord = z.output<typeof instanceRecord>;
export type GatewayRecord = Extract<InstanceRecord, { kind: "gateway" }>;
export type ServerRecord = Extract<InstanceRecord, { kind: "server" }>;

/**
 * An instance's own folder:
 *   keep.json     what its keeper runs             process.json  its keeper, while it runs
 *   console.log   what it has shown                exit.json     how it ended
 *   keeper.log    what its keeper did              qmp.sock      QEMU's control (servers)
 *   user-data.json, state/, volumes/               (gateways)
 *   system.raw, orders.json                        (servers that HyperDoor copies for)
 */
export function instanceFolder(config: LocalConfig, id: string): string {
  return join(config.folder, "instances", id);
}
