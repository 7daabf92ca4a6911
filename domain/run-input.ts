/**
 * What a state machine is started with, by the API or by hand. Small: records carry the rest. The first
 * step of each machine checks it.
 */
import { z } from "zod";
import { MigrationError } from "./errors.ts";
import { launchNetwork, waveMember } from "./records.ts";
import { problemsOf } from "./zod-problems.ts";

const serverId = z.string().startsWith("srv-");
/** Set by a machine that starts another one and waits for it. */
const parentRunId = z.string().optional();

/** Set by `migrate-wave` in what it starts. */
const waveId = z.string().optional();

const launchKind = z.enum(["test", "cutover"]);

const launchInput = z.strictObject({
  kind: launchKind,
  /** Without it, the smallest that is as large as the source. */
  instanceType: z.string().min(1).max(100).optional(),
  /** Fit the guest's drivers to the target first; true unless told. */
  repair: z.boolean().optional(),
  /** Whether the launched server keeps its addresses; dhcp unless told. */
  network: z.enum(["dhcp", "keep"]).optional(),
  placement: launchNetwork.optional(),
});

/** Both a Lambda's answer and a Map's items end at 256 KiB. */
export const maxWaveServers = 500;

export const waveMembers = z
  .array(z.union([serverId, waveMember]))
  .min(1)
  .max(maxWaveServers);

/** How every server of a wave is cut over. */
const waveCutover = launchInput.omit({ kind: true, placement: true }).extend({
  /** Not before it; without it, as soon as every server has its copy. */
  at: z.iso.datetime({ offset: true }).optional(),
});

export const runInputs = {
  "migrate-server": {
    schema: z.strictObject({
      serverId,
      targetId: z.string().startsWith("tgt-"),
      /** Go on to a launch when the disks are copied. */
      launch: launchInput.optional(),
      parentRunId,
      waveId,
    }),
    example: '{"serverId": "srv-…", "targetId": "tgt-…"}',
  },
  "sync-server": {
    schema: z.strictObject({ serverId, parentRunId, waveId }),
    example: '{"serverId": "srv-…"}',
  },
  "verify-server": {
    schema: z.strictObject({
      serverId,
      /** Compare with the source server's disks too. */
      source: z.boolean().optional(),
      /** Freeze its file systems meanwhile. */
      freeze: z.boolean().optional(),
      parentRunId,
    }),
    example: '{"serverId": "srv-…"}',
  },
  "launch-server": {
    schema: launchInput.extend({ serverId, parentRunId, waveId }),
    example: '{"serverId": "srv-…", "kind": "test"}',
  },
  "clean-up": {
    schema: z.strictObject({
      serverId,
      scope: z.enum(["launch", "all"]),
      /** With scope launch: the rehearsal was good, the server is ready for the cutover. */
      accept: z.boolean().optional(),
      parentRunId,
    }),
    example: '{"serverId": "srv-…", "scope": "all"}',
  },
  "provision-gateway": {
    schema: z.strictObject({ gatewayId: z.string().startsWith("gw-"), parentRunId }),
    example: '{"gatewayId": "gw-…"}',
  },
  "check-target": {
    schema: z.strictObject({ targetId: z.string().startsWith("tgt-") }),
    example: '{"targetId": "tgt-…"}',
  },
  "migrate-wave": {
    schema: z.strictObject({
      targetId: z.string().startsWith("tgt-"),
      /** The list itself, or where it is in the deployment's bucket of lists. */
      servers: z.union([waveMembers, z.strictObject({ s3Key: z.string().min(1).max(1024) })]),
      /** Servers worked on at the same time; 5 unless told. */
      concurrency: z.int().min(1).max(100).optional(),
      /** Servers that may fail before the wave stops; none unless told. */
      toleratedFailures: z.int().min(0).max(maxWaveServers).optional(),
      /** Absent: copy only. */
      cutover: waveCutover.optional(),
    }),
    example:
      '{"targetId": "tgt-…", "servers": ["srv-…", "srv-…"], "cutover": {"at": "2026-12-01T22:00:00Z"}}',
  },
} as const;

type Kind = keyof typeof runInputs;
export type RunInput<K extends Kind> = z.output<(typeof runInputs)[K]["schema"]>;

/** @throws `run.bad-input`, which names each field that is wrong and shows an input that is right */
export function parseRunInput<K extends Kind>(kind: K, input: unknown): RunInput<K> {
  const { schema, example } = runInputs[kind];
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data as RunInput<K>;
  throw new MigrationError("run.bad-input", { kind, problem: problemsOf(parsed.error), example });
}
