/** The plan for many servers at a target, made of what is known of them, changing nothing. */
import type { Finding } from "#domain/checks/finding.ts";
import { MigrationError } from "#domain/errors.ts";
import {
  type Placed,
  type PlacementPlan,
  planPlacement,
  type ServerToPlace,
} from "#domain/placement.ts";
import type { ReplicaVolume, SourceServer, Target } from "#domain/records.ts";
import { tryPlanVolumes } from "#domain/volume-plan.ts";
import { blockedBy, findingsAt } from "./checks.ts";
import { type Deps, noRun } from "./deps.ts";
import { acknowledgementsAt } from "./limits.ts";
import {
  asWaiting,
  needOf,
  placeRequestsAt,
  type Rules,
  rulesOf,
  usableGateways,
} from "./placement.ts";

export interface ServerAsked {
  readonly server: SourceServer;
  readonly zone?: string | undefined;
}

export interface ServerPlan {
  readonly server: SourceServer;
  readonly findings: readonly Finding[];
  readonly volumes: readonly ReplicaVolume[];
  readonly placed: Placed;
}

export interface TargetPlan {
  readonly rules: Rules;
  readonly gateways: PlacementPlan["gateways"];
  /** In the order asked for. */
  readonly servers: readonly ServerPlan[];
}

/** Whoever waits at the target already comes first, then the servers in the order given. */
export async function planServers(
  deps: Deps,
  target: Target,
  asked: readonly ServerAsked[],
): Promise<TargetPlan> {
  const provider = await deps.providerFor(target, noRun);
  const can = await provider.capabilities();
  const base = {
    ...(await rulesOf(target, provider)),
    workers: await workersOf(target, provider),
  };
  const sized = await Promise.all(
    asked.map(async (one) => {
      const { server } = one;
      const isLifted = acknowledgementsAt(server, target).length > 0;
      const rules = isLifted ? await rulesOf(target, provider, server) : base;
      const findings = findingsAt(server, target, can);
      return { ...one, findings, maxSlots: rules.maxSlots, ...sizes(one, target, rules, findings) };
    }),
  );
  const rules = { ...base, maxSlots: Math.max(base.maxSlots, ...sized.map((one) => one.maxSlots)) };
  const now = deps.now().getTime();
  const names = new Set(asked.map(({ server }) => server.id));
  const others = (await placeRequestsAt(deps, target.id)).filter(({ id }) => !names.has(id));
  const wishes = sized.flatMap(({ server, zone, volumes }, index): ServerToPlace[] => {
    if (volumes === undefined) return [];
    const since = new Date(now + index).toISOString();
    return [{ id: server.id, since, ...needOf(volumes), ...(zone === undefined ? {} : { zone }) }];
  });
  const gateways = await usableGateways(deps, target);
  const plan = planPlacement(rules, gateways, [...others.map(asWaiting), ...wishes]);
  return {
    rules,
    gateways: plan.gateways,
    servers: sized.map(({ server, findings, volumes = [], refused }) => ({
      server,
      findings,
      volumes,
      placed: refused ?? (plan.servers.get(server.id) as Placed),
    })),
  };
}

function sizes(
  { server }: ServerAsked,
  target: Target,
  rules: Rules,
  findings: readonly Finding[],
): { volumes?: ReplicaVolume[]; refused?: Placed } {
  const never = (error: MigrationError): { refused: Placed } => ({
    refused: { on: "nothing ever", reason: error.facts },
  });
  if (server.inventory.disks.length === 0) {
    return never(new MigrationError("server.no-disks", { server: server.id }));
  }
  if (server.volumes.length > 0 && server.targetId !== target.id) {
    return never(
      new MigrationError("input.invalid", {
        where: "targetId",
        problem: `server ${server.name} is being moved to ${server.targetId}; clean it up first`,
      }),
    );
  }
  const blocked = blockedBy(findings, server, target);
  // What has its copy is past that.
  if (blocked !== undefined && server.recoveryPointId === undefined) return never(blocked);
  const planned = tryPlanVolumes(server.inventory.disks, server.volumes, rules);
  return "volumes" in planned
    ? planned
    : { refused: { on: "nothing ever", reason: planned.reason } };
}

/** CPUs of a gateway that is still to be made, where the operator named its type. */
async function workersOf(
  { gatewayInstanceType }: Target,
  provider: Awaited<ReturnType<Deps["providerFor"]>>,
): Promise<number | undefined> {
  if (gatewayInstanceType === undefined) return undefined;
  const types = await provider.compute.listInstanceTypes();
  return types.find(({ name }) => name === gatewayInstanceType)?.vcpus;
}
