/** A source server as people see it: without its agent's token and certificate. */
import type { FindingView } from "#api/checks.ts";
import type { ServerDetails, ServerView } from "#api/servers.ts";
import { nextActions } from "#domain/actions.ts";
import { isConnected } from "#domain/connection.ts";
import type { Language } from "#domain/errors.ts";
import type { SourceServer } from "#domain/records.ts";
import { wordsOf } from "../errors.ts";

export function serverView(server: SourceServer, language: Language, now: Date): ServerView {
  const {
    version: _version,
    updatedAt: _updatedAt,
    agentTokenHash: _agentTokenHash,
    agentFingerprint: _agentFingerprint,
    stateBeforeRun: _stateBeforeRun,
    bootStrategy: _bootStrategy,
    inventory: _inventory,
    volumes: _volumes,
    leftoversToldAt: _leftoversToldAt,
    lagIsOver: _lagIsOver,
    comparisonId: _comparisonId,
    lastError,
    ...shown
  } = server;
  const { recoveryPointAt } = server;
  return {
    ...shown,
    connected: isConnected(server, now),
    next: server.activeRunId === undefined ? [...nextActions[server.state]] : [],
    ...(recoveryPointAt === undefined
      ? {}
      : { lagSeconds: Math.max(0, (now.getTime() - Date.parse(recoveryPointAt)) / 1000) }),
    ...(lastError === undefined
      ? {}
      : { lastError: { ...lastError, ...wordsOf(lastError, language) } }),
  };
}

export function serverDetails(
  server: SourceServer,
  findings: FindingView[],
  language: Language,
  now: Date,
): ServerDetails {
  const { inventory, volumes } = server;
  return { ...serverView(server, language, now), inventory, volumes, findings };
}
