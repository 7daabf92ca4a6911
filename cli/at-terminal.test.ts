/** What asks at a terminal, at a real one, against a real console. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "#local/standalone.ts";
import { targetPlatforms } from "#providers/registry.ts";
import { type Machines, openMachines } from "#test/clouds/machines.ts";
import { type FakeTencent, startFakeTencent } from "#test/clouds/tencent/fake-tencent.ts";
import { clearLine, ctrlC, down, enter, other, Terminal } from "#test/fixtures/terminal.ts";

const program = fileURLToPath(new URL("hypermotion.mjs", import.meta.url));

let folder: string;
let standalone: Standalone;
let machines: Machines;
let cloud: FakeTencent;
let open: Terminal | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-add-"));
  machines = await openMachines(join(folder, "cloud"));
  cloud = await startFakeTencent({ machines });
  standalone = await startStandalone({
    dataFolder: join(folder, "data"),
    port: 0,
    machinesPort: 0,
  });
  const oneTime = standalone.newPassword?.password ?? "";
  const login = spawn(process.execPath, [program, "login", "--password-stdin"], { env: env() });
  login.stdin.end(`${oneTime}\na long enough password\n`);
  await once(login, "close");
});
afterEach(() => open?.end());
afterAll(async () => {
  await standalone.close();
  await cloud.close();
  await machines.close();
  await rm(folder, { recursive: true });
});

function env(): Record<string, string> {
  return {
    ...{ PATH: process.env.PATH ?? "", HOME: folder, TERM: "xterm", LANG: "C.UTF-8" },
    ...{ XDG_CONFIG_HOME: join(folder, "config"), HYPERMOTION_DATA: join(folder, "data") },
  };
}

function atTerminal(...args: string[]): Terminal {
  open = new Terminal([process.execPath, program, ...args], env());
  return open;
}

async function targetNames(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of standalone.deps.store.targets.all()) names.push(name);
  return names;
}

/** Says no to every group of settings that is asked about, until this is shown. */
async function skipGroups(person: Terminal, no: string, end: string): Promise<void> {
  // As long as a question is open its choices are shown, with a mark before the one that is taken.
  const open = `/ ● ${no}`;
  while ((await person.sees(open, end)) === open) await person.type(enter);
}

test("a person is led through the fields: a wrong answer is said at once, secrets are never shown, what the cloud refuses leads back to its field, and only then it is saved", async () => {
  const { config, credentials } = cloud.target;
  const { secretId = "", secretKey = "" } = credentials;
  const rest = Object.entries(config).filter(([name]) => name !== "region" && name !== "subnetId");
  const sets = rest.flatMap(([name, value]) => ["--set", `${name}=${JSON.stringify(value)}`]);
  const person = atTerminal("target", "add", "--type", "tencent", ...sets);

  await person.answer("Name of the target", `-bad${enter}`);
  await person.answer("begins with a letter", `${clearLine}cloud-1${enter}`);
  await person.answer("[credentials.secretId]", `${secretId}${enter}`);
  await person.answer("[credentials.secretKey]", `too-short${enter}`);
  await person.answer("Too small", `${clearLine}a-wrong-secret-key-00${enter}`);
  await person.answer("[credentials.token] (may be left empty)", enter);
  // With a wrong key nothing is listed: the rest is typed.
  await person.answer("[region]", `Nowhere!${enter}`);
  await person.answer("must match pattern", `${clearLine}${config.region}${enter}`);
  await person.answer("[subnetId]", `${config.subnetId}${enter}`);
  await skipGroups(person, "no", "Nothing is saved yet");
  await person.sees("What is to be changed?");
  const before = await targetNames();
  await person.answer("credentials.secretKey (***)", enter);
  await person.answer("[credentials.secretKey]", `${secretKey}${enter}`);
  await person.answer("Save target cloud-1?", enter);

  expect(await person.status()).toBe(0);
  expect(before).toEqual([]);
  expect(person.seen).toContain("Target cloud-1");
  for (const secret of [secretKey, "a-wrong-secret-key-00", "too-short"]) {
    expect(person.seen).not.toContain(secret);
  }
  const [target] = (await standalone.deps.store.targets.list()).items;
  expect(target).toMatchObject({ name: "cloud-1", platform: "tencent", config });
  const kept = await standalone.deps.secrets.get(`target/${target?.id}/credentials`);
  expect(JSON.parse(kept)).toEqual({ secretId, secretKey });
}, 120_000);

