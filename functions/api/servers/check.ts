/** What stands against a server's move, as people see it, and what they take upon themselves. */
import type { z } from "zod";
import type {
  AcknowledgeRequest,
  checkRequest,
  FindingView,
  ServerCheckView,
} from "#api/checks.ts";
import {
  acknowledgeableRows,
  type Finding,
  isAcknowledgeable,
  worstOf,
} from "#domain/checks/finding.ts";
import { describeFinding } from "#domain/checks/words.ts";
import { type Language, MigrationError } from "#domain/errors.ts";
import type { SourceServer, Target } from "#domain/records.ts";
import { findingsOf, knownFindings } from "../../checks.ts";
import { type Deps, noRun } from "../../deps.ts";

/** Changes nothing. @throws `record.not-found`, `cloud.…` */
export async function checkServer(
  deps: Deps,
  server: SourceServer,
  { targetId = server.targetId, launch }: z.output<typeof checkRequest>,
  language: Language,
): Promise<ServerCheckView> {
  if (targetId === undefined)
    return shown(server, undefined, knownFindings(server, undefined), language);
  const target = await deps.store.targets.get(targetId);
  const provider = await deps.providerFor(target, noRun);
  const { placement, ...wish } = launch ?? {};
  const findings = await findingsOf(deps, {
    ...{ server, target, provider },
    ...(launch === undefined ? {} : { launch: { ...wish, ...placement } }),
  });
  return shown(server, target, findings, language);
}

/** Of what is known without asking the cloud. */
export async function findingsShown(
  deps: Deps,
  server: SourceServer,
  language: Language,
): Promise<FindingView[]> {
  const { targetId } = server;
  const target = targetId === undefined ? undefined : await deps.store.targets.find(targetId);
  return findingViews(server, target, knownFindings(server, target), language);
}

function shown(
  server: SourceServer,
  target: Target | undefined,
  findings: readonly Finding[],
  language: Language,
): ServerCheckView {
  const worst = worstOf(findings);
  return {
    serverId: server.id,
    ...(target === undefined ? {} : { targetId: target.id }),
    ...(worst === undefined ? {} : { worst }),
    findings: findingViews(server, target, findings, language),
  };
}

export function findingViews(
  server: SourceServer,
  target: Target | undefined,
  findings: readonly Finding[],
  language: Language,
): FindingView[] {
  return findings.map((finding) => ({
    ...finding,
    words: describeFinding(finding, {
      ...{ language, server: server.name },
      ...(target === undefined ? {} : { target: target.name, platform: target.platform }),
    }),
  }));
}

/**
 * A person takes a row upon themselves for this server at this target. Once more replaces the reason.
 * @throws `input.invalid` for a row that can't be, `record.not-found`
 */
export async function acknowledge(
  deps: Deps,
  serverId: string,
  { row, targetId, reason }: AcknowledgeRequest,
  by: string,
): Promise<SourceServer> {
  if (!isAcknowledgeable(row)) {
    throw new MigrationError("input.invalid", {
      where: `row ${row}`,
      problem: `can't be acknowledged; these can: ${acknowledgeableRows.join(", ")}`,
    });
  }
  await deps.store.targets.get(targetId);
  const at = deps.now().toISOString();
  return deps.store.servers.update(serverId, (server) => ({
    ...server,
    acknowledgements: [
      ...(server.acknowledgements ?? []).filter(
        (other) => other.row !== row || other.targetId !== targetId,
      ),
      { row, targetId, reason, by, at },
    ],
  }));
}
