/**
 * What a target's settings are, for the person who is asked for them. Each platform says its own in its
 * `words.ts`, under the field's path, credentials under `credentials.<name>`; `group.*` stands for every
 * field of a group. Here is what means the same on all that have it; a platform's own words win.
 */
export interface FieldWords {
  readonly en: string;
  readonly zh: string;
  /** Of credentials: a name and no secret, so that it is shown while it is typed. */
  readonly shown?: true;
}

export type WordsOfFields = Readonly<Record<string, FieldWords>>;

export const commonWords: WordsOfFields = {
  "gateway.instanceType": {
    en: "Instance type of gateways; left out, the recommended size (4 vCPU, 8 GiB)",
    zh: "网关的实例规格；不填则用推荐规格（4 vCPU、8 GiB）",
  },
  "gateway.image": {
    en: "Image of gateways: an id, or families in the order in which they are tried",
    zh: "网关镜像：镜像 ID，或按尝试顺序列出的系列",
  },
  "gateway.diskGiB": {
    en: "System disk of gateways, in GiB",
    zh: "网关系统盘大小（GiB）",
  },
  "gateway.diskType": { en: "Type of gateways' system disks", zh: "网关系统盘类型" },
  "gateway.publicAddress": {
    en: "Public address of gateways; none where console and agents reach private ones",
    zh: "网关的公网地址；控制台和代理可达私网地址时选 none",
  },
  "gateway.bandwidthMbps": {
    en: "Outbound bandwidth of gateways in Mbit/s, billed by traffic",
    zh: "网关出带宽（Mbit/s），按流量计费",
  },
  "gateway.maxVolumes": {
    en: "Volumes of replicas that one gateway holds at once",
    zh: "一个网关同时挂载的副本卷数",
  },
  "gateway.spareVolumes": {
    en: "Places beside those, for clones under driver repair only",
    zh: "额外位置数，仅用于驱动修复中的克隆卷",
  },
  "gateway.keyName": {
    en: "Key pair for people who log in to gateways; the product needs none",
    zh: "供人员登录网关的密钥对；产品本身不需要",
  },
  "launch.keyName": {
    en: "Key pair that is added to launched servers",
    zh: "添加到已启动服务器的密钥对",
  },
  "launch.sshPort": {
    en: "Port at which launched servers' SSH answers, as evidence that they booted",
    zh: "已启动服务器的 SSH 端口，用于确认启动成功",
  },
  "launch.shell.bios": {
    en: "Image from which BIOS servers' instances are first made",
    zh: "BIOS 服务器实例的初始镜像",
  },
  "launch.shell.uefi": {
    en: "Image from which UEFI servers' instances are first made",
    zh: "UEFI 服务器实例的初始镜像",
  },
  "volume.type": { en: "Type of volumes", zh: "卷类型" },
  "volume.encrypted": { en: "Whether volumes are encrypted", zh: "卷是否加密" },
  "volume.kmsKeyId": {
    en: "Key of the key service that encrypts them; left out, the account's default",
    zh: "用于加密的密钥 ID；不填则用账号默认密钥",
  },
  "hyperDoor.image": {
    en: "Image of HyperDoor in this account, from which launched servers copy their system disk",
    zh: "本账号中的 HyperDoor 镜像，已启动的服务器由它复制系统盘",
  },
  "hyperDoor.sshKey": {
    en: "Public key of who may log in to a HyperDoor that does not get on",
    zh: "HyperDoor 无法继续时允许登录者的公钥",
  },
  "endpoints.*": {
    en: "Address of this service where it is not the platform's public one",
    zh: "此服务的地址（非平台公共地址时填写）",
  },
  proxy: {
    en: "Proxy through which the console reaches the platform, such as http://proxy:3128",
    zh: "控制台访问平台所用的代理，如 http://proxy:3128",
  },
  lostAnswerMs: {
    en: "Milliseconds for which a thing is looked for whose creation was not answered",
    zh: "创建请求无应答时查找该资源的毫秒数",
  },
  "credentials.accessKeyId": {
    en: "Id of the access key",
    zh: "访问密钥 ID（Access Key ID）",
    shown: true,
  },
  "credentials.secretAccessKey": { en: "Secret of the access key", zh: "访问密钥的私有部分" },
  "credentials.securityToken": {
    en: "Token of a temporary key; left out for a lasting one",
    zh: "临时密钥的令牌；长期密钥不填",
  },
};
