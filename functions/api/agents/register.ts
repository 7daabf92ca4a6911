/** How an agent becomes a source server: a one-time code, then its own token and certificate. */
import { createHash, X509Certificate } from "node:crypto";
import type { z } from "zod";
import type { Severity } from "#domain/checks/finding.ts";
import { noLimits } from "#domain/copy-limits.ts";
import { MigrationError } from "#domain/errors.ts";
import type { registerRequest, registerResponse } from "#domain/protocol/agent.ts";
import type { SourceServer } from "#domain/records.ts";
import { knownFindings, rowsOf } from "../../checks.ts";
import type { Deps } from "../../deps.ts";
import { derivedSecret } from "../../derived-secret.ts";
import { derivedId, hashSecret } from "../../ids.ts";
import { tell } from "../../tell.ts";
import { useCode } from "../codes/use.ts";

/**
 * Repeated with the same code and certificate (the answer was lost) it is answered alike: id and token
 * are derived from code and certificate, and nothing but the token's hash is kept.
 * @throws `auth.wrong-code`, `record.exists` when another code registered this certificate before
 */
export async function register(
  deps: Deps,
  request: z.output<typeof registerRequest>,
): Promise<z.output<typeof registerResponse>> {
  const agentFingerprint = fingerprintOf(request.certificatePem);
  const [code = ""] = request.code.split(".");
  const id = derivedId("srv", agentFingerprint);
  const secret = derivedSecret(deps, "agent token", id, hashSecret(code));

  await useCode(deps, { code, purpose: "agent" }, { fingerprint: agentFingerprint, id });
  const known = await deps.store.servers.find(id);
  if (known === undefined) await createServer(deps, id, request, agentFingerprint, secret);
  // Whoever has any code and has seen this certificate must not get the server's token.
  else if (known.agentTokenHash !== hashSecret(secret)) {
    throw new MigrationError("record.exists", { kind: "server", id: known.name });
  }
  return { serverId: id, token: `${id}.${secret}` };
}

async function createServer(
  deps: Deps,
  id: string,
  request: z.output<typeof registerRequest>,
  agentFingerprint: string,
  secret: string,
): Promise<SourceServer> {
  const server = await deps.store.servers.ensure({
    id,
    name: request.name,
    state: "registered",
    lastSeenAt: deps.now().toISOString(),
    inventory: request.inventory,
    agentVersion: request.agentVersion,
    agentFingerprint,
    agentTokenHash: hashSecret(secret),
    volumes: [],
    launches: [],
    olderRecoveryPointIds: [],
    limits: noLimits,
    replication: {
      status: "none",
      totalBytes: 0,
      doneBytes: 0,
      rateBytesPerSecond: 0,
      bottleneck: "unknown",
    },
  });
  await tell(deps, id, "server.registered", { disks: request.inventory.disks.length });
  await tellFindings(deps, server);
  return server;
}

/**
 * What the document's rules for sources say of it, whichever target it goes to.
 * @param before what has been told already
 */
export async function tellFindings(
  deps: Deps,
  server: SourceServer,
  before?: SourceServer,
): Promise<void> {
  const findings = knownFindings(server, undefined);
  const rows = rowsOf(findings, "BLOCK", "WARN");
  const told = before && rowsOf(knownFindings(before, undefined), "BLOCK", "WARN");
  if (rows === "" || rows === told) return;
  const count = (weight: Severity) => findings.filter(({ severity }) => severity === weight).length;
  const params = { blocks: count("BLOCK"), warnings: count("WARN"), rows, server: server.name };
  await tell(deps, server.id, "check.found", params);
}

/** @throws `input.invalid` when it is no certificate */
export function fingerprintOf(certificatePem: string): string {
  try {
    return createHash("sha256").update(new X509Certificate(certificatePem).raw).digest("hex");
  } catch (cause) {
    throw new MigrationError(
      "input.invalid",
      { where: "certificatePem", problem: "is not a certificate in PEM" },
      { cause },
    );
  }
}
