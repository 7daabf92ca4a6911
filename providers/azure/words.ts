/** What the settings of an Azure target are, for who is asked for them. */
import type { WordsOfFields } from "../field-words.ts";

export const azureWords: WordsOfFields = {
  cloud: { en: "The public cloud, or the one in China", zh: "公共云，或由世纪互联运营的中国云" },
  subscriptionId: {
    en: "Subscription id, such as 01234567-89ab-…",
    zh: "订阅 ID，如 01234567-89ab-…",
  },
  resourceGroup: {
    en: "Resource group that is there already; all of ours is put there",
    zh: "已有的资源组，所有资源都放入其中",
  },
  location: { en: "Location, such as westeurope", zh: "位置，如 westeurope" },
  subnetId: {
    en: "Subnet of gateways and launched servers, as a resource id: /subscriptions/…/subnets/…",
    zh: "网关和已启动服务器的子网，填资源 ID：/subscriptions/…/subnets/…",
  },
  zone: {
    en: "Availability zone of servers, volumes and addresses; left out, Azure chooses",
    zh: "服务器、卷和地址的可用区；不填则由 Azure 决定",
  },
  "gateway.image": {
    en: "Image of gateways: Publisher:Offer:Sku:Version, or families in the order in which they are tried",
    zh: "网关镜像：Publisher:Offer:Sku:Version，或按尝试顺序列出的系列",
  },
  "gateway.adminUsername": {
    en: "Name of the administrator on gateways",
    zh: "网关管理员用户名",
  },
  "gateway.sshPublicKey": {
    en: "Public key of people who log in to gateways; the product needs none",
    zh: "供人员登录网关的公钥；产品本身不需要",
  },
  "launch.series": {
    en: "Series of launched servers' sizes, such as Dsv5",
    zh: "已启动服务器的规格系列，如 Dsv5",
  },
  "launch.boot": {
    en: "How a repaired disk becomes a system disk: attached, as a copy, or attached with a copy where that is refused (auto)",
    zh: "修复后的磁盘如何成为系统盘：直接挂载（attach）、副本（copy），或挂载被拒时改用副本（auto）",
  },
  pollMs: {
    en: "Milliseconds between questions whether an operation has ended",
    zh: "查询操作是否完成的间隔毫秒数",
  },
  caCertificates: {
    en: "Certificates in PEM to be trusted beside the public ones, where a proxy looks into connections",
    zh: "代理解密连接时额外信任的 PEM 证书",
  },
  "credentials.tenantId": {
    en: "Directory (tenant) of the application: its id or a domain",
    zh: "应用所在目录（租户）的 ID 或域名",
    shown: true,
  },
  "credentials.clientId": {
    en: "Application (client) id",
    zh: "应用程序（客户端）ID",
    shown: true,
  },
  "credentials.clientSecret": { en: "Client secret of the application", zh: "应用的客户端密码" },
  "credentials.adminPassword": {
    en: "Password of the administrator on gateways; the product needs none",
    zh: "网关管理员密码；产品本身不需要",
  },
};
