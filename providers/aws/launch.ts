/** Launching a repaired server: carries out the moves that `boot.ts` decides on. */
import {
  CreateReplaceRootVolumeTaskCommand,
  CreateTagsCommand,
  DeleteVolumeCommand,
  DescribeReplaceRootVolumeTasksCommand,
  type Instance as Ec2Instance,
  ModifyInstanceAttributeCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import { MigrationError } from "#domain/errors.ts";
import type { LaunchSpec } from "../provider.ts";
import { type Account, unlessAbsent, untilShown } from "./account.ts";
import { type Move, nextMove, type Seen } from "./boot.ts";
import { codeOf } from "./errors.ts";
import { findEc2Instance, listByToken, rootOf } from "./instances.ts";
import { findShellImage, getMachineImage } from "./machine-images.ts";
import { shellUserData } from "./shell.ts";
import { launchTag, rootSpecification, rootTag, specification } from "./tags.ts";
import { attach, detach, findEc2Volume, listEc2Volumes } from "./volumes.ts";

/** Launches made by one token, so that one whose instance was deleted can be made again. */
export function clientToken(token: string, earlier: number): string {
  return earlier === 0 ? token : `${token.slice(0, 60)}-${earlier}`;
}

export async function launch(
  account: Account,
  spec: LaunchSpec,
): Promise<{ id: string; waitsFor?: string }> {
  const made = await listByToken(account, spec.token);
  const there = made.find(({ State }) => State?.Name !== "terminated");
  const instance = there ?? (await runInstance(account, spec, made.length));
  const id = instance.InstanceId ?? "";
  const moved = await moveOn(account, spec, id, there ?? instance);
  return moved === undefined ? { id } : { id, waitsFor: moved };
}

async function runInstance(
  account: Account,
  spec: LaunchSpec,
  earlier: number,
): Promise<Ec2Instance> {
  const { ec2, config } = account;
  const { network = {}, volumeIds } = spec;
  // Before the instance is: whoever deletes it finds what belongs to it.
  if (volumeIds.length > 0) {
    await ec2.send(
      new CreateTagsCommand({
        Resources: [...volumeIds],
        Tags: [{ Key: launchTag, Value: spec.token }],
      }),
    );
  }
  const image =
    spec.imageId === undefined
      ? await findShellImage(account, spec.firmware)
      : await getMachineImage(account, spec.imageId);
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({
      MinCount: 1,
      MaxCount: 1,
      ImageId: image.id,
      InstanceType: spec.instanceType as never,
      ClientToken: clientToken(spec.token, earlier),
      KeyName: config.launch.keyName,
      ...(spec.imageId === undefined
        ? { UserData: Buffer.from(shellUserData).toString("base64") }
        : {}),
      BlockDeviceMappings: [
        {
          DeviceName: image.rootDevice,
          Ebs: {
            VolumeType: config.volume.type,
            // AWS puts an encrypted root only in the place of an encrypted one.
            Encrypted: config.volume.encrypted ? true : undefined,
            KmsKeyId: config.volume.kmsKeyId,
            DeleteOnTermination: true,
          },
        },
      ],
      NetworkInterfaces: [
        {
          DeviceIndex: 0,
          SubnetId: network.subnetId ?? config.subnetId,
          PrivateIpAddress: network.privateAddress,
          Groups: [...(network.securityGroupIds ?? [spec.securityGroupId])],
          DeleteOnTermination: true,
        },
      ],
      MetadataOptions: { HttpEndpoint: "enabled", HttpTokens: "optional" },
      TagSpecifications: [specification("instance", spec), rootSpecification(spec)],
    }),
  );
  const id = Instances[0]?.InstanceId ?? "";
  const seen = await untilShown(account, () => findEc2Instance(account, id));
  if (seen !== undefined) return seen;
  throw new MigrationError("cloud.not-found", { platform: "aws", what: "instance", id });
}

/** @returns what the next order waits for; `undefined` when the server is what was asked for */
async function moveOn(
  account: Account,
  spec: LaunchSpec,
  id: string,
  first: Ec2Instance,
): Promise<string | undefined> {
  const [system, ...others] = spec.volumeIds;
  const booted = spec.imageId === undefined ? system : undefined;
  const { boot } = account.config.launch;
  const wanted = {
    rootVolumeId: booted,
    dataVolumeIds: spec.imageId === undefined ? others : spec.volumeIds,
    way: boot === "task" || boot === "swap" ? boot : ("auto" as const),
  };
  let instance: Ec2Instance | undefined = first;
  // Each move changes what is seen; a volume more is two.
  for (let moves = 0; moves < 8 + 2 * spec.volumeIds.length; moves += 1) {
    instance ??= await findEc2Instance(account, id);
    if (instance === undefined) {
      throw new MigrationError("cloud.not-found", { platform: "aws", what: "instance", id });
    }
    const task = booted === undefined ? "none" : await newestTask(account, id);
    const move = nextMove(seenOf(instance, task), wanted);
    if (move.move === "wait") return move.for;
    if (move.move === "done") {
      await deleteShellRoots(account, spec);
      return undefined;
    }
    const waitsFor = await carryOut(account, spec, instance, move);
    if (waitsFor !== undefined) return waitsFor;
    instance = undefined;
  }
  return "EC2 to show what was done";
}

