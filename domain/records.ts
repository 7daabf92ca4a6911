/**
 * What is kept about a migration. One record is one item of the store, and every rule that must never
 * be broken concerns one record only. `version` counts writes and guards them.
 */
import { z } from "zod";
import { acknowledgement } from "./checks/finding.ts";
import { limits } from "./copy-limits.ts";
import { inventory } from "./inventory.ts";
import { limitChange } from "./limits/effective.ts";
import { lineMeasure } from "./line.ts";
import { platforms } from "./platform.ts";
import { errorFacts, fingerprint, progress, sessionResult, syncMode } from "./protocol/facts.ts";
import { deviceHint, deviceList, repairReport } from "./protocol/gateway.ts";
import { bottlenecks, replicationStatuses, serverStates } from "./server.ts";
import { checkedPart } from "./target-check.ts";
import { verification } from "./verification.ts";

const instant = z.iso.datetime();

const base = z.object({
  id: z.string(),
  version: z.number().int(),
  createdAt: instant,
  updatedAt: instant,
});

/** An error with the run it belongs to. Its words are made from code and params when it is shown. */
export const recordedError = errorFacts.extend({ runId: z.string().optional(), at: instant });

/** A cloud account, region and network that servers are moved to. Its credentials are kept apart. */
export const target = base.extend({
  name: z.string(),
  platform: z.enum(platforms),
  /** The platform's own options, checked by its `config.ts`. */
  config: z.record(z.string(), z.unknown()),
  maxGateways: z.number().int().positive(),
  /** Figures of the platform's limits that were changed for it, oldest first; the last of a name holds. */
  limitChanges: z.array(limitChange).optional(),
  gatewayInstanceType: z.string().optional(),
  /** A gateway that nobody uses for as long is given back; 0: at the next look. */
  gatewayIdleMinutes: z.number().int().nonnegative().default(30),
  /** Its gateways that are not retired; never more than `maxGateways`. */
  gatewayIds: z.array(z.string()).default([]),
  /** Counts all it ever had, so that runs that plan the same new gateway mean the same one. */
  gatewaysMade: z.number().int().nonnegative().default(0),
});

/** A HyperGate. `slots` maps a volume's place to the server that took it; `domain/slots.ts` tells how many may. */
export const gateway = base.extend({
  targetId: z.string(),
  state: z.enum(["planned", "provisioning", "ready", "retired"]),
  maxSlots: z.number().int().positive(),
  /** Beside `maxSlots`, for clones under repair only. */
  spareSlots: z.number().int().nonnegative().default(0),
  slots: z.record(z.string(), z.string()),
  zone: z.string().optional(),
  instanceId: z.string().optional(),
  securityGroupId: z.string().optional(),
  addressId: z.string().optional(),
  host: z.string().optional(),
  ports: z.object({ control: z.number().int(), blocks: z.number().int() }).optional(),
  certificateFingerprint: fingerprint.optional(),
  bootId: z.string().optional(),
  /** Where volumes are known by having appeared: the one volume that is being attached, and what was there before. */
  attaching: z
    .object({
      ...{ runId: z.string(), volumeId: z.string(), since: instant },
      before: deviceList.optional(),
    })
    .optional(),
  /** Ids of the callbacks that wait for its enrolment. */
  awaitedBy: z.array(z.string()).default([]),
  vcpus: z.number().int().optional(),
  repairCarriers: z.array(z.enum(["native", "libguestfs"])).default([]),
});

/** A volume at the target that holds the copy of one disk. */
export const replicaVolume = z.object({
  diskId: z.string(),
  deviceName: z.string(),
  role: z.enum(["system", "data"]),
  /** Of the disk. */
  diskBytes: z.number().int(),
  /** Of the volume, after the target's own rules. */
  sizeBytes: z.number().int(),
  volumeId: z.string().optional(),
  device: deviceHint.optional(),
  /** The storage pool it is made in, where one must hold all of a server's. */
  pool: z.string().optional(),
});

