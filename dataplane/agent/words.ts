/** What the agent says to people, in both languages. Errors have their own table in domain/. */
import type { Language } from "#domain/errors.ts";

const english = {
  registered: (console: string, server: string) => `Registered at ${console} as server ${server}`,
  ready: (server: string, disks: number, console: string) =>
    `Server ${server} with ${disks} disks waits for orders of ${console}`,
  notSeen: (what: string) => `not seen: ${what}`,
  waiting: (what: string, problem: string) => `Waiting for ${what}: ${problem}`,
  order: (session: string, mode: string, disks: number, gateway: string) =>
    `Session ${session}: ${mode} sync of ${disks} disks to gateway ${gateway}`,
  freezing: (session: string, mountPoints: string) => `Session ${session}: freezing ${mountPoints}`,
  thawed: (session: string, seconds: string) => `Session ${session}: thawed after ${seconds} s`,
  done: (session: string) => `Session ${session}: done`,
  failed: (session: string, message: string) => `Session ${session} failed: ${message}`,
  stopped: (session: string) => `Session ${session}: stopped`,
  of: (share: string, total: string) => `${share} of ${total}`,
  left: (time: string) => `${time} left`,
  heldUpBy: (what: string) => `held up by ${what}`,
  running: (orders: number) => `The agent runs; syncs under way: ${orders}`,
  notRunning: (orders: number) => `The agent does not run; syncs it would go on with: ${orders}`,
};

const chinese: typeof english = {
  registered: (console, server) => `已在 ${console} 注册为服务器 ${server}`,
  ready: (server, disks, console) =>
    `服务器 ${server}（${disks} 块磁盘）正在等待 ${console} 的指令`,
  notSeen: (what) => `未能查看：${what}`,
  waiting: (what, problem) => `正在等待（${what}）：${problem}`,
  order: (session, mode, disks, gateway) =>
    `会话 ${session}：${mode} 同步，${disks} 块磁盘到网关 ${gateway}`,
  freezing: (session, mountPoints) => `会话 ${session}：正在冻结 ${mountPoints}`,
  thawed: (session, seconds) => `会话 ${session}：${seconds} 秒后已解冻`,
  done: (session) => `会话 ${session}：完成`,
  failed: (session, message) => `会话 ${session} 失败：${message}`,
  stopped: (session) => `会话 ${session}：已停止`,
  of: (share, total) => `${share}，共 ${total}`,
  left: (time) => `剩余 ${time}`,
  heldUpBy: (what) => `瓶颈：${what}`,
  running: (orders) => `代理正在运行；进行中的同步：${orders}`,
  notRunning: (orders) => `代理未在运行；待继续的同步：${orders}`,
};

export const agentWords: Readonly<Record<Language, typeof english>> = {
  en: english,
  zh: chinese,
};