function seenOf(instance: Ec2Instance, task: Seen["task"]): Seen {
  const { BlockDeviceMappings = [], State } = instance;
  return {
    state: State?.Name ?? "pending",
    rootVolumeId: rootOf(instance).volumeId,
    task,
    attached: new Map(
      BlockDeviceMappings.map(({ Ebs }) => [
        Ebs?.VolumeId ?? "",
        Ebs?.DeleteOnTermination === true,
      ]),
    ),
  };
}

async function newestTask({ ec2 }: Account, instanceId: string): Promise<Seen["task"]> {
  const { ReplaceRootVolumeTasks = [] } = await ec2.send(
    new DescribeReplaceRootVolumeTasksCommand({
      Filters: [{ Name: "instance-id", Values: [instanceId] }],
    }),
  );
  const [newest] = ReplaceRootVolumeTasks.sort((a, b) =>
    (b.StartTime ?? "").localeCompare(a.StartTime ?? ""),
  );
  switch (newest?.TaskState) {
    case undefined:
      return "none";
    case "succeeded":
      return "done";
    case "failed":
    case "failed-detached":
      return "failed";
    default:
      return "under way";
  }
}

/** @returns what has to come about before the next move; `undefined` to look again at once */
async function carryOut(
  account: Account,
  spec: LaunchSpec,
  instance: Ec2Instance,
  move: Exclude<Move, { move: "wait" } | { move: "done" }>,
): Promise<string | undefined> {
  const { ec2 } = account;
  const id = instance.InstanceId ?? "";
  const InstanceIds = [id];
  const { device } = rootOf(instance);
  const [system = ""] = spec.volumeIds;
  switch (move.move) {
    case "replace-root":
      return replaceRoot(account, spec, id, system);
    case "stop":
      await ec2.send(new StopInstancesCommand({ InstanceIds }));
      return "the shell to stop";
    case "start":
      await ec2.send(new StartInstancesCommand({ InstanceIds }));
      return "the instance to start";
    case "detach-root":
      await detach(account, move.volumeId);
      return "the shell's root to come off";
    case "attach-root": {
      const volume = await findEc2Volume(account, system);
      if (volume?.State !== "available") return `volume ${system} to be free`;
      await attach(account, system, id, { device });
      return undefined;
    }
    case "attach":
      await attach(account, move.volumeId, id);
      return undefined;
    case "bind-lives":
      await bindLives(account, instance, move.volumeIds);
      return undefined;
    case "fail":
      throw new MigrationError("cloud.wrong-state", {
        platform: "aws",
        what: "instance",
        id,
        state: move.problem,
      });
  }
}

/** Where AWS has no such task here, or not for this volume, the swap is made by hand. */
async function replaceRoot(
  { ec2, config }: Account,
  spec: LaunchSpec,
  instanceId: string,
  volumeId: string,
): Promise<string | undefined> {
  try {
    await ec2.send(
      new CreateReplaceRootVolumeTaskCommand({
        InstanceId: instanceId,
        VolumeId: volumeId,
        DeleteReplacedRootVolume: true,
        ClientToken: clientToken(spec.token, 0),
        TagSpecifications: [specification("replace-root-volume-task", spec)],
      }),
    );
    return "the root volume to be replaced";
  } catch (error) {
    const notHere = [
      "InvalidAction",
      "UnsupportedOperation",
      "UnknownParameter",
      "UnauthorizedOperation",
      "InvalidParameterCombination",
    ];
    if (config.launch.boot !== "auto" || !notHere.includes(codeOf(error))) throw error;
    await ec2.send(new StopInstancesCommand({ InstanceIds: [instanceId] }));
    return "the shell to stop";
  }
}

/** What was attached later would outlive the instance otherwise. */
export async function bindLives(
  { ec2 }: Account,
  { InstanceId, BlockDeviceMappings = [] }: Ec2Instance,
  volumeIds: readonly string[],
): Promise<void> {
  const devices = BlockDeviceMappings.filter(({ Ebs }) => volumeIds.includes(Ebs?.VolumeId ?? ""));
  await ec2.send(
    new ModifyInstanceAttributeCommand({
      InstanceId,
      BlockDeviceMappings: devices.map(({ DeviceName }) => ({
        DeviceName,
        Ebs: { DeleteOnTermination: true },
      })),
    }),
  );
}

/** Roots of shells that were taken off: of no use to anyone. */
async function deleteShellRoots(account: Account, { token }: LaunchSpec): Promise<void> {
  const roots = await listEc2Volumes(account, { Name: `tag:${rootTag}`, Values: [token] });
  for (const { VolumeId, State } of roots) {
    if (State !== "available") continue;
    await unlessAbsent(account.ec2.send(new DeleteVolumeCommand({ VolumeId })));
  }
}

/** Everything a launch brought with it, apart from the instance: also where it stopped half way. */
export async function listLaunchVolumes(account: Account, token: string) {
  const lists = await Promise.all(
    [launchTag, rootTag].map((tag) =>
      listEc2Volumes(account, { Name: `tag:${tag}`, Values: [token] }),
    ),
  );
  return lists.flat();
}
