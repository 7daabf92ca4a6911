/**
 * What the target's identity must be allowed, and nothing more: things that were made here, known by
 * their tag, may be changed and deleted; others may only be looked at. Source: Service Authorization
 * Reference, "Actions, resources, and condition keys for Amazon EC2".
 */
import { consoleTag } from "./tags.ts";

interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

const of = (...kinds: string[]) => kinds.map((kind) => `arn:aws:ec2:*:*:${kind}/*`);
const imagesAndSnapshots = ["arn:aws:ec2:*::image/*", "arn:aws:ec2:*::snapshot/*"];

/** The call brings our tag with it. */
const bringsTag = { Null: { [`aws:RequestTag/${consoleTag}`]: "false" } };
/** The thing has our tag. */
const hasTag = { Null: { [`aws:ResourceTag/${consoleTag}`]: "false" } };

const creations = [
  "AllocateAddress",
  "CreateReplaceRootVolumeTask",
  "CreateSecurityGroup",
  "CreateSnapshot",
  "CreateVolume",
  "RegisterImage",
  "RunInstances",
];

export const awsPolicy: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [
    {
      Sid: "Look",
      Effect: "Allow",
      Action: [
        "ec2:DescribeAddresses",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypeOfferings",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstances",
        "ec2:DescribeRegions",
        "ec2:DescribeReplaceRootVolumeTasks",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSnapshots",
        "ec2:DescribeSubnets",
        "ec2:DescribeVolumes",
      ],
      // Describe actions know no resources.
      Resource: ["*"],
    },
    {
      Sid: "MakeWithOurTag",
      Effect: "Allow",
      Action: [
        "ec2:AllocateAddress",
        "ec2:CreateReplaceRootVolumeTask",
        "ec2:CreateSecurityGroup",
        "ec2:CreateSnapshot",
        "ec2:CreateVolume",
        "ec2:RegisterImage",
        "ec2:RunInstances",
      ],
      Resource: [
        ...of("elastic-ip", "instance", "replace-root-volume-task", "security-group", "volume"),
        ...imagesAndSnapshots,
      ],
      Condition: bringsTag,
    },
    {
      Sid: "MakeFromWhatIsThere",
      Effect: "Allow",
      Action: ["ec2:CreateSecurityGroup", "ec2:RunInstances"],
      Resource: [
        ...of("key-pair", "network-interface", "security-group", "subnet", "vpc"),
        ...imagesAndSnapshots,
      ],
    },
    {
      Sid: "MakeFromOurs",
      Effect: "Allow",
      Action: [
        "ec2:CreateReplaceRootVolumeTask",
        "ec2:CreateSnapshot",
        "ec2:CreateVolume",
        "ec2:RegisterImage",
      ],
      Resource: [...of("instance", "volume"), ...imagesAndSnapshots],
      Condition: hasTag,
    },
    {
      Sid: "TagWhatIsMade",
      Effect: "Allow",
      Action: ["ec2:CreateTags"],
      Resource: [
        ...of("elastic-ip", "instance", "replace-root-volume-task", "security-group", "volume"),
        ...imagesAndSnapshots,
      ],
      Condition: { StringEquals: { "ec2:CreateAction": creations } },
    },
    {
      Sid: "ChangeAndDeleteOurs",
      Effect: "Allow",
      Action: [
        "ec2:AssociateAddress",
        "ec2:AttachVolume",
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateTags",
        "ec2:DeleteSecurityGroup",
        "ec2:DeleteSnapshot",
        "ec2:DeleteVolume",
        "ec2:DeregisterImage",
        "ec2:DetachVolume",
        "ec2:DisassociateAddress",
        "ec2:GetConsoleOutput",
        "ec2:ModifyInstanceAttribute",
        "ec2:ReleaseAddress",
        "ec2:StartInstances",
        "ec2:StopInstances",
        "ec2:TerminateInstances",
      ],
      Resource: [
        ...of("elastic-ip", "instance", "security-group", "volume"),
        ...imagesAndSnapshots,
      ],
      Condition: hasTag,
    },
    {
      Sid: "JoinNetwork",
      Effect: "Allow",
      Action: ["ec2:AssociateAddress", "ec2:DisassociateAddress"],
      // The interface is AWS's own doing and has no tag of ours.
      Resource: of("network-interface"),
    },
  ],
};
