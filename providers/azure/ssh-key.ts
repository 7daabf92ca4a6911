/**
 * A public key whose private half is thrown away: Azure makes no Linux machine without a way to log in,
 * and a gateway needs none.
 */
import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";

/** Source: RFC 4253, section 6.6, "ssh-rsa". */
export async function uselessPublicKey(): Promise<string> {
  const { publicKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  const { n = "", e = "" } = publicKey.export({ format: "jwk" });
  const parts = [Buffer.from("ssh-rsa"), integer(e), integer(n)].flatMap((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return [length, part];
  });
  return `ssh-rsa ${Buffer.concat(parts).toString("base64")} nobody`;
}

/** With a zero in front where it would read as negative. Source: RFC 4251, section 5, "mpint". */
function integer(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, "base64url");
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}
