/** Gateways and launched servers as EC2 instances. */
import {
  DeleteVolumeCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  type Instance as Ec2Instance,
  GetConsoleOutputCommand,
  type InstanceTypeInfo,
  RunInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { MigrationError } from "#domain/errors.ts";
import { checkGatewayType } from "#domain/gateway-defaults.ts";
import { gatewayScript } from "../cloud-init.ts";
import type { GatewaySpec, InstanceType, Provider } from "../provider.ts";
import { readSshBanner } from "../ssh-banner.ts";
import { type Account, unlessAbsent, untilShown } from "./account.ts";
import { codeOf } from "./errors.ts";
import { findByToken, findEc2Instance, listByToken, shown } from "./instances.ts";
import { bindLives, clientToken, launch, listLaunchVolumes } from "./launch.ts";
import { findGatewayImage } from "./machine-images.ts";
import { withoutShell } from "./shell.ts";
import { rootSpecification, specification, tagValue, tokenTag } from "./tags.ts";

/** Raw, before base64. Source: EC2 user guide, "Run commands when you launch an EC2 instance". */
export const maxUserDataBytes = 16 * 1024;

const mostConsoleBytes = 256 * 1024;
const MiB = 1024 ** 2;

export function openCompute(account: Account): Provider["compute"] {
  const { ec2, config } = account;

  async function listTypes(): Promise<InstanceType[]> {
    const { zone } = await account.place();
    const offered = new Set<string>();
    for (let next: string | undefined, first = true; first || next !== undefined; first = false) {
      const page = await ec2.send(
        new DescribeInstanceTypeOfferingsCommand({
          LocationType: "availability-zone",
          Filters: [{ Name: "location", Values: [zone] }],
          NextToken: next,
        }),
      );
      for (const { InstanceType } of page.InstanceTypeOfferings ?? []) {
        if (InstanceType !== undefined) offered.add(InstanceType);
      }
      next = page.NextToken;
    }
    const types: InstanceTypeInfo[] = [];
    for (let next: string | undefined, first = true; first || next !== undefined; first = false) {
      const page = await ec2.send(new DescribeInstanceTypesCommand({ NextToken: next }));
      types.push(...(page.InstanceTypes ?? []));
      next = page.NextToken;
    }
    return types
      .filter(({ InstanceType = "" }) => offered.has(InstanceType))
      .map(typeShown)
      .sort((a, b) => a.memoryBytes - b.memoryBytes || a.vcpus - b.vcpus);
  }

  async function runGateway(spec: GatewaySpec, earlier: number): Promise<string> {
    const userData = gatewayScript(spec.bootstrap);
    if (Buffer.byteLength(userData) > maxUserDataBytes) {
      throw new MigrationError("cloud.refused", {
        platform: "aws",
        what: "a gateway",
        problem: `its user data is longer than ${maxUserDataBytes} bytes`,
      });
    }
    const { gateway, volume } = config;
    const image = await findGatewayImage(account, gateway.image);
    const instanceType = spec.instanceType ?? gateway.instanceType;
    await checkType(account, instanceType);
    const { Instances = [] } = await ec2.send(
      new RunInstancesCommand({
        MinCount: 1,
        MaxCount: 1,
        ImageId: image.id,
        InstanceType: instanceType as never,
        ClientToken: clientToken(spec.token, earlier),
        UserData: Buffer.from(userData).toString("base64"),
        KeyName: gateway.keyName,
        BlockDeviceMappings: [
          {
            DeviceName: image.rootDevice,
            Ebs: {
              VolumeSize: Math.max(gateway.diskGiB, image.rootGiB),
              VolumeType: volume.type,
              Encrypted: true,
              KmsKeyId: volume.kmsKeyId,
              DeleteOnTermination: true,
            },
          },
        ],
        NetworkInterfaces: [
          {
            DeviceIndex: 0,
            SubnetId: config.subnetId,
            Groups: [spec.securityGroupId],
            DeleteOnTermination: true,
          },
        ],
        MetadataOptions: { HttpEndpoint: "enabled", HttpTokens: "required" },
        TagSpecifications: [specification("instance", spec), rootSpecification(spec)],
      }),
    );
    const id = Instances[0]?.InstanceId ?? "";
    await untilShown(account, () => findEc2Instance(account, id));
    return id;
  }

  /** Volumes that end with the instance end now, or are bound to end with it. */
  async function deleteLaunched(instance: Ec2Instance): Promise<void> {
    const { BlockDeviceMappings = [], Tags } = instance;
    const token = tagValue(Tags, tokenTag);
    const volumes = token === undefined ? [] : await listLaunchVolumes(account, token);
    const hanging = new Map(
      BlockDeviceMappings.map(({ Ebs }) => [Ebs?.VolumeId, Ebs?.DeleteOnTermination]),
    );
    const unbound = volumes.flatMap(({ VolumeId = "" }) =>
      hanging.get(VolumeId) === false ? [VolumeId] : [],
    );
    if (unbound.length > 0) await bindLives(account, instance, unbound);
    for (const { VolumeId, State } of volumes) {
      if (State !== "available") continue;
      await unlessAbsent(ec2.send(new DeleteVolumeCommand({ VolumeId })));
    }
  }

  return {
    listInstanceTypes: listTypes,

    async createGateway(spec) {
      const made = await listByToken(account, spec.token);
      const there = made.find(({ State }) => State?.Name !== "terminated");
      return { id: there?.InstanceId ?? (await runGateway(spec, made.length)) };
    },

    launch: (spec) => launch(account, spec),

    async findInstance(id) {
      const instance = await findEc2Instance(account, id);
      return instance && shown(instance);
    },

    async findInstanceByToken(token) {
      const instance = await findByToken(account, token);
      return instance && shown(instance);
    },

    async stopInstance(id) {
      await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    },

    async deleteInstance(id) {
      const instance = await findEc2Instance(account, id);
      if (instance === undefined) return;
      await deleteLaunched(instance);
      if (instance.State?.Name === "shutting-down") return;
      await unlessAbsent(ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] })));
    },

    async readConsole(id) {
      try {
        // Latest is there on Nitro only, and is what is on the line now rather than minutes ago.
        const { Output = "" } = await ec2.send(
          new GetConsoleOutputCommand({ InstanceId: id, Latest: true }),
        );
        const text = Buffer.from(Output, "base64").toString("utf8");
        return withoutShell(text).slice(-mostConsoleBytes);
      } catch (error) {
        if (codeOf(error) === "UnsupportedOperation") return "";
        throw error;
      }
    },

    async probeAddress(id) {
      const instance = await findEc2Instance(account, id);
      const address = instance?.PublicIpAddress ?? instance?.PrivateIpAddress;
      return address === undefined ? undefined : readSshBanner(address);
    },
  };
}

