/** What the settings of a QingCloud target are, for who is asked for them. */
import type { WordsOfFields } from "../field-words.ts";

export const qingcloudWords: WordsOfFields = {
  zone: {
    en: "Zone in lower case, such as pek3a",
    zh: "区域，小写，如 pek3a",
  },
  vxnetId: {
    en: "Network of gateways and launched servers, such as vxnet-abc1234",
    zh: "网关和已启动服务器的私有网络，如 vxnet-abc1234",
  },
  "volume.type": {
    en: "Type of volumes, a figure; left out, what the gateway's hosts take first",
    zh: "硬盘类型（数字）；不填则取网关主机首选类型",
  },
  "volume.maxGiB": {
    en: "Largest volume in GiB, where the zone sells larger ones than documented",
    zh: "最大硬盘容量（GiB），区域支持更大容量时填写",
  },
  "gateway.hostClass": {
    en: "Class of gateways' hosts, a figure; 101 is basic",
    zh: "网关主机类型（数字）；101 为基础型",
  },
  "gateway.keyPairId": {
    en: "Key pair for people who log in to gateways; the product needs none, such as kp-\u2026",
    zh: "供人员登录网关的密钥对；产品本身不需要，如 kp-…",
  },
  "launch.hostClass": {
    en: "Class of launched servers whose type tells none; left out, the gateway's",
    zh: "规格名不含类型的已启动服务器的主机类型；不填则同网关",
  },
  "launch.maxSystemGiB": {
    en: "Largest system disk the zone allows, in GiB",
    zh: "区域允许的最大系统盘（GiB）",
  },
  "launch.baseImages.linux": {
    en: "Image that Linux images take their properties from; left out, QingCloud's newest",
    zh: "Linux 镜像沿用属性的基础镜像；不填则用最新官方镜像",
  },
  "launch.baseImages.windows": {
    en: "Image that Windows images take their properties from; left out, QingCloud's newest",
    zh: "Windows 镜像沿用属性的基础镜像；不填则用最新官方镜像",
  },
  endpoint: {
    en: "Address of the API; a private QingCloud has its own",
    zh: "API 地址；私有云填写自己的地址",
  },
  "credentials.gatewayPassword": {
    en: "Password of root on gateways, for people; the product needs none",
    zh: "网关 root 密码，供人员登录；产品本身不需要",
  },
};
