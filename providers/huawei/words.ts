/** What the settings of a Huawei Cloud target are, for who is asked for them. */
import type { WordsOfFields } from "../field-words.ts";

export const huaweiWords: WordsOfFields = {
  region: { en: "Region, such as cn-north-4", zh: "区域，如 cn-north-4" },
  projectId: {
    en: "Project id; left out, the region's own project",
    zh: "项目 ID；不填则用区域自身的项目",
  },
  zone: {
    en: "Availability zone of gateways, volumes and launched servers, such as cn-north-4a",
    zh: "网关、卷和已启动服务器的可用区，如 cn-north-4a",
  },
  subnetId: {
    en: "Network id of the subnet, such as 01234567-89ab-…; it fixes the VPC",
    zh: "子网的网络 ID，如 01234567-89ab-…；它决定 VPC",
  },
  "volume.device": {
    en: "How volumes are attached: VBD, or SCSI, which names itself by WWN",
    zh: "磁盘模式：VBD，或可用 WWN 识别的 SCSI",
  },
  "gateway.addressType": {
    en: "Line of the gateways' elastic address",
    zh: "网关弹性公网 IP 的线路类型",
  },
  "launch.boot": {
    en: "How a repaired disk becomes a system disk: as an image, by swapping, or an image with a swap where that is refused (auto)",
    zh: "修复后的磁盘如何成为系统盘：镜像（image）、换盘（swap），或镜像被拒时改用换盘（auto）",
  },
  "launch.families": {
    en: "Flavors of launched servers by the begin of their names, such as c7; left out, all general ones",
    zh: "已启动服务器的规格前缀，如 c7；不填则为全部通用规格",
  },
  "launch.osVersion": {
    en: "System that an image is registered with, as the image service lists it",
    zh: "注册镜像时的操作系统版本，以镜像服务列出的为准",
  },
  domain: {
    en: "Domain behind the services' names; myhuaweicloud.eu in Europe",
    zh: "服务域名后缀；欧洲为 myhuaweicloud.eu",
  },
};
