import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import { gatewayName } from "#domain/gateway-defaults.ts";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import type { Gateway, Target } from "#domain/records.ts";
import type { Provider } from "#providers/provider.ts";
import type { Deps } from "../../deps.ts";
import { derivedSecret } from "../../derived-secret.ts";
import { hashSecret, resourceToken } from "../../ids.ts";
import { tagsFor, written } from "../../migration.ts";
import { step } from "../../step.ts";
import { waitBriefly } from "../../waiting.ts";

const input = z.object({ runId: z.string(), gatewayId: z.string() });
const output = z.object({ instanceId: z.string(), host: z.string() });

const codeLifeMs = 3_600_000;

/** The gateway's instance, and the address agents and we reach it at. */
export async function provisionGateway({ runId, gatewayId }: z.output<typeof input>, deps: Deps) {
  const gateway = await deps.store.gateways.get(gatewayId);
  const target = await deps.store.targets.get(gateway.targetId);
  const provider = await deps.providerFor(target, runId);

  const instanceId = gateway.instanceId ?? (await createInstance(deps, provider, gateway, target));
  const instance = await waitBriefly(deps, `gateway instance ${instanceId}`, async () => {
    const found = await provider.compute.findInstance(instanceId);
    if (found?.state === "running") return { ready: found };
    if (found === undefined || found.state === "failed") {
      throw new MigrationError("cloud.wrong-state", {
        platform: target.platform,
        what: "gateway instance",
        id: instanceId,
        state: found?.problem ?? "gone",
      });
    }
    return { state: found.state };
  });
  const fixed = await provider.network.ensureAddress({
    token: resourceToken("address", gatewayId),
    tags: tagsFor(deps, gatewayId, gatewayName),
    instanceId,
  });
  const host = written(
    fixed?.address ?? instance.publicAddress ?? instance.privateAddress,
    `the address of ${instanceId}`,
  );
  await deps.store.gateways.update(gatewayId, (found) => ({
    ...found,
    host,
    ...(fixed === undefined ? {} : { addressId: fixed.id }),
  }));
  return { instanceId, host };
}

async function createInstance(
  deps: Deps,
  provider: Provider,
  gateway: Gateway,
  target: Target,
): Promise<string> {
  const { id } = await provider.compute.createGateway({
    token: resourceToken("gateway", gateway.id),
    tags: tagsFor(deps, gateway.id, gatewayName),
    securityGroupId: written(gateway.securityGroupId, "the security group"),
    bootstrap: await bootstrap(deps, provider, gateway.id),
    ...(target.gatewayInstanceType === undefined
      ? {}
      : { instanceType: target.gatewayInstanceType }),
  });
  await deps.store.gateways.update(gateway.id, (found) => ({ ...found, instanceId: id }));
  return id;
}

/** A repeated step gives the same: clouds refuse a second order by one token that says something else. */
async function bootstrap(deps: Deps, provider: Provider, gatewayId: string) {
  const { installsGateway } = await provider.capabilities();
  const secret = derivedSecret(deps, "gateway enrolment", gatewayId);
  const id = hashSecret(secret);
  const expiresAt = new Date(deps.now().getTime() + codeLifeMs).toISOString();
  await deps.store.codes.ensure({
    ...{ id, purpose: "gateway", gatewayId, expiresAt, usesLeft: 1, usedBy: [] },
  });
  await deps.store.codes.update(id, (found) => ({ ...found, expiresAt }));
  const { url, fingerprint } = deps.console;
  return gatewayBootstrap.parse({
    gatewayId,
    consoleUrl: url,
    enrolmentCode: secret,
    ports: {},
    ...(fingerprint === undefined ? {} : { consoleFingerprint: fingerprint }),
    ...(installsGateway ? { software: await deps.software() } : {}),
  });
}

export const handler = step({ name: "provision-gateway", input, output, run: provisionGateway });