/** Where a launched server is put; what is absent is as the target's settings say. */
export const launchNetwork = z.strictObject({
  subnetId: z.string().min(1).optional(),
  privateAddress: z.ipv4().optional(),
  securityGroupIds: z.array(z.string().min(1)).min(1).max(5).optional(),
});

/** A server of a wave, with what is its own. */
export const waveMember = z.strictObject({
  serverId: z.string().startsWith("srv-"),
  instanceType: z.string().min(1).max(100).optional(),
  placement: launchNetwork.optional(),
});

export const systemDiskCopy = z.object({
  /** How often HyperDoor started for it. */
  starts: z.number().int().default(0),
  copiedAt: instant.optional(),
  /** It may restart: the clone is gone and the other volumes hang there. */
  releasedAt: instant.optional(),
  /** It was told so. */
  restartedAt: instant.optional(),
  /** It started once more where the copied system should have. */
  reenteredAt: instant.optional(),
});
export type SystemDiskCopy = z.output<typeof systemDiskCopy>;

export const launched = z.object({
  kind: z.enum(["test", "cutover"]),
  runId: z.string(),
  instanceType: z.string(),
  placement: launchNetwork.optional(),
  repaired: z.boolean(),
  volumeIds: z.array(z.string()),
  /** Clone → how the gateway recognises it, while it hangs there for repair. */
  devices: z.record(z.string(), deviceHint).optional(),
  instanceId: z.string().optional(),
  imageId: z.string().optional(),
  bootedAt: instant.optional(),
  bootSeconds: z.number().optional(),
  launchedAt: instant.optional(),
  /** Where HyperDoor copies the clone over the instance's own system disk: how that went. */
  copy: systemDiskCopy.optional(),
  evidence: z.string().optional(),
  /** Nobody could see the guest from here: whether it booted is for a person to look at. */
  unseen: z.literal(true).optional(),
  address: z.string().optional(),
});

export const sourceServer = base.extend({
  name: z.string(),
  state: z.enum(serverStates),
  lastSeenAt: instant,
  inventory,
  agentVersion: z.string(),
  agentFingerprint: fingerprint,
  agentTokenHash: z.string(),
  /** The one run that may move this server now. */
  activeRunId: z.string().optional(),
  /** Where a failed cutover goes back to. */
  stateBeforeRun: z.enum(serverStates).optional(),
  targetId: z.string().optional(),
  gatewayId: z.string().optional(),
  bootStrategy: z.string().optional(),
  volumes: z.array(replicaVolume).default([]),
  replication: z
    .object({
      status: z.enum(replicationStatuses),
      sessionId: z.string().optional(),
      totalBytes: z.number(),
      doneBytes: z.number(),
      rateBytesPerSecond: z.number(),
      etaSeconds: z.number().optional(),
      bottleneck: z.enum(bottlenecks),
      /** The line to the gateway, as it was measured last. */
      line: lineMeasure.extend({ measuredAt: instant }).optional(),
    })
    .default({
      status: "none",
      totalBytes: 0,
      doneBytes: 0,
      rateBytesPerSecond: 0,
      bottleneck: "unknown",
    }),
  /** The session that compares the source with the volumes; a copy's is in `replication`. */
  comparisonId: z.string().optional(),
  /** The newest recovery point; its age is the lag. */
  recoveryPointId: z.string().optional(),
  recoveryPointAt: instant.optional(),
  /** Kept beside the newest, newest first, until they are pruned. */
  olderRecoveryPointIds: z.array(z.string()).default([]),
  /** What is being launched or runs at the target because of us. */
  launches: z.array(launched).default([]),
  limits: limits.prefault({}),
  /** What a person took upon themselves. */
  acknowledgements: z.array(acknowledgement).optional(),
  /** The lag that was wished for. */
  lagTargetSeconds: z.number().positive().optional(),
  /** When it was last told what the replica costs that a cutover left. */
  leftoversToldAt: instant.optional(),
  /** Whether it has been told that the lag is over it. */
  lagIsOver: z.boolean().optional(),
  lastError: recordedError.optional(),
});

