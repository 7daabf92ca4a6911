/** What a target's cloud asks for what is made there. */
import type { Target } from "#domain/records.ts";
import type { Prices } from "#providers/provider.ts";
import type { Deps } from "./deps.ts";

/**
 * @param gatewayType of the gateways, where it is not the target's
 * @returns undefined where the cloud tells no prices, or not now: nothing waits for a price, and the log says why
 */
export async function pricesOf(
  deps: Deps,
  target: Target,
  runId: string,
  gatewayType: string | undefined = target.gatewayInstanceType,
): Promise<Prices | undefined> {
  try {
    const provider = await deps.providerFor(target, runId);
    return await provider.prices?.(gatewayType === undefined ? {} : { gatewayType });
  } catch (error) {
    const { id: targetId, platform } = target;
    deps.log.warn({ targetId, platform, err: error }, "the platform's prices are not known");
    return undefined;
  }
}
