/** Where gateways keep what the console needs to speak to them. */
import { MigrationError } from "#domain/errors.ts";
import type { Gateway } from "#domain/records.ts";
import type { Secrets } from "./deps.ts";
import { type GatewayClient, openGatewayClient } from "./gateway-client.ts";

export function controlTokenName(gatewayId: string): string {
  return `gateway/${gatewayId}/control-token`;
}

/** @throws `gateway.unreachable` while it has not enrolled */
export async function gatewayClientOf(secrets: Secrets, gateway: Gateway): Promise<GatewayClient> {
  const { id, host, ports, certificateFingerprint } = gateway;
  if (host === undefined || ports === undefined || certificateFingerprint === undefined) {
    throw new MigrationError("gateway.unreachable", {
      gateway: id,
      problem: `it is ${gateway.state} and has not enrolled`,
    });
  }
  return openGatewayClient({
    gatewayId: id,
    host,
    port: ports.control,
    certificateFingerprint,
    controlToken: await secrets.get(controlTokenName(id)),
  });
}
