import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSecrets } from "./secrets.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-secrets-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function sealedFiles(): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => name.endsWith(".sealed")).map((name) => join(folder, name));
}

test("a secret is found again after a restart, and nowhere on disk in the clear", async () => {
  const secrets = await openSecrets(folder);
  await secrets.put("target/a/credentials", "the secret text");

  const reopened = await openSecrets(folder);

  expect(await reopened.get("target/a/credentials")).toBe("the secret text");
  for (const name of await readdir(folder)) {
    const content = await readFile(join(folder, name));
    expect(content.includes("the secret text"), name).toBe(false);
    expect((await stat(join(folder, name))).mode & 0o077, name).toBe(0);
  }
});

test("a secret is replaced and deleted; deleting what is gone succeeds", async () => {
  const secrets = await openSecrets(folder);
  await secrets.put("x", "old");
  await secrets.put("x", "new");
  expect(await secrets.get("x")).toBe("new");

  await secrets.delete("x");
  await secrets.delete("x");

  await expect(secrets.get("x")).rejects.toMatchObject({ code: "record.not-found" });
});

test("the same secret is sealed differently each time", async () => {
  const secrets = await openSecrets(folder);
  await secrets.put("x", "same");
  const [file = ""] = await sealedFiles();
  const before = await readFile(file);

  await secrets.put("x", "same");

  expect((await readFile(file)).equals(before)).toBe(false);
});

test("a change of any byte is noticed", async () => {
  const secrets = await openSecrets(folder);
  await secrets.put("x", "text");
  const [file = ""] = await sealedFiles();
  const sealed = await readFile(file);

  for (let offset = 0; offset < sealed.length; offset++) {
    const changed = Buffer.from(sealed);
    changed[offset] = (changed[offset] ?? 0) ^ 1;
    await writeFile(file, changed);
    await expect(secrets.get("x"), `byte ${offset}`).rejects.toMatchObject({
      code: "state.damaged",
    });
  }
  for (let length = 0; length < sealed.length; length++) {
    await writeFile(file, sealed.subarray(0, length));
    await expect(secrets.get("x"), `${length} bytes`).rejects.toMatchObject({
      code: "state.damaged",
    });
  }
});

test("one secret's file in another's place is noticed", async () => {
  const secrets = await openSecrets(folder);
  await secrets.put("mine", "a");
  const [mine = ""] = await sealedFiles();
  await secrets.put("theirs", "b");
  const theirs = (await sealedFiles()).find((file) => file !== mine) ?? "";

  await rename(theirs, mine);

  await expect(secrets.get("mine")).rejects.toMatchObject({ code: "state.damaged" });
});

test("another key opens nothing, and a damaged key file is refused", async () => {
  const secrets = await openSecrets(folder);
  await secrets.put("x", "text");
  const key = join(folder, "key");
  await writeFile(key, Buffer.alloc(32));
  const other = await openSecrets(folder);
  await expect(other.get("x")).rejects.toMatchObject({ code: "state.damaged" });

  await chmod(key, 0o600);
  await writeFile(key, "short");

  await expect(openSecrets(folder)).rejects.toMatchObject({ code: "state.damaged" });
});
