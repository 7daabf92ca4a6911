/** Instances at a target. */
import type { Instance, Provider } from "#providers/provider.ts";
import type { Deps } from "./deps.ts";
import { waitBriefly } from "./waiting.ts";

/** Where it answers: with a port where its SSH is not at 22. */
export function addressOf({
  publicAddress,
  privateAddress,
  sshPort,
}: Instance): string | undefined {
  const host = publicAddress ?? privateAddress;
  return host === undefined || sshPort === undefined ? host : `${host}:${sshPort}`;
}

/** Deletes an instance with the volumes it was launched with, and waits until it is gone. May be repeated. */
export async function removeInstance(deps: Deps, provider: Provider, id: string): Promise<void> {
  await provider.compute.deleteInstance(id);
  await waitBriefly(deps, `instance ${id} to be gone`, async () => {
    const found = await provider.compute.findInstance(id);
    return found === undefined ? { ready: true } : { state: found.state };
  });
}
