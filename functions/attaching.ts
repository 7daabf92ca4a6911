/**
 * Hanging volumes on a gateway so that it knows which device each one is. Mostly a volume says so itself;
 * where it does not, the new device is it, and then one volume at a time is attached to a gateway:
 *
 *   lock in the gateway's record ─▶ devices before, kept there ─▶ attach ─▶ the one that is new
 *
 * A crash leaves the lock and what was there before to the next try of the same run.
 */
import { deviceByDifference, isDifference } from "#domain/attached-device.ts";
import { MigrationError } from "#domain/errors.ts";
import type { DeviceHint, DeviceList } from "#domain/protocol/gateway.ts";
import type { Gateway, SourceServer } from "#domain/records.ts";
import type { Provider, Volume } from "#providers/provider.ts";
import type { Deps } from "./deps.ts";
import type { GatewayClient } from "./gateway-client.ts";
import { gatewayOf, type Migration, written } from "./migration.ts";
import { attach, detach } from "./volumes.ts";
import { waitBriefly } from "./waiting.ts";

/** A list of what was there before is not believed for longer: something may have been taken off meanwhile. */
const longestListMs = 120_000;

export interface Hanging {
  readonly provider: Provider;
  readonly gateway: Gateway & { instanceId: string };
  readonly runId: string;
  readonly volumeId: string;
  /** How it was recognised before, if it was. */
  readonly known: DeviceHint | undefined;
}

/**
 * May be repeated. @returns how the gateway recognises the volume
 * @throws `volume.ambiguous` before anything is written; `not-ready` while another volume is attached
 */
export async function hang(deps: Deps, hanging: Hanging): Promise<DeviceHint> {
  const { provider, gateway, volumeId } = hanging;
  const { deviceMapping } = await provider.capabilities();
  if (deviceMapping === "identity") return attach(deps, provider, volumeId, gateway.instanceId);
  const client = await deps.gatewayClient(gateway);
  if (await isThereStill(hanging, client)) return hanging.known as DeviceHint;
  await lock(deps, hanging);
  const device = await hangAlone(deps, hanging, client);
  await unlock(deps, hanging);
  return device;
}

/** All volumes of a server's replica, one after the other; what hangs there recognised stays. May be repeated. */
export async function hangReplica(
  deps: Deps,
  { server, provider }: Pick<Migration, "server" | "provider">,
  runId: string,
): Promise<SourceServer> {
  const gateway = await gatewayOf(deps, server);
  let hung = server;
  for (const { diskId, volumeId, device: known } of server.volumes) {
    const id = written(volumeId, `the volume of disk ${diskId}`);
    const device = await hang(deps, { provider, gateway, runId, volumeId: id, known });
    hung = await deps.store.servers.update(server.id, (found) => ({
      ...found,
      volumes: found.volumes.map((volume) =>
        volume.diskId === diskId ? { ...volume, device } : volume,
      ),
    }));
  }
  return hung;
}

/** Attached, and since the same start of the gateway as it was found in. */
async function isThereStill(
  { provider, gateway, volumeId, known }: Hanging,
  client: GatewayClient,
): Promise<boolean> {
  if (!isDifference(known)) return false;
  const volume = await provider.volumes.findVolume(volumeId);
  if (volume?.attachedTo !== gateway.instanceId) return false;
  return (await client.listDevices()).bootId === known.bootId;
}

async function hangAlone(deps: Deps, hanging: Hanging, client: GatewayClient): Promise<DeviceHint> {
  const { provider, gateway, volumeId } = hanging;
  const { instanceId } = gateway;
  const before = await listedBefore(deps, hanging, client);
  const volume = await getVolume(provider, volumeId);
  if (volume.attachedTo !== undefined && volume.attachedTo !== instanceId) {
    throw new MigrationError("cloud.wrong-state", {
      ...{ platform: provider.platform, what: "volume", id: volumeId },
      state: `attached to ${volume.attachedTo}`,
    });
  }
  if (volume.attachedTo === undefined) await provider.volumes.attachVolume(volumeId, instanceId);
  const wanted = { gateway: gateway.id, volume: volumeId, sizeBytes: volume.sizeBytes };
  return waitBriefly(deps, `volume ${volumeId} to appear on ${gateway.id}`, async () => {
    const found = await getVolume(provider, volumeId);
    if (found.attachedTo !== instanceId) return { state: found.state };
    const device = deviceByDifference(before, await client.listDevices(), wanted);
    return device === undefined ? { state: "attached, not seen yet" } : { ready: device };
  });
}

/**
 * What was there before this volume: as an earlier try of this attachment saw it, else now, with the
 * volume taken off if it hangs there unrecognised.
 */
async function listedBefore(
  deps: Deps,
  { provider, gateway, runId, volumeId }: Hanging,
  client: GatewayClient,
): Promise<DeviceList> {
  const { attaching } = await deps.store.gateways.get(gateway.id);
  const { bootId } = await client.listDevices();
  const isFresh =
    attaching !== undefined && deps.now().getTime() - Date.parse(attaching.since) < longestListMs;
  if (isFresh && attaching.before?.bootId === bootId) return attaching.before;
  if ((await getVolume(provider, volumeId)).attachedTo === gateway.instanceId) {
    await client.forgetVolume(volumeId);
    await detach(deps, provider, volumeId);
  }
  const before = await client.listDevices();
  const since = deps.now().toISOString();
  await deps.store.gateways.update(gateway.id, (found) =>
    found.attaching?.runId === runId
      ? { ...found, attaching: { runId, volumeId, since, before } }
      : found,
  );
  return before;
}

/** @throws `not-ready` while a volume of another run is attached */
async function lock(deps: Deps, { gateway, runId, volumeId }: Hanging): Promise<void> {
  const { attaching } = await deps.store.gateways.get(gateway.id);
  const holder = attaching === undefined ? undefined : await deps.store.runs.find(attaching.runId);
  const isAbandoned = holder?.state !== "running";
  await deps.store.gateways.update(gateway.id, (found) => {
    const held = found.attaching;
    if (held?.runId === runId && held.volumeId === volumeId) return found;
    const isFree =
      held === undefined ||
      held.runId === runId ||
      (isAbandoned && held.runId === attaching?.runId);
    const since = deps.now().toISOString();
    if (isFree) return { ...found, attaching: { runId, volumeId, since } };
    throw new MigrationError("not-ready", {
      what: `volume ${volumeId} to be attached to ${gateway.id}`,
      state: `${held.volumeId} is, and only one at a time can be recognised there`,
    });
  });
}

async function unlock(deps: Deps, { gateway, runId }: Hanging): Promise<void> {
  await deps.store.gateways.update(gateway.id, (found) => {
    const { attaching, ...rest } = found;
    return attaching?.runId === runId ? rest : found;
  });
}

async function getVolume(provider: Provider, id: string): Promise<Volume> {
  const found = await provider.volumes.findVolume(id);
  if (found !== undefined) return found;
  throw new MigrationError("cloud.not-found", { platform: provider.platform, what: "volume", id });
}
