/**
 * Launching a repaired server. QingCloud starts an instance as soon as it is made, so that its volumes are
 * named in the order itself; its firewall is applied afterwards. What to do next is decided from what is
 * shown, so that any step may be lost or repeated.
 */
import { MigrationError } from "#domain/errors.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { LaunchSpec } from "../provider.ts";
import { type Account, inWrongState, isAbsent, launchClassOf, volumeTypeOf } from "./account.ts";
import { inSteps, leastGiB, takes } from "./host-classes.ts";
import { findQingImage, type QingImage } from "./images.ts";
import { hostClassOf } from "./instance-types.ts";
import { applyFirewall, findQingInstance, instanceKind, type QingInstance } from "./instances.ts";
import { nameOf, tokenDigest } from "./names.ts";
import { findOurs, listOurs, makeOnce, problemOf } from "./orders.ts";
import { anyPassword, userDataOf } from "./run-order.ts";
import { attach, findQingVolume, hangsOn, type QingVolume, volumeKind } from "./volumes.ts";

export async function launch(
  account: Account,
  spec: LaunchSpec,
): Promise<{ id: string; waitsFor?: string }> {
  const { token, tags } = spec;
  const there = await findOurs(account, instanceKind, token, tags["hypermotion:owner"]);
  const id = there?.instance_id ?? (await makeInstance(account, spec));
  const waitsFor = await moveOn(account, spec, id);
  return waitsFor === undefined ? { id } : { id, waitsFor };
}

const refused = (problem: string) =>
  new MigrationError("cloud.refused", { platform: "qingcloud", what: "the launch", problem });

/** An instance has one. */
function groupOf({ network, securityGroupId }: LaunchSpec): string {
  const [group = securityGroupId, ...others] = network?.securityGroupIds ?? [];
  if (others.length > 0) throw refused("an instance has one firewall here");
  return group;
}

async function imageOf(account: Account, { strategy, imageId, hyperDoor }: LaunchSpec) {
  const isKnown =
    strategy === "imageFromSnapshot" || (strategy === "hyperDoorCopy" && hyperDoor !== undefined);
  if (!isKnown || imageId === undefined) {
    throw refused(
      "a server is launched from an image of its system disk here, or from HyperDoor's",
    );
  }
  const image = await findQingImage(account, imageId);
  if (image === undefined) throw isAbsent("image", imageId);
  return image;
}

/** What hangs on it from the first: with HyperDoor only what is copied. */
const firstVolumes = ({ hyperDoor, volumeIds }: LaunchSpec): readonly string[] =>
  hyperDoor === undefined ? volumeIds : volumeIds.slice(0, 1);

/** @throws `cloud.refused` before anything is made, when the zone does not take it that large */
function systemGiB(account: Account, { hyperDoor }: LaunchSpec, image: QingImage): number {
  const wanted = hyperDoor === undefined ? leastGiB : inSteps(hyperDoor.systemBytes);
  const sizeGiB = Math.max(wanted, image.size);
  const { maxSystemGiB } = account.config.launch;
  if (sizeGiB <= maxSystemGiB) return sizeGiB;
  throw refused(`a system disk has at most ${maxSystemGiB} GB here, and this one ${sizeGiB}`);
}

async function makeInstance(account: Account, spec: LaunchSpec): Promise<string> {
  const { client, config } = account;
  const { network = {}, instanceType } = spec;
  const group = groupOf(spec);
  const image = await imageOf(account, spec);
  const os_disk_size = systemGiB(account, spec, image);
  const instance_class = hostClassOf(instanceType, launchClassOf(account));
  if (!takes(instance_class, volumeTypeOf(account))) {
    throw refused(`hosts of ${instanceType} take no volumes of type ${volumeTypeOf(account)}`);
  }
  // Before the instance is: whoever deletes it finds what belongs to it.
  for (const id of spec.volumeIds) await bindToLaunch(account, id, spec.token);
  const vxnet = network.subnetId ?? config.vxnetId;
  const order: Parameters = {
    image_id: image.image_id,
    instance_type: instanceType,
    instance_class,
    os_disk_size,
    count: 1,
    instance_name: nameOf(spec),
    // Asked for, though it reaches no guest that lacks QingCloud's agent: its own accounts stay.
    login_mode: "passwd",
    login_passwd: anyPassword(),
    vxnets: [network.privateAddress === undefined ? vxnet : `${vxnet}|${network.privateAddress}`],
    security_group: group,
    volumes: firstVolumes(spec),
    ...(spec.hyperDoor === undefined ? { need_userdata: 0 } : userDataOf("plain", spec.hyperDoor)),
  };
  return makeOnce(account, instanceKind, spec, async () => {
    const made = await client.call<{ instances: string[] }>("RunInstances", order);
    return made.instances[0] ?? "";
  });
}

/** Its description is the launch's: it ends with it. */
const launchMark = (token: string) => `hm-launch-${token}`;

async function bindToLaunch(account: Account, id: string, token: string): Promise<void> {
  const volume = await getVolume(account, id);
  const description = launchMark(tokenDigest(token));
  if (volume.description === description) return;
  await account.client.call("ModifyVolumeAttributes", { volume: id, description });
}

async function getVolume(account: Account, id: string): Promise<QingVolume> {
  const volume = await findQingVolume(account, id);
  if (volume === undefined) throw isAbsent("volume", id);
  return volume;
}

/** @param tokenOfLaunch its digest, as the instance's name has it */
export async function listLaunchVolumes(
  account: Account,
  tokenOfLaunch: string,
): Promise<QingVolume[]> {
  const ours = await listOurs(account, volumeKind);
  const mark = launchMark(tokenOfLaunch);
  return ours.flatMap(({ thing }) => (thing.description === mark ? [thing] : []));
}

/** The next order, if there is one. @returns what it waits for, or nothing when all is done */
async function moveOn(account: Account, spec: LaunchSpec, id: string): Promise<string | undefined> {
  const instance = await findQingInstance(account, id);
  if (instance === undefined) return "the instance to be shown";
  const waitsFor = await untilItRuns(account, instance);
  if (waitsFor !== undefined) return waitsFor;
  if (!(await applyFirewall(account, instance, groupOf(spec)))) return "its firewall to be applied";
  for (const volumeId of firstVolumes(spec)) {
    const volume = await getVolume(account, volumeId);
    if (volume.status === "in-use" && !volume.transition_status && hangsOn(volume, id)) continue;
    if (!volume.transition_status) await attach(account, volumeId, id);
    return `volume ${volumeId} to hang on it`;
  }
  return undefined;
}

async function untilItRuns(
  account: Account,
  { instance_id: id, status, transition_status }: QingInstance,
): Promise<string | undefined> {
  if (status === "running" && !transition_status) return undefined;
  const problem = await problemOf(account, id);
  if (problem !== undefined) throw inWrongState("instance", id, problem);
  if (status === "stopped" && !transition_status) {
    await account.client.call("StartInstances", { instances: [id] });
  }
  return "the instance to run";
}
