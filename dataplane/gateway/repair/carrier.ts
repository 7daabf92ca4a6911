import type { RepairReport } from "#domain/protocol/gateway.ts";
import type { RootCandidate } from "#domain/repair/guest.ts";

/** One run of `guest-repair.sh` inside a guest's root. */
export interface GuestTask {
  /** Volumes, in the order of the source's disks: raw files or block devices. */
  readonly diskPaths: readonly string[];
  /** What is mounted where; the first is `/`. */
  readonly mounts: readonly (RootCandidate & { readonly mountPoint: string })[];
  /** `inspect` leaves every byte of a cleanly unmounted file system as it is. */
  readonly task: "inspect" | "act";
  /** The script's standard input. */
  readonly plan: string;
}

export interface CarrierControl {
  /** Takes a line for people who look for the cause of a failure. */
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** A way into a guest. Whatever happens, nothing stays mounted, attached or running. */
export interface Carrier {
  readonly name: RepairReport["carrier"];
  /**
   * The script's standard output. It is incomplete (see `parseGuestOutput`) when the guest could not be
   * entered or its script broke.
   * @throws the signal's reason, when it aborts; `repair.failed` when the guest writes without end.
   */
  readonly runInGuest: (task: GuestTask, control: CarrierControl) => Promise<string>;
}
