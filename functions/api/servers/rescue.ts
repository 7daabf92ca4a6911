/** The way into a HyperDoor that does not get on. */
import type { Rescue } from "#api/servers.ts";
import { MigrationError } from "#domain/errors.ts";
import type { SourceServer } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import { rescueKeyOf } from "../../hyperdoor.ts";
import { addressOf } from "../../instances.ts";
import { written } from "../../migration.ts";
import { tell } from "../../tell.ts";

/**
 * May be repeated: a run has one key. Each time is told as an event, for it lets its holder in as root.
 * @throws `hyperdoor.not-there` unless a launch's instance runs HyperDoor
 */
export async function rescue(deps: Deps, server: SourceServer, by: string): Promise<Rescue> {
  const launched = server.launches.findLast(
    ({ instanceId, bootedAt, copy }) =>
      instanceId !== undefined && bootedAt === undefined && copy?.restartedAt === undefined,
  );
  if (launched?.instanceId === undefined || server.bootStrategy !== "hyperDoorCopy") {
    throw new MigrationError("hyperdoor.not-there", { server: server.name });
  }
  const { runId, instanceId } = launched;
  const address = (await addressNow(deps, server, runId, instanceId)) ?? launched.address;
  const { privateKey } = rescueKeyOf(deps, runId);
  await tell(deps, server.id, "hyperdoor.key-shown", { instance: instanceId, by }, runId);
  return {
    ...{ runId, instanceId, user: "root", privateKey },
    ...(address === undefined ? {} : { address }),
  };
}

/** Some machines have another one each time they start. */
async function addressNow(
  deps: Deps,
  { id, targetId }: SourceServer,
  runId: string,
  instanceId: string,
): Promise<string | undefined> {
  const target = await deps.store.targets.get(written(targetId, `the target of ${id}`));
  const provider = await deps.providerFor(target, runId);
  const instance = await provider.compute.findInstance(instanceId);
  return instance && addressOf(instance);
}
