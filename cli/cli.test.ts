/** The command line as people and scripts run it: a process of its own against a real console. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callPinned } from "#dataplane/pinned-https.ts";
import { createIdentity } from "#dataplane/wire/identity.ts";
import { type Standalone, startStandalone } from "#local/standalone.ts";
import { downloadsFolder } from "#test/e2e/site.ts";
import { inventory } from "#test/fixtures/console.ts";

const program = fileURLToPath(new URL("hypermotion.mjs", import.meta.url));
const password = "a long enough password";

let folder: string;
let standalone: Standalone;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-cli-"));
  standalone = await startStandalone({
    dataFolder: join(folder, "data"),
    port: 0,
    machinesPort: 0,
    downloadsFolder,
  });
  const oneTime = standalone.newPassword?.password ?? "";
  const done = await run(["login", "--password-stdin", "--json"], {
    input: `${oneTime}\n${password}\n`,
  });
  expect(done, done.stderr).toMatchObject({ status: 0 });
});
afterAll(async () => {
  await standalone.close();
  await rm(folder, { recursive: true });
});

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

interface Surroundings {
  readonly input?: string;
  readonly env?: Record<string, string>;
  /** Ends it with SIGINT once its output holds this text. */
  readonly until?: string;
}

function run(args: readonly string[], { input = "", env = {}, until }: Surroundings = {}) {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, "config"),
      HYPERMOTION_DATA: join(folder, "data"),
      LANG: "C.UTF-8",
      ...env,
    },
  });
  const ended: Ended = { status: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    ended.stdout += text;
    if (until !== undefined && ended.stdout.includes(until)) child.kill("SIGINT");
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    ended.stderr += text;
  });
  child.stdin.end(input);
  return new Promise<Ended>((resolve) => {
    child.once("close", (status) => resolve({ ...ended, status }));
  });
}

/** For a command whose answer is one JSON object. */
async function answerOf(args: readonly string[]) {
  const { status, stdout, stderr } = await run([...args, "--json"]);
  expect([status, stderr], args.join(" ")).toEqual([0, ""]);
  return JSON.parse(stdout);
}

/** Registers a source server as its agent does. */
async function register(name: string): Promise<string> {
  const { code } = await answerOf(["server", "code"]);
  const { certificatePem } = await createIdentity(name);
  const peer = { url: standalone.machinesUrl, fingerprint: standalone.fingerprint };
  const { body } = await callPinned(peer, {
    method: "POST",
    path: "/v1/agents/register",
    body: { code, name, certificatePem, agentVersion: "1", inventory },
    timeoutMs: 10_000,
  });
  return (body as { serverId: string }).serverId;
}

test("wrong use is answered with what is wrong, where help is, and status 2", async () => {
  for (const [args, problem, help] of [
    [["lunch"], "there is no command lunch", "hypermotion --help"],
    [["migrate"], "server is missing", "hypermotion migrate --help"],
    [["server", "lst"], "there is no command lst", "hypermotion server --help"],
    [["status", "--colour"], "there is no option --colour", "hypermotion status --help"],
    [["runs"], "<command> is missing", "hypermotion runs --help"],
    [["sync", "a", "b"], "more words than it takes", "hypermotion sync --help"],
    [["launch", "web", "--test", "--cutover"], "say --test or --cutover", "Correct"],
    [["migrate", "web"], "--target", "Correct"],
    [["runs", "list", "--state", "odd"], "must be one of", "Correct"],
    [["runs", "list", "--limit", "-1"], "must be a number", "Correct"],
    [["up", "--port", "http"], "must be a number", "Correct"],
    [["status", "--console", "nowhere"], "is not a URL", "Correct"],
    [["target", "add"], "<platform> is missing", "Correct"],
    [["target", "add", "--type", "local"], "<name> is missing", "Correct"],
    [["target", "add", "t", "--type", "local", "--set", "folder"], "must be key=value", "Correct"],
    [["target", "add", "t", "--type", "local", "--config", "/no/file"], "can't be read", "Correct"],
  ] as const) {
    const { status, stdout, stderr } = await run(args);
    expect([status, stdout], args.join(" ")).toEqual([2, ""]);
    expect(stderr, args.join(" ")).toContain(problem);
    expect(stderr, args.join(" ")).toContain(help);
  }
});

