/** How a gateway that was just started becomes one that can be used. */
import type { z } from "zod";
import type { enrolRequest, enrolResponse } from "#domain/protocol/gateway.ts";
import type { Deps } from "../../deps.ts";
import { controlTokenName } from "../../gateways.ts";
import { succeedCallback } from "../../sessions.ts";
import { fingerprintOf } from "../agents/register.ts";
import { useCode } from "../codes/use.ts";

/**
 * May be repeated with the same code and certificate, which also moves the gateway to the ports and
 * the boot id it has now.
 * @throws `auth.wrong-code`
 */
export async function enrol(
  deps: Deps,
  request: z.output<typeof enrolRequest>,
): Promise<z.output<typeof enrolResponse>> {
  const { gatewayId } = request;
  const certificateFingerprint = fingerprintOf(request.certificatePem);
  await useCode(
    deps,
    { code: request.code, purpose: "gateway", gatewayId },
    { fingerprint: certificateFingerprint, id: gatewayId },
  );
  // Before the record says `ready`: whoever reads that needs the token.
  await deps.secrets.put(controlTokenName(gatewayId), request.controlToken);
  const gateway = await deps.store.gateways.update(gatewayId, (old) => ({
    ...old,
    state: old.state === "retired" ? "retired" : "ready",
    ports: request.ports,
    certificateFingerprint,
    bootId: request.bootId,
    vcpus: request.vcpus,
    repairCarriers: request.repairCarriers,
  }));
  for (const callbackId of gateway.awaitedBy) {
    const callback = await deps.store.callbacks.find(callbackId);
    if (callback?.state === "open") await succeedCallback(deps, callback, { gatewayId });
  }
  return { gatewayId };
}
