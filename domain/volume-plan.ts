/** Which volumes a server gets at a target: one for each disk, of which size. */
import { type ErrorFacts, factsOf, MigrationError } from "./errors.ts";
import type { ReplicaVolume } from "./records.ts";
import { type SizeRule, volumeSizeBytes } from "./volume-size.ts";

export interface DiskToHold {
  readonly id: string;
  readonly deviceName: string;
  readonly role: "system" | "data";
  readonly sizeBytes: number;
}

export interface VolumeRules {
  readonly platform: string;
  readonly volumes: { readonly system: SizeRule; readonly data: SizeRule };
}

/**
 * Volumes that exist keep their place; a disk that grew beyond its volume is refused.
 * @throws `volume.too-large`, `volume.too-small`
 */
export function planVolumes(
  disks: readonly DiskToHold[],
  existing: readonly ReplicaVolume[],
  rules: VolumeRules,
): ReplicaVolume[] {
  return disks.map((disk) => {
    const volume = existing.find(({ diskId }) => diskId === disk.id);
    if (volume?.volumeId === undefined) {
      return {
        diskId: disk.id,
        deviceName: disk.deviceName,
        role: disk.role,
        diskBytes: disk.sizeBytes,
        sizeBytes: volumeSizeBytes(disk, rules.volumes[disk.role], rules.platform),
      };
    }
    if (disk.sizeBytes > volume.sizeBytes) {
      throw new MigrationError("volume.too-small", {
        volume: volume.volumeId,
        sizeBytes: volume.sizeBytes,
        neededBytes: disk.sizeBytes,
      });
    }
    return { ...volume, diskBytes: disk.sizeBytes };
  });
}

/** The same, with what speaks against it as facts. */
export function tryPlanVolumes(
  ...given: Parameters<typeof planVolumes>
): { volumes: ReplicaVolume[] } | { reason: ErrorFacts } {
  try {
    return { volumes: planVolumes(...given) };
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    return { reason: factsOf(error) };
  }
}
