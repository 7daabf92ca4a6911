/** What the settings of a ZStack target are, for who is asked for them. */
import type { WordsOfFields } from "../field-words.ts";

export const zstackWords: WordsOfFields = {
  endpoint: {
    en: "Address of the API, such as http://10.0.0.2:8080/zstack/v1",
    zh: "API 地址，如 http://10.0.0.2:8080/zstack/v1",
  },
  zoneId: {
    en: "Zone, a uuid without dashes",
    zh: "区域 UUID（不带连字符）",
  },
  clusterId: {
    en: "Cluster of gateways and launched servers; it sees the storage of the volumes",
    zh: "网关和已启动服务器所在集群的 UUID；该集群须可访问卷的存储",
  },
  networkId: {
    en: "L3 network of gateways and launched servers, a uuid",
    zh: "网关和已启动服务器的三层网络 UUID",
  },
  imageServerId: {
    en: "Image server (backup storage); needed where the zone has more than one",
    zh: "镜像服务器 UUID；区域内有多个时必填",
  },
  pools: {
    en: "Primary storages that may be used, divided by commas; left out, all the cluster sees",
    zh: "可用的主存储 UUID，逗号分隔；不填则为集群可见的全部",
  },
  hostId: {
    en: "Host that all is put on, where the storage is the hosts' own",
    zh: "使用本地存储时，全部资源所在的物理机 UUID",
  },
  "volume.device": {
    en: "How a gateway knows a volume: by the device that appears, or by its serial",
    zh: "网关识别卷的方式：新出现的设备（difference），或序列号（serial）",
  },
  "gateway.instanceType": {
    en: "Instance offering of gateways; left out, the smallest of 4 vCPU and 8 GiB",
    zh: "网关的计算规格；不填则用满足 4 vCPU、8 GiB 的最小规格",
  },
  "gateway.affinityGroupId": {
    en: "Affinity group of gateways, a uuid",
    zh: "网关的亲和组 UUID",
  },
  "gateway.publicNetworkId": {
    en: "Public L3 network that gateways' addresses come from; left out, their own are reached",
    zh: "网关公网地址所属的公有网络 UUID；不填则直接访问其自身地址",
  },
  "launch.boot": {
    en: "How a repaired disk becomes a system disk: as it is (volume), as an image, by HyperDoor, or the first that works (auto)",
    zh: "修复后的磁盘如何成为系统盘：直接使用（volume）、镜像（image）、HyperDoor，或依次尝试（auto）",
  },
  certificateAuthority: {
    en: "Certificate authority of the endpoint in PEM, where it is the site's own",
    zh: "自建证书机构的 PEM 证书",
  },
  jobPatienceMs: {
    en: "Milliseconds an order is followed before its outcome is looked for",
    zh: "跟踪任务的毫秒数，超过后改为查询结果",
  },
  "credentials.accessKeyId": {
    en: "Id of an administrator's access key",
    zh: "管理员的 AccessKey ID",
    shown: true,
  },
  "credentials.accessKeySecret": {
    en: "Secret of that access key",
    zh: "该 AccessKey 的私有部分",
  },
  "credentials.account": {
    en: "Name of an administrator's account, instead of an access key",
    zh: "管理员账户名，可代替 AccessKey",
    shown: true,
  },
  "credentials.password": {
    en: "Password of that account",
    zh: "该账户的密码",
  },
};
