/** What an operator may set when this machine is the target. It needs no credentials. */
import { z } from "zod";
import { hyperDoorSettings } from "../hyper-door.ts";

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const TiB = 1024 ** 4;

const count = z.number().int().positive();

export const localConfig = z.strictObject({
  /** Everything is kept below it: volumes, snapshots, instances. Made when absent. */
  folder: z.string().min(1).startsWith("/"),
  /** Quotas, as a cloud has them; refused with `cloud.quota-exceeded`. Sizes count as promised, not as used. */
  maxVolumes: count.default(1000),
  maxBytes: count.default(256 * TiB),
  maxVolumesPerGateway: count.default(20),
  volume: z
    .strictObject({
      minBytes: count.default(MiB),
      maxBytes: count.default(16 * TiB),
      stepBytes: count.multipleOf(512).default(MiB),
    })
    .prefault({}),
  /** Storage pools and what each may hold, as a cloud with several has them. None: volumes are in no pool. */
  pools: z.record(z.string().regex(/^[a-z0-9-]+$/), count).default({}),
  /** `difference`: attached volumes say nothing of themselves, as on ZStack. */
  deviceMapping: z.enum(["identity", "difference"]).default("identity"),
  /** `check` fails when the folder's file system has less free. */
  minFreeBytes: z.number().int().nonnegative().default(GiB),
  /** Where gateways listen; another address only makes sense where agents come from other machines. */
  gatewayListen: z.string().default("127.0.0.1"),
  /**
   * The gateway's program; `--config <file> --state <folder>` follows. Default: this repository's
   * gateway, run by the Node that runs this process.
   */
  gatewayCommand: z.array(z.string()).min(1).optional(),
  /** How long a gateway told to stop may take before it is killed. */
  gatewayStopMs: count.default(20_000),
  server: z
    .strictObject({
      /** QEMU's program: a name in PATH or a path. */
      qemu: z.string().default("qemu-system-x86_64"),
      /** `auto`: KVM where it is faster than the emulator, which is tried once. */
      accelerator: z.enum(["auto", "kvm", "tcg"]).default("auto"),
      vcpus: count.default(2),
      memoryBytes: count.multipleOf(MiB).default(2 * GiB),
      /** Volumes a server may have beside its system disk. */
      maxVolumes: count.max(24).default(20),
      /** How long a server may take to shut down before its power is cut. */
      stopMs: count.default(60_000),
    })
    .prefault({}),
  /** Servers are launched as on clouds where no volume can become a system disk; the image is a raw file. */
  hyperDoor: hyperDoorSettings.optional(),
  /** A console's or a gateway's log is cut to its newest 256 KiB when it has grown beyond this. */
  maxLogBytes: count.default(16 * MiB),
});
export type LocalConfig = z.output<typeof localConfig>;

export const localSecrets = z.strictObject({});