/** One pass of copying: what agent and gateway are to do, and how far they are. Agents' orders are made from it. */
export const syncSession = base.extend({
  serverId: z.string(),
  gatewayId: z.string(),
  runId: z.string(),
  mode: syncMode,
  state: z.enum(["open", "done", "failed", "stopped"]),
  quiesce: z.boolean(),
  measureLine: z.boolean().optional(),
  line: lineMeasure.optional(),
  callbackId: z.string(),
  progress: progress.optional(),
  result: sessionResult.optional(),
  /** Told by the agent, which may be done before or after the gateway is. */
  frozenSeconds: z.number().optional(),
  error: errorFacts.optional(),
  endedAt: instant.optional(),
});

/** One snapshot of every volume of a server, taken together, with what was proved about it. */
export const recoveryPoint = base.extend({
  serverId: z.string(),
  runId: z.string(),
  /** The moment it shows: the end of its session. */
  takenAt: instant.optional(),
  snapshots: z.array(
    z.object({
      diskId: z.string(),
      volumeId: z.string(),
      snapshotId: z.string().optional(),
      /** Of the disk. */
      sizeBytes: z.number().optional(),
      rootHash: z.string(),
    }),
  ),
});

export const runKinds = [
  "migrate-server",
  "provision-gateway",
  "sync-server",
  "verify-server",
  "launch-server",
  "clean-up",
  "migrate-wave",
  "check-target",
] as const;

/** One execution of a state machine, as people see it. Its id is the execution's name. */
export const run = base.extend({
  kind: z.enum(runKinds),
  serverId: z.string().optional(),
  gatewayId: z.string().optional(),
  /** Of a check of a target. */
  targetId: z.string().optional(),
  /** The run that waits for this one, under whose lock it works. */
  parentRunId: z.string().optional(),
  /** The wave it was started by; it holds its server itself. */
  waveId: z.string().optional(),
  /** Of a wave: the servers it moves, in the order of its list. */
  members: z.array(waveMember).optional(),
  state: z.enum(["running", "succeeded", "failed", "stopped"]),
  /** Its start was told. */
  startTold: z.boolean().optional(),
  step: z.string().optional(),
  /** What the current step waits for, in plain words. */
  waitsFor: z.string().optional(),
  endedAt: instant.optional(),
  error: recordedError.optional(),
  /** Of what reads and does not copy: how far it is. */
  progress: progress
    .pick({ rateBytesPerSecond: true, etaSeconds: true })
    .extend({ doneBytes: z.number(), totalBytes: z.number() })
    .optional(),
  verification: verification.optional(),
  /** Of a check of a target: what came of its parts so far. */
  checked: z.array(checkedPart).optional(),
  /** Who wants it to end; it does so at its next step, since it has to give back what it made. */
  stopAskedBy: z.string().optional(),
  repair: repairReport.optional(),
  /** The output of a driver repair that failed. */
  repairLog: z.string().optional(),
  /** The end of what the launched server's console showed. */
  console: z.string().optional(),
  input: z.record(z.string(), z.unknown()),
});

/** A server that waits for a place on a gateway of its target; it waits since the record was made. Its id is the server's. */
export const placeRequest = base.extend({
  targetId: z.string(),
  /** Who holds the server; another holder, or none, and it waits no more. */
  runId: z.string(),
  volumes: z.number().int().positive(),
  newBytes: z.number(),
  zone: z.string().optional(),
  pool: z.string().optional(),
});

/** The ledger: written before a thing is created at a target, and kept until it is gone. */
export const resource = base.extend({
  targetId: z.string(),
  kind: z.enum(["security-group", "instance", "address", "volume", "snapshot", "image"]),
  /** The create call's token, deterministic, so that a lost answer can be found again. */
  token: z.string(),
  /** The server or gateway it exists for. */
  owner: z.string(),
  runId: z.string(),
  /** The cloud's id, once it is known. */
  cloudId: z.string().optional(),
  state: z.enum(["creating", "exists", "gone"]),
  /** The servers for whose sake it stays: what a cutover launched, and the security group it runs in. */
  keptFor: z.array(z.string()).default([]),
});

/** Leads from a cloud's id back to the ledger; made from target, kind and that id. */
export const cloudId = base.extend({ resourceId: z.string() });

