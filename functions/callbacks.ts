/**
 * Where a gateway reports. Its URL holds an opaque secret that is made from the task's token by a key
 * of ours, so that a step which runs twice gives the same URL, and nobody sees the token itself.
 */
import type { Callback } from "#domain/records.ts";
import type { Deps } from "./deps.ts";
import { derivedSecret } from "./derived-secret.ts";
import { hashSecret } from "./ids.ts";

export interface OpenedCallback {
  readonly id: string;
  readonly order: { url: string; consoleFingerprint?: string };
}

/** May be repeated with the same task token. */
export async function openCallback(
  deps: Deps,
  what: Pick<Callback, "taskToken" | "purpose" | "runId"> &
    Partial<Pick<Callback, "serverId" | "gatewayId">>,
): Promise<OpenedCallback> {
  const secret = derivedSecret(deps, "callback", what.taskToken);
  const id = hashSecret(secret);
  await deps.store.callbacks.ensure({ id, state: "open", ...what });
  const { url, fingerprint } = deps.console;
  return {
    id,
    order: {
      url: `${url}/v1/callbacks/${secret}`,
      ...(fingerprint === undefined ? {} : { consoleFingerprint: fingerprint }),
    },
  };
}
