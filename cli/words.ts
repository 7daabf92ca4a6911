/** What the command line says to people, in both languages. Errors have their own table in domain/. */
import type { Language } from "#domain/errors.ts";

export const words = {
  // --- the program ---
  program: {
    en: "Moves running servers into clouds, block by block, and starts them there",
    zh: "以块级复制将运行中的服务器迁移到云上并启动",
  },
  examples: { en: "Examples:", zh: "示例：" },
  "Usage:": { en: "Usage:", zh: "用法：" },
  "Arguments:": { en: "Arguments:", zh: "参数：" },
  "Options:": { en: "Options:", zh: "选项：" },
  "Commands:": { en: "Commands:", zh: "命令：" },
  "option version": { en: "show the version number", zh: "显示版本号" },
  "exit statuses": {
    en: "Exit statuses: 0 done; 1 unexpected; 2 wrong use; 3 not found; 4 conflict or stopped; 5 refused;\n  6 access; 7 unreachable; 8 the cloud's fault; 9 data; 10 did not boot; 130 interrupted",
    zh: "退出状态：0 成功；1 意外错误；2 用法错误；3 不存在；4 冲突或已停止；5 被拒绝；\n  6 权限；7 无法连接；8 云平台错误；9 数据；10 未能启动；130 被中断",
  },
  "option json": { en: "machine-readable output (JSON)", zh: "机器可读输出（JSON）" },
  "option console": {
    en: "URL of the console (default: HYPERMOTION_CONSOLE, else the one on this machine)",
    zh: "控制台地址（默认：HYPERMOTION_CONSOLE，否则为本机控制台）",
  },
  "option lang": {
    en: "language, en or zh (default: from LANG)",
    zh: "语言，en 或 zh（默认取自 LANG）",
  },
  "option detach": {
    en: "return at once instead of following the run",
    zh: "立即返回，不跟踪运行",
  },
  "option yes": { en: "do not ask for confirmation", zh: "不再询问确认" },
  "option help": { en: "show help", zh: "显示帮助" },
  "arg server": { en: "name or id of a source server", zh: "源服务器的名称或 ID" },
  "arg target": { en: "name or id of a target", zh: "目标的名称或 ID" },
  "arg platform": { en: "a platform, such as aws", zh: "平台，如 aws" },
  "arg run": { en: "id of a run", zh: "运行的 ID" },
  "arg gateway": { en: "id of a gateway", zh: "网关的 ID" },
  "arg name": { en: "name", zh: "名称" },
  "arg user": { en: "user name", zh: "用户名" },

  // --- commands ---
  up: {
    en: "start the console (standalone edition) in the foreground",
    zh: "在前台启动控制台（单机版）",
  },
  "up data": { en: "data folder", zh: "数据目录" },
  "up port": {
    en: "port for people, on 127.0.0.1; 0: any (default 18088)",
    zh: "用户端口，仅 127.0.0.1；0 表示任意（默认 18088）",
  },
  "up machines-port": {
    en: "port for agents and gateways; 0: any (default 18766)",
    zh: "代理与网关端口；0 表示任意（默认 18766）",
  },
  "up listen": {
    en: "address to listen on for agents and gateways (default 127.0.0.1)",
    zh: "代理与网关的监听地址（默认 127.0.0.1）",
  },
  "up advertise": {
    en: "address agents and gateways are told (default: the one listened on)",
    zh: "告知代理与网关的地址（默认为监听地址）",
  },
  "up reset-password": {
    en: "give this user a new one-time password",
    zh: "为该用户生成新的一次性密码",
  },
  "up ready": { en: "The console is up at {url}", zh: "控制台已启动：{url}" },
  "up machines": {
    en: "Agents and gateways connect to {machinesUrl}",
    zh: "代理与网关连接到 {machinesUrl}",
  },
  "up password": {
    en: "One-time password of {user} (shown only now; log in with: hypermotion login): {password}",
    zh: "{user} 的一次性密码（仅显示这一次；请运行 hypermotion login 登录）：{password}",
  },
  "up stopping": {
    en: "Stopping; runs go on at the next start",
    zh: "正在停止；运行会在下次启动时继续",
  },
  login: { en: "log in to the console", zh: "登录控制台" },
  "login stdin": {
    en: "read the password from standard input; a second line is the new password, where one is due",
    zh: "从标准输入读取密码；如需设置新密码，放在第二行",
  },
  "login browser": {
    en: "Open this address in a browser on this machine and sign in; waiting for it on port {port}:\n{address}",
    zh: "请在本机浏览器中打开以下地址并登录；正在端口 {port} 等待：\n{address}",
  },
  "login returned": {
    en: "You are signed in to HyperMotion. This page can be closed.",
    zh: "已登录 HyperMotion，可以关闭此页面。",
  },
  "login password": { en: "Password of {user}: ", zh: "{user} 的密码：" },
  "login new": { en: "New password (at least 10 characters): ", zh: "新密码（至少 10 个字符）：" },
  "login again": { en: "Once more: ", zh: "再输一次：" },
  "login differs": { en: "the two are not the same", zh: "两次输入不一致" },
  "login done": {
    en: "Logged in as {user} ({role}) until {expiresAt}",
    zh: "已登录：{user}（{role}），有效期至 {expiresAt}",
  },
  target: { en: "where servers are moved to", zh: "迁移目标" },
  "target add": {
    en: "add a target; its credentials are checked first",
    zh: "添加目标（先检查凭证）",
  },
  "target type": {
    en: "platform, see: hypermotion target platforms",
    zh: "平台，见 hypermotion target platforms",
  },
  "target set": {
    en: "a setting of the platform, such as region=cn-north-1; may be repeated",
    zh: "平台设置，如 region=cn-north-1；可重复",
  },
  "target config": { en: "settings of the platform as a JSON file", zh: "平台设置的 JSON 文件" },
  "target credentials": {
    en: "credentials as a JSON file, - for standard input",
    zh: "凭证的 JSON 文件，- 表示标准输入",
  },
  "target max-gateways": {
    en: "gateways made at most (default 2)",
    zh: "最多创建的网关数（默认 2）",
  },
  "target gateway-volumes": { en: "volumes a gateway holds at most", zh: "每个网关最多挂载的卷数" },
  "target gateway-type": { en: "instance type of gateways", zh: "网关的实例类型" },
  "target list": { en: "list targets", zh: "列出目标" },
  "target show": { en: "show a target", zh: "查看目标" },
  "target check": {
    en: "ask whether it answers and the credentials hold",
    zh: "检查目标是否可用、凭证是否有效",
  },
  "target remove": { en: "forget a target that nothing uses", zh: "移除未被使用的目标" },
  "target types": { en: "list the instance types it offers", zh: "列出可用的实例类型" },
  "target platforms": { en: "list platforms and what each needs", zh: "列出平台及其所需设置" },
  "target added": { en: "Target {name} added ({id})", zh: "已添加目标 {name}（{id}）" },
  "target ok": {
    en: "Target {name} answers and the credentials hold",
    zh: "目标 {name} 可用，凭证有效",
  },
  "target removed": { en: "Target {name} removed", zh: "已移除目标 {name}" },
  server: { en: "source servers", zh: "源服务器" },
  "server list": { en: "list source servers", zh: "列出源服务器" },
  "server show": {
    en: "show a source server with its disks and volumes",
    zh: "查看源服务器及其磁盘与卷",
  },
  "server code": { en: "make a code with which agents register", zh: "生成代理注册码" },
  "server code uses": {
    en: "how many servers may register with it (default 1)",
    zh: "可注册的服务器数量（默认 1）",
  },
  "server code hours": { en: "how long it is valid (default 24)", zh: "有效小时数（默认 24）" },
  "server code made": {
    en: "Valid until {expiresAt} for {uses} server(s). On the source server, as root:",
    zh: "有效期至 {expiresAt}，可注册 {uses} 台。请在源服务器上以 root 运行：",
  },
  "server rename": { en: "give a source server another name", zh: "重命名源服务器" },
  "server renamed": { en: "{old} is called {name} now", zh: "{old} 已改名为 {name}" },
  "server limit": {
    en: "limit what copying takes of the server and its line, also while it runs",
    zh: "限制复制占用的线路和 CPU，运行中亦可修改",
  },
  "server limit rate": { en: "in Mbit/s; 0: no limit", zh: "单位 Mbit/s；0 表示不限" },
  "server limit window": {
    en: 'another rate at some times, such as "mon-fri 08:00-18:00 20" (Mbit/s); none: no windows',
    zh: '分时段速率，如 "mon-fri 08:00-18:00 20"（Mbit/s）；none 表示取消',
  },
  "server limit window wrong": {
    en: "must be days, times and Mbit/s, such as mon-fri 08:00-18:00 20",
    zh: "应为星期、时间和 Mbit/s，如 mon-fri 08:00-18:00 20",
  },
  "server limit cpu": {
    en: "percent of the server's CPUs, all together; 100: no cap",
    zh: "占服务器全部 CPU 的百分比；100 表示不限",
  },
  "server limited": {
    en: "{name} copies with at most {rate} Mbit/s (0: no limit), {windows} windows, {cpu}% of its CPUs",
    zh: "{name} 的复制上限：{rate} Mbit/s（0 表示不限），{windows} 个时段，CPU {cpu}%",
  },
  "server pause": { en: "let copying stand still", zh: "暂停复制" },
  "server resume": { en: "let copying go on where it was", zh: "继续复制" },
  "server paused": {
    en: "Copying of {name} stands still; go on with: hypermotion server resume {name}",
    zh: "{name} 的复制已暂停；继续请运行 hypermotion server resume {name}",
  },
  "server resumed": { en: "Copying of {name} goes on", zh: "{name} 的复制已继续" },
  "server remove": {
    en: "forget a server that has nothing at a target",
    zh: "移除在目标上没有资源的服务器",
  },
  "server removed": { en: "Server {name} removed", zh: "已移除服务器 {name}" },
  gateway: { en: "gateways at targets", zh: "目标上的网关" },
  "gateway list": { en: "list gateways", zh: "列出网关" },
  "gateway show": { en: "show a gateway", zh: "查看网关" },
  user: { en: "people who may use the console", zh: "控制台用户" },
  "user list": { en: "list users", zh: "列出用户" },
  "user add": { en: "add a user; prints a one-time password", zh: "添加用户并打印一次性密码" },
  "user role": { en: "viewer, operator or administrator", zh: "viewer、operator 或 administrator" },
  "user reset": { en: "give a user a new one-time password", zh: "为用户生成新的一次性密码" },
  "user remove": { en: "remove a user", zh: "移除用户" },
  "user removed": { en: "User {name} removed", zh: "已移除用户 {name}" },
  "user password": {
    en: "One-time password of {name} (shown only now): {password}",
    zh: "{name} 的一次性密码（仅显示这一次）：{password}",
  },
  migrate: { en: "copy a server's disks to a target", zh: "将服务器磁盘复制到目标" },
  "migrate target": { en: "name or id of the target", zh: "目标的名称或 ID" },
  "migrate launch": { en: "go on to a launch: test or cutover", zh: "随后启动：test 或 cutover" },
  sync: { en: "copy what changed and take a recovery point", zh: "复制变化数据并创建恢复点" },
  launch: { en: "launch a server at its target", zh: "在目标上启动服务器" },
  "launch test": { en: "a rehearsal; the source server goes on", zh: "测试启动；源服务器继续运行" },
  "launch cutover": { en: "for good, after a last sync", zh: "最后一次同步后正式切换" },
  "launch type": {
    en: "instance type, see: hypermotion target types",
    zh: "实例类型，见 hypermotion target types",
  },
  "launch no-repair": {
    en: "start it as it is, without driver repair",
    zh: "不修复驱动，按原样启动",
  },
  "target policy": {
    en: "print the least permissions a platform's credentials need",
    zh: "打印平台凭证所需的最小权限",
  },
  "target no policy": {
    en: "{platform} needs no permissions",
    zh: "{platform} 不需要任何权限",
  },
  "launch subnet": {
    en: "put it into this subnet of the target",
    zh: "放入目标的此子网",
  },
  "launch address": {
    en: "give it this private address",
    zh: "使用此私有地址",
  },
  "launch security-group": {
    en: "use these security groups, separated by commas, instead of the gateway's",
    zh: "使用这些安全组（以逗号分隔），而非网关的安全组",
  },
  "launch keep-network": {
    en: "keep the network settings instead of DHCP",
    zh: "保留网络设置，不改为 DHCP",
  },
  "launch confirm": { en: "Cut {server} over for good?", zh: "确定将 {server} 正式切换？" },
  "launch which": { en: "say --test or --cutover", zh: "请指定 --test 或 --cutover" },
  "launch unconfirmed": {
    en: "a cutover needs --yes where nobody can be asked",
    zh: "无法询问确认时，正式切换需要 --yes",
  },
  accept: {
    en: "accept a test launch: remove it, ready for the cutover",
    zh: "接受测试结果：移除测试实例并准备切换",
  },
  revert: { en: "remove what was launched; the replica stays", zh: "移除已启动的实例，保留副本" },
  "clean-up": {
    en: "give back everything at the target that is not to stay",
    zh: "清理目标上不再需要的全部资源",
  },
  "clean-up confirm": {
    en: "Remove all of {server} at its target?",
    zh: "确定清理 {server} 在目标上的资源？",
  },
  runs: { en: "what is done and was done", zh: "运行记录" },
  wave: { en: "many servers moved as one", zh: "批量迁移（波次）" },
  "wave start": {
    en: "copy many servers; with --cutover, cut them over once all are copied",
    zh: "批量复制服务器；加 --cutover 则在全部复制完成后切换",
  },
  "wave servers": { en: "names or ids, divided by commas", zh: "名称或 ID，以逗号分隔" },
  "wave file": {
    en: 'file with a JSON list of ids, or of {"serverId", "instanceType", "placement"}',
    zh: '包含 JSON 列表的文件：ID，或 {"serverId", "instanceType", "placement"}',
  },
  "wave s3-key": {
    en: "such a list in the deployment's bucket (SaaS edition)",
    zh: "部署存储桶中的列表（SaaS 版）",
  },
  "wave concurrency": {
    en: "servers worked on at the same time (default 5)",
    zh: "同时处理的服务器数（默认 5）",
  },
  "wave tolerate": {
    en: "servers that may fail before the wave stops (default 0)",
    zh: "容许失败的服务器数，超过则停止（默认 0）",
  },
  "wave cutover": {
    en: "cut over: now, or not before a time such as 2026-12-01T22:00:00+01:00",
    zh: "切换：now，或不早于某时间，如 2026-12-01T22:00:00+08:00",
  },
  "wave cutover wrong": {
    en: "must be now, or a time with its zone, such as 2026-12-01T22:00:00+01:00",
    zh: "应为 now 或带时区的时间，如 2026-12-01T22:00:00+08:00",
  },
  "wave one list": {
    en: "give one of --servers, --file and --s3-key",
    zh: "请在 --servers、--file、--s3-key 中指定一个",
  },
  "wave show": { en: "show what became of each server", zh: "查看各服务器的结果" },
  "wave waiting": { en: "waiting", zh: "等待" },
  "wave copying": { en: "copying", zh: "复制中" },
  "wave copied": { en: "copied", zh: "已复制" },
  "wave cutting-over": { en: "cutting over", zh: "切换中" },
  "wave cut-over": { en: "cut over", zh: "已切换" },
  "wave failed": { en: "failed", zh: "失败" },
  RESULT: { en: "RESULT", zh: "结果" },
  "arg schedule": { en: "name or id of a schedule", zh: "计划的名称或 ID" },
  "arg webhook": { en: "name or id of a webhook", zh: "Webhook 的名称或 ID" },
  schedule: { en: "syncs at their times", zh: "定时同步" },
  "schedule add": { en: "sync again and again, or once at a time", zh: "添加定时同步" },
  "schedule server": { en: "this server", zh: "此服务器" },
  "schedule target": { en: "every copied server of this target", zh: "此目标的所有已复制服务器" },
  "schedule every": { en: "such as 15m, 4h or 1d", zh: "间隔，如 15m、4h、1d" },
  "schedule every wrong": {
    en: "must be a number and m, h or d, such as 15m",
    zh: "应为数字加 m、h 或 d，如 15m",
  },
  "schedule cron": {
    en: "minute, hour, day of month, month, day of week, year; one of the days is ?",
    zh: "分 时 日 月 星期 年；日与星期之一为 ?",
  },
  "schedule at": { en: "once, such as 2026-12-01T22:00:00", zh: "一次，如 2026-12-01T22:00:00" },
  "schedule time-zone": {
    en: "such as Europe/Berlin (default UTC)",
    zh: "时区，如 Asia/Shanghai（默认 UTC）",
  },
  "schedule whom": { en: "give one of --server and --target", zh: "请指定 --server 或 --target" },
  "schedule when": {
    en: "give one of --every, --cron and --at",
    zh: "请在 --every、--cron、--at 中指定一个",
  },
  "schedule list": { en: "list schedules with their next times", zh: "列出计划及下次时间" },
  "schedule pause": { en: "pause a schedule", zh: "暂停计划" },
  "schedule resume": { en: "take a paused schedule up again", zh: "恢复计划" },
  "schedule remove": { en: "remove a schedule", zh: "删除计划" },
  "schedule removed": { en: "Schedule {name} removed", zh: "已删除计划 {name}" },
  paused: { en: "paused", zh: "已暂停" },
  WHEN: { en: "WHEN", zh: "时间" },
  FOR: { en: "FOR", zh: "对象" },
  "NEXT TIME": { en: "NEXT TIME", zh: "下次" },
  LAST: { en: "LAST", zh: "上次" },
  EVENTS: { en: "EVENTS", zh: "事件" },
  all: { en: "all", zh: "全部" },
  webhook: { en: "who else is told what happens", zh: "事件通知" },
  "webhook add": { en: "send events to a URL, signed", zh: "将事件签名后发送到 URL" },
  "webhook url": { en: "https URL", zh: "https 地址" },
  "webhook events": {
    en: "types, divided by commas (default: all)",
    zh: "事件类型，逗号分隔（默认全部）",
  },
  "webhook key": {
    en: "Webhook {name} added. The key that signs what it gets (shown only now): {key}",
    zh: "已添加 Webhook {name}。签名密钥（仅显示这一次）：{key}",
  },
  "webhook list": { en: "list webhooks and how they answer", zh: "列出 Webhook 及其状态" },
  "webhook test": { en: "send a test event", zh: "发送测试事件" },
  "webhook tested": {
    en: "A test is on its way to {name}; see: hypermotion webhook list",
    zh: "测试事件已发往 {name}；结果见 hypermotion webhook list",
  },
  "webhook remove": { en: "remove a webhook", zh: "删除 Webhook" },
  "webhook removed": { en: "Webhook {name} removed", zh: "已删除 Webhook {name}" },
  "server lag": {
    en: "be told when the newest recovery point is older than this",
    zh: "最新恢复点超过此时间时通知",
  },
  "server lag minutes": { en: "minutes; 0: no target", zh: "分钟；0 表示不设目标" },
  "server lag set": {
    en: "Lag target of {name}: {minutes} minutes",
    zh: "{name} 的延迟目标：{minutes} 分钟",
  },
  "runs list": { en: "list runs, newest first", zh: "列出运行（最新在前）" },
  "runs list server": { en: "only of this server", zh: "仅此服务器" },
  "runs list state": {
    en: "only running, succeeded, failed or stopped ones",
    zh: "仅 running、succeeded、failed 或 stopped",
  },
  "runs list limit": { en: "at most this many (default 50)", zh: "最多条数（默认 50）" },
  "runs show": { en: "show a run with its history", zh: "查看运行及其历史" },
  "runs stop": { en: "stop a run; what was copied stays", zh: "停止运行；已复制的数据会保留" },
  "runs stopped": { en: "Run {id} stopped", zh: "已停止运行 {id}" },
  "runs follow": { en: "follow a run until it ends", zh: "跟踪运行直至结束" },
  status: { en: "show servers and what goes on", zh: "查看服务器及当前进展" },
  "status watch": { en: "keep showing it", zh: "持续显示" },
  "status console": { en: "Console {url}, version {version}", zh: "控制台 {url}，版本 {version}" },
  logs: { en: "show what happened", zh: "查看事件" },
  "logs follow": { en: "go on as things happen", zh: "持续输出" },
  "logs limit": { en: "how many at the start (default 100)", zh: "起始条数（默认 100）" },
  version: { en: "show versions of command line and console", zh: "显示命令行与控制台的版本" },

  // --- tables and lines ---
  none: { en: "none", zh: "无" },
  ID: { en: "ID", zh: "ID" },
  NAME: { en: "NAME", zh: "名称" },
  STATE: { en: "STATE", zh: "状态" },
  AGENT: { en: "AGENT", zh: "代理" },
  COPY: { en: "COPY", zh: "复制" },
  LAG: { en: "LAG", zh: "滞后" },
  RUN: { en: "RUN", zh: "运行" },
  KIND: { en: "KIND", zh: "类型" },
  SERVER: { en: "SERVER", zh: "服务器" },
  STARTED: { en: "STARTED", zh: "开始" },
  STEP: { en: "STEP", zh: "步骤" },
  PLATFORM: { en: "PLATFORM", zh: "平台" },
  TARGET: { en: "TARGET", zh: "目标" },
  SLOTS: { en: "SLOTS", zh: "槽位" },
  ADDRESS: { en: "ADDRESS", zh: "地址" },
  TYPE: { en: "TYPE", zh: "类型" },
  MEMORY: { en: "MEMORY", zh: "内存" },
  VOLUMES: { en: "VOLUMES", zh: "卷" },
  ROLE: { en: "ROLE", zh: "角色" },
  ERROR: { en: "ERROR", zh: "错误" },
  NEXT: { en: "NEXT", zh: "下一步" },
  REQUIRED: { en: "REQUIRED", zh: "必填" },
  connected: { en: "connected", zh: "在线" },
  away: { en: "away", zh: "离线" },
  started: {
    en: "{kind} of {server} started: run {run}",
    zh: "{server} 的 {kind} 已开始：运行 {run}",
  },
  "step begins": { en: "{step}", zh: "{step}" },
  "waits for": { en: "{step}: {waitsFor}", zh: "{step}：{waitsFor}" },
  copied: {
    en: "copied {percent}% of {total}, {rate}/s, bottleneck: {bottleneck}",
    zh: "已复制 {percent}%，共 {total}，{rate}/s，瓶颈：{bottleneck}",
  },
  "run succeeded": {
    en: "{kind} of {server} done in {duration}",
    zh: "{server} 的 {kind} 已完成，用时 {duration}",
  },
  "run goes on": {
    en: "The run goes on; follow it with: hypermotion runs follow {run}",
    zh: "运行仍在继续；跟踪：hypermotion runs follow {run}",
  },
  booted: {
    en: "Booted as {instance} ({address}): {evidence}",
    zh: "已启动为 {instance}（{address}）：{evidence}",
  },
  "not connected": {
    en: "The console does not answer; trying again",
    zh: "控制台无响应，正在重试",
  },
  "yes or no": { en: "{question} [y/N] ", zh: "{question} [y/N] " },
  "not confirmed": { en: "not confirmed", zh: "未确认" },

  // --- wrong use ---
  "wrong use": { en: "Wrong use", zh: "用法错误" },
  "see help": {
    en: "See: {command} --help",
    zh: "请参阅：{command} --help",
  },
  "unknown command": { en: "there is no command {name}", zh: "没有命令 {name}" },
  "unknown option": { en: "there is no option {name}", zh: "没有选项 {name}" },
  "missing argument": { en: "{name} is missing", zh: "缺少 {name}" },
  "excess arguments": { en: "more words than it takes", zh: "参数过多" },
  "bad value": { en: "{name}: {problem}", zh: "{name}：{problem}" },
  "must be a number": { en: "must be a number, 0 or more", zh: "必须是不小于 0 的数" },
  "must be key=value": { en: "must be key=value", zh: "必须为 key=value" },
  "is not JSON": { en: "is not a JSON object", zh: "不是 JSON 对象" },
  "can't be read": { en: "can't be read: {problem}", zh: "无法读取：{problem}" },
  "must be one of": { en: "must be one of: {allowed}", zh: "必须为：{allowed}" },
} as const satisfies Record<string, Record<Language, string>>;

export type Words = keyof typeof words;
export type Say = (key: Words, params?: Record<string, string | number>) => string;

export function speaker(language: Language): Say {
  return (key, params = {}) =>
    words[key][language].replace(/\{(\w+)\}/g, (whole, name: string) =>
      String(params[name] ?? whole),
    );
}
