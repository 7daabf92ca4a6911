/** What the settings of an AWS target are, for who is asked for them. */
import type { WordsOfFields } from "../field-words.ts";

export const awsWords: WordsOfFields = {
  region: { en: "Region, such as eu-central-1", zh: "区域，如 eu-central-1" },
  subnetId: {
    en: "Subnet of gateways and launched servers, such as subnet-0a1b…; it fixes VPC and zone",
    zh: "网关和已启动服务器的子网，如 subnet-0a1b…；它决定 VPC 和可用区",
  },
  "volume.iops": {
    en: "IOPS of volumes whose type takes a figure",
    zh: "卷的 IOPS（类型支持指定时）",
  },
  "volume.throughput": {
    en: "Throughput of gp3 volumes in MiB/s",
    zh: "gp3 卷的吞吐量（MiB/s）",
  },
  "launch.boot": {
    en: "How a repaired disk becomes a root: by AWS (task), by swapping (swap), as an image, or the first that works (auto)",
    zh: "修复后的磁盘如何成为根卷：由 AWS 替换（task）、换盘（swap）、镜像（image），或依次尝试（auto）",
  },
  "credentials.accessKeyId": {
    en: "Access key id, such as AKIA…; left out, the identity the console runs under",
    zh: "访问密钥 ID，如 AKIA…；不填则用控制台自身的身份",
    shown: true,
  },
  "credentials.secretAccessKey": {
    en: "Secret access key, together with its id",
    zh: "私有访问密钥，与其 ID 一同填写",
  },
  "credentials.sessionToken": {
    en: "Session token of a temporary key; left out for a lasting one",
    zh: "临时密钥的会话令牌；长期密钥不填",
  },
  "credentials.roleArn": {
    en: "Role that is assumed, such as arn:aws:iam::123456789012:role/hypermotion-target-prod",
    zh: "要代入的角色，如 arn:aws:iam::123456789012:role/hypermotion-target-prod",
    shown: true,
  },
  "credentials.externalId": {
    en: "External id that the role's trust policy asks for",
    zh: "角色信任策略要求的外部 ID",
  },
};
