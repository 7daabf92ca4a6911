/** Platforms whose suite passed against a real account; whoever saw it adds a line. */
import type { Platform } from "#domain/platform.ts";

interface Verified {
  readonly platform: Platform;
  /** Day and place, such as `2026-12-01, cn-north-1`. */
  readonly seen: string;
}

export const verified: readonly Verified[] = [];
