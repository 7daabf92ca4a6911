/** Availability zones: Nova and Cinder keep a list each. */
import type { Connection } from "./account.ts";

interface Zones {
  readonly availabilityZoneInfo: readonly {
    readonly zoneName: string;
    readonly zoneState: { readonly available: boolean };
  }[];
}

/** Names of those that take something now. */
export async function listZones(
  { client }: Connection,
  operation: "ListComputeZones" | "ListVolumeZones",
): Promise<string[]> {
  const { availabilityZoneInfo } = await client.call<Zones>(operation);
  return availabilityZoneInfo
    .filter(({ zoneState }) => zoneState.available)
    .map(({ zoneName }) => zoneName);
}
