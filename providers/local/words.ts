/** What the settings of a target on this machine are, for who is asked for them. */
import type { WordsOfFields } from "../field-words.ts";

export const localWords: WordsOfFields = {
  folder: {
    en: "Folder that keeps volumes, snapshots and instances, such as /srv/hypermotion",
    zh: "存放卷、快照和实例的目录，如 /srv/hypermotion",
  },
  maxVolumes: { en: "Volumes there may be", zh: "卷的数量上限" },
  maxBytes: { en: "Bytes all volumes may promise together", zh: "全部卷的容量上限（字节）" },
  maxVolumesPerGateway: { en: "Volumes one gateway holds at once", zh: "一个网关同时挂载的卷数" },
  "volume.minBytes": { en: "Smallest volume in bytes", zh: "最小的卷（字节）" },
  "volume.maxBytes": { en: "Largest volume in bytes", zh: "最大的卷（字节）" },
  "volume.stepBytes": {
    en: "Sizes of volumes are multiples of this, in bytes",
    zh: "卷大小的步长（字节）",
  },
  pools: {
    en: 'Storage pools with the bytes each holds, as JSON such as {"fast": 1099511627776}',
    zh: '存储池及其容量（字节），JSON 格式，如 {"fast": 1099511627776}',
  },
  deviceMapping: {
    en: "Whether attached volumes say which they are (identity), or are known by having appeared",
    zh: "挂载的卷可自报身份（identity），或只能凭新出现来识别（difference）",
  },
  minFreeBytes: {
    en: "Bytes that must be free in the folder's file system",
    zh: "目录所在文件系统须保留的空闲字节数",
  },
  gatewayListen: { en: "Address at which gateways listen", zh: "网关监听地址" },
  gatewayCommand: {
    en: "Program of gateways and its arguments; left out, this product's own",
    zh: "网关程序及其参数；不填则用本产品自带的",
  },
  gatewayStopMs: {
    en: "Milliseconds a gateway may take to stop before it is killed",
    zh: "网关停止的最长毫秒数，超过则强制结束",
  },
  "server.qemu": {
    en: "QEMU's program: a name in PATH or a path",
    zh: "QEMU 程序：PATH 中的名称或路径",
  },
  "server.accelerator": {
    en: "How launched servers are run: by KVM, by emulation (tcg), or KVM where this machine has it (auto)",
    zh: "已启动服务器的运行方式：KVM、模拟（tcg），或有 KVM 时使用 KVM（auto）",
  },
  "server.vcpus": { en: "vCPUs of launched servers", zh: "已启动服务器的 vCPU 数" },
  "server.memoryBytes": {
    en: "Memory of launched servers in bytes",
    zh: "已启动服务器的内存（字节）",
  },
  "server.maxVolumes": {
    en: "Volumes a launched server may have beside its system disk",
    zh: "已启动服务器除系统盘外的卷数上限",
  },
  "server.stopMs": {
    en: "Milliseconds a server may take to shut down before its power is cut",
    zh: "服务器关机的最长毫秒数，超过则断电",
  },
  maxLogBytes: {
    en: "Bytes at which a log is cut to its newest part",
    zh: "日志达到此字节数后仅保留最新部分",
  },
};
