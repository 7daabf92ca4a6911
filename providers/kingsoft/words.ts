/** What the settings of a Kingsoft Cloud target are, for who is asked for them. */
import type { WordsOfFields } from "../field-words.ts";

export const kingsoftWords: WordsOfFields = {
  region: {
    en: "Region, such as cn-beijing-6",
    zh: "区域，如 cn-beijing-6",
  },
  subnetId: {
    en: "Subnet of gateways and launched servers; it fixes VPC and zone",
    zh: "网关和已启动服务器的子网；它决定 VPC 和可用区",
  },
  zone: {
    en: "Zone of the subnet; a subnet elsewhere is then refused",
    zh: "子网的可用区；填写后拒绝其他可用区的子网",
  },
  projectId: {
    en: "Project, a figure; 0 is the account's default",
    zh: "项目 ID（数字）；0 为默认项目",
  },
  billing: {
    en: "How what is made is paid; both afterwards",
    zh: "计费方式，均为后付费",
  },
  "volume.types": {
    en: "Types of volumes, the first that fits and is in stock is taken",
    zh: "硬盘类型，取适用且有库存的第一个",
  },
  "gateway.addressBilling": {
    en: "How gateways' addresses are paid, by traffic",
    zh: "网关公网地址的计费方式，按流量",
  },
  "gateway.line": {
    en: "Line of gateways' addresses, by its name; left out, the first BGP one",
    zh: "网关公网地址的线路名称；不填则用第一个 BGP 线路",
  },
  "gateway.keyId": {
    en: "Key pair for people who log in to gateways; the product needs none",
    zh: "供人员登录网关的密钥对；产品本身不需要",
  },
  "launch.families": {
    en: "Instance types of launched servers by the begin of their names, such as S6; left out, all without GPU",
    zh: "已启动服务器的规格前缀，如 S6；不填则为全部无 GPU 规格",
  },
  "credentials.accessKey": {
    en: "Access key id",
    zh: "访问密钥 ID（AK）",
    shown: true,
  },
  "credentials.secretKey": {
    en: "Secret of that access key",
    zh: "私有密钥（SK）",
  },
  "credentials.gatewayPassword": {
    en: "Password of root on gateways, for people; the product needs none",
    zh: "网关 root 密码，供人员登录；产品本身不需要",
  },
};
