/** Launching a repaired server: carries out the moves that `boot.ts` decides on. */
import type { LaunchSpec } from "../provider.ts";
import { type Account, findOne, makeOnce, notFound, wrongState } from "./account.ts";
import { nextMove } from "./boot.ts";
import { findVm, getVm, nicOf, type ZstackVm } from "./instances.ts";
import { attachGroup } from "./network.ts";
import { getOffering } from "./offerings.ts";
import { choosePool, getImageServer } from "./place.ts";
import { marksOf, readMarks, uuidOf, written } from "./tags.ts";
import { attach, getZstackVolume, markVolume } from "./volumes.ts";

export async function launch(
  account: Account,
  spec: LaunchSpec,
): Promise<{ id: string; waitsFor?: string }> {
  const id = uuidOf(account.consoleId, "instance", spec.token);
  await makeOnce(
    account,
    "instance",
    () => findVm(account, id),
    () => makeServer(account, spec, id),
  );
  const waitsFor = await moveOn(account, spec, id);
  return waitsFor === undefined ? { id } : { id, waitsFor };
}

async function makeServer(account: Account, spec: LaunchSpec, id: string): Promise<void> {
  const { client, config } = account;
  await getImageServer(account);
  // Before the server is: whoever deletes it finds what belongs to it.
  for (const volumeId of spec.volumeIds) {
    await markVolume(account, volumeId, { launch: spec.token });
  }
  const { networkId, privateAddress } = networkOf(account, spec);
  for (const groupId of groupsOf(spec)) await attachGroup(account, groupId, networkId);
  const offering = await getOffering(account, spec.instanceType);
  const params = {
    name: spec.tags.Name,
    description: written({ ...marksOf(spec), role: "server" }),
    instanceOfferingUuid: offering.uuid,
    l3NetworkUuids: [networkId],
    defaultL3NetworkUuid: networkId,
    zoneUuid: config.zoneId,
    clusterUuid: config.clusterId,
    ...(config.hostId === undefined ? {} : { hostUuid: config.hostId }),
    strategy: "CreateStopped",
    resourceUuid: id,
  };
  const systemTags = [
    ...(spec.firmware === "uefi" ? ["bootMode::UEFI"] : []),
    ...(privateAddress === undefined ? [] : [`staticIp::${networkId}::${privateAddress}`]),
  ];
  if (spec.strategy === "bootFromVolume") {
    const [volumeUuid = ""] = spec.volumeIds;
    const { description } = await getZstackVolume(account, volumeUuid);
    await client.order("CreateVmInstanceFromVolume", {
      params: { ...params, volumeUuid, platform: platformOf(readMarks(description)?.os) },
      systemTags,
    });
    return;
  }
  await client.order("CreateVmInstance", {
    params: { ...params, ...(await rootOf(account, spec)) },
    systemTags: [...systemTags, ...userDataOf(spec)],
  });
}

/** Where the server starts from an image: a disk of its own, beside its others. */
async function rootOf(account: Account, spec: LaunchSpec) {
  const imageUuid = spec.imageId ?? "";
  const image = await findOne<{ size?: number }>(account, "QueryImage", imageUuid);
  if (image === undefined) throw notFound("image", imageUuid);
  const [first] = spec.volumeIds;
  const beside = first === undefined ? undefined : await getZstackVolume(account, first);
  const systemBytes = spec.hyperDoor?.systemBytes;
  return {
    imageUuid,
    primaryStorageUuidForRootVolume:
      beside?.primaryStorageUuid ?? (await choosePool(account, undefined)),
    ...(systemBytes === undefined ? {} : { rootDiskSize: Math.max(systemBytes, image.size ?? 0) }),
  };
}

/** Decoded before a guest sees it. Source: zstack 5.2.1, UserdataBuilder.java. */
function userDataOf({ hyperDoor }: LaunchSpec): string[] {
  if (hyperDoor === undefined) return [];
  return [`userdata::${Buffer.from(hyperDoor.userData).toString("base64")}`];
}

/** Both give virtio disks and interfaces. Source: zstack 5.2.1, ImagePlatform. */
export function platformOf(os: "linux" | "windows" | undefined): string {
  return os === "windows" ? "WindowsVirtio" : "Linux";
}

function networkOf({ config }: Account, { network = {} }: LaunchSpec) {
  const { subnetId: networkId = config.networkId, privateAddress } = network;
  return { networkId, privateAddress };
}

function groupsOf({ network = {}, securityGroupId }: LaunchSpec): readonly string[] {
  return network.securityGroupIds ?? [securityGroupId];
}

/** @returns what the next order waits for; `undefined` when the server is what was asked for */
async function moveOn(account: Account, spec: LaunchSpec, id: string): Promise<string | undefined> {
  const { client } = account;
  const dataVolumeIds =
    spec.strategy === "bootFromVolume"
      ? spec.volumeIds.slice(1)
      : spec.hyperDoor === undefined
        ? spec.volumeIds
        : spec.volumeIds.slice(0, 1);
  const wanted = { groupIds: groupsOf(spec), dataVolumeIds };
  for (let moves = 0; moves < 4 + wanted.groupIds.length + dataVolumeIds.length; moves += 1) {
    const vm = await getVm(account, id);
    const groups = await groupsAround(account, vm);
    const attached = new Set(vm.allVolumes.map(({ uuid }) => uuid));
    const move = nextMove({ state: vm.state, groups, attached }, wanted);
    switch (move.move) {
      case "done":
        return undefined;
      case "wait":
        return `the server, which is ${vm.state}`;
      case "fail":
        throw wrongState("VM", id, vm.state);
      case "join":
        await client.order("AddVmNicToSecurityGroup", {
          path: { group: move.groupId },
          params: { vmNicUuids: [nicOf(vm)?.uuid ?? ""] },
        });
        break;
      case "attach":
        await attach(account, move.volumeId, id);
        break;
      case "start":
        await client.order("StartVmInstance", { path: { vm: id } });
        break;
    }
  }
  return "ZStack to show what was done";
}

async function groupsAround({ client }: Account, vm: ZstackVm): Promise<Set<string>> {
  const nic = nicOf(vm);
  if (nic === undefined) return new Set();
  const found = await client.list<{ securityGroupUuid: string }>("QueryVmNicInSecurityGroup", [
    `vmNicUuid=${nic.uuid}`,
  ]);
  return new Set(found.map(({ securityGroupUuid }) => securityGroupUuid));
}
