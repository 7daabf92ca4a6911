import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import { type BootStrategy, bootStrategies, type LaunchSpec } from "#providers/provider.ts";
import type { Deps } from "../../deps.ts";
import { hyperDoorOrdersFor, hyperDoorSettingsOf } from "../../hyperdoor.ts";
import { addressOf } from "../../instances.ts";
import { launchOf, launchToken, updateLaunch } from "../../launches.ts";
import { gatewayOf, type Migration, migrationOf, written } from "../../migration.ts";
import { step } from "../../step.ts";
import { waitBriefly } from "../../waiting.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({
  instanceId: z.string(),
  /** Its system disk is still HyperDoor's, which copies the clone over it. */
  copies: z.boolean(),
});

/** Starts the server at the target, in the gateway's security group. */
export async function launch({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const migration = await migrationOf(deps, serverId, runId);
  const { server, target, provider, tags } = migration;
  const gateway = await gatewayOf(deps, server);
  const wanted = launchOf(server, runId);
  const { imageId, placement } = wanted;
  const strategy = strategyOf(server.bootStrategy);
  const copies = strategy === "hyperDoorCopy";
  const spec: LaunchSpec = {
    token: launchToken(runId),
    tags: tags(wanted.kind === "test" ? `${server.name}-test` : server.name),
    instanceType: wanted.instanceType,
    securityGroupId: written(gateway.securityGroupId, `the security group of ${gateway.id}`),
    firmware: server.inventory.firmware,
    strategy,
    volumeIds: imageId === undefined ? wanted.volumeIds : wanted.volumeIds.slice(1),
    ...(imageId === undefined ? {} : { imageId }),
    ...(copies ? hyperDoorOf(deps, migration, runId) : {}),
    ...(placement === undefined ? {} : { network: placement }),
  };
  const id = await waitBriefly(deps, `the launch of ${server.name}`, async () => {
    const begun = await provider.compute.launch(spec);
    await updateLaunch(deps, serverId, runId, { instanceId: begun.id });
    return begun.waitsFor === undefined ? { ready: begun.id } : { state: begun.waitsFor };
  });
  await updateLaunch(deps, serverId, runId, {
    launchedAt: wanted.launchedAt ?? deps.now().toISOString(),
  });
  const instance = await waitBriefly(deps, `instance ${id}`, async () => {
    const found = await provider.compute.findInstance(id);
    if (found?.state === "running") return { ready: found };
    if (found === undefined || found.state === "failed" || found.state === "stopped") {
      throw new MigrationError("cloud.wrong-state", {
        platform: target.platform,
        what: "instance",
        id,
        state: found?.problem ?? found?.state ?? "gone",
      });
    }
    return { state: found.state };
  });
  const address = addressOf(instance);
  if (address !== undefined) await updateLaunch(deps, serverId, runId, { address });
  return { instanceId: id, copies };
}

/** HyperDoor's image is the operator's, and nothing of this launch: clean-up must not find it there. */
function hyperDoorOf(
  deps: Deps,
  { server, target }: Migration,
  runId: string,
): Pick<LaunchSpec, "imageId" | "hyperDoor"> {
  const { image, sshKey } = hyperDoorSettingsOf(target);
  const { sizeBytes, diskBytes } = written(server.volumes[0], `the system disk of ${server.id}`);
  const orders = hyperDoorOrdersFor(deps, runId, {
    ...{ volumeBytes: sizeBytes, diskBytes },
    ...(sshKey === undefined ? {} : { ownKey: sshKey }),
  });
  return {
    imageId: image,
    hyperDoor: { systemBytes: sizeBytes, userData: JSON.stringify(orders) },
  };
}

function strategyOf(name: string | undefined): BootStrategy {
  return written(
    bootStrategies.find((strategy) => strategy === name),
    "the boot strategy",
  );
}

export const handler = step({ name: "launch", input, output, run: launch });
