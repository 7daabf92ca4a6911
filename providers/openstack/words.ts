/** What the settings of an OpenStack target are, for who is asked for them. */
import type { WordsOfFields } from "../field-words.ts";

export const openstackWords: WordsOfFields = {
  identityUrl: {
    en: "Address of Keystone, such as https://keystone.example.com:5000/v3",
    zh: "Keystone 地址，如 https://keystone.example.com:5000/v3",
  },
  region: {
    en: "Region; needed where the catalogue has more than one",
    zh: "区域；服务目录有多个区域时必填",
  },
  interface: {
    en: "Which of a service's addresses is called",
    zh: "调用服务的哪一类地址",
  },
  caCertificates: {
    en: "Certificates in PEM to be trusted, where no public authority signed the cloud's",
    zh: "云证书非公共机构签发时信任的 PEM 证书",
  },
  insecure: {
    en: "Whether certificates are not looked at; whoever stands between can then read and change everything",
    zh: "是否不校验证书；中间人将可读取和篡改一切",
  },
  zone: {
    en: "Nova's availability zone; left out, its scheduler chooses",
    zh: "Nova 可用区；不填则由调度器决定",
  },
  volumeZone: {
    en: "Cinder's availability zone",
    zh: "Cinder 可用区",
  },
  networkId: {
    en: "Network of gateways and launched servers, an id",
    zh: "网关和已启动服务器的网络 ID",
  },
  subnetId: {
    en: "Subnet of that network, an id",
    zh: "该网络的子网 ID",
  },
  "volume.type": {
    en: "Type of volumes; left out, Cinder's default",
    zh: "卷类型；不填则用 Cinder 默认类型",
  },
  "volume.cephPool": {
    en: "Ceph pool of the volumes, as hints to its operators name it",
    zh: "卷所在的 Ceph 池，用于给运维人员的提示",
  },
  "gateway.instanceType": {
    en: "Flavor of gateways; left out, the smallest of 4 vCPU and 8 GiB",
    zh: "网关规格；不填则用满足 4 vCPU、8 GiB 的最小规格",
  },
  "gateway.disk": {
    en: "Whether gateways boot from a volume, or from the flavor's own disk",
    zh: "网关从卷启动（volume），还是从规格自带磁盘启动（flavor）",
  },
  "gateway.externalNetworkId": {
    en: "Network that floating addresses come from; needed where there is more than one",
    zh: "浮动 IP 所属的外部网络；有多个时必填",
  },
  "launch.boot": {
    en: "How a repaired disk becomes a system disk: booted from as it is (volume), as an image, or copied by HyperDoor",
    zh: "修复后的磁盘如何成为系统盘：直接启动（volume）、镜像（image），或由 HyperDoor 复制",
  },
  "launch.diskBus": {
    en: "How disks are shown to launched servers; scsi is virtio-scsi",
    zh: "已启动服务器的磁盘总线；scsi 即 virtio-scsi",
  },
  "launch.imageFormat": {
    en: "Format of images that are made; Ceph clones raw without a copy",
    zh: "制作镜像的格式；raw 可被 Ceph 直接克隆",
  },
  "launch.maxVolumes": {
    en: "Volumes a launched server may have beside its system disk",
    zh: "已启动服务器除系统盘外的卷数上限",
  },
  configDrive: {
    en: "Whether servers get their settings by a config drive, where the network brings no metadata",
    zh: "网络不提供元数据时是否使用 config drive",
  },
  "credentials.userName": {
    en: "User name, with a password",
    zh: "用户名（配合密码）",
    shown: true,
  },
  "credentials.userId": {
    en: "User's id, instead of the name",
    zh: "用户 ID，可代替用户名",
    shown: true,
  },
  "credentials.password": {
    en: "Password of that user",
    zh: "该用户的密码",
  },
  "credentials.userDomainId": {
    en: "Id of the user's domain",
    zh: "用户所属域的 ID",
    shown: true,
  },
  "credentials.userDomainName": {
    en: "Name of the user's domain, such as Default",
    zh: "用户所属域的名称，如 Default",
    shown: true,
  },
  "credentials.projectName": {
    en: "Project's name, with a password",
    zh: "项目名称（配合密码）",
    shown: true,
  },
  "credentials.projectId": {
    en: "Project's id, instead of the name",
    zh: "项目 ID，可代替名称",
    shown: true,
  },
  "credentials.projectDomainId": {
    en: "Id of the project's domain",
    zh: "项目所属域的 ID",
    shown: true,
  },
  "credentials.projectDomainName": {
    en: "Name of the project's domain, such as Default",
    zh: "项目所属域的名称，如 Default",
    shown: true,
  },
  "credentials.applicationCredentialId": {
    en: "Id of an application credential, instead of a password",
    zh: "应用凭证 ID，可代替密码",
    shown: true,
  },
  "credentials.applicationCredentialName": {
    en: "Name of an application credential, with its user",
    zh: "应用凭证名称，需同时给出用户",
    shown: true,
  },
  "credentials.applicationCredentialSecret": {
    en: "Secret of that application credential",
    zh: "该应用凭证的密钥",
  },
  "credentials.token": {
    en: "Token, which ends within hours",
    zh: "令牌，数小时内失效",
  },
};
