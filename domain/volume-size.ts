/** How large a volume must be made for a disk. All sizes in bytes. */
import { MigrationError } from "./errors.ts";

export interface SizeRule {
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly stepBytes: number;
}

/**
 * The smallest size the platform allows that holds the disk: at least its minimum, rounded up to its step.
 * @throws `volume.too-large`
 */
export function volumeSizeBytes(
  disk: { id: string; sizeBytes: number },
  rule: SizeRule,
  platform: string,
): number {
  const steps = Math.ceil(Math.max(disk.sizeBytes, rule.minBytes) / rule.stepBytes);
  const sizeBytes = steps * rule.stepBytes;
  if (sizeBytes > rule.maxBytes) {
    throw new MigrationError("volume.too-large", {
      disk: disk.id,
      neededBytes: sizeBytes,
      platform,
      maxBytes: rule.maxBytes,
    });
  }
  return sizeBytes;
}