/**
 * A place where a process may report, known by its opaque id's hash; stands for a waiting task of the
 * state machine without showing the task's own token to anyone.
 */
export const callback = base.extend({
  taskToken: z.string(),
  purpose: z.enum(["enrolment", "sync", "repair", "verify", "copy"]),
  serverId: z.string().optional(),
  gatewayId: z.string().optional(),
  runId: z.string(),
  state: z.enum(["open", "succeeded", "failed"]),
});

/** A one-time code. Its id is the SHA-256 of the secret; the secret itself is kept nowhere. */
export const code = base.extend({
  purpose: z.enum(["agent", "gateway"]),
  gatewayId: z.string().optional(),
  expiresAt: instant,
  usesLeft: z.number().int().nonnegative(),
  /** Who used it, so that a repeated registration of the same certificate is answered alike. */
  usedBy: z.array(z.object({ fingerprint, id: z.string() })).default([]),
});

export const roles = ["viewer", "operator", "administrator"] as const;
export const user = base.extend({
  role: z.enum(roles),
  /** scrypt, with its own salt and parameters. */
  passwordHash: z.string(),
  oneTime: z.boolean(),
});

/** Something that happened, for people. Ordered by id within a server. */
export const event = z.object({
  id: z.string(),
  /** The server it happened to; a target's id where it happened to that. */
  serverId: z.string(),
  runId: z.string().optional(),
  at: instant,
  /** A key of the event catalogue in `domain/events.ts`. */
  type: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number()])),
});

/** Something done again and again, or once at a time. */
export const schedule = base.extend({
  name: z.string(),
  /** See `domain/schedule-expression.ts`. */
  expression: z.string(),
  /** IANA name. */
  timeZone: z.string(),
  /** One server, or every copied server of a target. */
  serverId: z.string().optional(),
  targetId: z.string().optional(),
  enabled: z.boolean(),
  nextDueAt: instant.optional(),
  lastStartedAt: instant.optional(),
  lastRunIds: z.array(z.string()).default([]),
  /** Times it was due while the server was still busy. */
  skippedBusy: z.number().int().default(0),
  lastProblem: errorFacts.extend({ at: instant }).optional(),
});

/** Someone else's server that is told what happens. Its key is a secret. */
export const webhook = base.extend({
  name: z.string(),
  url: z.url(),
  /** Keys of the event catalogue; none: all. */
  types: z.array(z.string()),
  lastDeliveredAt: instant.optional(),
  lastProblem: z.object({ problem: z.string(), at: instant }).optional(),
});

/** An event on its way to those who asked for it. Its id is the event's. */
export const outgoing = base.extend({
  event,
  published: z.boolean().default(false),
  /** Webhook → how often it was tried. */
  tries: z
    .record(
      z.string(),
      z.object({ count: z.number().int(), state: z.enum(["waiting", "done"]), nextAt: instant }),
    )
    .default({}),
});

export type Schedule = z.output<typeof schedule>;
export type Webhook = z.output<typeof webhook>;
export type Outgoing = z.output<typeof outgoing>;
export type Target = z.output<typeof target>;
export type Gateway = z.output<typeof gateway>;
export type ReplicaVolume = z.output<typeof replicaVolume>;
export type LaunchNetwork = z.output<typeof launchNetwork>;
export type WaveMember = z.output<typeof waveMember>;
export type Launched = z.output<typeof launched>;
export type SourceServer = z.output<typeof sourceServer>;
export type SyncSession = z.output<typeof syncSession>;
export type RecoveryPoint = z.output<typeof recoveryPoint>;
export type RunKind = (typeof runKinds)[number];
export type Run = z.output<typeof run>;
export type PlaceRequest = z.output<typeof placeRequest>;
export type Resource = z.output<typeof resource>;
export type CloudId = z.output<typeof cloudId>;
export type Callback = z.output<typeof callback>;
export type Code = z.output<typeof code>;
export type Role = (typeof roles)[number];
export type User = z.output<typeof user>;
export type Event = z.output<typeof event>;
