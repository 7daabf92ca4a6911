/**
 * AWS as a target: EBS volumes, EC2 instances, in one subnet.
 *
 *   client.ts          the connection      account.ts    patience with what AWS shows late
 *   volumes.ts         volumes, snapshots  images.ts     AMIs made of repaired clones
 *   compute.ts         gateways, types     launch.ts     the way to a launched server (boot.ts decides)
 *   network.ts         groups, addresses   errors.ts     what AWS's codes mean
 *   choices.ts         what a target's settings can be, before there is one
 *   prices.ts          list prices         subnets.ts    where servers can be launched
 *
 * Everything carries tags; what takes no client token is found by them or by a unique name.
 */
import {
  AllocateAddressCommand,
  CreateSecurityGroupCommand,
  CreateVolumeCommand,
  DescribeAddressesCommand,
  DescribeImagesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotsCommand,
  type Filter,
  type Tag,
} from "@aws-sdk/client-ec2";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { MigrationError } from "#domain/errors.ts";
import { type Clock, systemClock } from "../clock.ts";
import { decorate } from "../decorate.ts";
import type {
  BootStrategy,
  Capabilities,
  Firmware,
  Leftover,
  Provider,
  ProviderOptions,
  ResourceKind,
} from "../provider.ts";
import { type Account, lookUpPlace, type Place } from "./account.ts";
import { openClients } from "./client.ts";
import { checkType, maxUserDataBytes, openCompute } from "./compute.ts";
import type { AwsConfig, AwsSecrets } from "./config.ts";
import { codeOf, inCloudTerms } from "./errors.ts";
import { openImages } from "./images.ts";
import { listEc2Instances } from "./instances.ts";
import { findGatewayImage, findShellImage } from "./machine-images.ts";
import { openNetwork } from "./network.ts";
import { pricesOf } from "./prices.ts";
import { consoleTag, ownerTag, rootTag, tagValue } from "./tags.ts";
import { GiB, listEc2Volumes, openVolumes } from "./volumes.ts";

/** GiB, by volume type. Source: EC2 API reference, CreateVolume, Size. */
const sizes: Record<AwsConfig["volume"]["type"], [least: number, most: number]> = {
  gp2: [1, 16_384],
  gp3: [1, 65_536],
  io1: [4, 16_384],
  io2: [4, 65_536],
  standard: [1, 1_024],
};

export async function openAws(
  options: ProviderOptions<AwsConfig, AwsSecrets>,
  clock: Clock = systemClock,
): Promise<Provider> {
  const { config, secrets, consoleId } = options;
  const { ec2, sts } = openClients(config, secrets);
  let placed: Promise<Place> | undefined;
  let probed: Promise<Capabilities> | undefined;
  const account: Account = {
    ec2,
    config,
    consoleId,
    clock,
    place() {
      placed ??= kept(lookUpPlace(ec2, config), () => {
        placed = undefined;
      });
      return placed;
    },
  };

  const provider: Provider = {
    platform: "aws",
    capabilities() {
      probed ??= kept(probe(account), () => {
        probed = undefined;
      });
      return probed;
    },
    async prices({ gatewayType = config.gateway.instanceType }) {
      return pricesOf(config, gatewayType);
    },
    async check() {
      await sts.send(new GetCallerIdentityCommand({}));
      const { vpcId, zone } = await account.place();
      await dryRun("ec2:CreateVolume", () =>
        ec2.send(new CreateVolumeCommand({ AvailabilityZone: zone, Size: 1, DryRun: true })),
      );
      await dryRun("ec2:CreateSecurityGroup", () =>
        ec2.send(
          new CreateSecurityGroupCommand({
            GroupName: "hypermotion-check",
            Description: "never made",
            VpcId: vpcId,
            DryRun: true,
          }),
        ),
      );
      if (config.gateway.publicAddress === "elastic") {
        await dryRun("ec2:AllocateAddress", () =>
          ec2.send(new AllocateAddressCommand({ Domain: "vpc", DryRun: true })),
        );
      }
      await findGatewayImage(account, config.gateway.image);
      await checkType(account, config.gateway.instanceType);
    },
    listOwned: (owner) => listOwned(account, owner),
    network: openNetwork(account),
    compute: openCompute(account),
    volumes: openVolumes(account),
    images: openImages(account),
  };
  return decorate(provider, async (call, next) => {
    try {
      return await next();
    } catch (error) {
      throw inCloudTerms(error, call.method);
    }
  });
}

