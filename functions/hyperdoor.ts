/**
 * HyperDoor as the console sees it: the orders a launched instance is given, and the task that waits for
 * its copy. The code in the orders is made from the run's id by a key of ours: the instance is ordered
 * before anything waits for it, a task that is tried again has another token, and both mean one code.
 */
import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import type { HyperDoorOrders } from "#domain/protocol/hyperdoor.ts";
import type { Callback, SourceServer, SystemDiskCopy, Target } from "#domain/records.ts";
import { hyperDoorSettings } from "#providers/hyper-door.ts";
import type { Deps } from "./deps.ts";
import { derivedSecret } from "./derived-secret.ts";
import { hashSecret } from "./ids.ts";
import { type SshKey, sshKeyFrom } from "./ssh-key.ts";

/** Below the console's address. */
export const hyperDoorPath = "/v1/hyperdoor";

const settings = z.object({ hyperDoor: hyperDoorSettings });

/** @throws `hyperdoor.no-image` */
export function hyperDoorSettingsOf({ name, config }: Target): z.output<typeof hyperDoorSettings> {
  const known = settings.safeParse(config);
  if (known.success) return known.data.hyperDoor;
  throw new MigrationError("hyperdoor.no-image", { target: name });
}

/** The same whenever asked for one run. */
export function hyperDoorOrdersFor(
  deps: Deps,
  runId: string,
  { ownKey, ...sizes }: Pick<HyperDoorOrders, "volumeBytes" | "diskBytes"> & { ownKey?: string },
): HyperDoorOrders {
  const { url, fingerprint } = deps.console;
  const { authorizedLine } = rescueKeyOf(deps, runId);
  return {
    hyperdoor: 1,
    url: `${url}${hyperDoorPath}`,
    ...(fingerprint === undefined ? {} : { consoleFingerprint: fingerprint }),
    code: codeOf(deps, runId),
    sshKeys: [authorizedLine, ...(ownKey === undefined ? [] : [ownKey])],
    ...sizes,
  };
}

const codeOf = (deps: Deps, runId: string) => derivedSecret(deps, "hyperdoor", runId);

/** Lets its holder into the HyperDoor of one run, as root; that ends when the copied system starts. */
export function rescueKeyOf(deps: Deps, runId: string): SshKey {
  const seed = Buffer.from(derivedSecret(deps, "hyperdoor ssh", runId), "base64url");
  return sshKeyFrom(seed, `hyperdoor-${runId}`);
}

/** The task that waits for a run's copy, which from here on is the one that is told. May be repeated. */
export async function awaitCopy(
  deps: Deps,
  task: { runId: string; serverId: string; taskToken: string },
): Promise<Callback> {
  const id = hashSecret(codeOf(deps, task.runId));
  await deps.store.callbacks.ensure({ id, state: "open", purpose: "copy", ...task });
  return deps.store.callbacks.update(id, (found) => ({ ...found, taskToken: task.taskToken }));
}

/** Notes how the copy of a launch goes; a launch that is forgotten by now is left so. */
export async function noteCopy(
  deps: Deps,
  serverId: string,
  runId: string,
  change: (copy: SystemDiskCopy) => SystemDiskCopy,
): Promise<SourceServer> {
  return deps.store.servers.update(serverId, (server) => ({
    ...server,
    launches: server.launches.map((launched) =>
      launched.runId === runId
        ? { ...launched, copy: change(launched.copy ?? { starts: 0 }) }
        : launched,
    ),
  }));
}