test("a code comes with the one command that fetches the agent from the console and installs it (S-06)", async () => {
  const { status, stdout } = await run(["server", "code", "--lang", "zh"]);

  const { url, sha256 } = await standalone.deps.software();
  expect(status).toBe(0);
  const [command] = stdout.match(/^ {2}\(f=.*$/m) ?? [];
  expect(command).toContain(`curl -fsSko "$f" ${url} ||`);
  expect(command).toContain(`echo "${sha256}  $f" | sha256sum -c`);
  expect(command).toMatch(new RegExp(`--console ${standalone.machinesUrl} --code [\\w.-]+\\)$`));
  // Which nobody reaches from elsewhere.
  expect(stdout).toContain("hypermotion up --listen");
  expect(stdout).toContain("将代理安装为服务");
}, 120_000);

test("exit statuses tell not found, conflict, access and unreachable apart", async () => {
  await register("idle-1");
  const elsewhere = ["--console", "http://127.0.0.1:9"];
  const statusOf = async (args: string[], env?: Record<string, string>) =>
    (await run(args, env === undefined ? {} : { env })).status;

  expect(await statusOf(["server", "show", "nobody"])).toBe(3);
  expect(await statusOf(["runs", "show", "run-none"])).toBe(3);
  expect(await statusOf(["sync", "idle-1"])).toBe(4);
  expect(await statusOf(["status"], { XDG_CONFIG_HOME: join(folder, "nobody") })).toBe(6);
  expect(await statusOf(["status", ...elsewhere])).toBe(7);
});

test("an error with --json is one JSON object on standard error", async () => {
  const { status, stdout, stderr } = await run(["server", "show", "nobody", "--json"]);

  expect([status, stdout]).toEqual([3, ""]);
  expect(JSON.parse(stderr).error).toMatchObject({
    code: "record.not-found",
    params: { kind: "server", id: "nobody" },
    message: "There is no server nobody",
  });
});

test("words are Chinese where the terminal is, or where it is asked for", async () => {
  const byLocale = await run(["lunch"], { env: { LANG: "zh_CN.UTF-8" } });
  const asked = await run(["server", "show", "nobody", "--lang", "zh"]);
  const help = await run(["launch", "--help", "--lang=zh"]);

  expect(byLocale.stderr).toContain("没有命令 lunch");
  expect(asked.stderr).toContain("server nobody 不存在");
  expect(help.stdout).toContain("在目标上启动服务器");
});

test("every command has help with an example", async () => {
  const commandsOf = async (path: string[]): Promise<string[][]> => {
    const { status, stdout } = await run([...path, "--help"]);
    expect(status, path.join(" ")).toBe(0);
    const [, list] = stdout.split("Commands:\n");
    if (list === undefined) {
      expect(stdout, path.join(" ")).toContain(`Examples:\n  hypermotion ${path.join(" ")}`);
      return [path];
    }
    const names = [...list.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name = ""]) => name);
    const deeper = await Promise.all(names.map((name) => commandsOf([...path, name])));
    return deeper.flat();
  };

  expect((await commandsOf([])).length).toBeGreaterThan(30);
});

test("a login is kept for its owner only, per console, and without the password", async () => {
  const file = join(folder, "config", "hypermotion", "sessions.json");

  expect((await stat(file)).mode & 0o077).toBe(0);
  const kept = await readFile(file, "utf8");
  expect(Object.keys(JSON.parse(kept))).toEqual([standalone.url]);
  expect(kept).not.toContain(password);
});

test("a wrong password is refused with status 6", async () => {
  const { status, stderr } = await run(["login", "--password-stdin"], { input: "wrong\n" });

  expect(status).toBe(6);
  expect(stderr).toContain("User name or password is wrong");
});

test("a target is added, shown, checked and removed by name", async () => {
  const place = join(folder, "target");
  const settings = join(folder, "settings.json");
  await writeFile(settings, JSON.stringify({ minFreeBytes: 0, server: { vcpus: 4 } }));

  const added = await answerOf([
    ...["target", "add", "here", "--type", "local", "--config", settings],
    ...["--set", `folder=${place}`, "--set", "server.memoryBytes=1073741824"],
  ]);
  expect(added).toMatchObject({
    name: "here",
    config: { folder: place, server: { vcpus: 4, memoryBytes: 1_073_741_824 } },
  });
  expect((await run(["target", "list"])).stdout).toContain("here");
  expect((await answerOf(["target", "check", "here"])).ok).toBe(true);
  expect((await answerOf(["target", "types", "here"])).items.length).toBeGreaterThan(0);
  expect((await answerOf(["target", "platforms"])).items[0]).toHaveProperty("config");
  await answerOf(["target", "remove", "here"]);
  expect((await answerOf(["target", "list"])).items).toEqual([]);
});

