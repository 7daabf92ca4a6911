import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type LocalTarget, MiB, openLocalTarget, until } from "#test/fixtures/local-target.ts";
import { openProvider } from "../registry.ts";

let target: LocalTarget;
beforeEach(async () => {
  target = await openLocalTarget({
    maxVolumes: 40,
    maxBytes: 64 * MiB,
    volume: { minBytes: MiB, maxBytes: 32 * MiB, stepBytes: MiB },
  });
});
afterEach(() => target.close());

const order = (purpose: string, sizeBytes = MiB) => ({
  ...target.naming(purpose),
  sizeBytes,
  role: "data" as const,
});
const fileOf = (id: string) => join(target.folder, "volumes", `${id}.raw`);

async function settledSnapshot(id: string) {
  return until(`snapshot ${id}`, async () => {
    const found = await target.provider.volumes.findSnapshot(id);
    return found?.state === "pending" ? undefined : found;
  });
}

test("a volume takes no room before it is written", async () => {
  const { id } = await target.provider.volumes.createVolume(order("v", 32 * MiB));

  const { size, blocks } = await stat(fileOf(id));

  expect(size).toBe(32 * MiB);
  expect(blocks).toBe(0);
});

test.each([
  ["smaller than the smallest", MiB / 2],
  ["larger than the largest", 33 * MiB],
  ["between two steps", MiB + 512],
])("a size %s is refused, with the rule", async (_what, sizeBytes) => {
  await expect(target.provider.volumes.createVolume(order("v", sizeBytes))).rejects.toMatchObject({
    code: "cloud.refused",
    message: expect.stringContaining("in steps of"),
  });
});

test("a folder that can't be made, or has too little room, is told when the target is checked", async () => {
  const { options } = target;
  const open = (change: object) =>
    openProvider("local", { ...options, config: { ...options.config, ...change } });
  const full = await open({ minFreeBytes: Number.MAX_SAFE_INTEGER });

  await expect(open({ folder: "/dev/null/cloud" })).rejects.toMatchObject({
    code: "target.unreachable",
  });
  await expect(full.check()).rejects.toMatchObject({
    code: "target.unreachable",
    message: expect.stringContaining("bytes are free"),
  });
});

test("the quotas for volumes and for bytes are kept", async () => {
  const { volumes } = target.provider;
  for (let n = 0; n < 2; n += 1) await volumes.createVolume(order(`large-${n}`, 32 * MiB));

  await expect(volumes.createVolume(order("one-more"))).rejects.toMatchObject({
    code: "cloud.quota-exceeded",
    params: { what: "volume bytes" },
  });
});

test("a token that made one volume is refused for another size", async () => {
  await target.provider.volumes.createVolume(order("v"));

  await expect(target.provider.volumes.createVolume(order("v", 2 * MiB))).rejects.toMatchObject({
    code: "cloud.refused",
  });
});

test("a volume made again under its token after it was deleted is another one", async () => {
  const { volumes } = target.provider;
  const first = await volumes.createVolume(order("v"));
  await volumes.deleteVolume(first.id);

  const second = await volumes.createVolume(order("v"));

  expect(second.id).not.toBe(first.id);
  expect(await volumes.findVolume(first.id)).toBeUndefined();
});

test("a snapshot whose volume is written while it is copied fails and says why", async () => {
  const { id: volumeId } = await target.provider.volumes.createVolume(order("v", 32 * MiB));
  await writeFile(fileOf(volumeId), Buffer.alloc(32 * MiB, 1));

  const { id } = await target.provider.volumes.createSnapshot({
    ...target.naming("s"),
    volumeId,
  });
  const file = await open(fileOf(volumeId), "r+");
  await file.write(Buffer.alloc(512, 2), 0, 512, 0).finally(() => file.close());

  expect(await settledSnapshot(id)).toMatchObject({
    state: "failed",
    problem: "the volume was written while it was copied",
  });
});

