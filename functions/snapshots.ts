/** Snapshots at a target. */
import { MigrationError } from "#domain/errors.ts";
import type { Provider } from "#providers/provider.ts";
import type { Deps } from "./deps.ts";
import { waitBriefly } from "./waiting.ts";

/** @throws `cloud.wrong-state` when it never will be there */
export async function waitForSnapshot(deps: Deps, provider: Provider, id: string): Promise<void> {
  await waitBriefly(deps, `snapshot ${id}`, async () => {
    const found = await provider.volumes.findSnapshot(id);
    if (found?.state === "ready") return { ready: true };
    if (found === undefined || found.state === "failed") {
      throw new MigrationError("cloud.wrong-state", {
        platform: provider.platform,
        what: "snapshot",
        id,
        state: found?.problem ?? "gone",
      });
    }
    return { state: found.state };
  });
}
