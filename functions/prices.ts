/** What a target's cloud asks for what is made there. */
import type { Prices, Provider } from "#providers/provider.ts";
import type { Deps } from "./deps.ts";

/**
 * @param gatewayType of the gateways; the one that the target's settings lead to unless told
 * @returns undefined where the cloud tells no prices, or not now: nothing waits for a price, and the log says why
 */
export async function pricesOf(
  { log }: Deps,
  provider: Provider,
  gatewayType?: string,
): Promise<Prices | undefined> {
  try {
    return await provider.prices?.(gatewayType === undefined ? {} : { gatewayType });
  } catch (error) {
    log.warn({ platform: provider.platform, err: error }, "the platform's prices are not known");
    return undefined;
  }
}
