/** What the settings of an Alibaba Cloud target are, for who is asked for them. */
import type { WordsOfFields } from "../field-words.ts";

export const aliyunWords: WordsOfFields = {
  region: { en: "Region, such as cn-hangzhou", zh: "地域，如 cn-hangzhou" },
  vSwitchId: {
    en: "vSwitch of gateways and launched servers, such as vsw-bp1…; it fixes VPC and zone",
    zh: "网关和已启动服务器的交换机，如 vsw-bp1…；它决定 VPC 和可用区",
  },
  zone: {
    en: "Zone of the vSwitch; a vSwitch elsewhere is then refused",
    zh: "交换机的可用区；填写后拒绝其他可用区的交换机",
  },
  "volume.categories": {
    en: "Disk categories, the first that the zone has in stock is taken",
    zh: "云盘类型，取可用区有库存的第一个",
  },
  "volume.performanceLevel": { en: "Performance level of ESSD disks", zh: "ESSD 云盘的性能级别" },
  "gateway.diskCategory": { en: "Category of gateways' system disks", zh: "网关系统盘类型" },
  "gateway.keyPairName": {
    en: "Key pair for people who log in to gateways; the product needs none",
    zh: "供人员登录网关的密钥对；产品本身不需要",
  },
  "launch.families": {
    en: "Instance families of launched servers, such as ecs.c7; left out, all that fit",
    zh: "已启动服务器的规格族，如 ecs.c7；不填则不限",
  },
  "launch.keyPairName": {
    en: "Key pair that is added to launched servers",
    zh: "添加到已启动服务器的密钥对",
  },
  "credentials.accessKeyId": {
    en: "AccessKey id of a RAM user, such as LTAI…",
    zh: "RAM 用户的 AccessKey ID，如 LTAI…",
    shown: true,
  },
  "credentials.accessKeySecret": { en: "AccessKey secret", zh: "AccessKey 的私有部分（Secret）" },
  "credentials.gatewayPassword": {
    en: "Password of root on gateways, for people; the product needs none",
    zh: "网关 root 密码，供人员登录；产品本身不需要",
  },
};
