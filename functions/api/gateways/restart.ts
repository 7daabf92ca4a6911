/** Starting a gateway's machine anew, when nothing is harmed by it. */
import { MigrationError } from "#domain/errors.ts";
import type { Gateway } from "#domain/records.ts";
import { type Deps, noRun } from "../../deps.ts";
import { limitsOf } from "../../limits.ts";

/**
 * On platforms whose volumes say nothing of themselves a restart makes every run fail that works with the
 * gateway, and so it is refused while one does. One that begins meanwhile fails by the gateway's new boot id.
 * @throws `gateway.restart-refused`, `cloud.refused` where the platform offers no restart
 */
export async function restartGateway(deps: Deps, gateway: Gateway): Promise<void> {
  const target = await deps.store.targets.get(gateway.targetId);
  const provider = await deps.providerFor(target, noRun);
  const limits = await limitsOf(target, provider);
  const runs = await runsOn(deps, gateway);
  if (limits.value("gatewayRestartForbidden") === true && runs.length > 0) {
    throw new MigrationError("gateway.restart-refused", {
      ...{ gateway: gateway.id, runs: runs.length, list: runs.join(", ") },
    });
  }
  const { instanceId } = gateway;
  if (provider.compute.restartInstance === undefined || instanceId === undefined) {
    throw new MigrationError("cloud.refused", {
      platform: target.platform,
      what: `a restart of ${gateway.id}`,
      problem: instanceId === undefined ? `it is ${gateway.state}` : "it is not offered",
    });
  }
  await provider.compute.restartInstance(instanceId);
}

async function runsOn(deps: Deps, gateway: Gateway): Promise<string[]> {
  const takers = [...new Set(Object.values(gateway.slots))];
  const servers = await Promise.all(takers.map((id) => deps.store.servers.find(id)));
  return servers.flatMap((server) => server?.activeRunId ?? []).sort();
}
