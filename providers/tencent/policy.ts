/**
 * What the target's sub-user must be allowed, and nothing more: each call that is made here, and paying
 * for what is ordered by the hour. A CAM policy can tie an action to a tag only with the tag's value
 * spelled out, and the console's id is not known when this is printed; so it names no resources.
 * Sources: CAM user guide, "Element reference"; "CAM-enabled products", CVM, CBS and VPC.
 */

interface Statement {
  readonly effect: "allow";
  readonly action: readonly string[];
  readonly resource: readonly string[];
}

export interface PolicyDocument {
  readonly version: "2.0";
  readonly statement: readonly Statement[];
}

const cbsActions = [
  "AttachDisks",
  "CreateDisks",
  "CreateSnapshot",
  "DeleteSnapshots",
  "DescribeDiskConfigQuota",
  "DescribeDisks",
  "DescribeSnapshots",
  "DetachDisks",
  "InquiryPriceCreateDisks",
  "ModifyDiskAttributes",
  "TerminateDisks",
];

export const tencentPolicy: PolicyDocument = {
  version: "2.0",
  statement: [
    {
      effect: "allow",
      action: [
        "cvm:CreateImage",
        "cvm:DeleteImages",
        "cvm:DescribeImages",
        "cvm:DescribeRegions",
        "cvm:DescribeInstances",
        "cvm:DescribeZoneInstanceConfigInfos",
        "cvm:InquiryPriceRunInstances",
        "cvm:RebootInstances",
        "cvm:RunInstances",
        "cvm:StartInstances",
        "cvm:StopInstances",
        "cvm:TerminateInstances",
        // Disks belong to CVM in older accounts' policies, and have a name of their own in newer ones.
        ...cbsActions.flatMap((action) => [`cvm:${action}`, `cbs:${action}`]),
        "vpc:AllocateAddresses",
        "vpc:AssociateAddress",
        "vpc:CreateSecurityGroup",
        "vpc:DeleteSecurityGroup",
        "vpc:DescribeAddresses",
        "vpc:DescribeSecurityGroups",
        "vpc:DescribeSubnets",
        "vpc:DisassociateAddress",
        "vpc:ModifySecurityGroupPolicies",
        "vpc:ReleaseAddresses",
        // Asked by Tencent itself of whoever brings tags along with an order.
        "tag:TagResources",
      ],
      resource: ["*"],
    },
    {
      effect: "allow",
      // What QcloudCVMFinanceAccess holds (S-11): without it no order is taken.
      action: ["finance:*"],
      resource: ["qcs::cvm:::*"],
    },
  ],
};
