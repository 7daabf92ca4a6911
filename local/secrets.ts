/**
 * Secrets of the standalone edition: one encrypted file each, under a key in a file that only its owner
 * can read. It protects backups and copies of single files; whoever can read the key can read all.
 *
 * A file's layout:
 *
 *   offset  length  meaning
 *   0       1       version, 1
 *   1       12      nonce of AES-256-GCM, new with every write
 *   13      16      authentication tag over the text and the secret's name
 *   29      …       the encrypted text, UTF-8
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { MigrationError } from "#domain/errors.ts";
import type { Secrets } from "#functions/deps.ts";

const version = 1;
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = 1 + nonceBytes + tagBytes;

/** @throws `state.damaged` when the key file is not one */
export async function openSecrets(folder: string): Promise<Secrets> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const key = await loadOrCreateKey(folder);
  const fileOf = (name: string) =>
    join(folder, `${createHash("sha256").update(name).digest("hex")}.sealed`);

  return {
    async get(name) {
      const file = fileOf(name);
      const sealed = await readIfPresent(file);
      if (sealed === undefined)
        throw new MigrationError("record.not-found", { kind: "secret", id: name });
      return unseal(sealed, key, name, file);
    },
    async put(name, value) {
      const fresh = `${fileOf(name)}.${randomBytes(6).toString("hex")}`;
      await writeSynced(fresh, seal(value, key, name));
      await rename(fresh, fileOf(name));
      await syncFolder(folder);
    },
    async delete(name) {
      await rm(fileOf(name), { force: true });
    },
  };
}

function seal(value: string, key: Buffer, name: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  // The name is sealed too, so that one secret's file put in another's place is noticed.
  cipher.setAAD(Buffer.from(name));
  const text = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
  return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), text]);
}

function unseal(sealed: Buffer, key: Buffer, name: string, file: string): string {
  if (sealed.length < headBytes || sealed[0] !== version) {
    throw new MigrationError("state.damaged", { file, problem: "it is not a sealed secret" });
  }
  const nonce = sealed.subarray(1, 1 + nonceBytes);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(name));
  decipher.setAuthTag(sealed.subarray(1 + nonceBytes, headBytes));
  try {
    const text = Buffer.concat([decipher.update(sealed.subarray(headBytes)), decipher.final()]);
    return text.toString("utf8");
  } catch (cause) {
    const problem = "it was changed, or sealed with another key";
    throw new MigrationError("state.damaged", { file, problem }, { cause });
  }
}

async function loadOrCreateKey(folder: string): Promise<Buffer> {
  const file = join(folder, "key");
  const kept = await readIfPresent(file);
  if (kept === undefined) return createKey(folder, file);
  if (kept.length !== keyBytes) {
    throw new MigrationError("state.damaged", {
      file,
      problem: `it is not ${keyBytes} bytes long`,
    });
  }
  return kept;
}

/** Written whole before it has its name, so that a crash leaves a key or none. */
async function createKey(folder: string, file: string): Promise<Buffer> {
  const key = randomBytes(keyBytes);
  const fresh = `${file}.${randomBytes(6).toString("hex")}`;
  await writeSynced(fresh, key);
  await link(fresh, file);
  await rm(fresh);
  await syncFolder(folder);
  return key;
}

async function writeSynced(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readIfPresent(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
