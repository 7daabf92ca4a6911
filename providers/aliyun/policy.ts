/**
 * What the target's identity must be allowed, and nothing more, as RAM writes it. It names actions, not
 * resources: RAM's conditions on tags do not reach every action here. Source: RAM user guide, "Policy
 * structure and syntax"; ECS and VPC user guides, "RAM authorization".
 */
interface Statement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

export interface RamPolicy {
  readonly Version: "1";
  readonly Statement: readonly Statement[];
}

export const aliyunPolicy: RamPolicy = {
  Version: "1",
  Statement: [
    {
      Effect: "Allow",
      Action: [
        "ecs:DescribeAvailableResource",
        "ecs:DescribeDisks",
        "ecs:DescribeImages",
        "ecs:DescribeInstances",
        "ecs:DescribeInstanceTypes",
        "ecs:DescribePrice",
        "ecs:DescribeRegions",
        "ecs:DescribeSecurityGroups",
        "ecs:DescribeSnapshots",
        "ecs:DescribeZones",
        "ecs:GetInstanceConsoleOutput",
        "vpc:DescribeEipAddresses",
        "vpc:DescribeVSwitches",
      ],
      Resource: ["*"],
    },
    {
      Effect: "Allow",
      Action: [
        "ecs:AttachDisk",
        "ecs:AuthorizeSecurityGroup",
        "ecs:CreateDisk",
        "ecs:CreateImage",
        "ecs:CreateInstance",
        "ecs:CreateSecurityGroup",
        "ecs:CreateSnapshot",
        "ecs:DeleteDisk",
        "ecs:DeleteImage",
        "ecs:DeleteInstance",
        "ecs:DeleteSecurityGroup",
        "ecs:DeleteSnapshot",
        "ecs:DetachDisk",
        "ecs:ModifyDiskAttribute",
        "ecs:ModifyInstanceAttribute",
        "ecs:RunInstances",
        "ecs:StartInstance",
        "ecs:StopInstance",
        "ecs:TagResources",
        "vpc:AllocateEipAddress",
        "vpc:AssociateEipAddress",
        "vpc:ReleaseEipAddress",
        "vpc:UnassociateEipAddress",
      ],
      Resource: ["acs:ecs:*:*:*", "acs:vpc:*:*:*", "acs:eip:*:*:*"],
    },
  ],
};