test("with good credentials the cloud's own regions and subnets are chosen from, or another is typed", async () => {
  const { config, credentials } = cloud.target;
  const { secretId = "", secretKey = "" } = credentials;
  const rest = Object.entries(config).filter(([name]) => name !== "region" && name !== "subnetId");
  const sets = rest.flatMap(([name, value]) => ["--set", `${name}=${JSON.stringify(value)}`]);
  const person = atTerminal("target", "add", "chosen", "--type", "tencent", ...sets);

  await person.answer("[credentials.secretId]", `${secretId}${enter}`);
  await person.answer("[credentials.secretKey]", `${secretKey}${enter}`);
  await person.answer("[credentials.token]", enter);
  await person.answer("● ap-guangzhou  South China (Guangzhou)", enter);
  await person.answer("● subnet-a1b2c3d4  servers, 127.77.0.0/16", `${down}${enter}`);
  await person.answer("[subnetId]", `${config.subnetId}${enter}`);
  await skipGroups(person, "no", "Save target chosen?");
  await person.type(enter);

  expect(await person.status(), person.seen).toBe(0);
  // How many addresses are free; the line may be broken after it.
  expect(person.seen).toContain("60000");
  const targets = (await standalone.deps.store.targets.list()).items;
  expect(targets.find(({ name }) => name === "chosen")?.config).toMatchObject(config);
}, 120_000);

test("platforms and choices are chosen by arrows, groups are opened when wished, and reasons are in Chinese where that is spoken", async () => {
  const place = join(folder, "here");
  const person = atTerminal("target", "add", "本机", "--lang", "zh", "--set", "minFreeBytes=0");

  await person.answer("平台", down.repeat(targetPlatforms.indexOf("local")));
  await person.answer("● local", enter);
  await person.answer("[folder]", `relative/place${enter}`);
  await person.answer("无效字符串", `${clearLine}${place}${enter}`);
  await person.answer("是否设置 其他设置", `${other}${enter}`);
  await person.answer("[maxVolumes]", `many${enter}`);
  await person.answer("无效输入", `${clearLine}50${enter}`);
  for (const name of ["maxBytes", "maxVolumesPerGateway", "pools"]) {
    await person.answer(`[${name}]`, enter);
  }
  await person.answer("[deviceMapping]", `${down}${enter}`);
  for (const name of ["gatewayListen", "gatewayCommand", "gatewayStopMs", "maxLogBytes"]) {
    await person.answer(`[${name}]`, enter);
  }
  await skipGroups(person, "否", "是否保存目标 本机");
  await person.type(enter);

  expect(await person.status()).toBe(0);
  const target = (await standalone.deps.store.targets.list()).items.find(
    ({ name }) => name === "本机",
  );
  expect(target?.config).toEqual({
    ...{ folder: place, minFreeBytes: 0, maxVolumes: 50, deviceMapping: "difference" },
  });
}, 120_000);

test("Ctrl-C at a question, a secret's too, saves nothing, keeps no history and leaves the terminal as it was", async () => {
  const before = await targetNames();
  const files = await readdir(folder, { recursive: true });
  const person = atTerminal("target", "add", "gone", "--type", "tencent");

  await person.answer("[credentials.secretId]", `AKID0123456789abcdef${enter}`);
  await person.answer("[credentials.secretKey]", `half-a-secret${ctrlC}`);

  expect(await person.status()).toBe(130);
  expect(person.seen).toContain("Nothing was saved");
  expect(person.seen).not.toContain("half-a-secret");
  expect(person.seen).toMatch(/ echo /);
  expect(await targetNames()).toEqual(before);
  expect(await readdir(folder, { recursive: true })).toEqual(files);
}, 60_000);

test("who leaves at the end saves nothing, though all was well", async () => {
  const before = await targetNames();
  const person = atTerminal(
    ...["target", "add", "--type", "local", "--set", `folder=${join(folder, "unsaved")}`],
    ...["--set", "minFreeBytes=0"],
  );

  await person.answer("Name of the target", `unsaved${enter}`);
  await skipGroups(person, "no", "Save target unsaved?");
  await person.type(`${other}${enter}`);

  expect(await person.status()).toBe(130);
  expect(await targetNames()).toEqual(before);
}, 60_000);

test("a deep check says what it makes and costs, and makes nothing where the answer is no", async () => {
  const args = ["target", "add", "deep", "--type", "local", "--set", "minFreeBytes=0"];
  const adding = atTerminal(...args, "--set", `folder=${join(folder, "deep")}`);
  expect(await adding.status(), adding.seen).toBe(0);

  const no = atTerminal("target", "check", "deep", "--deep");
  await no.answer("Do this? [y/N]", `n${enter}`);
  const refused = await no.status();
  const yes = atTerminal("target", "check", "deep", "--deep", "--lang", "zh");
  await yes.answer("是否执行？", `y${enter}`);
  const done = await yes.status();

  expect(refused).toBe(2);
  expect(no.seen).toContain("At deep one volume of 1.0 MiB is made, and deleted again.");
  expect(no.seen).toContain("It is hung nowhere: no gateway of the target is ready");
  expect(done, yes.seen).toBe(0);
  expect(yes.seen).toMatch(/没有遗留 +已证明/);
  const runs = (await standalone.deps.store.runs.list()).items;
  expect(runs.map(({ kind, state }) => [kind, state])).toEqual([["check-target", "succeeded"]]);
}, 60_000);
