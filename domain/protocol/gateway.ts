/**
 * What gateway and console say to each other.
 *
 * The gateway dials the console to enrol and for callbacks; the console dials the gateway's control
 * API (HTTPS, port 18090 by default) and pins the certificate the gateway enrolled with. Every control
 * call carries `Authorization: Bearer <controlToken>`, a secret the gateway made and gave at enrolment.
 *
 *   gateway → console   POST /v1/gateways/enrol            code, once
 *                       POST /v1/callbacks/:token          heartbeat, success, failure
 *   console → gateway   GET    /v1/health                  → health
 *                       GET    /v1/devices                 → deviceList
 *                       POST   /v1/devices/find            deviceSearch → deviceFound
 *                       PUT    /v1/sessions/:sessionId     sessionOrder      (may be repeated)
 *                       GET    /v1/sessions/:sessionId     → sessionState
 *                       DELETE /v1/sessions/:sessionId     stop; what is acknowledged stays
 *                       PUT    /v1/verifications/:id       verificationOrder (may be repeated)
 *                       GET    /v1/verifications/:id       → verificationState
 *                       DELETE /v1/verifications/:id       stop
 *                       DELETE /v1/volumes/:volumeId       close it and forget its block map
 *                       PUT    /v1/repairs/:repairId       repairOrder       (may be repeated)
 *                       GET    /v1/repairs/:repairId       → repairState
 * Errors are `{error: ErrorFacts}` with status 400 (bad input), 401, 404, 409 or 500.
 */
import { z } from "zod";
import { gatewayPorts } from "../gateway-defaults.ts";
import {
  differences,
  errorFacts,
  fingerprint,
  progress,
  sessionResult,
  syncMode,
} from "./facts.ts";

/** Start-up configuration of a gateway: its cloud's user-data, or a file. Holds nothing lasting. */
export const gatewayBootstrap = z.object({
  gatewayId: z.string(),
  consoleUrl: z.url(),
  /** Absent when the console's certificate is a public one. */
  consoleFingerprint: fingerprint.optional(),
  enrolmentCode: z.string(),
  /** 0 lets the system choose, for several gateways on one machine. */
  ports: z.object({
    control: z.number().int().default(gatewayPorts.control),
    blocks: z.number().int().default(gatewayPorts.blocks),
  }),
  /** Where a bare machine gets the gateway's program, a .tar.gz; absent where it is there already. */
  software: z.object({ url: z.url(), sha256: fingerprint }).optional(),
  /** Addresses to listen on. */
  listen: z.string().default("0.0.0.0"),
  /** Only volumes below this folder may be named by path (the local platform). */
  volumeRoot: z.string().optional(),
});
export type GatewayBootstrap = z.output<typeof gatewayBootstrap>;

export const enrolRequest = z.object({
  code: z.string().max(200),
  gatewayId: z.string(),
  certificatePem: z.string().max(8192),
  controlToken: z.string().min(32).max(200),
  ports: z.object({ control: z.number().int(), blocks: z.number().int() }),
  bootId: z.string(),
  version: z.string(),
  vcpus: z.number().int(),
  /** Carriers of driver repair that were probed and work here. */
  repairCarriers: z.array(z.enum(["native", "libguestfs"])),
});
/** Enrolling again with the same code and certificate (after a crash) is answered alike. */
export const enrolResponse = z.object({ gatewayId: z.string() });

/** How a gateway recognises a volume among its block devices; never by letter. */
export const deviceHint = z.discriminatedUnion("by", [
  z.object({ by: z.literal("path"), path: z.string() }),
  z.object({ by: z.literal("serial"), serial: z.string() }),
  z.object({ by: z.literal("wwn"), wwn: z.string() }),
  z.object({ by: z.literal("lun"), lun: z.number().int() }),
  /** It was not there before the volume was attached; holds for one start of the gateway's machine only. */
  z.object({
    by: z.literal("difference"),
    path: z.string(),
    bootId: z.string(),
    sizeBytes: z.number(),
    sequence: z.string().optional(),
  }),
]);
export type DeviceHint = z.output<typeof deviceHint>;

/** What is plugged in at a gateway now. */
export const deviceList = z.object({
  bootId: z.string(),
  devices: z.array(
    z.object({
      path: z.string(),
      sizeBytes: z.number(),
      /** Given by the kernel to each appearance of a disk, never twice in one start; older kernels give none. */
      sequence: z.string().optional(),
      /** Mounted there or part of what is: the gateway's own. */
      inUse: z.boolean(),
    }),
  ),
});
export type DeviceList = z.output<typeof deviceList>;

/** Whether the gateway recognises a volume that hangs on it, without opening it. */
export const deviceSearch = z.object({ volumeId: z.string().min(1).max(500), device: deviceHint });
export const deviceFound = z.object({ path: z.string() });

/** Where to report. The token is opaque, works for one purpose and dies with success or failure. */
export const callback = z.object({
  url: z.url(),
  consoleFingerprint: fingerprint.optional(),
});

export const sessionOrder = z.object({
  serverId: z.string(),
  mode: syncMode,
  /** Who may write: the certificate of the server's agent. */
  agentFingerprint: fingerprint,
  volumes: z
    .array(
      z.object({
        diskId: z.string(),
        volumeId: z.string(),
        /** Of the source disk; the volume may be larger. */
        sizeBytes: z.number().int().positive(),
        device: deviceHint,
      }),
    )
    .min(1),
  callback,
});
export type SessionOrder = z.output<typeof sessionOrder>;