/** Of a gateway. @throws `gateway.too-small`, `cloud.not-found` for a type that AWS does not have */
export async function checkType({ ec2 }: Account, name: string): Promise<void> {
  const { InstanceTypes: [type] = [] } = await ec2.send(
    new DescribeInstanceTypesCommand({ Filters: [{ Name: "instance-type", Values: [name] }] }),
  );
  if (type === undefined) {
    throw new MigrationError("cloud.not-found", {
      ...{ platform: "aws", what: "instance type", id: name },
    });
  }
  checkGatewayType("aws", typeShown(type));
}

function typeShown(type: InstanceTypeInfo): InstanceType {
  const { InstanceType = "", VCpuInfo, MemoryInfo, Hypervisor, NetworkInfo, EbsInfo } = type;
  const nitro = Hypervisor === "nitro";
  // A shared limit counts the first interface and the root volume too. Source: EC2 user guide,
  // "Amazon EBS volume limits".
  const shared = EbsInfo?.AttachmentLimitType !== "dedicated";
  const most = EbsInfo?.MaximumEbsAttachments ?? 28;
  return {
    name: InstanceType,
    vcpus: VCpuInfo?.DefaultVCpus ?? 1,
    memoryBytes: (MemoryInfo?.SizeInMiB ?? 0) * MiB,
    hardware: {
      storage: nitro ? "nvme" : "xen",
      network: NetworkInfo?.EnaSupport === "unsupported" ? "xen" : "ena",
    },
    firmware: (type.SupportedBootModes ?? ["legacy-bios"]).flatMap((mode) => {
      if (mode === "legacy-bios") return ["bios" as const];
      return mode === "uefi" ? ["uefi" as const] : [];
    }),
    maxVolumes: shared ? most - 2 : most - 1,
  };
}
