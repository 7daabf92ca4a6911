/** Launching a repaired server: carries out the moves that `boot.ts` decides on. */
import { MigrationError } from "#domain/errors.ts";
import type { LaunchSpec } from "../provider.ts";
import { type Account, unlessAbsent } from "./account.ts";
import { type Move, nextMove, type Seen, type Wanted } from "./boot.ts";
import { createServer } from "./create-server.ts";
import { systemDevice } from "./device-names.ts";
import { findMachineImage } from "./machine-images.ts";
import { type EcsServer, findServer, findServerByToken, systemDiskOf } from "./servers.ts";
import { consoleTag, launchTag, rootTag, tagValue } from "./tags.ts";
import { attach, bindLife, detach, findEvsVolume, GiB, listEvsVolumes } from "./volumes.ts";

export async function launch(
  account: Account,
  spec: LaunchSpec,
): Promise<{ id: string; waitsFor?: string }> {
  const there = await findServerByToken(account, spec.token);
  const id = there?.id ?? (await makeServer(account, spec));
  const waitsFor = await moveOn(account, spec, id);
  return waitsFor === undefined ? { id } : { id, waitsFor };
}

async function makeServer(account: Account, spec: LaunchSpec): Promise<string> {
  const { config } = account;
  // Before the server is: whoever deletes it finds what belongs to it.
  for (const id of spec.volumeIds) {
    await tagVolume(account, id, { [launchTag]: tagValue(spec.token) });
  }
  const { network = {}, hyperDoor } = spec;
  const image =
    spec.imageId === undefined
      ? await findMachineImage(account, config.launch.shell[spec.firmware], spec.firmware)
      : await findMachineImage(account, spec.imageId);
  const copiedGiB = Math.ceil((hyperDoor?.systemBytes ?? 0) / GiB);
  return createServer(account, {
    ...spec,
    role: "server",
    imageId: image.id,
    disk: { type: config.volume.type, GiB: Math.max(image.diskGiB, copiedGiB) },
    groupIds: network.securityGroupIds ?? [spec.securityGroupId],
    keyName: config.launch.keyName,
    subnetId: network.subnetId ?? config.subnetId,
    privateAddress: network.privateAddress,
    userData: hyperDoor?.userData,
  });
}

async function tagVolume(
  { client }: Account,
  volumeId: string,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  await client.call("BatchCreateVolumeTags", {
    path: { volume_id: volumeId },
    body: {
      action: "create",
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    },
  });
}

function wantedOf({ imageId, hyperDoor, volumeIds }: LaunchSpec): Wanted {
  const [system, ...others] = volumeIds;
  if (imageId === undefined) return { systemVolumeId: system, dataVolumeIds: others };
  if (hyperDoor === undefined) return { systemVolumeId: undefined, dataVolumeIds: volumeIds };
  // The others are hung on it when HyperDoor has copied.
  return {
    ...{ systemVolumeId: undefined, awaitsVolumes: true },
    dataVolumeIds: volumeIds.slice(0, 1),
  };
}

/** @returns what the next order waits for; `undefined` when the server is what was asked for */
async function moveOn(account: Account, spec: LaunchSpec, id: string): Promise<string | undefined> {
  const wanted = wantedOf(spec);
  // Each move changes what is seen; a volume more is two.
  for (let moves = 0; moves < 8 + 2 * spec.volumeIds.length; moves += 1) {
    const server = await findServer(account, id);
    // What could not be made is taken back; the order, repeated, tells why.
    if (server === undefined) return "the server to be shown";
    const move = nextMove(await look(account, server, spec.volumeIds), wanted);
    if (move.move === "wait") return move.for;
    if (move.move === "done") {
      await deleteShellDisks(account, spec.token);
      return undefined;
    }
    const waitsFor = await carryOut(account, spec, server, move);
    if (waitsFor !== undefined) return waitsFor;
  }
  return "ECS to show what was done";
}

async function look(
  account: Account,
  server: EcsServer,
  volumeIds: readonly string[],
): Promise<Seen> {
  const hanging = server["os-extended-volumes:volumes_attached"];
  const attached = new Map(
    hanging.map((one) => [one.id, /^true$/i.test(one.delete_on_termination)]),
  );
  const moving = new Set<string>();
  for (const id of volumeIds) {
    const volume = await findEvsVolume(account, id);
    if (volume?.status === "attaching" || volume?.status === "detaching") moving.add(id);
  }
  return {
    status: server.status,
    busy: Boolean(server["OS-EXT-STS:task_state"]),
    systemVolumeId: systemDiskOf(server)?.id,
    attached,
    moving,
  };
}

/** @returns what has to come about before the next move; `undefined` to look again at once */
async function carryOut(
  account: Account,
  spec: LaunchSpec,
  server: EcsServer,
  move: Exclude<Move, { move: "wait" } | { move: "done" }>,
): Promise<string | undefined> {
  const { client } = account;
  const servers = [{ id: server.id }];
  const [system = ""] = spec.volumeIds;
  switch (move.move) {
    case "stop": {
      const body = { "os-stop": { type: move.hard ? "HARD" : "SOFT", servers } };
      await client.call("BatchStopServers", { body });
      return "the server to stop";
    }
    case "start":
      await client.call("BatchStartServers", { body: { "os-start": { servers } } });
      return "the server to start";
    case "detach-system": {
      // So that a crash after this leaves nothing that nobody knows of.
      const console = tagValue(account.consoleId);
      const tags = { [consoleTag]: console, [rootTag]: tagValue(spec.token) };
      await tagVolume(account, move.volumeId, tags);
      await detach(account, move.volumeId);
      return "the shell's system disk to come off";
    }
    case "attach-system":
      await attach(account, system, server.id, { device: systemDevice });
      return `volume ${system} to come on`;
    case "attach":
      await attach(account, move.volumeId, server.id);
      return `volume ${move.volumeId} to come on`;
    case "bind-lives":
      for (const volume_id of move.volumeIds) {
        await bindLife(account, volume_id, server.id);
      }
      return undefined;
    case "fail":
      throw new MigrationError("cloud.wrong-state", {
        platform: "huawei",
        what: "server",
        id: server.id,
        state: server.fault?.message ?? server.status,
      });
  }
}

/** System disks of shells that were taken off: of no use to anyone. */
async function deleteShellDisks(account: Account, token: string): Promise<void> {
  const disks = await listEvsVolumes(account, { [rootTag]: tagValue(token) });
  for (const { id } of disks) await deleteFree(account, id);
}

/** Everything a launch brought with it, apart from the server: also where it stopped half way. */
export async function deleteLaunchVolumes(account: Account, token: string): Promise<void> {
  await deleteShellDisks(account, token);
  const volumes = await listEvsVolumes(account, { [launchTag]: tagValue(token) });
  for (const { id } of volumes) await deleteFree(account, id);
}

/** What hangs on a server goes with it. */
async function deleteFree(account: Account, id: string): Promise<void> {
  const volume = await findEvsVolume(account, id);
  if (volume?.status !== "available") return;
  await unlessAbsent(account.client.call("DeleteVolume", { path: { volume_id: id } }));
}
