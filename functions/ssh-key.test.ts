import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sshKeyFrom } from "./ssh-key.ts";

const hasSsh = spawnSync("ssh-keygen", ["-?"]).error === undefined;

test.skipIf(!hasSsh)(
  `OpenSSH reads a key and finds the public half that goes with it${hasSsh ? "" : " (skipped: no ssh-keygen)"}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), "hypermotion-ssh-"));
    try {
      for (let round = 0; round < 20; round += 1) {
        // Comments of each length there is to the next multiple of eight.
        const comment = `run-${"x".repeat(round % 9)}`;
        const { privateKey, authorizedLine } = sshKeyFrom(randomBytes(32), comment);
        const file = join(folder, `key-${round}`);
        writeFileSync(file, privateKey, { mode: 0o600 });

        const found = execFileSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" });

        expect(found.trim()).toBe(authorizedLine);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test("one seed is one key, another seed another", () => {
  const seed = randomBytes(32);

  expect(sshKeyFrom(seed, "a")).toEqual(sshKeyFrom(seed, "a"));
  expect(sshKeyFrom(seed, "a")).not.toEqual(sshKeyFrom(randomBytes(32), "a"));
});
