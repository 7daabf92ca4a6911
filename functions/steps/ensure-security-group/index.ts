import { z } from "zod";
import { gatewayName, gatewayPorts } from "#domain/gateway-defaults.ts";
import { parseRunInput } from "#domain/run-input.ts";
import type { Deps } from "../../deps.ts";
import { resourceToken } from "../../ids.ts";
import { tagsFor } from "../../migration.ts";
import { step } from "../../step.ts";

const input = z.object({
  runId: z.string(),
  /** What the execution was started with, by us or by hand. */
  input: z.unknown(),
});
const output = z.object({ gatewayId: z.string(), securityGroupId: z.string() });

export async function ensureSecurityGroup(request: z.output<typeof input>, deps: Deps) {
  const { runId } = request;
  const { gatewayId, parentRunId } = parseRunInput("provision-gateway", request.input);
  await deps.store.runs.ensure({
    id: runId,
    kind: "provision-gateway",
    gatewayId,
    state: "running",
    input: { gatewayId },
    ...(parentRunId === undefined ? {} : { parentRunId }),
  });
  const gateway = await deps.store.gateways.get(gatewayId);
  const target = await deps.store.targets.get(gateway.targetId);
  const provider = await deps.providerFor(target, runId);

  const group = await provider.network.ensureSecurityGroup({
    token: resourceToken("sg", gatewayId),
    tags: tagsFor(deps, gatewayId, gatewayName),
    rules: Object.values(gatewayPorts).map((port) => ({ port, from: ["0.0.0.0/0"] })),
  });
  await deps.store.gateways.update(gatewayId, (found) => ({
    ...found,
    securityGroupId: group.id,
    state: found.state === "planned" ? "provisioning" : found.state,
  }));
  return { gatewayId, securityGroupId: group.id };
}

export const handler = step({
  name: "ensure-security-group",
  input,
  output,
  run: ensureSecurityGroup,
});
