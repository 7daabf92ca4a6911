/** Launching a repaired server: carries out the moves that `boot.ts` decides on. */
import type { Instance as CvmInstance } from "tencentcloud-sdk-nodejs/tencentcloud/services/cvm/v20170312/cvm_models.js";
import { MigrationError } from "#domain/errors.ts";
import type { LaunchSpec } from "../provider.ts";
import { type Account, untilShown } from "./account.ts";
import { type Move, nextMove, type SeenVolume } from "./boot.ts";
import { systemDisk } from "./disk-rules.ts";
import { findByToken, findCvmInstance } from "./instances.ts";
import { getMachineImage } from "./machine-images.ts";
import { shownName } from "./names.ts";
import { tagsOf, volumeTags } from "./tags.ts";
import { findDisk, instanceOf } from "./volumes.ts";

export async function launch(
  account: Account,
  spec: LaunchSpec,
): Promise<{ id: string; waitsFor?: string }> {
  const instance = (await findByToken(account, spec.token)) ?? (await runInstance(account, spec));
  const id = instance.InstanceId ?? "";
  const waitsFor = await moveOn(account, spec, id, instance);
  return waitsFor === undefined ? { id } : { id, waitsFor };
}

async function runInstance(account: Account, spec: LaunchSpec): Promise<CvmInstance> {
  const { cvm, config } = account;
  const { network = {}, volumeIds, imageId, strategy, hyperDoor } = spec;
  if (imageId === undefined || (strategy === "hyperDoorCopy") !== (hyperDoor !== undefined)) {
    throw new MigrationError("cloud.refused", {
      platform: "tencent",
      what: `a launch by ${strategy}`,
      problem: "Tencent boots images only, HyperDoor's among them",
    });
  }
  const image = await getMachineImage(account, imageId);
  const subnetId = network.subnetId ?? config.subnetId;
  const { vpcId, zone } = await account.place(subnetId);
  const { InstanceIdSet } = await cvm.RunInstances({
    Placement: { Zone: zone },
    ImageId: image.id,
    InstanceType: spec.instanceType,
    InstanceChargeType: "POSTPAID_BY_HOUR",
    InstanceCount: 1,
    InstanceName: shownName(spec.tags.Name),
    SystemDisk: {
      DiskType: config.volume.type,
      DiskSize: systemGiB(spec, image.sizeGiB),
    },
    VirtualPrivateCloud: {
      VpcId: vpcId,
      SubnetId: subnetId,
      ...(network.privateAddress === undefined
        ? {}
        : { PrivateIpAddresses: [network.privateAddress] }),
    },
    InternetAccessible: { InternetMaxBandwidthOut: 0, PublicIpAssigned: false },
    SecurityGroupIds: [...(network.securityGroupIds ?? [spec.securityGroupId])],
    // Without it Tencent would give the guest a password of its own making.
    LoginSettings: { KeepImageLogin: "TRUE" },
    ...(hyperDoor === undefined
      ? {}
      : { UserData: Buffer.from(hyperDoor.userData).toString("base64") }),
    ClientToken: spec.token,
    // The volumes too: whoever deletes the instance finds what belongs to it.
    TagSpecification: [
      { ResourceType: "instance", Tags: [...tagsOf(spec), ...volumeTags(volumeIds)] },
    ],
  });
  const [id = ""] = InstanceIdSet ?? [];
  const seen = await untilShown(account, () => findCvmInstance(account, id));
  if (seen !== undefined) return seen;
  throw new MigrationError("cloud.not-found", { platform: "tencent", what: "instance", id });
}

/** HyperDoor's disk is as large as what is copied to it. */
function systemGiB({ hyperDoor }: LaunchSpec, imageGiB: number): number {
  const wanted = Math.ceil((hyperDoor?.systemBytes ?? 0) / 1024 ** 3);
  return Math.max(imageGiB, systemDisk.least, wanted);
}

/** @returns what the next order waits for; `undefined` when the server is what was asked for */
async function moveOn(
  account: Account,
  spec: LaunchSpec,
  id: string,
  first: CvmInstance,
): Promise<string | undefined> {
  let instance: CvmInstance | undefined = first;
  const waitsForVolumes = spec.hyperDoor !== undefined;
  // With HyperDoor only what is copied.
  const volumeIds = waitsForVolumes ? spec.volumeIds.slice(0, 1) : spec.volumeIds;
  // Each move changes what is seen: stop, attach in tens, bind, start.
  for (let moves = 0; moves < 8; moves += 1) {
    instance ??= await findCvmInstance(account, id);
    if (instance === undefined) {
      throw new MigrationError("cloud.not-found", { platform: "tencent", what: "instance", id });
    }
    const volumes = await Promise.all(volumeIds.map((one) => seenVolume(account, one)));
    const move = nextMove({
      ...{ instanceId: id, state: instance.InstanceState ?? "", volumes, waitsForVolumes },
    });
    if (move.move === "wait") return move.for;
    if (move.move === "done") return undefined;
    if (move.move === "fail") {
      const told = instance.LatestOperationErrorMsg;
      throw new MigrationError("cloud.wrong-state", {
        platform: "tencent",
        what: "instance",
        id,
        state: told ? `${move.problem}: ${told}` : move.problem,
      });
    }
    await carryOut(account, id, move);
    instance = undefined;
  }
  return "Tencent to show what was done";
}

async function seenVolume(account: Account, id: string): Promise<SeenVolume> {
  const disk = await findDisk(account, id);
  return {
    id,
    state: disk?.DiskState,
    instanceId: disk && instanceOf(disk),
    bound: disk?.DeleteWithInstance === true,
  };
}

async function carryOut(
  { cvm, cbs }: Account,
  id: string,
  move: Exclude<Move, { move: "wait" } | { move: "done" } | { move: "fail" }>,
): Promise<void> {
  switch (move.move) {
    case "stop":
      // The guest has just started; a hard stop might catch it at writing.
      await cvm.StopInstances({
        InstanceIds: [id],
        StopType: "SOFT_FIRST",
        StoppedMode: "KEEP_CHARGING",
      });
      return;
    case "start":
      await cvm.StartInstances({ InstanceIds: [id] });
      return;
    case "attach":
      await cbs.AttachDisks({
        InstanceId: id,
        DiskIds: [...move.volumeIds],
        DeleteWithInstance: true,
      });
      return;
    case "bind-lives":
      await cbs.ModifyDiskAttributes({ DiskIds: [...move.volumeIds], DeleteWithInstance: true });
      return;
  }
}
