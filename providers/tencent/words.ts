/** What the settings of a Tencent Cloud target are, for who is asked for them. */
import type { WordsOfFields } from "../field-words.ts";

export const tencentWords: WordsOfFields = {
  region: { en: "Region, such as ap-guangzhou", zh: "地域，如 ap-guangzhou" },
  subnetId: {
    en: "Subnet of gateways and launched servers, such as subnet-1a2b3c4d; it fixes VPC and zone",
    zh: "网关和已启动服务器的子网，如 subnet-1a2b3c4d；它决定 VPC 和可用区",
  },
  zone: {
    en: "Zone of the subnet, such as ap-guangzhou-6; a subnet elsewhere is then refused",
    zh: "子网的可用区，如 ap-guangzhou-6；填写后拒绝其他可用区的子网",
  },
  site: {
    en: "Where the account lives: cloud.tencent.com (china) or tencentcloud.com (international)",
    zh: "账号所属站点：cloud.tencent.com（china）或 tencentcloud.com（international）",
  },
  "volume.encrypted": {
    en: "Whether data volumes are encrypted; Tencent makes no images of encrypted disks",
    zh: "数据卷是否加密；腾讯云不能为加密盘制作镜像",
  },
  "hyperDoor.firmware": {
    en: "By which firmware HyperDoor's image was imported to start, and so what it copies",
    zh: "导入 HyperDoor 镜像时选择的启动方式，复制出的系统以同样方式启动",
  },
  "gateway.keyId": {
    en: "Key pair for people who log in to gateways, such as skey-…; the product needs none",
    zh: "供人员登录网关的密钥，如 skey-…；产品本身不需要",
  },
  "credentials.secretId": {
    en: "SecretId of a sub-user, such as AKID…",
    zh: "子用户的 SecretId，如 AKID…",
    shown: true,
  },
  "credentials.secretKey": { en: "SecretKey of that SecretId", zh: "与 SecretId 对应的 SecretKey" },
  "credentials.token": {
    en: "Token of a temporary key; left out for a lasting one",
    zh: "临时密钥的令牌；长期密钥不填",
  },
};
