/**
 * What is told to people while their servers move, in both languages. An event keeps type and facts;
 * clients make the words.
 */
import type { Language } from "./errors.ts";

/** The source of our events on an event bus. */
export const eventSource = "hypermotion";
/** Where our events are counted, by the dimensions `deployment` and `type`. */
export const eventMetric = { namespace: "HyperMotion", name: "Events" } as const;

export const eventTable = {
  "server.registered": { en: "Registered with {disks} disks", zh: "已注册，共 {disks} 块磁盘" },
  "check.found": {
    en: "{blocks} things would stop it on its way to a cloud, {warnings} are to be minded ({rows}); see: hypermotion check --server {server}",
    zh: "有 {blocks} 项会阻止其迁移上云，{warnings} 项需留意（{rows}）；详见 hypermotion check --server {server}",
  },
  "check.warned": {
    en: "To be minded before it goes to {target}: {rows}; see: hypermotion check --server {server} --target {target}",
    zh: "迁移到 {target} 前需留意：{rows}；详见 hypermotion check --server {server} --target {target}",
  },
  "server.state": { en: "Now {state}", zh: "当前状态：{state}" },
  "run.started": { en: "{kind} started", zh: "{kind} 已开始" },
  "run.succeeded": { en: "{kind} done", zh: "{kind} 已完成" },
  "run.failed": { en: "{kind} failed: {message}", zh: "{kind} 失败：{message}" },
  "run.stopped": { en: "{kind} stopped by {by}", zh: "{kind} 已被 {by} 停止" },
  "sync.started": { en: "Copying started ({mode})", zh: "开始复制（{mode}）" },
  "sync.stalled": { en: "Copying waits for the agent", zh: "复制正在等待代理" },
  "sync.recovered": { en: "Copying goes on", zh: "复制已恢复" },
  "sync.estimated": {
    en: "Copying {gib} GiB takes at most about {minutes} minutes over this line; zeros and what compresses take less",
    zh: "经此线路复制 {gib} GiB 最多约需 {minutes} 分钟；全零块和可压缩的数据更快",
  },
  "line.measured": {
    en: "The line to the gateway carries {mbit} Mbit/s, {roundTripMs} ms there and back",
    zh: "到网关的线路可承载 {mbit} Mbit/s，往返 {roundTripMs} 毫秒",
  },
  "line.slow": {
    en: "The line to the gateway carries {mbit} Mbit/s, at least {least} are recommended for this sync ({mode}, {requirement}). It copies all the same, and takes longer: free the line, get a faster one or a gateway with more bandwidth",
    zh: "到网关的线路仅 {mbit} Mbit/s，此类同步（{mode}，{requirement}）建议至少 {least} Mbit/s。复制照常进行，但耗时更长：请空出线路、换更快的线路或为网关增加带宽",
  },
  "line.limited": {
    en: "Copying is limited to {mbit} Mbit/s, at least {least} are recommended for this sync ({mode}, {requirement}). It copies all the same, and takes longer: hypermotion server limit --rate sets another rate",
    zh: "复制限速为 {mbit} Mbit/s，此类同步（{mode}，{requirement}）建议至少 {least} Mbit/s。复制照常进行，但耗时更长：可用 hypermotion server limit --rate 修改限速",
  },
  "sync.done": {
    en: "Copied: {changedBytes} bytes changed, {sentBytes} sent, {skippedBytes} free and not read",
    zh: "复制完成：变化 {changedBytes} 字节，发送 {sentBytes} 字节，空闲未读 {skippedBytes} 字节",
  },
  "verify.done": {
    en: "Read again: {volumes} volumes hold what was copied",
    zh: "已重新读取：{volumes} 个卷的内容与已复制的一致",
  },
  "verify.differs": {
    en: "Volumes {volumes} do not hold what was copied ({blocks} blocks found); the next sync heals them",
    zh: "卷 {volumes} 的内容与已复制的不一致（发现 {blocks} 个块）；下次同步会修复",
  },
  "verify.source-done": {
    en: "The source server's disks are equal to the volumes",
    zh: "源服务器的磁盘与卷一致",
  },
  "verify.source-differs": {
    en: "{blocks} blocks of the source server differ from the volumes; {written} of them are known to be written since the last sync",
    zh: "源服务器有 {blocks} 个块与卷不同；其中 {written} 个已知是上次同步后写入的",
  },
  "recovery-point.taken": { en: "Recovery point {id} taken", zh: "已创建恢复点 {id}" },
  "repair.done": {
    en: "Drivers repaired: {actions} changes, {checks} checks passed",
    zh: "驱动修复完成：{actions} 处更改，{checks} 项检查通过",
  },
  "launch.smaller-than-source": {
    en: "No instance type is as large as the source; {type} is the largest ({vcpus} vCPUs, {memoryGiB} GiB)",
    zh: "没有与源服务器一样大的实例规格；最大的是 {type}（{vcpus} 个 vCPU，{memoryGiB} GiB）",
  },
  "launch.image-refused": {
    en: "No image could be made ({problem}); the server boots by {other} instead",
    zh: "无法创建镜像（{problem}）；改用 {other} 方式启动",
  },
  "hyperdoor.started": {
    en: "HyperDoor runs on {instance} and copies {gib} GiB over its system disk",
    zh: "HyperDoor 已在 {instance} 上运行，正在将 {gib} GiB 复制到其系统盘",
  },
  "hyperdoor.started-again": {
    en: "The machine of {instance} restarted while it was copied to; HyperDoor goes on",
    zh: "{instance} 在复制期间重启；HyperDoor 继续复制",
  },
  "hyperdoor.key-shown": {
    en: "{by} was given the key that lets into HyperDoor on {instance}",
    zh: "{by} 已获取 {instance} 上 HyperDoor 的登录密钥",
  },
  "hyperdoor.copied": {
    en: "The system disk is copied and read back: {writtenBytes} of {totalBytes} bytes had to be written, in {seconds} s",
    zh: "系统盘已复制并回读校验：{totalBytes} 字节中写入 {writtenBytes} 字节，用时 {seconds} 秒",
  },
  "launch.booted": {
    en: "Booted as {instance}: {evidence}",
    zh: "已启动为 {instance}：{evidence}",
  },
  "launch.unseen": {
    en: "Runs as {instance}, but nothing of its guest can be seen from here ({evidence}); look at it in the platform's own console before you go on",
    zh: "已作为 {instance} 运行，但此处无法看到其系统状态（{evidence}）；继续之前请在平台控制台中查看",
  },
  "launch.not-booted": { en: "Did not boot: {evidence}", zh: "未能启动：{evidence}" },
  "lag.over-target": {
    en: "The newest recovery point is {seconds} s old, the target is {target} s",
    zh: "最新恢复点已有 {seconds} 秒，目标为 {target} 秒",
  },
  "lag.within-target": {
    en: "The lag is within its target again ({seconds} s)",
    zh: "延迟已恢复到目标以内（{seconds} 秒）",
  },
  "slots.used-up": {
    en: "No gateway of target {target} has room: {reason}",
    zh: "目标 {target} 的网关已无空位：{reason}",
  },
  "placement.no-repair-room": {
    en: "Can be copied, but its drivers can't be repaired on a gateway of {target}: that needs {needed} volumes, {allowed} are possible",
    zh: "可以复制，但无法在目标 {target} 的网关上修复驱动：需要 {needed} 个卷，最多 {allowed} 个",
  },
  "gateway.idle": {
    en: "Gateway {gateway} has nothing to do; it is given back in {minutes} minutes unless someone needs it (kept, it costs about {cost} a day)",
    zh: "网关 {gateway} 已空闲；若 {minutes} 分钟内无人使用将被释放（保留每天约 {cost}）",
  },
  "leftovers.cost": {
    en: "Since {days} days {things} things of a finished move are kept at the target ({gib} GiB, about {cost} a month); give them back with: hypermotion clean-up {server}",
    zh: "迁移完成后 {days} 天，目标上仍保留 {things} 项资源（{gib} GiB，每月约 {cost}）；可用 hypermotion clean-up {server} 归还",
  },
  "webhook.test": { en: "A test, asked for by {by}", zh: "由 {by} 发起的测试" },
  "clean-up.done": {
    en: "Cleaned up, nothing is left at the target",
    zh: "清理完成，目标上无残留",
  },
} as const satisfies Record<string, Record<Language, string>>;

export type EventType = keyof typeof eventTable;

/** An event's words. A type of a newer version is shown as it is. */
export function describeEvent(
  event: { type: string; params: Readonly<Record<string, string | number>> },
  language: Language = "en",
): string {
  const words = (eventTable as Record<string, Record<Language, string>>)[event.type]?.[language];
  if (words === undefined) return `${event.type} ${JSON.stringify(event.params)}`;
  return words.replace(/\{(\w+)\}/g, (whole, name: string) => String(event.params[name] ?? whole));
}
