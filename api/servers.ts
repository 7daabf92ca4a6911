import { z } from "@hono/zod-openapi";
import { acknowledgement } from "#domain/checks/finding.ts";
import { limits, limitsChange } from "#domain/copy-limits.ts";
import { inventory } from "#domain/inventory.ts";
import { launched, launchNetwork, replicaVolume, sourceServer } from "#domain/records.ts";
import { serverStates } from "#domain/server.ts";
import { findingView } from "./checks.ts";
import { keptError } from "./errors.ts";
import { displayName } from "./targets.ts";

export const serverView = z
  .object({
    id: z.string(),
    name: z.string(),
    state: z.enum(serverStates),
    /** Whether its agent calls; beside the state, not part of it. */
    connected: z.boolean(),
    lastSeenAt: z.string(),
    agentVersion: z.string(),
    activeRunId: z.string().optional(),
    targetId: z.string().optional(),
    gatewayId: z.string().optional(),
    replication: sourceServer.shape.replication.unwrap(),
    recoveryPointId: z.string().optional(),
    recoveryPointAt: z.string().optional(),
    /** Age of the newest recovery point. */
    lagSeconds: z.number().optional(),
    launches: z.array(launched),
    limits,
    acknowledgements: z.array(acknowledgement).optional(),
    lagTargetSeconds: z.number().optional(),
    lastError: keptError.optional(),
    /** What may be asked of it now. */
    next: z.array(z.string()),
    createdAt: z.string(),
  })
  .openapi("Server");

export const serverDetails = serverView
  .extend({
    inventory,
    volumes: z.array(replicaVolume),
    /** As far as they are known without asking the cloud; `POST …/check` asks it. */
    findings: z.array(findingView),
  })
  .openapi("ServerDetails");

export const changeServerRequest = z
  .object({
    name: displayName.optional(),
    /** Those that are named change; a copy under way keeps to them from the next moment on. */
    limits: limitsChange.optional(),
    /** The lag that is wished for; 0 = none. */
    lagTargetSeconds: z.number().int().nonnegative().max(31_536_000).optional(),
  })
  .openapi("ChangeServerRequest");

export const verifyRequest = z
  .object({
    /** Compare with the source server's disks too. */
    source: z.boolean().default(false),
    /** Freeze the source's file systems meanwhile; then nothing may differ that was not written since. */
    freeze: z.boolean().default(false),
  })
  .refine(({ source, freeze }) => source || !freeze, { message: "freeze goes with source" })
  .openapi("VerifyRequest");

/** A state of a server that it can be launched from. */
export const recoveryPointView = z
  .object({
    id: z.string(),
    takenAt: z.string(),
    isNewest: z.boolean(),
    disks: z.array(
      z.object({
        diskId: z.string(),
        deviceName: z.string(),
        volumeId: z.string(),
        snapshotId: z.string(),
        sizeBytes: z.number(),
        /** Of the hash tree over all blocks. */
        rootHash: z.string(),
      }),
    ),
  })
  .openapi("RecoveryPoint");

const launchWish = {
  kind: z.enum(["test", "cutover"]),
  /** Without it, the smallest that is as large as the source. */
  instanceType: z.string().min(1).max(100).optional(),
  /** Fit the guest's drivers to the target first. */
  repair: z.boolean().default(true),
  network: z.enum(["dhcp", "keep"]).optional(),
  placement: launchNetwork.optional(),
};

/** The way into the HyperDoor of a launch, as long as it copies. Shown to whoever may launch. */
export const rescueView = z
  .object({
    runId: z.string(),
    instanceId: z.string(),
    user: z.string(),
    /** As the target tells it; with a port where it is not 22. Absent where it tells none. */
    address: z.string().optional(),
    /** In OpenSSH's own form, without a passphrase. */
    privateKey: z.string(),
  })
  .openapi("Rescue");

export const migrateRequest = z
  .object({
    targetId: z.string().max(100),
    /** Go on to a launch when the disks are copied. */
    launch: z.object(launchWish).optional(),
  })
  .openapi("MigrateRequest");

export const launchRequest = z.object(launchWish).openapi("LaunchRequest");

export const createCodeRequest = z
  .object({
    uses: z.number().int().min(1).max(1000).default(1),
    validHours: z.number().positive().max(720).default(24),
  })
  .openapi("CreateCodeRequest");

/** The code is shown here and nowhere else. */
export const codeView = z
  .object({
    code: z.string(),
    /** Where agents register. */
    consoleUrl: z.string(),
    uses: z.number(),
    expiresAt: z.string(),
  })
  .openapi("RegistrationCode");

/** The program of gateway and agent, packed for a bare Linux. */
export const softwareView = z
  .object({
    url: z.string(),
    /** Of the file, in hex: the way there need not be trusted. */
    sha256: z.string(),
  })
  .openapi("Software");

export type VerifyWish = z.input<typeof verifyRequest>;
export type RecoveryPointView = z.output<typeof recoveryPointView>;
export type Rescue = z.output<typeof rescueView>;
export type ServerView = z.output<typeof serverView>;
export type ServerDetails = z.output<typeof serverDetails>;
export type Launch = z.input<typeof launchRequest>;
export type Migrate = z.input<typeof migrateRequest>;
export type ChangeServer = z.input<typeof changeServerRequest>;
