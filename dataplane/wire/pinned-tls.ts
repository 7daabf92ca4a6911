import { constants, createHash } from "node:crypto";
import type { TLSSocket } from "node:tls";

/**
 * TLS options of both sides: 1.3 only, own certificate, no resumption. `rejectUnauthorized` is off
 * because there is no authority to ask; who the peer is follows from `peerFingerprint` alone, and TLS
 * itself proves that the peer holds the certificate's key.
 */
export function pinnedTls(own: { certificatePem: string; privateKeyPem: string }) {
  return {
    cert: own.certificatePem,
    key: own.privateKeyPem,
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    // AES-128 first: half again as fast as AES-256 with the CPU's own instructions.
    ciphers: "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
    ecdhCurve: "X25519:P-256",
    secureOptions: constants.SSL_OP_NO_TICKET,
    rejectUnauthorized: false,
  } as const;
}

/** SHA-256 of the certificate that the peer proved to own, or undefined when it showed none. */
export function peerFingerprint(socket: TLSSocket): string | undefined {
  const raw = socket.getPeerX509Certificate()?.raw;
  return raw === undefined ? undefined : createHash("sha256").update(raw).digest("hex");
}
