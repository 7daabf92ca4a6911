/**
 * What the target's user must be allowed, and nothing more, as Kingsoft Cloud's IAM writes it. It names actions,
 * not resources: what is allowed is allowed for the whole account, or the project the policy is granted for.
 * Source: docs.ksyun.com/documents/43157, "Policy syntax".
 */
export interface KingsoftPolicy {
  readonly Version: "2015-11-01";
  readonly Statement: readonly {
    readonly Effect: "Allow";
    readonly Action: readonly string[];
    readonly Resource: readonly string[];
  }[];
}

export const kingsoftPolicy: KingsoftPolicy = {
  Version: "2015-11-01",
  Statement: [
    {
      Effect: "Allow",
      Action: [
        "kec:DescribeImages",
        "kec:DescribeInstances",
        "kec:DescribeInstanceTypeConfigs",
        "kec:DescribePrice",
        "kec:DescribeRegions",
        "ebs:DescribeCreateVolumePrice",
        "ebs:DescribeInstanceVolumes",
        "ebs:DescribeSnapshots",
        "ebs:DescribeVolumes",
        "vpc:DescribeAvailabilityZones",
        "vpc:DescribeSecurityGroups",
        "vpc:DescribeSubnets",
        "eip:DescribeAddresses",
        "eip:GetLines",
      ],
      Resource: ["*"],
    },
    {
      Effect: "Allow",
      Action: [
        "kec:ModifyNetworkInterfaceAttribute",
        "kec:RunInstances",
        "kec:StopInstances",
        "kec:TerminateInstances",
        "ebs:AttachVolume",
        "ebs:CreateSnapshot",
        "ebs:CreateVolume",
        "ebs:DeleteSnapshot",
        "ebs:DeleteVolume",
        "ebs:DetachVolume",
        "ebs:ModifyVolume",
        "vpc:AuthorizeSecurityGroupEntry",
        "vpc:CreateSecurityGroup",
        "vpc:DeleteSecurityGroup",
        "vpc:RevokeSecurityGroupEntry",
        "eip:DisassociateAddress",
        "eip:ReleaseAddress",
      ],
      Resource: ["*"],
    },
  ],
};
