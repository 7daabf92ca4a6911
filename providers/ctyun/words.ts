/** What the settings of a CTyun target are, for who is asked for them. */
import type { WordsOfFields } from "../field-words.ts";

export const ctyunWords: WordsOfFields = {
  region: {
    en: "Resource pool, its id",
    zh: "资源池 ID",
  },
  zone: {
    en: "Zone as the pool names it; default where it has one only",
    zh: "可用区名称；单可用区资源池为 default",
  },
  subnetId: {
    en: "Subnet of gateways and launched servers; it fixes the VPC",
    zh: "网关和已启动服务器的子网；它决定 VPC",
  },
  projectId: {
    en: "Enterprise project; left out, the default one",
    zh: "企业项目 ID；不填则用默认项目",
  },
  "gateway.lineType": {
    en: "Line of gateways' addresses; left out, the pool's own",
    zh: "网关公网地址的线路；不填则用资源池默认线路",
  },
  "gateway.device": {
    en: "How a gateway knows a volume: by its serial, or by having appeared",
    zh: "网关识别卷的方式：序列号（serial），或新出现的设备（difference）",
  },
  "gateway.keyPairId": {
    en: "Key pair for people who log in to gateways; the product needs none",
    zh: "供人员登录网关的密钥对；产品本身不需要",
  },
  "launch.families": {
    en: "Flavors of launched servers by the begin of their names, such as c7; left out, all general ones",
    zh: "已启动服务器的规格前缀，如 c7；不填则为全部通用规格",
  },
  domain: {
    en: "Domain behind the products' names",
    zh: "各产品接口的域名后缀",
  },
  "credentials.accessKey": {
    en: "Access key (AK)",
    zh: "访问密钥 AK",
    shown: true,
  },
  "credentials.secretKey": {
    en: "Secret key (SK)",
    zh: "私有密钥 SK",
  },
  "credentials.gatewayPassword": {
    en: "Password of root on gateways, for people; the product needs none",
    zh: "网关 root 密码，供人员登录；产品本身不需要",
  },
};
