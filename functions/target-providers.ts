/** The providers of targets: opened once from settings and credentials, and wrapped for each run. */
import type { Logger } from "pino";
import type { Edition } from "#domain/gateway-defaults.ts";
import type { Clock } from "#providers/clock.ts";
import type { Provider } from "#providers/provider.ts";
import { openProvider } from "#providers/registry.ts";
import { wrapProvider } from "#providers/wrap.ts";
import type { Store } from "#store/store.ts";
import type { Deps, Secrets } from "./deps.ts";
import { ledgerOf } from "./ledger.ts";

export function credentialsName(targetId: string): string {
  return `target/${targetId}/credentials`;
}

export interface Surroundings {
  readonly store: Store;
  readonly secrets: Secrets;
  readonly consoleId: string;
  readonly edition: Edition;
  readonly log: Logger;
  readonly clock?: Clock;
}

/** One client per target lives as long as its settings and credentials do, so that limits are shared. */
export function targetProviders(around: Surroundings): Deps["providerFor"] {
  const opened = new Map<string, { settings: string; provider: Promise<Provider> }>();
  return async (target, runId) => {
    const { platform, config } = target;
    const credentials = await around.secrets.get(credentialsName(target.id));
    const settings = JSON.stringify([platform, config, credentials]);
    let known = opened.get(target.id);
    if (known?.settings !== settings) {
      const secrets: unknown = JSON.parse(credentials);
      const { consoleId, edition } = around;
      const provider = openProvider(platform, { config, secrets, consoleId, edition });
      known = { settings, provider };
      opened.set(target.id, known);
      // A failure is not kept: the next call tries again.
      provider.catch(() => opened.delete(target.id));
    }
    return wrapProvider(await known.provider, {
      ledger: ledgerOf(around.store, target.id),
      runId,
      log: around.log.child({ runId, target: target.name }),
      limits: { account: target.id },
      secrets: JSON.parse(credentials),
      ...(around.clock === undefined ? {} : { clock: around.clock }),
    });
  };
}