test("what credentials must be allowed is printed, or where that is written where nothing is granted one by one", async () => {
  const policy = await answerOf(["target", "policy", "aws"]);
  const [zstack, local] = [
    await run(["target", "policy", "zstack"]),
    await run(["target", "policy", "local"]),
  ];

  expect(JSON.stringify(policy)).toContain("ec2:RunInstances");
  expect(zstack.stdout).toContain("providers/zstack/README.md");
  expect(local.stdout).toContain("asks for no permissions");
});

test("what a setting can be is asked for with a platform, and where nothing lists it that is said", async () => {
  const none = await run(["target", "choices", "region"]);
  const local = await run(["target", "choices", "folder", "--type", "local"]);

  expect([none.status, none.stderr]).toEqual([2, expect.stringContaining("--type")]);
  expect([local.status, local.stderr]).toEqual([
    2,
    expect.stringContaining("folder: nothing lists what it can be"),
  ]);
});

test("a target is added from one file, JSON or YAML, and options win over it", async () => {
  const place = join(folder, "from-file");
  const target = { name: "filed", platform: "local", maxGateways: 3, config: { folder: place } };
  await writeFile(join(folder, "target.json"), JSON.stringify({ ...target, credentials: {} }));
  await writeFile(
    join(folder, "target.yaml"),
    `name: yamled\nplatform: local\nconfig:\n  folder: ${place}\n  minFreeBytes: 0\n`,
  );
  await writeFile(join(folder, "wrong.yaml"), "credentials:\n  secretKey: [hidden-secret\n");
  await writeFile(join(folder, "odd.json"), '{"nmae": "typo"}');
  const add = (file: string, ...more: string[]) => [
    ...["target", "add", "--file", join(folder, file), ...more],
  ];

  const json = await answerOf(add("target.json", "--set", "minFreeBytes=0"));
  const yaml = await answerOf(add("target.yaml", "--max-gateways", "5"));
  const wrong = await run(add("wrong.yaml"));
  const odd = await run(add("odd.json"));

  expect(json).toMatchObject({ ...target, config: { folder: place, minFreeBytes: 0 } });
  expect(yaml).toMatchObject({ name: "yamled", maxGateways: 5, config: { folder: place } });
  expect([wrong.status, odd.status]).toEqual([2, 2]);
  expect(wrong.stderr).toContain("is neither JSON nor YAML");
  expect(wrong.stderr).not.toContain("hidden-secret");
  expect(odd.stderr).toContain("nmae");
  for (const name of ["filed", "yamled"]) await answerOf(["target", "remove", name]);
});

test("a server is named by name or id, and by id only where a name fits two", async () => {
  const id = await register("twin");
  await register("twin");

  expect((await answerOf(["server", "show", id])).id).toBe(id);
  const both = await run(["server", "show", "twin"]);
  expect(both.status).toBe(2);
  expect(both.stderr).toContain("names more than one server");
  await answerOf(["server", "rename", id, "single"]);
  expect((await answerOf(["server", "show", "single"])).id).toBe(id);
  expect((await run(["server", "list"])).stdout).toMatch(/single +registered +connected/);
  const shown = await run(["server", "show", "single"]);
  expect(shown.stdout).toMatch(/sda +1\.0 MiB +system disk, MBR\n +sda1 .* ext4 +\/ /);
  expect((await run(["server", "show", "single", "--lang", "zh"])).stdout).toContain("系统盘");
  await answerOf(["server", "remove", "single"]);
  expect((await run(["server", "show", id])).status).toBe(3);
});

test("a cutover where nobody can be asked needs --yes", async () => {
  await register("careful");

  const { status, stderr } = await run(["launch", "careful", "--cutover"]);

  expect(status).toBe(2);
  expect(stderr).toContain("a cutover needs --yes");
});

