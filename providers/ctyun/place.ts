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
  readonly regionName?: string;
  /** The province. */
  readonly regionParent?: string;
  readonly zoneList?: readonly string[] | null;
  readonly openapiAvailable?: boolean;
}

/** Those that the account sees. */
export async function listRegions(client: CtyunClient): Promise<readonly Region[]> {
  const { regionList } = await client.call<{ regionList?: Region[] | null }>("ListRegions");
  return regionList ?? [];
}

/** @throws `cloud.not-found` for a pool the key may not use */
export async function regionOf(client: CtyunClient, id: string): Promise<Region> {
  const found = (await listRegions(client)).find(({ regionID }) => regionID === id);
  if (found === undefined) throw notFound("resource pool", id);
  return found;
}

/**
 * A pool of one zone calls it `default`, or nothing (create-instance, azName).
 * @throws `cloud.not-found` for a pool the key may not use or a zone that is not in it; `cloud.refused` for a
 * pool that has no API
 */
export async function checkPlace({ client, config }: Account): Promise<void> {
  const region = await regionOf(client, config.region);
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
