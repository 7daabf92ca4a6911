/** Volumes: waiting for them, hanging them on a gateway and taking them off, one at a time. */
import { MigrationError } from "#domain/errors.ts";
import type { Inventory } from "#domain/inventory.ts";
import type { DeviceHint } from "#domain/protocol/gateway.ts";
import type { Provider, VolumeBoots } from "#providers/provider.ts";
import type { Deps } from "./deps.ts";
import { waitBriefly } from "./waiting.ts";

/** What tells nothing of itself is Linux: only Linux is repaired without knowing more. */
export function bootsOf({ firmware, os }: Inventory): VolumeBoots {
  return { firmware, os: os.family === "windows" ? "windows" : "linux" };
}

/** May be repeated. @returns how the gateway recognises the volume */
export async function attach(
  deps: Deps,
  provider: Provider,
  volumeId: string,
  instanceId: string,
): Promise<DeviceHint> {
  const before = await provider.volumes.findVolume(volumeId);
  if (before?.attachedTo !== undefined && before.attachedTo !== instanceId) {
    throw new MigrationError("cloud.wrong-state", {
      platform: provider.platform,
      what: "volume",
      id: volumeId,
      state: `attached to ${before.attachedTo}`,
    });
  }
  if (before?.attachedTo === undefined) await provider.volumes.attachVolume(volumeId, instanceId);
  return waitBriefly(deps, `volume ${volumeId} to hang on ${instanceId}`, async () => {
    const found = await provider.volumes.findVolume(volumeId);
    if (found === undefined) {
      throw new MigrationError("cloud.not-found", {
        platform: provider.platform,
        what: "volume",
        id: volumeId,
      });
    }
    const hangs = found.attachedTo === instanceId && found.device !== undefined;
    return hangs ? { ready: found.device } : { state: found.state };
  });
}

/** May be repeated; a volume that is gone is off. */
export async function detach(deps: Deps, provider: Provider, volumeId: string): Promise<void> {
  const before = await provider.volumes.findVolume(volumeId);
  if (before?.attachedTo === undefined) return;
  await provider.volumes.detachVolume(volumeId);
  await waitBriefly(deps, `volume ${volumeId} to come off`, async () => {
    const found = await provider.volumes.findVolume(volumeId);
    return found?.attachedTo === undefined ? { ready: true } : { state: `on ${found.attachedTo}` };
  });
}

/** @throws `volume.too-small` when the cloud made it smaller than asked, before a byte is written */
export async function waitUntilUsable(
  deps: Deps,
  provider: Provider,
  volumeId: string,
  neededBytes: number,
): Promise<void> {
  await waitBriefly(deps, `volume ${volumeId}`, async () => {
    const found = await provider.volumes.findVolume(volumeId);
    if (found === undefined) {
      throw new MigrationError("cloud.not-found", {
        platform: provider.platform,
        what: "volume",
        id: volumeId,
      });
    }
    if (found.state === "failed" || found.state === "deleting") {
      throw new MigrationError("cloud.wrong-state", {
        platform: provider.platform,
        what: "volume",
        id: volumeId,
        state: found.problem ?? found.state,
      });
    }
    if (found.state !== "ready") return { state: found.state };
    if (found.sizeBytes < neededBytes) {
      throw new MigrationError("volume.too-small", {
        volume: volumeId,
        sizeBytes: found.sizeBytes,
        neededBytes,
      });
    }
    return { ready: found };
  });
}
