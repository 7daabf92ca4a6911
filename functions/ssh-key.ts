/**
 * An Ed25519 key as OpenSSH writes it. Node makes such keys and knows PEM only, which OpenSSH reads since 9.6
 * and Debian 12 does not have. Source: openssh-portable, PROTOCOL.key; RFC 8709 for the public half.
 */
import { createPrivateKey, createPublicKey } from "node:crypto";

export interface SshKey {
  /** A line of `authorized_keys`. */
  readonly authorizedLine: string;
  /** A private key file, without a passphrase. */
  readonly privateKey: string;
}

const algorithm = "ssh-ed25519";
/** PKCS #8 of an Ed25519 key, up to its seed. Source: RFC 8410, 7. */
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");
const lineLength = 70;
/** What an unencrypted key is padded to. */
const blockBytes = 8;

/**
 * The same key for the same seed.
 * @param seed 32 bytes that nobody can guess
 * @param comment shown by `ssh-keygen -l`; no spaces
 */
export function sshKeyFrom(seed: Buffer, comment: string): SshKey {
  const der = Buffer.concat([pkcs8Head, seed]);
  const pair = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
  const publicBytes = Buffer.from(pair.export({ format: "jwk" }).x ?? "", "base64url");
  const publicBlob = Buffer.concat([field(algorithm), field(publicBytes)]);
  return {
    authorizedLine: `${algorithm} ${publicBlob.toString("base64")} ${comment}`,
    privateKey: armoured(
      Buffer.concat([
        Buffer.from("openssh-key-v1\0"),
        // No cipher, no key derivation and no options of one; one key.
        ...[field("none"), field("none"), field(""), number(1), field(publicBlob)],
        field(padded(secretPart(seed, publicBytes, comment))),
      ]),
    ),
  };
}

function secretPart(seed: Buffer, publicBytes: Buffer, comment: string): Buffer {
  // Twice the same, by which a wrong passphrase would be found; there is none.
  const check = publicBytes.subarray(0, 4);
  return Buffer.concat([
    ...[check, check, field(algorithm), field(publicBytes)],
    ...[field(Buffer.concat([seed, publicBytes])), field(comment)],
  ]);
}

function padded(bytes: Buffer): Buffer {
  const missing = (blockBytes - (bytes.length % blockBytes)) % blockBytes;
  return Buffer.concat([bytes, Buffer.from(Array.from({ length: missing }, (_, at) => at + 1))]);
}

function armoured(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(new RegExp(`.{1,${lineLength}}`, "g")) ?? [];
  return [
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    ...lines,
    "-----END OPENSSH PRIVATE KEY-----",
    "",
  ].join("\n");
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([number(bytes.length), bytes]);
}
