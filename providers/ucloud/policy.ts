/**
 * What the target's identity must be allowed, and nothing more, as UCloud's IAM writes it. It names actions,
 * not resources: IAM knows resources of few products. Source: terraform-provider-ucloud,
 * ucloud_iam_policy_document ("<product-name>:<api-name>"); UCloud documentation, "Policy Management".
 */
interface Statement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly ["*"];
}

export interface IamPolicy {
  readonly Version: "1";
  readonly Statement: readonly Statement[];
}

export const ucloudPolicy: IamPolicy = {
  Version: "1",
  Statement: [
    {
      Effect: "Allow",
      Action: [
        "uaccount:GetProjectList",
        "uaccount:GetRegion",
        "udisk:DescribeUDisk",
        "udisk:DescribeUDiskPrice",
        "udisk:DescribeUDiskSnapshot",
        "uhost:DescribeAvailableInstanceTypes",
        "uhost:DescribeImage",
        "uhost:DescribeUHostInstance",
        "uhost:GetUHostInstancePrice",
        "unet:DescribeEIP",
        "unet:DescribeFirewall",
        "unet:GetEIPPrice",
        "vpc:DescribeSubnet",
      ],
      Resource: ["*"],
    },
    {
      Effect: "Allow",
      Action: [
        "udisk:AttachUDisk",
        "udisk:CloneUDiskSnapshot",
        "udisk:CreateUDisk",
        "udisk:CreateUDiskSnapshot",
        "udisk:DeleteUDisk",
        "udisk:DeleteUDiskSnapshot",
        "udisk:DetachUDisk",
        "udisk:RenameUDisk",
        "uhost:CreateUHostInstance",
        "uhost:PoweroffUHostInstance",
        "uhost:RebootUHostInstance",
        "uhost:StopUHostInstance",
        "uhost:TerminateUHostInstance",
        "unet:AllocateEIP",
        "unet:BindEIP",
        "unet:CreateFirewall",
        "unet:DeleteFirewall",
        "unet:ReleaseEIP",
        "unet:UnBindEIP",
        "unet:UpdateFirewall",
      ],
      Resource: ["*"],
    },
  ],
};