test("the key of a launch's HyperDoor is written for its owner only, never over another file, and only while there is one", async () => {
  const id = await register("stuck-1");
  const none = await run(["rescue", "stuck-1"]);
  expect([none.status, none.stderr]).toEqual([4, expect.stringContaining("No HyperDoor runs")]);
  const config = { folder: join(folder, "door-target"), minFreeBytes: 0 };
  const target = await answerOf([
    ...["target", "add", "door", "--type", "local"],
    ...["--set", `folder=${config.folder}`, "--set", "minFreeBytes=0"],
  ]);
  const launched = { kind: "test", runId: "run-9", instanceType: "small", repaired: true } as const;
  await standalone.deps.store.servers.update(id, (found) => ({
    ...found,
    targetId: target.id,
    bootStrategy: "hyperDoorCopy",
    launches: [{ ...launched, volumeIds: [], instanceId: "ins-9", address: "192.0.2.9:2222" }],
  }));
  const key = join(folder, "door.key");

  const first = await run(["rescue", "stuck-1", "--key", key]);
  const again = await run(["rescue", "stuck-1", "--key", key]);

  expect([first.status, first.stderr]).toEqual([0, ""]);
  expect(first.stdout).toContain(`ssh -i ${key}`);
  expect(first.stdout).toContain("-p 2222 root@192.0.2.9");
  expect(again).toEqual(first);
  expect((await stat(key)).mode & 0o777).toBe(0o600);
  expect(await readFile(key, "utf8")).toContain("BEGIN OPENSSH PRIVATE KEY");
  await writeFile(key, "somebody's only key");
  const refused = await run(["rescue", "stuck-1", "--key", key]);
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining("another file")]);
  expect(await readFile(key, "utf8")).toBe("somebody's only key");
});

test("a plan shows where servers would go, what waits and what it would take, and changes nothing", async () => {
  await register("first");
  await register("second");
  await answerOf([
    ...["target", "add", "narrow", "--type", "local", "--set", `folder=${join(folder, "narrow")}`],
    ...["--set", "minFreeBytes=0", "--max-gateways", "1", "--gateway-volumes", "2"],
    ...["--gateway-idle-minutes", "5"],
  ]);
  const asked = ["plan", "--target", "narrow", "--servers", "second,first"];

  const shown = await run(asked);
  const plan = await answerOf(asked);
  const chinese = await run([...asked, "--lang", "zh"]);

  expect(shown.status, shown.stderr).toBe(0);
  expect(shown.stdout).toMatch(/new-1 \(new\) +1\/2 +1 +0 +- +1 +second/);
  expect(shown.stdout).toMatch(/second +has a place +new-1 +1 +\S+ [\d.]+ [KMGT]iB/);
  expect(shown.stdout).toMatch(/first: Server srv-\S+ needs 1 slots on one gateway/);
  expect(shown.stdout).toContain("1 gateways, 1 of them new; the target may have 1");
  expect(plan.servers.map(({ placement }: { placement: string }) => placement)).toEqual([
    "placed",
    "waits",
  ]);
  expect(chinese.stdout).toContain("等待");
  expect((await answerOf(["gateway", "list"])).items).toEqual([]);
  expect((await answerOf(["target", "show", "narrow"])).gatewayIdleMinutes).toBe(5);
  expect((await run(["plan"])).status).toBe(2);
  await answerOf(["target", "remove", "narrow"]);
});

