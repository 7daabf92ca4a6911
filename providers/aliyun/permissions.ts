/**
 * Which permissions are missing, found without making or changing anything: every action is asked for
 * a thing that never was. Permission is looked at before the thing is, so what is answered otherwise than
 * with "forbidden" was allowed. Source: RAM user guide, "Policy evaluation process".
 */
import { MigrationError } from "#domain/errors.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { Account } from "./account.ts";
import type { Product } from "./client.ts";
import { inCloudTerms } from "./errors.ts";

const nothing = "hypermotioncheck0000";
const disk = { DiskId: `d-${nothing}` };
const snapshot = { SnapshotId: `s-${nothing}` };
const image = { ImageId: `m-${nothing}` };
const instance = { InstanceId: `i-${nothing}` };
const group = { SecurityGroupId: `sg-${nothing}` };
const address = { AllocationId: `eip-${nothing}` };

interface Probe {
  readonly product: Product;
  readonly action: string;
  readonly parameters: Parameters;
}

const ecs = (action: string, parameters: Parameters): Probe => ({
  product: "ecs",
  action,
  parameters,
});
const vpc = (action: string, parameters: Parameters): Probe => ({
  product: "vpc",
  action,
  parameters,
});

/** `AllocateEipAddress` knows nothing that never was, and would buy an address. */
function probes({ config }: Account): Probe[] {
  const { vSwitchId, gateway } = config;
  const order = { DryRun: true, ...image, InstanceType: "ecs.c5.xlarge", VSwitchId: vSwitchId };
  const addresses = [
    vpc("DescribeEipAddresses", address),
    vpc("AssociateEipAddress", { ...address, ...instance, InstanceType: "EcsInstance" }),
    vpc("UnassociateEipAddress", address),
    vpc("ReleaseEipAddress", address),
  ];
  return [
    ecs("DescribeDisks", { MaxResults: 1 }),
    ecs("DescribeSnapshots", { MaxResults: 1 }),
    ecs("DescribeInstances", { MaxResults: 1 }),
    ecs("DescribeSecurityGroups", { MaxResults: 1 }),
    ecs("RunInstances", order),
    ecs("CreateInstance", order),
    ecs("StartInstance", instance),
    ecs("StopInstance", instance),
    ecs("DeleteInstance", instance),
    ecs("ModifyInstanceAttribute", instance),
    ecs("GetInstanceConsoleOutput", instance),
    ecs("CreateDisk", { ZoneId: "none", ...snapshot }),
    ecs("AttachDisk", { ...disk, ...instance }),
    ecs("DetachDisk", { ...disk, ...instance }),
    ecs("ModifyDiskAttribute", disk),
    ecs("DeleteDisk", disk),
    ecs("CreateSnapshot", disk),
    ecs("DeleteSnapshot", snapshot),
    ecs("CreateImage", snapshot),
    ecs("DeleteImage", image),
    ecs("CreateSecurityGroup", { VpcId: `vpc-${nothing}` }),
    ecs("AuthorizeSecurityGroup", {
      ...group,
      Permissions: [
        { IpProtocol: "TCP", PortRange: "22/22", SourceCidrIp: "192.0.2.1/32", Policy: "accept" },
      ],
    }),
    ecs("DeleteSecurityGroup", group),
    ecs("TagResources", {
      ResourceType: "disk",
      ResourceId: [disk.DiskId],
      Tag: [{ Key: "hypermotion:check", Value: "never" }],
    }),
    ...(gateway.publicAddress === "elastic" ? addresses : []),
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
  for (const { product, action, parameters } of probes(account)) {
    try {
      await account.client.call(product, action, parameters);
    } catch (error) {
      const meant = inCloudTerms(error, action);
      if (inTheWay.has(meant.code)) throw error;
      if (meant.code === "cloud.forbidden") missing.push(`${product}:${action}`);
    }
  }
  if (missing.length === 0) return;
  throw new MigrationError("cloud.forbidden", { platform: "aliyun", action: missing.join(", ") });
}
