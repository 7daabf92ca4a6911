/**
 * Every error a person can meet, in one table: whether trying again can help, the exit status the
 * command line gives for it, and its words in English and Chinese.
 *
 * A thrower names a code and the facts; the table holds the words. So a record keeps `{code, params}`
 * and any client can show it in its reader's language. Placeholders are checked by the compiler.
 */

/** Exit statuses of the command line, documented in the README. */
export const exitStatus = {
  unexpected: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  refused: 5,
  access: 6,
  unreachable: 7,
  cloud: 8,
  data: 9,
  boot: 10,
} as const;

interface Words {
  readonly message: string;
  readonly hint: string;
}

interface ErrorEntry {
  /** True when the same call may succeed later without anyone doing anything. */
  readonly retryable: boolean;
  readonly exit: keyof typeof exitStatus;
  readonly en: Words;
  readonly zh: Words;
}

const terminal = false;
const retryable = true;

function entry<const E extends Words, const Z extends Words>(
  canRetry: boolean,
  exit: keyof typeof exitStatus,
  en: E,
  zh: Z,
) {
  return { retryable: canRetry, exit, en, zh } as const;
}

export const errorTable = {
  // --- what was asked ---
  "input.invalid": entry(
    terminal,
    "usage",
    {
      message: "{where}: {problem}",
      hint: "Correct the value and try again; nothing was changed.",
    },
    { message: "{where}：{problem}", hint: "请改正后重试；没有做任何更改。" },
  ),
  "input.ambiguous": entry(
    terminal,
    "usage",
    {
      message: "{name} names more than one {kind}: {ids}",
      hint: "Give the id instead of the name.",
    },
    { message: "名称 {name} 对应多个 {kind}：{ids}", hint: "请改用 ID。" },
  ),
  "input.too-large": entry(
    terminal,
    "usage",
    {
      message: "The request has more than {maxBytes} bytes",
      hint: "Nothing was changed. Send less in one request.",
    },
    { message: "请求超过 {maxBytes} 字节", hint: "没有做任何更改。请减小单次请求的内容。" },
  ),
  "input.no-route": entry(
    terminal,
    "usage",
    {
      message: "The console has nothing at {method} {path}",
      hint: "What it has is described at /openapi.json; command line and console should have one version.",
    },
    {
      message: "控制台没有 {method} {path}",
      hint: "可用接口见 /openapi.json；命令行与控制台的版本应一致。",
    },
  ),
  "node.version": entry(
    terminal,
    "usage",
    {
      message: "Node {needed} is needed, this is {found}",
      hint: "Start it through npm (npx hypermotion …), which brings the right Node, or install Node {needed}.",
    },
    {
      message: "需要 Node {needed}，当前为 {found}",
      hint: "请通过 npm 启动（npx hypermotion …），或安装 Node {needed}。",
    },
  ),
  "record.not-found": entry(
    terminal,
    "notFound",
    { message: "There is no {kind} {id}", hint: "List what exists with: hypermotion {kind} list" },
    { message: "{kind} {id} 不存在", hint: "可用 hypermotion {kind} list 查看已有的项。" },
  ),
  "record.exists": entry(
    terminal,
    "conflict",
    {
      message: "A {kind} {id} exists already",
      hint: "Choose another name, or remove the other first.",
    },
    { message: "{kind} {id} 已存在", hint: "请换一个名称，或先删除已有的项。" },
  ),
  "record.contended": entry(
    retryable,
    "conflict",
    {
      message: "{kind} {id} was changed by others too often while we tried to change it",
      hint: "Nothing to do: the step is tried again.",
    },
    { message: "{kind} {id} 被其他操作频繁修改", hint: "无需操作：该步骤会自动重试。" },
  ),
  "state.in-use": entry(
    terminal,
    "conflict",
    {
      message: "Another {program} works with the state folder {folder}",
      hint: "Stop it first, or give this one a folder of its own with --state.",
    },
    {
      message: "另一个 {program} 正在使用状态目录 {folder}",
      hint: "请先停止它，或用 --state 指定其他目录。",
    },
  ),
  "state.damaged": entry(
    terminal,
    "data",
    {
      message: "{file} can't be read: {problem}",
      hint: "Nothing was done with it. Restore it from a backup, or move it away to begin anew.",
    },
    {
      message: "无法读取 {file}：{problem}",
      hint: "未做任何操作。请从备份恢复，或移走该文件后重新开始。",
    },
  ),

  // --- who asks ---
  "auth.required": entry(
    terminal,
    "access",
    { message: "This needs a login", hint: "Log in with: hypermotion login" },
    { message: "需要先登录", hint: "请运行：hypermotion login" },
  ),
  "auth.wrong-password": entry(
    terminal,
    "access",
    {
      message: "User name or password is wrong",
      hint: "The administrator's one-time password is printed when the console starts for the first time.",
    },
    { message: "用户名或密码错误", hint: "控制台首次启动时会打印管理员的一次性密码。" },
  ),
  "auth.elsewhere": entry(
    terminal,
    "access",
    {
      message: "This console keeps no users of its own",
      hint: "Users, passwords and roles are kept at {address}; sign in there.",
    },
    {
      message: "此控制台不自行管理用户",
      hint: "用户、密码和角色在 {address} 管理，请在那里登录。",
    },
  ),
  "auth.sign-in-failed": entry(
    terminal,
    "access",
    {
      message: "Signing in at {address} did not work: {problem}",
      hint: "Try again with: hypermotion login. The browser must be on this machine, or its port 18767 be led here (ssh -L 18767:localhost:18767).",
    },
    {
      message: "在 {address} 登录失败：{problem}",
      hint: "请重新运行 hypermotion login。浏览器须在本机，或将其 18767 端口转发到本机（ssh -L 18767:localhost:18767）。",
    },
  ),
  "auth.no-role": entry(
    terminal,
    "access",
    {
      message: "{user} is in none of the groups that may use this console",
      hint: "An administrator of the user pool puts people into one of the groups: {roles}.",
    },
    {
      message: "{user} 不属于任何可使用此控制台的用户组",
      hint: "请由用户池管理员将其加入以下用户组之一：{roles}。",
    },
  ),
  "auth.forbidden": entry(
    terminal,
    "access",
    {
      message: "The role {role} may not do this, {needed} may",
      hint: "Ask an administrator for the role {needed}.",
    },
    { message: "角色 {role} 无权执行，需要 {needed}", hint: "请向管理员申请角色 {needed}。" },
  ),
  "auth.wrong-code": entry(
    terminal,
    "access",
    {
      message: "The code is unknown, used up or expired",
      hint: "Make a new one with: hypermotion server code",
    },
    {
      message: "注册码不存在、已用完或已过期",
      hint: "请用 hypermotion server code 生成新的注册码。",
    },
  ),
  "agent.not-registered": entry(
    terminal,
    "notFound",
    {
      message: "No agent is registered in {folder}",
      hint: "One that root installed is asked as root (sudo); else run as root what hypermotion server code prints. --state names another folder.",
    },
    {
      message: "{folder} 中没有已注册的代理",
      hint: "root 安装的代理请以 root（sudo）查询；否则请以 root 运行 hypermotion server code 给出的命令。其他目录用 --state 指定。",
    },
  ),
  "agent.not-running": entry(
    terminal,
    "unreachable",
    {
      message: "The agent does not run",
      hint: "Start it: systemctl start hypermotion-agent; why it ended: journalctl -u hypermotion-agent",
    },
    {
      message: "代理未在运行",
      hint: "启动：systemctl start hypermotion-agent；查看原因：journalctl -u hypermotion-agent",
    },
  ),
  "auth.unknown-agent": entry(
    terminal,
    "access",
    {
      message: "The console at {address} does not know this agent any more",
      hint: "Register it anew: make a code with hypermotion server code, and start the agent with --code <code>.",
    },
    {
      message: "控制台 {address} 已不认识此代理",
      hint: "请重新注册：用 hypermotion server code 生成注册码，再以 --code <注册码> 启动代理。",
    },
  ),
  "auth.wrong-certificate": entry(
    terminal,
    "access",
    {
      message: "{peer} shows another certificate than the one it was registered with",
      hint: "Somebody may sit between, or {peer} was reinstalled: check, then register it again with a new code.",
    },
    {
      message: "{peer} 出示的证书与注册时不同",
      hint: "可能存在中间人，或 {peer} 已重装：请检查后用新的注册码重新注册。",
    },
  ),

  "auth.change-password": entry(
    terminal,
    "access",
    {
      message: "The one-time password of {user} only serves to choose a new one",
      hint: "Log in again and choose a password: hypermotion login",
    },
    {
      message: "{user} 的一次性密码只能用于设置新密码",
      hint: "请重新登录并设置密码：hypermotion login",
    },
  ),
  "auth.throttled": entry(
    retryable,
    "access",
    {
      message: "Too many wrong passwords for {user}; the next try is allowed in {seconds} seconds",
      hint: "Wait, then log in again; an administrator can set a new one-time password.",
    },
    {
      message: "{user} 密码错误次数过多，{seconds} 秒后才能重试",
      hint: "请稍后再登录；管理员也可重新设置一次性密码。",
    },
  ),
  "auth.last-administrator": entry(
    terminal,
    "conflict",
    {
      message: "{user} is the last administrator",
      hint: "Make another user an administrator first.",
    },
    { message: "{user} 是最后一个管理员", hint: "请先将其他用户设为管理员。" },
  ),

  // --- targets ---
  "target.unknown-platform": entry(
    terminal,
    "usage",
    {
      message: "{platform} is not a platform this version knows",
      hint: "Known platforms: {known}",
    },
    { message: "此版本不支持平台 {platform}", hint: "支持的平台：{known}" },
  ),
  "target.unreachable": entry(
    terminal,
    "unreachable",
    {
      message: "Target {target} does not answer: {problem}",
      hint: "Check address, network and credentials with: hypermotion target check {target}",
    },
    {
      message: "目标 {target} 无响应：{problem}",
      hint: "请用 hypermotion target check {target} 检查地址、网络与凭证。",
    },
  ),
  "target.in-use": entry(
    terminal,
    "conflict",
    {
      message: "Target {target} is used by server {server}",
      hint: "Clean up the server first: hypermotion clean-up {server}",
    },
    {
      message: "目标 {target} 正被服务器 {server} 使用",
      hint: "请先清理：hypermotion clean-up {server}",
    },
  ),

  // --- source servers ---
  "server.busy": entry(
    terminal,
    "conflict",
    {
      message: "Server {server} is being moved by run {run} already",
      hint: "Watch it with: hypermotion runs show {run}; or stop it with: hypermotion runs stop {run}",
    },
    {
      message: "服务器 {server} 正由运行 {run} 处理",
      hint: "查看：hypermotion runs show {run}；停止：hypermotion runs stop {run}",
    },
  ),
  "server.wrong-state": entry(
    terminal,
    "conflict",
    {
      message: "Server {server} is {state}; {action} needs it to be {allowed}",
      hint: "See what comes next with: hypermotion server show {server}",
    },
    {
      message: "服务器 {server} 当前为 {state}；{action} 要求状态为 {allowed}",
      hint: "请用 hypermotion server show {server} 查看下一步。",
    },
  ),
  "server.not-synced": entry(
    terminal,
    "conflict",
    {
      message: "Server {server} has no recovery point to launch from",
      hint: "Copy its disks first: hypermotion migrate {server} --target <target>",
    },
    {
      message: "服务器 {server} 还没有可启动的恢复点",
      hint: "请先复制磁盘：hypermotion migrate {server} --target <目标>",
    },
  ),
  "server.disconnected": entry(
    terminal,
    "unreachable",
    {
      message: "The agent on {server} has not called since {lastSeenAt}",
      hint: "Check on the source server that hypermotion-agent runs and reaches the console.",
    },
    {
      message: "{server} 上的代理自 {lastSeenAt} 起未联系控制台",
      hint: "请在源服务器上确认 hypermotion-agent 正在运行且能访问控制台。",
    },
  ),
  "server.no-disks": entry(
    terminal,
    "refused",
    {
      message: "Server {server} reported no disk that can be copied",
      hint: "Run the agent as root, or name disks with --disk.",
    },
    {
      message: "服务器 {server} 未报告可复制的磁盘",
      hint: "请以 root 运行代理，或用 --disk 指定磁盘。",
    },
  ),

  "check.blocked": entry(
    terminal,
    "refused",
    {
      message: "Server {server} is stopped by the limits of {target}: {findings}",
      hint: "Nothing was made. See all findings with: hypermotion check --server {server} --target {target}",
    },
    {
      message: "服务器 {server} 受目标 {target} 的限制阻止：{findings}",
      hint: "没有创建任何资源。查看全部检查结果：hypermotion check --server {server} --target {target}",
    },
  ),

  // --- disks and volumes ---
  "disk.shrunk": entry(
    terminal,
    "data",
    {
      message:
        "Disk {disk} has {isBytes} bytes now, it had {wasBytes} when the server was registered",
      hint: "Restart the agent so that it reports its disks anew, then migrate again.",
    },
    {
      message: "磁盘 {disk} 现为 {isBytes} 字节，注册时为 {wasBytes} 字节",
      hint: "请重启代理以重新上报磁盘，然后重新迁移。",
    },
  ),
  "disk.vanished": entry(
    terminal,
    "data",
    {
      message: "Disk {disk} can't be opened any more: {problem}",
      hint: "Bring the disk back and repeat; what was copied is kept.",
    },
    {
      message: "磁盘 {disk} 已无法打开：{problem}",
      hint: "请恢复该磁盘后重试；已复制的数据会保留。",
    },
  ),
  "disk.unreadable": entry(
    terminal,
    "data",
    {
      message: "Disk {disk} can't be read at byte {offsetBytes}: {problem}",
      hint: "Check the disk's health at the source; the copy continues from there when repeated.",
    },
    {
      message: "磁盘 {disk} 在字节 {offsetBytes} 处无法读取：{problem}",
      hint: "请检查源端磁盘健康状况；重试时会从该处继续。",
    },
  ),
  "volume.too-small": entry(
    terminal,
    "refused",
    {
      message: "Volume {volume} has {sizeBytes} bytes, {neededBytes} are needed",
      hint: "Clean up and migrate again, so that the volume is made in the disk's size of today.",
    },
    {
      message: "卷 {volume} 只有 {sizeBytes} 字节，需要 {neededBytes} 字节",
      hint: "请清理后重新迁移，以便按磁盘当前大小创建卷。",
    },
  ),
  "volume.too-large": entry(
    terminal,
    "refused",
    {
      message:
        "Disk {disk} needs {neededBytes} bytes, {platform} allows {maxBytes} for this volume",
      hint: "Shrink the disk at the source, or choose another volume type or target.",
    },
    {
      message: "磁盘 {disk} 需要 {neededBytes} 字节，{platform} 最多允许 {maxBytes}",
      hint: "请在源端缩小磁盘，或选择其他卷类型或目标。",
    },
  ),
  "volume.not-attached": entry(
    terminal,
    "data",
    {
      message: "Gateway {gateway} does not see volume {volume}",
      hint: "Nothing was written. Repeat the migration; if it persists, clean up and start anew.",
    },
    {
      message: "网关 {gateway} 未发现卷 {volume}",
      hint: "没有写入任何数据。请重试迁移；若仍失败，请清理后重新开始。",
    },
  ),
  "volume.ambiguous": entry(
    terminal,
    "data",
    {
      message: "Gateway {gateway} can't tell which device volume {volume} is: {problem}",
      hint: "Nothing was written. Attach and detach nothing at the gateway by hand, then repeat the migration.",
    },
    {
      message: "网关 {gateway} 无法确定卷 {volume} 对应的设备：{problem}",
      hint: "没有写入任何数据。请勿手动在网关上挂载或卸载磁盘，然后重试迁移。",
    },
  ),
  "volume.in-use": entry(
    terminal,
    "conflict",
    {
      message: "Volume {volume} is being written by session {session}",
      hint: "Wait for that copy to end, or stop it; two copies to one volume would spoil both.",
    },
    {
      message: "卷 {volume} 正由会话 {session} 写入",
      hint: "请等待该复制结束或将其停止；两个复制写入同一卷会损坏数据。",
    },
  ),
  "verify.differs": entry(
    terminal,
    "data",
    {
      message: "Disks {disks} of {server} are not proved: blocks differ",
      hint: "Heal what differs with: hypermotion sync {server}; then verify again. A source in use differs by what it wrote since.",
    },
    {
      message: "{server} 的磁盘 {disks} 未通过验证：存在不同的块",
      hint: "可用 hypermotion sync {server} 修复，然后再次验证。使用中的源会因之后的写入而不同。",
    },
  ),
  "volume.io": entry(
    terminal,
    "data",
    {
      message: "Volume {volume} can't be read or written: {problem}",
      hint: "Look at the volume in the target's own console; everything acknowledged so far is kept.",
    },
    {
      message: "卷 {volume} 无法读写：{problem}",
      hint: "请在目标平台控制台检查该卷；已确认的数据均已保留。",
    },
  ),
  "volume.swapped": entry(
    terminal,
    "data",
    {
      message: "Another volume is where {volume} was at the gateway: it was {was}, it is {is}",
      hint: "Nothing was written to it. Attach the right volume again and repeat; or clean up and start anew.",
    },
    {
      message: "网关上 {volume} 的位置现在是另一个卷：原为 {was}，现为 {is}",
      hint: "未向其写入任何数据。请重新挂载正确的卷后重试；或清理后重新开始。",
    },
  ),
  "volume.differs": entry(
    terminal,
    "data",
    {
      message:
        "Volume {volume} differs from its disk in {blocks} blocks, the first at byte {offsetBytes}",
      hint: "Run a delta sync: it compares all blocks and heals them.",
    },
    {
      message: "卷 {volume} 与源磁盘有 {blocks} 个块不同，首个位于字节 {offsetBytes}",
      hint: "请执行增量同步：它会比较并修复所有块。",
    },
  ),

  // --- gateway and copying ---
  "gateway.disk-full": entry(
    terminal,
    "data",
    {
      message: "No room is left at gateway {gateway} for volume {volume}",
      hint: "Free space or enlarge the volume's storage, then repeat; the copy continues where it stopped.",
    },
    {
      message: "网关 {gateway} 上卷 {volume} 的空间已满",
      hint: "请释放或扩充存储后重试；复制会从中断处继续。",
    },
  ),
  "gateway.unreachable": entry(
    retryable,
    "unreachable",
    {
      message: "Gateway {gateway} does not answer: {problem}",
      hint: "It is tried again. If it persists, check that the security group opens port 18090.",
    },
    {
      message: "网关 {gateway} 无响应：{problem}",
      hint: "会自动重试。若持续失败，请检查安全组是否开放 18090 端口。",
    },
  ),
  "gateway.not-enrolled": entry(
    terminal,
    "unreachable",
    {
      message: "Gateway {gateway} did not enrol within {seconds} seconds",
      hint: "It must reach the console at {console}: check routes, security group and its system log.",
    },
    {
      message: "网关 {gateway} 在 {seconds} 秒内未完成注册",
      hint: "网关必须能访问控制台 {console}：请检查路由、安全组和系统日志。",
    },
  ),
  "gateway.restarted": entry(
    retryable,
    "data",
    {
      message: "Gateway {gateway} was restarted while it received blocks",
      hint: "Nothing acknowledged is lost; the copy goes on.",
    },
    { message: "网关 {gateway} 在接收数据时被重启", hint: "已确认的数据不会丢失；复制会继续。" },
  ),
  "gateway.lost-devices": entry(
    terminal,
    "data",
    {
      message:
        "Gateway {gateway} was restarted, and its platform does not tell which device volume {volume} is after that",
      hint: "Nothing was written to a wrong disk. Start the run again: the volumes are attached anew, and what was copied stays. Do not restart a gateway while anything runs.",
    },
    {
      message: "网关 {gateway} 已被重启，其平台无法告知卷 {volume} 重启后对应的设备",
      hint: "没有写错磁盘。请重新开始该运行：卷会重新挂载，已复制的数据保留。有任务运行时请勿重启网关。",
    },
  ),
  "gateway.restart-refused": entry(
    terminal,
    "conflict",
    {
      message: "Gateway {gateway} is not restarted: {runs} runs work with it ({list})",
      hint: "On this platform a restart makes them fail. Wait for them to end, or stop them first.",
    },
    {
      message: "网关 {gateway} 不会重启：有 {runs} 个运行正在使用它（{list}）",
      hint: "在该平台上重启会导致它们失败。请等待其结束或先停止。",
    },
  ),
  "gateway.too-small": entry(
    terminal,
    "refused",
    {
      message:
        "{type} is too small for a gateway on {platform}: it has {has}, the least is {least}",
      hint: "Choose a larger type in the target's settings; recommended: {recommended}.",
    },
    {
      message: "{type} 对 {platform} 上的网关来说太小：{has}，最低为 {least}",
      hint: "请在目标设置中选择更大的规格；建议：{recommended}。",
    },
  ),
  "gateway.no-type": entry(
    terminal,
    "refused",
    {
      message: "{platform} offers no instance type of {wanted} for a gateway",
      hint: "Choose another zone, or name a type in the target's settings.",
    },
    {
      message: "{platform} 没有适合网关的 {wanted} 实例规格",
      hint: "请选择其他可用区，或在目标设置中指定规格。",
    },
  ),
  "gateway.image-missing": entry(
    terminal,
    "refused",
    {
      message: "{platform} has no image HM_IMG_<date>.qcow2 to make the gateway from",
      hint: "Import it as a custom image in the region of the target, or ask the implementation engineers to share theirs and name its id with --set gateway.image=<id>; or have gateways made from a public image, with --set gateway.image=debian-12.",
    },
    {
      message: "{platform} 上没有用于创建网关的镜像 HM_IMG_<date>.qcow2",
      hint: "请在目标所在地域导入该自定义镜像，或联络实施工程师获取共享镜像并用 --set gateway.image=<id> 指定其 ID；也可改用公共镜像创建网关：--set gateway.image=debian-12。",
    },
  ),
  "gateway.no-image": entry(
    terminal,
    "refused",
    {
      message: "{platform} offers none of the images a gateway is made from: {choices}",
      hint: "Give the id of an image with glibc 2.28 or later and cloud-init, with --set gateway.image=<id>.",
    },
    {
      message: "{platform} 没有可用于创建网关的镜像：{choices}",
      hint: "请用 --set gateway.image=<id> 指定一个带有 glibc 2.28 或更高版本及 cloud-init 的镜像。",
    },
  ),
  "gateway.image-refused": entry(
    terminal,
    "refused",
    {
      message: "No gateway can be made from image {image} on {platform}: {problem}",
      hint: "Choose a newer system, such as Debian 12, Ubuntu 22.04, AlmaLinux 9 or Rocky Linux 9.",
    },
    {
      message: "无法在 {platform} 上用镜像 {image} 创建网关：{problem}",
      hint: "请选择更新的系统，例如 Debian 12、Ubuntu 22.04、AlmaLinux 9 或 Rocky Linux 9。",
    },
  ),
  "gateway.no-slot": entry(
    terminal,
    "refused",
    {
      message:
        "Server {server} needs {needed} volumes on one gateway, target {target} allows {allowed}",
      hint: "Raise the target's limit if its gateway type attaches more volumes.",
    },
    {
      message: "服务器 {server} 在同一网关上需要 {needed} 个卷，目标 {target} 只允许 {allowed} 个",
      hint: "若网关机型可挂载更多卷，请调高目标的限制。",
    },
  ),
  "placement.no-room": entry(
    retryable,
    "conflict",
    {
      message:
        "Server {server} needs {needed} slots on one gateway; at most {free} are free on the {gateways} gateways of {target}, and it may make no more",
      hint: "It waits in order. Clean up a server that is finished, or raise the target's number of gateways.",
    },
    {
      message:
        "服务器 {server} 在同一网关上需要 {needed} 个槽位；目标 {target} 的 {gateways} 个网关最多空闲 {free} 个，且不能再创建网关",
      hint: "按顺序等待中。请清理已完成的服务器，或调高目标的网关数量。",
    },
  ),
  "placement.behind": entry(
    retryable,
    "conflict",
    {
      message:
        "Server {server} needs {needed} slots on one gateway; {ahead} that came before it wait for room on the {gateways} gateways of {target} too, {first} first ({free} are free)",
      hint: "It waits in order: room that is kept for an earlier server is not given to a later one.",
    },
    {
      message:
        "服务器 {server} 在同一网关上需要 {needed} 个槽位；目标 {target} 的 {gateways} 个网关前还有 {ahead} 台服务器在等待，首先是 {first}（空闲 {free} 个）",
      hint: "按顺序等待中：为先到的服务器保留的空间不会分给后到的。",
    },
  ),
  "placement.no-zone": entry(
    terminal,
    "refused",
    {
      message: "Server {server} is to go to zone {zone}; target {target} has gateways in {zones}",
      hint: "A server lands in its gateway's zone. Choose one of these, or a target in that zone.",
    },
    {
      message: "服务器 {server} 需要进入可用区 {zone}；目标 {target} 的网关位于 {zones}",
      hint: "服务器与其网关处于同一可用区。请选择其中之一，或使用该可用区的目标。",
    },
  ),
  "placement.no-pool": entry(
    retryable,
    "conflict",
    {
      message:
        "The volumes of server {server} need {neededBytes} bytes in one storage pool of {target}; the roomiest that is open to it has {freeBytes} free",
      hint: "It waits in order. Free space in a storage pool, or move the server to another target.",
    },
    {
      message:
        "服务器 {server} 的所有卷需要在目标 {target} 的同一存储池中占用 {neededBytes} 字节；可用的最大空闲为 {freeBytes} 字节",
      hint: "按顺序等待中。请释放存储池空间，或迁移到其他目标。",
    },
  ),
  "placement.no-repair-room": entry(
    terminal,
    "refused",
    {
      message:
        "Server {server} can be copied, but its drivers can't be repaired: replica and clones need {needed} volumes on one gateway of {target}, {allowed} are possible",
      hint: "Raise the target's limit if its gateway type attaches more volumes, or launch with --no-repair.",
    },
    {
      message:
        "服务器 {server} 可以复制，但无法修复驱动：副本与克隆在目标 {target} 的同一网关上需要 {needed} 个卷，最多只有 {allowed} 个",
      hint: "若网关机型可挂载更多卷，请调高目标的限制，或使用 --no-repair 启动。",
    },
  ),
  "gateway.refused": entry(
    terminal,
    "data",
    {
      message: "Gateway {gateway} refused the order: {problem}",
      hint: "Gateway and console may be of different versions: clean up and let a new gateway be made.",
    },
    {
      message: "网关 {gateway} 拒绝了指令：{problem}",
      hint: "网关与控制台版本可能不同：请清理并重新创建网关。",
    },
  ),
  "sync.agent-lost": entry(
    retryable,
    "unreachable",
    {
      message: "The agent on {server} has been away for {seconds} seconds",
      hint: "Check the source server and its line; the copy goes on where it stopped.",
    },
    {
      message: "{server} 上的代理已离线 {seconds} 秒",
      hint: "请检查源服务器及其网络；复制会从中断处继续。",
    },
  ),
  "sync.stopped": entry(
    terminal,
    "conflict",
    {
      message: "The copy of {server} was stopped",
      hint: "Start it again with: hypermotion sync {server}",
    },
    { message: "{server} 的复制已停止", hint: "重新开始：hypermotion sync {server}" },
  ),
  "wire.broken": entry(
    retryable,
    "unreachable",
    {
      message: "The connection to {peer} broke: {problem}",
      hint: "It is made again; nothing is lost.",
    },
    { message: "与 {peer} 的连接中断：{problem}", hint: "会自动重连；数据不会丢失。" },
  ),
  "wire.protocol": entry(
    terminal,
    "data",
    {
      message: "{peer} broke the wire protocol: {problem}",
      hint: "Agent and gateway may be of different versions: update both.",
    },
    { message: "{peer} 违反了传输协议：{problem}", hint: "代理与网关版本可能不同：请同时升级。" },
  ),

  // --- holding a server still ---
  "quiesce.hook-failed": entry(
    terminal,
    "refused",
    {
      message: "The hook {hook} failed: {problem}",
      hint: "Nothing is frozen. Correct the hook on the source server and repeat.",
    },
    {
      message: "钩子脚本 {hook} 失败：{problem}",
      hint: "文件系统未冻结。请在源服务器上修正该脚本后重试。",
    },
  ),
  "quiesce.freeze-failed": entry(
    terminal,
    "refused",
    {
      message: "The file system at {mountPoint} can't be frozen: {problem}",
      hint: "Everything is thawed. Run the agent as root; or stop the services yourself and copy without freezing.",
    },
    {
      message: "无法冻结 {mountPoint} 上的文件系统：{problem}",
      hint: "所有文件系统均已解冻。请以 root 运行代理；或自行停止服务后不冻结复制。",
    },
  ),
  "quiesce.too-long": entry(
    terminal,
    "unreachable",
    {
      message: "The copy was not through after file systems had been frozen for {seconds} seconds",
      hint: "They were thawed. Run a delta sync first so that less is left to copy, or raise --freeze-limit.",
    },
    {
      message: "文件系统冻结 {seconds} 秒后复制仍未完成",
      hint: "已全部解冻。请先执行增量同步以减少剩余数据，或调高 --freeze-limit。",
    },
  ),

  // --- driver repair ---
  "repair.no-root": entry(
    terminal,
    "refused",
    {
      message: "No root file system was found on {disk}; seen: {seen}",
      hint: "Launch with --no-repair if the server needs no drivers, or migrate the disk that holds its root.",
    },
    {
      message: "在 {disk} 上找不到根文件系统；发现：{seen}",
      hint: "若无需驱动可用 --no-repair 启动，或迁移包含根文件系统的磁盘。",
    },
  ),
  "repair.unknown-guest": entry(
    terminal,
    "refused",
    {
      message: "Driver repair does not know this system: {found}",
      hint: "Nothing was changed. Known: {known}. Launch with --no-repair to try it as it is.",
    },
    {
      message: "驱动修复不支持此系统：{found}",
      hint: "未做任何更改。支持：{known}。可用 --no-repair 按原样启动。",
    },
  ),
  "repair.no-carrier": entry(
    terminal,
    "refused",
    {
      message: "Gateway {gateway} has no means to repair drivers: {problem}",
      hint: "Run the gateway as root, or install libguestfs-tools on it.",
    },
    {
      message: "网关 {gateway} 无法修复驱动：{problem}",
      hint: "请以 root 运行网关，或在其上安装 libguestfs-tools。",
    },
  ),
  "repair.failed": entry(
    terminal,
    "boot",
    {
      message: "Driver repair failed at {action}: {problem}",
      hint: "The replica is untouched and the clone is thrown away. The run's log holds the output.",
    },
    {
      message: "驱动修复在 {action} 处失败：{problem}",
      hint: "副本未受影响，克隆已丢弃。详见运行日志。",
    },
  ),
  "repair.not-verified": entry(
    terminal,
    "boot",
    {
      message: "After driver repair the check {check} failed: {seen}",
      hint: "The server would not have booted, so it was not launched. The replica is untouched.",
    },
    {
      message: "驱动修复后检查 {check} 未通过：{seen}",
      hint: "服务器将无法启动，因此未启动。副本未受影响。",
    },
  ),

  // --- launch ---
  "launch.not-booted": entry(
    terminal,
    "boot",
    {
      message: "Instance {instance} did not boot: {seen}",
      hint: "Its console output is kept in the run: hypermotion runs show {run}",
    },
    {
      message: "实例 {instance} 未能启动：{seen}",
      hint: "控制台输出保存在运行中：hypermotion runs show {run}",
    },
  ),
  "run.bad-input": entry(
    terminal,
    "refused",
    {
      message: "The input of {kind} can't be used: {problem}",
      hint: "Start it again with an input such as {example}; nothing was begun.",
    },
    {
      message: "{kind} 的输入无法使用：{problem}",
      hint: "请使用如 {example} 的输入重新启动；尚未开始任何操作。",
    },
  ),
  "wave.nothing-ready": entry(
    terminal,
    "refused",
    {
      message: "No server of wave {wave} can be cut over",
      hint: "See what became of each with: hypermotion wave show {wave}",
    },
    {
      message: "波次 {wave} 中没有可切换的服务器",
      hint: "各服务器的情况见：hypermotion wave show {wave}",
    },
  ),
  "wave.too-many-failures": entry(
    terminal,
    "refused",
    {
      message: "{failed} of {servers} servers failed, {tolerated} were tolerated: {names}",
      hint: "No further server was begun. See why each failed with: hypermotion wave show {wave}; then start a wave again, servers that are copied are only brought up to date.",
    },
    {
      message: "{servers} 台服务器中有 {failed} 台失败，最多容许 {tolerated} 台：{names}",
      hint: "没有再启动其他服务器。各服务器失败原因见：hypermotion wave show {wave}；随后可重新启动波次，已复制的服务器只做增量同步。",
    },
  ),
  "launch.no-type": entry(
    terminal,
    "refused",
    {
      message:
        "The target offers no instance type with {firmware} firmware that holds the {volumes} volumes of server {server}",
      hint: "Allow other instance types in the target's settings, or move some disks apart.",
    },
    {
      message: "目标没有支持 {firmware} 固件且能容纳服务器 {server} 的 {volumes} 个卷的实例规格",
      hint: "请在目标设置中允许其他实例规格，或将部分磁盘分开迁移。",
    },
  ),
  "launch.no-machine": entry(
    terminal,
    "refused",
    {
      message: "This machine can't run instances: {problem}",
      hint: "Install QEMU (Debian, Ubuntu: apt-get install qemu-system-x86) and launch again.",
    },
    {
      message: "此机器无法运行实例：{problem}",
      hint: "请安装 QEMU（Debian、Ubuntu：apt-get install qemu-system-x86）后重试。",
    },
  ),

  "hyperdoor.no-image": entry(
    terminal,
    "refused",
    {
      message: "Target {target} launches by HyperDoor, and no image of it is set",
      hint: "Bring HyperDoor's image to the target (docs/hyperdoor.md) and name it with --set hyperDoor.image=<id>; then launch again.",
    },
    {
      message: "目标 {target} 通过 HyperDoor 启动，但未设置其镜像",
      hint: "请按 docs/hyperdoor.md 将 HyperDoor 镜像上传到目标，并用 --set hyperDoor.image=<id> 指定，然后重新启动。",
    },
  ),
  "hyperdoor.not-there": entry(
    terminal,
    "conflict",
    {
      message: "No HyperDoor runs for server {server}",
      hint: "There is one to log in to while a launch by hyperDoorCopy copies the system disk: hypermotion status shows it.",
    },
    {
      message: "服务器 {server} 没有正在运行的 HyperDoor",
      hint: "只有通过 hyperDoorCopy 启动、正在复制系统盘时才能登录：可用 hypermotion status 查看。",
    },
  ),
  "hyperdoor.silent": entry(
    terminal,
    "boot",
    {
      message: "HyperDoor on instance {instance} has not reported for {minutes} minutes: {seen}",
      hint: "Its instance must reach the console at {address}: look at its subnet's way out and at the console's firewall; then launch again. The replica is untouched.",
    },
    {
      message: "实例 {instance} 上的 HyperDoor 已有 {minutes} 分钟没有报告：{seen}",
      hint: "该实例必须能访问控制台 {address}：请检查其子网出口和控制台防火墙，然后重新启动。副本未受影响。",
    },
  ),
  "hyperdoor.no-disk": entry(
    terminal,
    "data",
    {
      message: "HyperDoor can't tell which disk is {disk} ({sizeBytes} bytes); there are: {seen}",
      hint: "Nothing was written. Launch again; if it stays so, take disks off that the instance type adds by itself.",
    },
    {
      message: "HyperDoor 无法确定哪块磁盘是 {disk}（{sizeBytes} 字节）；现有：{seen}",
      hint: "没有写入任何数据。请重新启动；若仍如此，请去除实例规格自带的磁盘。",
    },
  ),
  "hyperdoor.io": entry(
    terminal,
    "data",
    {
      message: "HyperDoor could not copy at byte {offsetBytes} of {disk}: {problem}",
      hint: "Launch again: the copy begins anew on another disk. The replica is untouched.",
    },
    {
      message: "HyperDoor 在 {disk} 的第 {offsetBytes} 字节处复制失败：{problem}",
      hint: "请重新启动：将在另一块磁盘上重新复制。副本未受影响。",
    },
  ),
  "hyperdoor.differs": entry(
    terminal,
    "data",
    {
      message:
        "The system disk does not hold what HyperDoor wrote to it: {pieces} pieces differ, the first at byte {offsetBytes}",
      hint: "The server was not started from it. Launch again: it gets another disk. The replica is untouched.",
    },
    {
      message:
        "系统盘的内容与 HyperDoor 写入的不一致：{pieces} 处不同，首处位于第 {offsetBytes} 字节",
      hint: "服务器未从该盘启动。请重新启动：将使用另一块磁盘。副本未受影响。",
    },
  ),

  // --- clouds ---
  "cloud.throttled": entry(
    retryable,
    "cloud",
    {
      message: "{platform} is limiting our requests",
      hint: "Nothing to do: the step is tried again.",
    },
    { message: "{platform} 正在限制请求频率", hint: "无需操作：该步骤会自动重试。" },
  ),
  "cloud.transient": entry(
    retryable,
    "cloud",
    {
      message: "{platform} failed for a moment: {problem}",
      hint: "A run tries it again by itself; else repeat it. If it stays so, look at the console's way there: names (DNS), proxy, firewall.",
    },
    {
      message: "{platform} 暂时出错：{problem}",
      hint: "任务会自动重试；其他操作请重复执行。若持续出现，请检查控制台到该平台的网络：域名解析、代理、防火墙。",
    },
  ),
  "cloud.quota-exceeded": entry(
    terminal,
    "cloud",
    {
      message: "{platform}: the quota for {what} is used up",
      hint: "Raise the quota, or free some, and repeat.",
    },
    { message: "{platform}：{what} 配额已用尽", hint: "请提高配额或释放资源后重试。" },
  ),
  "cloud.capacity": entry(
    terminal,
    "cloud",
    {
      message: "{platform} has no {what} left",
      hint: "Choose another type or zone, or try later.",
    },
    { message: "{platform} 的 {what} 已售罄", hint: "请选择其他类型或可用区，或稍后再试。" },
  ),
  "cloud.payment": entry(
    terminal,
    "cloud",
    {
      message: "{platform} takes no order from this account until it is paid: {problem}",
      hint: "Top up the account or settle its open orders in the platform's own console, then repeat.",
    },
    {
      message: "{platform} 因账号付款问题拒绝下单：{problem}",
      hint: "请在平台控制台充值或支付未完成的订单，然后重试。",
    },
  ),
  "cloud.not-found": entry(
    terminal,
    "cloud",
    {
      message: "{platform} knows no {what} {id}",
      hint: "Somebody may have deleted it in the platform's own console. Clean up and migrate again.",
    },
    {
      message: "{platform} 上不存在 {what} {id}",
      hint: "可能已在平台控制台被删除。请清理后重新迁移。",
    },
  ),
  "cloud.wrong-state": entry(
    terminal,
    "cloud",
    {
      message: "{platform}: {what} {id} is {state}",
      hint: "See why in the platform's own console, then repeat.",
    },
    { message: "{platform}：{what} {id} 状态为 {state}", hint: "请在平台控制台查明原因后重试。" },
  ),
  "cloud.refused": entry(
    terminal,
    "cloud",
    {
      message: "{platform} refused {what}: {problem}",
      hint: "Nothing was changed. Correct the target's settings or the request, then repeat.",
    },
    {
      message: "{platform} 拒绝了 {what}：{problem}",
      hint: "未做任何更改。请修正目标设置或请求后重试。",
    },
  ),
  "cloud.forbidden": entry(
    terminal,
    "cloud",
    {
      message: "{platform} does not allow {action}",
      hint: "The permissions needed are printed by: hypermotion target policy {platform}",
    },
    {
      message: "{platform} 不允许 {action}",
      hint: "所需权限可用此命令查看：hypermotion target policy {platform}",
    },
  ),
  "cloud.credentials": entry(
    terminal,
    "access",
    {
      message: "{platform} does not accept the credentials: {problem}",
      hint: "Check that the key exists, is active and belongs to this account, and give it again: hypermotion target credentials",
    },
    {
      message: "{platform} 不接受这些凭证：{problem}",
      hint: "请确认密钥存在、已启用并属于此账号，然后重新提供：hypermotion target credentials",
    },
  ),
  "cloud.clock-skew": entry(
    terminal,
    "cloud",
    {
      message: "{platform} finds the clock of this console wrong: {problem}",
      hint: "Set the console's clock by NTP; requests older than a few minutes are refused.",
    },
    {
      message: "{platform} 认为控制台的时钟有误：{problem}",
      hint: "请用 NTP 校准控制台时钟；超过数分钟的请求会被拒绝。",
    },
  ),
  "cloud.unexpected": entry(
    terminal,
    "cloud",
    { message: "{platform} answered {problem}", hint: "See the run's log for the whole answer." },
    { message: "{platform} 返回 {problem}", hint: "完整应答见运行日志。" },
  ),

  // --- the demo ---
  "demo.no-source-server": entry(
    terminal,
    "refused",
    {
      message: "The demo's source server can't be built here: {problem}",
      hint: "Build it as root on a Debian or Ubuntu machine, with: apt-get install mmdebstrap debian-archive-keyring xfsprogs",
    },
    {
      message: "无法在此构建演示用的源服务器：{problem}",
      hint: "请在 Debian 或 Ubuntu 上以 root 构建，并先运行：apt-get install mmdebstrap debian-archive-keyring xfsprogs",
    },
  ),

  // --- waiting, and the rest ---
  "not-ready": entry(
    retryable,
    "conflict",
    { message: "Waiting for {what}: {state}", hint: "Nothing to do: it is looked at again." },
    { message: "正在等待 {what}：{state}", hint: "无需操作：会再次检查。" },
  ),
  "console.unreachable": entry(
    retryable,
    "unreachable",
    {
      message: "The console at {address} does not answer: {problem}",
      hint: "Start it with: hypermotion up",
    },
    { message: "控制台 {address} 无响应：{problem}", hint: "请启动控制台：hypermotion up" },
  ),
  "console.port-taken": entry(
    terminal,
    "refused",
    {
      message: "The console can't listen on {address}: {problem}",
      hint: "Is it running already? See hypermotion status; or choose other ports with --port and --machines-port.",
    },
    {
      message: "控制台无法监听 {address}：{problem}",
      hint: "可能已在运行，请用 hypermotion status 查看；或用 --port、--machines-port 指定其他端口。",
    },
  ),
  "run.stopped": entry(
    terminal,
    "conflict",
    { message: "Run {run} was stopped by {by}", hint: "Start it again when you want to go on." },
    { message: "运行 {run} 已被 {by} 停止", hint: "需要时可重新开始。" },
  ),
  "step.timeout": entry(
    terminal,
    "unreachable",
    {
      message: "Step {step} gave no sign for too long",
      hint: "See what it waited for with: hypermotion runs show; then repeat.",
    },
    {
      message: "步骤 {step} 长时间无响应",
      hint: "请用 hypermotion runs show 查看其等待的内容，然后重试。",
    },
  ),
  "leftovers.found": entry(
    terminal,
    "cloud",
    {
      message: "{count} things of this migration are still at the target: {list}",
      hint: "Repeat the clean-up; what stays after that must be removed in the platform's own console.",
    },
    {
      message: "目标上仍有 {count} 个本次迁移的资源：{list}",
      hint: "请重复清理；仍残留的需在平台控制台手动删除。",
    },
  ),
  "internal.unexpected": entry(
    terminal,
    "unexpected",
    {
      message: "Something unexpected happened: {problem}",
      hint: "This is a fault of ours: please report it with the run's log.",
    },
    { message: "发生意外错误：{problem}", hint: "这是我们的缺陷：请附运行日志反馈。" },
  ),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;

type Placeholders<S extends string> = S extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

type Named<C extends ErrorCode> = Placeholders<(typeof errorTable)[C]["en"][keyof Words]>;

/**
 * The facts a code's words need, each shown as it is. One that is made of words itself is given in
 * Chinese too, as `<name>.zh`.
 */
export type ErrorParams<C extends ErrorCode> = Record<Named<C>, string | number> &
  Partial<Record<`${Named<C>}.zh`, string>>;

export type Language = "en" | "zh";

/** What is kept in records, sent over callbacks and shown by clients. */
export interface ErrorFacts {
  readonly code: ErrorCode;
  readonly params: Readonly<Record<string, string | number>>;
}

function fill(text: string, { params }: ErrorFacts, language: Language): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) =>
    String(params[`${name}.${language}`] ?? params[name] ?? whole),
  );
}

