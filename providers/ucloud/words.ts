/** What the settings of a UCloud target are, for who is asked for them. */
import type { WordsOfFields } from "../field-words.ts";

export const ucloudWords: WordsOfFields = {
  region: {
    en: "Region, such as cn-bj2",
    zh: "地域，如 cn-bj2",
  },
  zone: {
    en: "Zone, such as cn-bj2-04",
    zh: "可用区，如 cn-bj2-04",
  },
  projectId: {
    en: "Project, such as org-abc123",
    zh: "项目 ID，如 org-abc123",
  },
  subnetId: {
    en: "Subnet of gateways and launched servers; it fixes the VPC, such as subnet-abc123",
    zh: "网关和已启动服务器的子网；它决定 VPC，如 subnet-abc123",
  },
  "volume.snapshotService": {
    en: "Whether the snapshot service is bought with each replica; without it there are no snapshots",
    zh: "是否为每个副本购买快照服务；不购买则无法创建快照",
  },
  "gateway.instanceType": {
    en: "Size of gateways, such as N-4-8 (machine type, vCPU, GiB); left out, the recommended one",
    zh: "网关规格，如 N-4-8（机型、vCPU、GiB）；不填则用推荐规格",
  },
  "gateway.line": {
    en: "Line of gateways' addresses; left out, by region",
    zh: "网关公网地址的线路；不填则按地域",
  },
  "gateway.keyPairId": {
    en: "Key pair for people who log in to gateways; the product needs none",
    zh: "供人员登录网关的密钥对；产品本身不需要",
  },
  "launch.machineTypes": {
    en: "Machine types of launched servers, such as N; left out, all that fit",
    zh: "已启动服务器的机型，如 N；不填则不限",
  },
  deviceMapping: {
    en: "Whether attached volumes say which they are, or are known by having appeared",
    zh: "挂载的卷可自报身份（identity），或只能凭新出现来识别（difference）",
  },
  endpoint: {
    en: "Address of the API; left out, UCloud's public one",
    zh: "API 地址；不填则用公共地址",
  },
  "credentials.publicKey": {
    en: "Public key of the API key pair",
    zh: "API 公钥",
    shown: true,
  },
  "credentials.privateKey": {
    en: "Private key of the API key pair",
    zh: "API 私钥",
  },
  "credentials.gatewayPassword": {
    en: "Password of root on gateways, for people; the product needs none",
    zh: "网关 root 密码，供人员登录；产品本身不需要",
  },
};
