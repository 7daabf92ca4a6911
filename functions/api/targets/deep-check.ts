import type { DeepCheckPlan } from "#api/targets.ts";
import type { Target } from "#domain/records.ts";
import { checkCost } from "#domain/target-check.ts";
import type { Provider } from "#providers/provider.ts";
import { type Deps, noRun } from "../../deps.ts";
import { pricesOf } from "../../prices.ts";
import { gatewayWithPlace, probeBytes } from "../../target-checks.ts";

/** What a person is asked about. A place that is free now may be taken when the check comes to it. */
export async function planDeepCheck(
  deps: Deps,
  target: Target,
  provider: Provider,
): Promise<DeepCheckPlan> {
  const can = await provider.capabilities();
  const volumeBytes = probeBytes(can);
  const gateway = await gatewayWithPlace(deps, target, can);
  const { currency = "", volumeGibMonth } = (await pricesOf(deps, target, noRun)) ?? {};
  return {
    volumeBytes,
    snapshot: can.canClone && (gateway !== undefined || can.snapshotsAfterAttachOnly !== true),
    ...(gateway === undefined ? {} : { gatewayId: gateway.id }),
    ...(volumeGibMonth === undefined
      ? {}
      : { cost: { amount: checkCost(volumeGibMonth, volumeBytes), currency } }),
  };
}
