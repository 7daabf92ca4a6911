/** The platforms HyperMotion moves servers to: the eleven clouds of R-002, and this machine. */
export const platforms = [
  "aliyun",
  "aws",
  "azure",
  "tencent",
  "huawei",
  "kingsoft",
  "openstack",
  "qingcloud",
  "ctyun",
  "ucloud",
  "zstack",
  "local",
] as const;
export type Platform = (typeof platforms)[number];