/** The words for an error in one language. An unknown code (of a newer version) is shown as it is. */
export function describeError(facts: ErrorFacts, language: Language = "en"): Words {
  const words = (errorTable as Record<string, ErrorEntry>)[facts.code]?.[language];
  if (words === undefined) return { message: facts.code, hint: JSON.stringify(facts.params) };
  return { message: fill(words.message, facts, language), hint: fill(words.hint, facts, language) };
}

export class MigrationError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C;
  readonly params: Readonly<Record<string, string | number>>;

  constructor(code: C, params: ErrorParams<C>, options?: { cause?: unknown }) {
    super(describeError({ code, params }).message, options);
    this.name = "MigrationError";
    this.code = code;
    this.params = params;
  }

  get hint(): string {
    return describeError(this).hint;
  }

  get retryable(): boolean {
    return errorTable[this.code].retryable;
  }

  get facts(): ErrorFacts {
    return { code: this.code, params: this.params };
  }
}

export function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(errorTable, value);
}

/** Rebuilds an error from facts that came over a wire or out of a record. */
export function errorFromFacts(facts: {
  code: string;
  params: Record<string, string | number>;
}): MigrationError {
  if (!isErrorCode(facts.code)) {
    return new MigrationError("internal.unexpected", {
      problem: `${facts.code} ${JSON.stringify(facts.params)}`,
    });
  }
  return new MigrationError(facts.code, facts.params as ErrorParams<typeof facts.code>);
}

/** Any thrown thing as facts for a record. Unknown errors keep their message, never their stack. */
export function factsOf(error: unknown): ErrorFacts {
  if (error instanceof MigrationError) return error.facts;
  return {
    code: "internal.unexpected",
    params: { problem: error instanceof Error ? error.message : String(error) },
  };
}

/**
 * The name an error has when it leaves a step, which is what state machines retry on and catch:
 * `NotReady` (a wait), `Retryable`, or the code of a terminal error.
 */
export function stepErrorName(error: unknown): string {
  if (!(error instanceof MigrationError)) return "internal.unexpected";
  if (error.code === "not-ready") return "NotReady";
  return error.retryable ? "Retryable" : error.code;
}
