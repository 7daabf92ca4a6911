import { createHash, X509Certificate } from "node:crypto";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createIdentity, fingerprintOf, loadOrCreateIdentity } from "./identity.ts";

test("an identity's fingerprint is the SHA-256 of its certificate, which is valid for 20 years", async () => {
  const identity = await createIdentity("agent with a, comma");

  const certificate = new X509Certificate(identity.certificatePem);
  const years =
    (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) /
    (365.25 * 24 * 3600 * 1000);
  expect(identity.fingerprint).toBe(createHash("sha256").update(certificate.raw).digest("hex"));
  expect(fingerprintOf(identity.certificatePem)).toBe(identity.fingerprint);
  expect(Math.round(years)).toBe(20);
  expect(certificate.checkIssued(certificate)).toBe(true);
});

test("an identity is made once per folder, readable by its owner only", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hypermotion-identity-"));

  const first = await loadOrCreateIdentity(join(folder, "new"), "agent");
  const second = await loadOrCreateIdentity(join(folder, "new"), "agent");

  expect(second).toEqual(first);
  expect((await stat(join(folder, "new", "identity.pem"))).mode & 0o777).toBe(0o600);
  await rm(folder, { recursive: true });
});

test("a damaged identity is not silently replaced by another one", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hypermotion-identity-"));
  await writeFile(join(folder, "identity.pem"), "nothing");

  await expect(loadOrCreateIdentity(folder, "agent")).rejects.toThrow("identity.pem");
  await rm(folder, { recursive: true });
});