/** A failure is not kept: the next call asks again. */
function kept<T>(promise: Promise<T>, forget: () => void): Promise<T> {
  promise.catch(forget);
  return promise;
}

/** Success is an error of this name. Source: EC2 API reference, "Common query parameters", DryRun. */
async function dryRun(action: string, ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (codeOf(error) === "DryRunOperation") return;
    if (codeOf(error) === "UnauthorizedOperation") {
      throw new MigrationError("cloud.forbidden", { platform: "aws", action }, { cause: error });
    }
    throw error;
  }
}

async function probe(account: Account): Promise<Capabilities> {
  const { config } = account;
  const [least, most] = sizes[config.volume.type];
  const { type } = config.volume;
  const rule = { type, minBytes: least * GiB, maxBytes: most * GiB, stepBytes: GiB };
  return {
    volumes: { system: rule, data: rule },
    gatewayMaxVolumes: config.gateway.maxVolumes,
    gatewaySpareVolumes: config.gateway.spareVolumes,
    repairsOn: "gateway",
    zone: (await account.place()).zone,
    subnetId: config.subnetId,
    onePool: false,
    deviceMapping: "identity",
    userData: { maxBytes: maxUserDataBytes },
    idempotency: "clientToken",
    bootStrategies: {
      bios: await strategiesFor(account, "bios"),
      uefi: await strategiesFor(account, "uefi"),
    },
    installsGateway: true,
    canClone: true,
    hasConsole: true,
  };
}

/** Without an AMI for a shell of that firmware an image of the server's own has to do. */
async function strategiesFor(account: Account, firmware: Firmware): Promise<BootStrategy[]> {
  if (account.config.launch.boot === "image") return ["imageFromSnapshot"];
  try {
    await findShellImage(account, firmware);
    return ["rootSwap", "imageFromSnapshot"];
  } catch (error) {
    if (error instanceof MigrationError && error.code === "cloud.not-found") {
      return ["imageFromSnapshot"];
    }
    throw error;
  }
}

async function listOwned(account: Account, owner: string | undefined): Promise<Leftover[]> {
  const { ec2, consoleId } = account;
  const filters: Filter[] = [
    { Name: `tag:${consoleTag}`, Values: [consoleId] },
    ...(owner === undefined ? [] : [{ Name: `tag:${ownerTag}`, Values: [owner] }]),
  ];
  const groups = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: filters }));
  const addresses = await ec2.send(new DescribeAddressesCommand({ Filters: filters }));
  const snapshots = await ec2.send(
    new DescribeSnapshotsCommand({ OwnerIds: ["self"], Filters: filters }),
  );
  const images = await ec2.send(new DescribeImagesCommand({ Owners: ["self"], Filters: filters }));
  const instances = (await listEc2Instances(account, ...filters)).filter(
    ({ State }) => State?.Name !== "terminated" && State?.Name !== "shutting-down",
  );
  // A root hangs on its instance and goes with it; only one that was left behind counts.
  const volumes = (await listEc2Volumes(account, ...filters)).filter(
    ({ Tags, State }) => tagValue(Tags, rootTag) === undefined || State === "available",
  );
  const lists = [
    instances.map(({ InstanceId, Tags }) => leftover("instance", InstanceId, Tags)),
    volumes.map(({ VolumeId, Tags }) => leftover("volume", VolumeId, Tags)),
    snapshots.Snapshots?.map(({ SnapshotId, Tags }) => leftover("snapshot", SnapshotId, Tags)),
    images.Images?.map(({ ImageId, Tags }) => leftover("image", ImageId, Tags)),
    addresses.Addresses?.map(({ AllocationId, Tags }) => leftover("address", AllocationId, Tags)),
    groups.SecurityGroups?.map(({ GroupId, Tags }) => leftover("security-group", GroupId, Tags)),
  ];
  return lists.flatMap((list) => list ?? []);
}

function leftover(kind: ResourceKind, id = "", tags: readonly Tag[] | undefined): Leftover {
  return { kind, id, name: tagValue(tags, "Name") ?? "" };
}