export const sessionState = z.discriminatedUnion("state", [
  z.object({ state: z.literal("running"), progress }),
  z.object({ state: z.literal("done"), result: sessionResult }),
  z.object({ state: z.literal("failed"), error: errorFacts }),
  z.object({ state: z.literal("stopped") }),
]);
export type SessionState = z.output<typeof sessionState>;

/** Read these volumes again, all of them, and compare with what was acknowledged. */
export const verificationOrder = z.object({
  serverId: z.string(),
  volumes: z
    .array(
      z.object({
        diskId: z.string(),
        volumeId: z.string(),
        /** Of the source disk; what lies beyond on the volume is not looked at. */
        sizeBytes: z.number().int().positive(),
        device: deviceHint,
      }),
    )
    .min(1),
  callback,
});
export type VerificationOrder = z.output<typeof verificationOrder>;

/** A volume as it was found. */
export const verifiedVolume = z.object({
  diskId: z.string(),
  volumeId: z.string(),
  sizeBytes: z.number(),
  /** Of what was read. Absent without a block map: the key of the hashes is part of it. */
  rootHash: z.string().optional(),
  /** Over the first `sizeBytes`, as `sha256sum` has it. */
  sha256: z.string(),
  /** What the block map says nothing about can't be unlike it. */
  comparedBytes: z.number(),
  differences,
});
export type VerifiedVolume = z.output<typeof verifiedVolume>;

export const verificationResult = z.object({
  volumes: z.array(verifiedVolume),
  seconds: z.number(),
});
export type VerificationResult = z.output<typeof verificationResult>;

export const verificationState = z.discriminatedUnion("state", [
  z.object({ state: z.literal("running"), progress }),
  z.object({ state: z.literal("done"), result: verificationResult }),
  z.object({ state: z.literal("failed"), error: errorFacts }),
  z.object({ state: z.literal("stopped") }),
]);
export type VerificationState = z.output<typeof verificationState>;

/** What the target gives a launched server: decides which drivers its initramfs needs. */
export const targetHardware = z.object({
  platform: z.string(),
  storage: z.enum(["virtio-blk", "virtio-scsi", "nvme", "ahci", "xen", "hyperv", "vmware"]),
  network: z.enum(["virtio-net", "e1000", "ena", "xen", "hyperv", "vmxnet3"]),
  firmware: z.enum(["bios", "uefi"]),
});
export type TargetHardware = z.output<typeof targetHardware>;

export const repairOrder = z.object({
  serverId: z.string(),
  /** Clones, in the order of the source's disks; the first is the system disk. */
  volumes: z
    .array(z.object({ volumeId: z.string(), sourceDeviceName: z.string(), device: deviceHint }))
    .min(1),
  hardware: targetHardware,
  network: z.enum(["dhcp", "keep"]).default("dhcp"),
  timeoutSeconds: z.number().int().default(600),
  callback,
});
export type RepairOrder = z.output<typeof repairOrder>;

/** What was done to a guest, line by line, and what was checked afterwards. */
export const repairReport = z.object({
  carrier: z.enum(["native", "libguestfs"]),
  guest: z.object({
    distribution: z.string(),
    version: z.string(),
    kernels: z.array(z.string()),
    bootLoader: z.string(),
    initramfsTool: z.string(),
  }),
  actions: z.array(z.object({ action: z.string(), subject: z.string(), detail: z.string() })),
  checks: z.array(z.object({ check: z.string(), passed: z.boolean(), seen: z.string() })),
  seconds: z.number(),
});
export type RepairReport = z.output<typeof repairReport>;

export const repairState = z.discriminatedUnion("state", [
  z.object({ state: z.literal("running"), doing: z.string() }),
  z.object({ state: z.literal("done"), report: repairReport }),
  z.object({ state: z.literal("failed"), error: errorFacts, log: z.string() }),
]);
export type RepairState = z.output<typeof repairState>;

export const health = z.object({
  gatewayId: z.string(),
  version: z.string(),
  /** Of this start of the gateway's machine; a new one means a restart. */
  bootId: z.string(),
  /** Of this start of the daemon. */
  startedAt: z.string(),
  sessions: z.array(
    z.object({
      sessionId: z.string(),
      state: z.string(),
      /** The gateway's machine was restarted since it was opened. */
      restarted: z.boolean().optional(),
    }),
  ),
  freeBytes: z.number(),
});

/** Callback bodies. A heartbeat is due at least every 20 s. 404 means: stop, nobody waits any more. */
export const callbackBody = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("heartbeat"),
    progress: progress.optional(),
    doing: z.string().max(500).optional(),
  }),
  z.object({ kind: z.literal("sync-done"), result: sessionResult }),
  z.object({ kind: z.literal("repair-done"), report: repairReport }),
  z.object({ kind: z.literal("verify-done"), result: verificationResult }),
  z.object({
    kind: z.literal("failed"),
    error: errorFacts,
    log: z.string().max(100_000).optional(),
  }),
]);
export type CallbackBody = z.output<typeof callbackBody>;
