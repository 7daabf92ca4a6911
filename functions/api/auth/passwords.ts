/** Passwords as they are kept: `scrypt$N$r$p$<salt>$<hash>`, so that the cost can be raised later. */
import { scrypt, timingSafeEqual } from "node:crypto";

const keyBytes = 32;
/** OWASP's Password Storage Cheat Sheet (2024): N=2^15, r=8, p=3. 32 MiB each. */
const cost: Cost = { N: 2 ** 15, r: 8, p: 3 };

interface Cost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

export async function hashPassword(
  password: string,
  random: (size: number) => Uint8Array,
  settings: Cost = cost,
): Promise<string> {
  const salt = Buffer.from(random(16));
  const hash = await derive(password, salt, settings);
  return [
    "scrypt",
    settings.N,
    settings.r,
    settings.p,
    salt.toString("base64"),
    hash.toString("base64"),
  ].join("$");
}

export async function isPassword(password: string, kept: string): Promise<boolean> {
  const [scheme, n, r, p, salt, hash] = kept.split("$");
  if (scheme !== "scrypt" || salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, "base64");
  const settings = { N: Number(n), r: Number(r), p: Number(p) };
  const found = await derive(password, Buffer.from(salt, "base64"), settings);
  return found.length === expected.length && timingSafeEqual(found, expected);
}

/** The work of a check without a user, so that the time of a refusal does not tell who exists. */
export async function pretendCheck(password: string): Promise<false> {
  await derive(password, Buffer.alloc(16), cost);
  return false;
}

/** 20 letters of an alphabet without look-alikes: about 99 bits. */
export function oneTimePassword(random: (size: number) => Uint8Array): string {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789";
  return Array.from(random(20), (byte) => letters[byte % letters.length])
    .join("")
    .replace(/(.{5})(?=.)/g, "$1-");
}

function derive(password: string, salt: Buffer, settings: Cost): Promise<Buffer> {
  // The default ceiling of 32 MiB is just below what these settings take.
  const options = { ...settings, maxmem: 256 * settings.N * settings.r };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, keyBytes, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
