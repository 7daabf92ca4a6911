import type { z } from "zod";
import type { PlanView, planRequest } from "#api/plans.ts";
import type { Finding } from "#domain/checks/finding.ts";
import type { Language } from "#domain/errors.ts";
import type { Target } from "#domain/records.ts";
import { type Deps, noRun } from "../../deps.ts";
import { planServers, type ServerAsked, type ServerPlan } from "../../planning.ts";
import { pricesOf } from "../../prices.ts";
import { wordsOf } from "../errors.ts";
import { findingViews } from "../servers/check.ts";

/** Where servers would go now. Changes nothing. @throws `record.not-found`, `cloud.…` */
export async function planTarget(
  deps: Deps,
  target: Target,
  { servers }: z.output<typeof planRequest>,
  language: Language,
): Promise<PlanView> {
  const plan = await planServers(deps, target, await serversAsked(deps, target, servers));
  const { currency = "", gatewayHour: hour } = (await pricesOf(deps, target, noRun)) ?? {};
  return {
    targetId: target.id,
    maxGateways: plan.rules.maxGateways,
    gateways: plan.gateways.map((gateway) => ({ ...gateway, serverIds: [...gateway.serverIds] })),
    servers: plan.servers.map((server) => ({
      ...shown(server, plan.rules.repairsOnGateway, language),
      findings: findingViews(server.server, target, toMind(server.findings), language),
    })),
    ...(hour === undefined
      ? {}
      : { costPerDay: { amount: hour * 24 * plan.gateways.length, currency } }),
  };
}

/** Without a list: all that have no gateway and could be moved. */
async function serversAsked(
  deps: Deps,
  target: Target,
  servers: z.output<typeof planRequest>["servers"],
): Promise<ServerAsked[]> {
  if (servers !== undefined) {
    const asked = servers.map((one) => (typeof one === "string" ? { serverId: one } : one));
    return Promise.all(
      asked.map(async ({ serverId, ...rest }) => ({
        server: await deps.store.servers.get(serverId),
        ...rest,
      })),
    );
  }
  const all: ServerAsked[] = [];
  for await (const server of deps.store.servers.all()) {
    const isElsewhere = server.volumes.length > 0 && server.targetId !== target.id;
    if (!isElsewhere && server.state !== "finalized") all.push({ server });
  }
  // Listed newest first; who registered first comes first.
  return all.reverse();
}

function toMind(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ severity }) => severity !== "NOTE");
}

function shown(
  { server, volumes, placed }: ServerPlan,
  repairsOnGateway: boolean,
  language: Language,
): Omit<PlanView["servers"][number], "findings"> {
  const facts = {
    serverId: server.id,
    name: server.name,
    slots: volumes.length,
    repairSlots: repairsOnGateway ? volumes.length : 0,
    volumes: volumes.map(({ diskId, deviceName, role, diskBytes, sizeBytes }) => ({
      ...{ diskId, deviceName, role, diskBytes, sizeBytes },
    })),
  };
  switch (placed.on) {
    case "gateway":
      return {
        ...facts,
        placement: "placed",
        gatewayId: placed.gatewayId,
        ...(placed.pool === undefined ? {} : { pool: placed.pool }),
        ...(placed.warning === undefined ? {} : { warning: wordsOf(placed.warning, language) }),
      };
    case "nothing yet":
      return { ...facts, placement: "waits", reason: wordsOf(placed.reason, language) };
    case "nothing ever":
      return { ...facts, placement: "refused", reason: wordsOf(placed.reason, language) };
  }
}
