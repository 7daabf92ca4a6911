/**
 * Who an agent or a gateway is: a self-signed certificate whose fingerprint the other side pins. No
 * certificate authority is involved; the console carries fingerprints from one side to the other.
 */
import { createHash, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { chmod, mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
// The certificate library resolves its parts through it.
import "reflect-metadata";
import { PemConverter, X509CertificateGenerator } from "@peculiar/x509";

export interface Identity {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** SHA-256 of the certificate in DER, lower-case hex. */
  readonly fingerprint: string;
}

const validYears = 20;
const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A new key pair (ECDSA P-256) and its certificate, valid for 20 years. */
export async function createIdentity(commonName: string, now = Date.now()): Promise<Identity> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const notBefore = new Date(now - 24 * 3600 * 1000);
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + validYears);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: `01${randomBytes(15).toString("hex")}`,
      name: [{ CN: [commonName] }],
      notBefore,
      notAfter,
      signingAlgorithm: keyAlgorithm,
      keys,
    },
    webcrypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  const certificatePem = certificate.toString("pem");
  return {
    certificatePem,
    privateKeyPem: PemConverter.encode(pkcs8, "PRIVATE KEY"),
    fingerprint: fingerprintOf(certificatePem),
  };
}

/** SHA-256 of a PEM certificate's DER form, lower-case hex. Throws when it is no certificate. */
export function fingerprintOf(certificatePem: string): string {
  return createHash("sha256").update(new X509Certificate(certificatePem).raw).digest("hex");
}

/**
 * The identity kept in a folder as `identity.pem` (key and certificate in one file, mode 0600), made
 * on the first call. One file, renamed into place, so that a crash leaves both or neither.
 */
export async function loadOrCreateIdentity(folder: string, commonName: string): Promise<Identity> {
  const path = join(folder, "identity.pem");
  const stored = await readIfPresent(path);
  if (stored !== undefined) {
    await chmod(path, 0o600);
    return parseIdentity(stored);
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const identity = await createIdentity(commonName);
  const unfinished = `${path}.${randomBytes(6).toString("hex")}`;
  const file = await open(unfinished, "wx", 0o600);
  try {
    await file.writeFile(`${identity.privateKeyPem}\n${identity.certificatePem}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
  return identity;
}

function parseIdentity(pem: string): Identity {
  const blocks = pem.match(/-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/g) ?? [];
  const privateKeyPem = blocks.find((block) => block.includes("PRIVATE KEY"));
  const certificatePem = blocks.find((block) => block.includes("CERTIFICATE"));
  if (privateKeyPem === undefined || certificatePem === undefined) {
    throw new Error(
      "identity.pem must hold a private key and a certificate; remove it to make a new identity",
    );
  }
  return { privateKeyPem, certificatePem, fingerprint: fingerprintOf(certificatePem) };
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
