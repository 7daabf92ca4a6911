/** A source server together with where it goes: what most steps begin with. */
import { MigrationError } from "#domain/errors.ts";
import type { Gateway, SourceServer, Target } from "#domain/records.ts";
import type { Provider, Tags } from "#providers/provider.ts";
import type { Deps } from "./deps.ts";

export interface Migration {
  readonly server: SourceServer;
  readonly target: Target;
  readonly provider: Provider;
  /** For what is made on behalf of the server. */
  readonly tags: (name: string) => Tags;
}

/** @throws `record.not-found`, `server.wrong-state` when it has no target yet */
export async function migrationOf(deps: Deps, serverId: string, runId: string): Promise<Migration> {
  const server = await deps.store.servers.get(serverId);
  if (server.targetId === undefined) {
    throw new MigrationError("server.wrong-state", {
      server: serverId,
      state: `${server.state}, without a target`,
      action: "this step",
      allowed: "replicating",
    });
  }
  const target = await deps.store.targets.get(server.targetId);
  const provider = await deps.providerFor(target, runId);
  return { server, target, provider, tags: (name) => tagsFor(deps, serverId, name) };
}

export function tagsFor(deps: Deps, owner: string, name: string): Tags {
  return { "hypermotion:console": deps.console.id, "hypermotion:owner": owner, Name: name };
}

/** The gateway a server's volumes hang on, as an instance. */
export async function gatewayOf(
  deps: Deps,
  server: SourceServer,
): Promise<Gateway & { instanceId: string }> {
  if (server.gatewayId === undefined) {
    throw new MigrationError("record.not-found", { kind: "gateway", id: `of ${server.id}` });
  }
  const gateway = await deps.store.gateways.get(server.gatewayId);
  if (gateway.instanceId === undefined) {
    throw new MigrationError("gateway.unreachable", {
      gateway: gateway.id,
      problem: `it is ${gateway.state}`,
    });
  }
  return { ...gateway, instanceId: gateway.instanceId };
}

/** A field that an earlier step has written; its absence is a fault of ours, not of the user's. */
export function written<T>(value: T | undefined, what: string): T {
  if (value === undefined) {
    throw new MigrationError("internal.unexpected", { problem: `${what} should be known by now` });
  }
  return value;
}
