/** Where the target is: the pool, its zone, and the VPC of the subnet. */
import { MigrationError } from "#domain/errors.ts";
import { type Account, unlessAbsent } from "./account.ts";
import type { CtyunClient } from "./client.ts";

function notFound(what: string, id: string): MigrationError {
  return new MigrationError("cloud.not-found", { platform: "ctyun", what, id });
}

/** @throws `cloud.not-found` when the subnet is not there */
export async function vpcOf(
  client: CtyunClient,
  subnetId: string,
): Promise<{ vpcId: string; zones: readonly string[] }> {
  const found = await unlessAbsent(
    client.call<{ vpcID?: string; availabilityZones?: string[] | null }>("ShowSubnet", {
      subnetID: subnetId,
    }),
  );
  if (found?.vpcID === undefined) throw notFound("subnet", subnetId);
  return { vpcId: found.vpcID, zones: found.availabilityZones ?? [] };
}

interface Region {
  readonly regionID: string;
  readonly zoneList?: readonly string[] | null;
  readonly openapiAvailable?: boolean;
}

/**
 * A pool of one zone calls it `default`, or nothing (create-instance, azName).
 * @throws `cloud.not-found` for a pool the key may not use or a zone that is not in it; `cloud.refused` for a
 * pool that has no API
 */
export async function checkPlace({ client, config }: Account): Promise<void> {
  const { regionList } = await client.call<{ regionList?: Region[] | null }>("ListRegions");
  const region = regionList?.find(({ regionID }) => regionID === config.region);
  if (region === undefined) throw notFound("resource pool", config.region);
  if (region.openapiAvailable === false) {
    const problem = "this resource pool has no OpenAPI; choose another";
    throw new MigrationError("cloud.refused", {
      ...{ platform: "ctyun", what: `resource pool ${config.region}`, problem },
    });
  }
  const zones = region.zoneList ?? [];
  if (zones.length > 0 && !zones.includes(config.zone)) {
    throw notFound(`zone (the pool has ${zones.join(", ")})`, config.zone);
  }
  await vpcOf(client, config.subnetId);
}