test("a check tells by its status what stops a server and what is to be minded, and changes nothing (R-005)", async () => {
  const id = await register("checked");
  const place = `folder=${join(folder, "checked")}`;
  await answerOf([
    ...["target", "add", "strict", "--type", "local", "--set", place],
    ...["--set", "minFreeBytes=0"],
  ]);
  const asked = ["check", "--server", "checked", "--target", "strict"];
  const limit = (name: string, value: string) =>
    answerOf(["target", "limits", "set", "strict", name, value, "--reason", "a test"]);

  const good = await run(asked);
  await limit("fileSystems", "xfs");
  const blocked = await run(asked);
  const inChinese = await run([...asked, "--lang", "zh"]);
  await limit("strictSourceRules", "false");
  const warned = await run(asked);
  const byType = await run([...asked, "--type", "nvme", "--json"]);
  const byTypo = await run([...asked, "--type", "nmve"]);

  expect([good.status, good.stderr]).toEqual([0, ""]);
  expect(good.stdout).toMatch(/NOTE +R-140 +line +not measured yet +10 Mbit\/s or more/);
  expect([blocked.status, blocked.stderr]).toEqual([5, ""]);
  expect(blocked.stdout).toMatch(/BLOCK +R-142 +partition sda1 +holds ext4 +xfs/);
  expect(blocked.stdout).toContain("hypermotion target limits set strict fileSystems <value>");
  expect(blocked.stdout).toContain("checked: 1 stop it, 0 are to be minded");
  expect(inChinese.stdout).toMatch(/阻止 +R-142 +分区 sda1 +文件系统为 ext4/);
  expect([warned.status, warned.stderr]).toEqual([11, ""]);
  expect(warned.stdout).toContain("copied as raw blocks, not verified by the vendor's rules");
  expect(byType.status).toBe(11);
  expect(byTypo.status).toBe(5);
  expect(byTypo.stdout).toContain("hypermotion target types strict");
  expect(JSON.parse(byType.stdout)).toMatchObject({ serverId: id, worst: "WARN" });
  expect((await run(["check", "--server", "checked"])).status).toBe(0);
  expect((await answerOf(["server", "show", "checked"])).state).toBe("registered");
  expect((await answerOf(["gateway", "list"])).items).toEqual([]);
  await answerOf(["target", "remove", "strict"]);
});

test("limits of a target are shown and changed with a reason, and what was changed is kept (X-19)", async () => {
  const place = `folder=${join(folder, "limited")}`;
  await answerOf([
    ...["target", "add", "limited", "--type", "local", "--set", place],
    ...["--set", "minFreeBytes=0"],
  ]);
  const set = ["target", "limits", "set", "limited", "gatewayMaxVolumes"];

  const withoutReason = await run([...set, "8"]);
  const withoutSense = await run([...set, "eight", "--reason", "a test"]);
  const changed = await run([...set, "8", "--reason", "a small machine"]);
  const shown = await run(["target", "limits", "limited"]);
  const chinese = await run(["target", "limits", "show", "limited", "--lang", "zh"]);
  const reset = ["target", "limits", "reset", "limited", "gatewayMaxVolumes"];
  const back = await answerOf([...reset, "--reason", "not needed"]);

  expect([withoutReason.status, withoutSense.status]).toEqual([2, 2]);
  expect(withoutSense.stderr).toContain("must be a number above 0");
  expect(changed.status, changed.stderr).toBe(0);
  expect(shown.stdout).toMatch(/gatewayMaxVolumes +X-19 +- +8 +20 +8 +volumes a gateway holds/);
  expect(shown.stdout).toMatch(/systemDiskMaxGB +X-19 +- +- +16\.0 TiB +16\.0 TiB/);
  expect(shown.stdout).toContain("admin set gatewayMaxVolumes to 8: a small machine");
  expect(chinese.stdout).toContain("网关同时挂载的卷数");
  expect(back.changes).toHaveLength(2);
  await answerOf(["target", "remove", "limited"]);
});

test("what can be acknowledged is, with a reason and a target (X-22)", async () => {
  await register("old");
  const place = `folder=${join(folder, "acknowledging")}`;
  await answerOf([
    ...["target", "add", "there", "--type", "local", "--set", place],
    ...["--set", "minFreeBytes=0"],
  ]);
  const asked = ["check", "--server", "old", "--acknowledge", "R-175"];

  const incomplete = await run([...asked, "--target", "there"]);
  const other = await run([
    ...["check", "--server", "old", "--target", "there"],
    ...["--acknowledge", "R-146", "--reason", "it will do"],
  ]);
  await answerOf([...asked, "--target", "there", "--reason", "drivers are in place"]);

  expect(incomplete.status).toBe(2);
  expect(incomplete.stderr).toContain("needs --target and --reason too");
  expect(other.stderr).toContain("these can: R-175, R-199, R-211");
  const { acknowledgements } = await answerOf(["server", "show", "old"]);
  expect(acknowledgements).toMatchObject([
    { row: "R-175", reason: "drivers are in place", by: "admin" },
  ]);
  await answerOf(["target", "remove", "there"]);
});

