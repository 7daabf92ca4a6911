import type { z } from "zod";
import type { createTargetRequest } from "#api/targets.ts";
import { MigrationError } from "#domain/errors.ts";
import { checkGatewayType } from "#domain/gateway-defaults.ts";
import type { LimitChange } from "#domain/limits/effective.ts";
import { limitTables } from "#domain/limits/tables.ts";
import { type Platform, platforms } from "#domain/platform.ts";
import type { Target } from "#domain/records.ts";
import { openProvider, targetPlatforms } from "#providers/registry.ts";
import type { NewRecord } from "#store/store.ts";
import type { Deps } from "../../deps.ts";
import { derivedId } from "../../ids.ts";
import { holdsTarget } from "../../target-checks.ts";
import { credentialsName } from "../../target-providers.ts";

type Request = z.output<typeof createTargetRequest>;

/** Checks settings and credentials by asking the cloud, then keeps them. @throws what the check throws */
export async function createTarget(deps: Deps, request: Request, by: string): Promise<Target> {
  const target = await checkNewTarget(deps, request, by);
  await deps.secrets.put(credentialsName(target.id), JSON.stringify(request.credentials));
  return deps.store.targets.create(target);
}

/**
 * All that can be wrong with a target, found before anything is kept. The id is made from the name, so
 * that two targets of one name cannot be.
 * @throws `target.unknown-platform`, `input.invalid`, `record.exists`, `target.unreachable`, `gateway.…`, `cloud.…`
 */
export async function checkNewTarget(
  deps: Deps,
  request: Request,
  by: string,
): Promise<NewRecord<Target>> {
  const { credentials, platform: asked, gatewayMaxVolumes, gatewayInstanceType } = request;
  const platform = platforms.find((known) => known === asked);
  if (platform === undefined) {
    const known = targetPlatforms.join(", ");
    throw new MigrationError("target.unknown-platform", { platform: asked, known });
  }
  const id = derivedId("tgt", request.name);
  if ((await deps.store.targets.find(id)) !== undefined) {
    throw new MigrationError("record.exists", { kind: "target", id: request.name });
  }
  const { config } = request;
  const limitChanges =
    gatewayMaxVolumes === undefined
      ? undefined
      : [fewerVolumes(deps, platform, gatewayMaxVolumes, by)];
  const provider = await openProvider(platform, {
    config,
    secrets: credentials,
    consoleId: deps.console.id,
    edition: deps.console.edition,
  });
  await provider.check();
  if (gatewayInstanceType !== undefined) {
    const types = await provider.compute.listInstanceTypes();
    const type = types.find(({ name }) => name === gatewayInstanceType);
    if (type !== undefined) checkGatewayType(platform, type);
  }
  return {
    id,
    name: request.name,
    platform,
    config,
    maxGateways: request.maxGateways,
    gatewayIdleMinutes: request.gatewayIdleMinutes,
    gatewayIds: [],
    gatewaysMade: 0,
    ...(limitChanges === undefined ? {} : { limitChanges }),
    ...(gatewayInstanceType === undefined ? {} : { gatewayInstanceType }),
  };
}

/** Fewer than the document's need no reason. @throws `input.invalid` for more */
function fewerVolumes(deps: Deps, platform: Platform, value: number, by: string): LimitChange {
  const { value: most = value } = limitTables[platform].gatewayMaxVolumes ?? {};
  if (value > most) {
    throw new MigrationError("input.invalid", {
      where: "gatewayMaxVolumes",
      problem: `${most} are allowed; more are opened with a reason: hypermotion target limits set <target> gatewayMaxVolumes ${value} --reason …`,
    });
  }
  const at = deps.now().toISOString();
  return { name: "gatewayMaxVolumes", value, reason: "said when the target was added", by, at };
}

/** @throws `target.in-use` while a server's replica, a gateway or a check's volume is there */
export async function removeTarget(deps: Deps, target: Target): Promise<void> {
  const isOfTarget = (record: { targetId?: string | undefined }) => record.targetId === target.id;
  for await (const server of deps.store.servers.all()) {
    const isUsing = server.volumes.length > 0 || server.activeRunId !== undefined;
    if (isOfTarget(server) && isUsing) throw inUse(target, server.name);
  }
  for await (const gateway of deps.store.gateways.all()) {
    if (isOfTarget(gateway) && gateway.state !== "retired") throw inUse(target, gateway.id);
  }
  for await (const run of deps.store.runs.all()) {
    if (isOfTarget(run) && holdsTarget(run)) throw inUse(target, run.id);
  }
  await deps.store.targets.delete(target.id);
  await deps.secrets.delete(credentialsName(target.id));
}

function inUse(target: Target, server: string): MigrationError {
  return new MigrationError("target.in-use", { target: target.name, server });
}