test("a clone that is ready stays the file it is, however often it was looked for meanwhile", async () => {
  const { volumes } = target.provider;
  const { id: volumeId } = await volumes.createVolume(order("v"));
  const { id: fromSnapshotId } = await volumes.createSnapshot({ ...target.naming("s"), volumeId });
  await settledSnapshot(fromSnapshotId);
  /** Looks for it again and again, without a pause. @returns its file when it was ready */
  const look = async (id: string) => {
    while ((await volumes.findVolume(id))?.state === "pending");
    return (await stat(fileOf(id))).ino;
  };

  const clones = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      volumes.createVolume({ ...order(`c-${n}`), fromSnapshotId }),
    ),
  );
  const seen = await Promise.all(
    clones.map(({ id }) => Promise.all([look(id), look(id), look(id)])),
  );

  // A copy begun too late would have its name by then.
  await sleep(300);
  const later = await Promise.all(clones.map(async ({ id }) => (await stat(fileOf(id))).ino));
  expect(seen).toEqual(later.map((file) => [file, file, file]));
});

test("only a gateway's attached volumes lie where it may look", async () => {
  const { volumes } = target.provider;
  const gateway = await target.makeGateway("gateway");
  const { id } = await volumes.createVolume(order("v"));
  const shown = () => readdir(join(target.instanceFolder(gateway), "volumes"));

  await volumes.attachVolume(id, gateway);
  const whileAttached = await shown();
  const device = (await volumes.findVolume(id))?.device;
  await volumes.detachVolume(id);

  expect(whileAttached).toEqual([`${id}.raw`]);
  expect(device).toEqual({
    by: "path",
    path: join(target.instanceFolder(gateway), "volumes", `${id}.raw`),
  });
  expect(await shown()).toEqual([]);
});

/** Makes volumes, snapshots and clones without an end, as a console would, until it is killed. */
const makesWithoutEnd = (registry: string) => `
  const { openProvider } = await import(${JSON.stringify(registry)});
  const { options, tags, size } = JSON.parse(process.env.UNDER_TEST);
  const { volumes } = await openProvider("local", options);
  const ready = async (find) => { while ((await find())?.state === "pending") await new Promise((r) => setTimeout(r, 1)); };
  for (let n = 0; n < 12; n += 1) {
    const volume = await volumes.createVolume({ token: "v" + n, tags, sizeBytes: size, role: "data" });
    const snapshot = await volumes.createSnapshot({ token: "s" + n, tags, volumeId: volume.id });
    await ready(() => volumes.findSnapshot(snapshot.id));
    await volumes.createVolume({ token: "c" + n, tags, sizeBytes: size, role: "data", fromSnapshotId: snapshot.id });
    console.log(n);
  }
`;

test("a console killed at any moment leaves nothing that repeated orders do not find and finish", async () => {
  const registry = new URL("../registry.ts", import.meta.url).href;
  const { tags } = target.naming("crash");
  const order = JSON.stringify({ options: target.options, tags, size: MiB });
  const script = ["--input-type=module", "-e", makesWithoutEnd(registry)];
  for (const afterLines of [1, 2, 3, 4]) {
    const child = spawn(process.execPath, script, { env: { ...process.env, UNDER_TEST: order } });
    const ended = once(child, "exit");
    for (let lines = 0; lines < afterLines; lines += 1) await once(child.stdout, "data");
    // Somewhere in the next round, elsewhere each time.
    await sleep(afterLines * 7);
    child.kill("SIGKILL");
    await ended;
  }

  const child = spawn(process.execPath, script, { env: { ...process.env, UNDER_TEST: order } });
  child.stdout.resume();
  const [exitCode] = await once(child, "exit");

  expect(exitCode).toBe(0);
  const left = await target.provider.listOwned();
  expect(left.filter(({ kind }) => kind === "volume")).toHaveLength(24);
  expect(left.filter(({ kind }) => kind === "snapshot")).toHaveLength(12);
  for (const { kind, id } of left) {
    const find = kind === "volume" ? "findVolume" : "findSnapshot";
    const state = await until(`${kind} ${id}`, async () => {
      const found = await target.provider.volumes[find](id);
      return found?.state === "pending" ? undefined : found?.state;
    });
    expect(state).toBe("ready");
  }
  for (const folder of ["volumes", "snapshots"]) {
    const names = await readdir(join(target.folder, folder));
    expect(names.filter((name) => name.endsWith(".partial"))).toEqual([]);
  }
}, 120_000);

test("a record is readable by its owner only, and whole", async () => {
  const { id } = await target.provider.volumes.createVolume(order("v"));

  const name = (await readdir(join(target.folder, "volumes"))).find((file) =>
    file.endsWith(".json"),
  );
  const path = join(target.folder, "volumes", name ?? "");

  expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ id, token: "v" });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});