test("a run is followed to its end in lines, and its failure becomes the exit status", async () => {
  const name = "no-disks";
  const id = await register(name);
  await standalone.deps.store.servers.update(id, (server) => ({
    ...server,
    inventory: { ...server.inventory, disks: [] },
  }));
  const place = `folder=${join(folder, "other")}`;
  await answerOf([
    ...["target", "add", "other", "--type", "local", "--set", place],
    ...["--set", "minFreeBytes=0"],
  ]);

  const followed = await run(["migrate", name, "--target", "other"]);
  const asJson = await run(["migrate", name, "--target", "other", "--json"]);

  expect(followed.status, followed.stderr).toBe(5);
  expect(followed.stdout).toContain(`migrate-server of ${name} started: run run-`);
  expect(followed.stderr).toContain("reported no disk that can be copied");
  const lines = asJson.stdout.trim().split("\n");
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
    type: "run",
    run: { kind: "migrate-server", state: "failed", error: { code: "server.no-disks" } },
  });
  const { items } = await answerOf(["runs", "list", "--server", name, "--state", "failed"]);
  expect(items).toHaveLength(2);
  const shown = await run(["runs", "show", items[0].id]);
  expect(shown.stdout).toContain("server.no-disks");
  expect((await run(["logs", name])).stdout).toContain("migrate-server failed");
});

test("a detached run returns at once and can be stopped", async () => {
  const id = await register("detached");
  await standalone.deps.store.servers.update(id, (server) => ({
    ...server,
    state: "ready-for-test",
  }));

  const run1 = await answerOf(["sync", "detached", "--detach"]);
  const stopped = await answerOf(["runs", "stop", run1.id]);

  expect(run1.kind).toBe("sync-server");
  // It may have failed by itself before the stop came.
  expect(["stopped", "failed"]).toContain(stopped.state);
});

test("logs --follow and status --watch go on until interrupted", async () => {
  const id = await register("watched");

  const followed = await run(["logs", "watched", "--follow"], { until: "Registered with 1 disks" });
  const watched = await run(["status", "--watch", "--json"], { until: id });

  expect(followed.stdout).toContain("watched  Registered with 1 disks");
  expect(JSON.parse(watched.stdout.split("\n")[0] ?? "").servers.length).toBeGreaterThan(0);
});

test("names from a source server do not steer the terminal", async () => {
  const id = await register("plain");
  await standalone.deps.store.servers.update(id, (server) => ({
    ...server,
    name: "\u001b[2Jwiped\u0007",
  }));

  const { stdout } = await run(["server", "list"]);

  expect(stdout).toContain("wiped");
  expect(stdout).not.toContain("\u001b");
});

test("users get a one-time password and a role", async () => {
  const added = await answerOf(["user", "add", "lin", "--role", "operator"]);
  const login = await run(["login", "lin", "--password-stdin", "--json"], {
    input: `${added.oneTimePassword}\n${password}\n`,
    env: { XDG_CONFIG_HOME: join(folder, "lin") },
  });
  const refused = await run(["user", "list"], { env: { XDG_CONFIG_HOME: join(folder, "lin") } });

  expect(JSON.parse(login.stdout)).toMatchObject({ user: "lin", role: "operator" });
  expect(refused.status).toBe(6);
  expect(refused.stderr).toContain("The role operator may not do this");
  await answerOf(["user", "remove", "lin"]);
});

test("up runs the console in the foreground until it is interrupted, and tells the password once", async () => {
  const data = join(folder, "another");
  const args = ["up", "--data", data, "--port", "0", "--machines-port", "0"];

  const first = await run(args, { until: "One-time password of admin" });
  const second = await run(args, { until: "Agents and gateways connect to" });

  expect([first.status, second.status]).toEqual([0, 0]);
  expect(first.stdout).toMatch(/The console is up at http:\/\/127\.0\.0\.1:\d+/);
  expect(second.stdout).not.toContain("One-time password");
  const twice = await run(["up", "--data", join(folder, "data"), "--port", "0"]);
  expect(twice.status).toBe(4);
  expect(twice.stderr).toContain("Another console works with the state folder");
});

test("version names the command line's and the console's", async () => {
  const { version, console: theirs } = await answerOf(["version"]);

  expect(theirs).toBe(version);
});
