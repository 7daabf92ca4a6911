/**
 * Which permissions are missing, found without making or changing anything: every action is asked for a thing
 * that never was, but for DescribeAvailabilityZones, which only helps to choose, and those that tell prices. What
 * is answered otherwise than with "forbidden" was allowed: whether the platform looks at the permission before it
 * looks for the thing is not written anywhere; the README tells how to see it.
 */
import { MigrationError } from "#domain/errors.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { Account } from "./account.ts";
import type { Service } from "./client.ts";
import { inCloudTerms } from "./errors.ts";

const never = "00000000-0000-4000-8000-000000000000";
const volume = { VolumeId: never };
const instance = { InstanceId: never };
const instances = { InstanceId: [never] };
const group = { SecurityGroupId: never };
const address = { AllocationId: never };

type Probe = readonly [service: Service, action: string, parameters: Parameters];

function probes({ config }: Account): Probe[] {
  const addresses: Probe[] = [
    ["eip", "GetLines", {}],
    ["eip", "DisassociateAddress", address],
    ["eip", "ReleaseAddress", address],
  ];
  return [
    ["ebs", "DescribeVolumes", { VolumeId: [never] }],
    ["ebs", "DescribeSnapshots", { SnapshotId: never }],
    ["ebs", "DescribeInstanceVolumes", instance],
    ["ebs", "CreateVolume", { SnapshotId: never, AvailabilityZone: "none", Size: 0 }],
    ["ebs", "ModifyVolume", volume],
    ["ebs", "AttachVolume", { ...volume, ...instance }],
    ["ebs", "DetachVolume", { ...volume, ...instance }],
    ["ebs", "DeleteVolume", volume],
    ["ebs", "CreateSnapshot", volume],
    ["ebs", "DeleteSnapshot", { SnapshotId: never }],
    ["kec", "DescribeRegions", {}],
    ["kec", "DescribeInstanceTypeConfigs", {}],
    ["kec", "DescribeImages", { ImageId: never }],
    ["kec", "DescribeInstances", instances],
    ["kec", "RunInstances", { ImageId: never, MinCount: 0, MaxCount: 0 }],
    ["kec", "StopInstances", instances],
    ["kec", "TerminateInstances", instances],
    ["kec", "ModifyNetworkInterfaceAttribute", { ...instance, NetworkInterfaceId: never }],
    ["vpc", "DescribeSubnets", { SubnetId: [never] }],
    ["vpc", "DescribeSecurityGroups", { SecurityGroupId: [never] }],
    ["vpc", "CreateSecurityGroup", { VpcId: never }],
    ["vpc", "AuthorizeSecurityGroupEntry", group],
    ["vpc", "RevokeSecurityGroupEntry", { ...group, SecurityGroupEntryId: never }],
    ["vpc", "DeleteSecurityGroup", group],
    ["eip", "DescribeAddresses", { AllocationId: [never] }],
    ...(config.gateway.publicAddress === "elastic" ? addresses : []),
  ];
}

/** Stand in the way of every call. */
const inTheWay = new Set(["cloud.credentials", "cloud.clock-skew"]);

/**
 * An action that failed on the way counts as allowed, until it is needed.
 * @throws `cloud.forbidden`, naming every action that is missing
 */
export async function checkPermissions(account: Account): Promise<void> {
  const missing: string[] = [];
  for (const [service, action, parameters] of probes(account)) {
    try {
      await account.client.call(service, action, parameters);
    } catch (error) {
      const meant = inCloudTerms(error, action);
      if (inTheWay.has(meant.code)) throw error;
      if (meant.code === "cloud.forbidden") missing.push(`${service}:${action}`);
    }
  }
  if (missing.length === 0) return;
  throw new MigrationError("cloud.forbidden", { platform: "kingsoft", action: missing.join(", ") });
}
